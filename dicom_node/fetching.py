"""What a receiver asks other archives for: companions, earlier studies, numbers of instances."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from dicom_node.audited_calls import AuditedCalls
from dicom_node.auditing import Audit
from dicom_node.domain.peer import Destination, ReceivedInstance, StoreOutcome
from dicom_node.domain.query import (
    EarlierStudies,
    RemoteArchive,
    RemoteSeries,
    RetrieveMethod,
    RetrieveReport,
)
from dicom_node.domain.route import PriorPick, PriorRule
from dicom_node.domain.series import SeriesKey
from dicom_node.engine.fetcher import Fetcher
from dicom_node.engine.loop import Loop
from dicom_node.network import web_archive
from dicom_node.network.c_get import get_series
from dicom_node.network.query_priors import find_earlier
from dicom_node.network.query_retrieve import count_instances, find_series, retrieve_series
from dicom_node.settings import Settings
from dicom_node.stores import Archive, utc_now

_POLL_S = 0.5


def fetching_from(archive: str) -> str:
    """Name of what one process does at a time for an archive."""
    return f"fetch:{archive}"


@dataclass(frozen=True, slots=True)
class _Questions:
    """What can be asked of an archive, by C-FIND or by QIDO-RS."""

    series: Callable[..., tuple[RemoteSeries, ...]]
    earlier: Callable[..., tuple[RemoteSeries, ...]]
    count: Callable[[Destination, SeriesKey], int | None]


_C_FIND = _Questions(find_series, find_earlier, count_instances)
_QIDO_RS = _Questions(
    web_archive.find_series, web_archive.find_earlier, web_archive.count_instances
)


class NetworkCalls:
    """One archive over the network; see `engine.archive_seams.ArchiveCalls`.

    Parameters
    ----------
    store, ended : callable
        Of the listener, for what comes by C-GET or WADO-RS.
    """

    def __init__(
        self,
        archive: RemoteArchive,
        store: Callable[[ReceivedInstance], StoreOutcome],
        ended: Callable[[str], None],
    ) -> None:
        self._archive, self._store, self._ended = archive, store, ended
        self._ask = _QIDO_RS if archive.method is RetrieveMethod.WEB else _C_FIND

    def series_of_study(self, study_instance_uid: str, modality: str) -> tuple[RemoteSeries, ...]:
        """Series of one modality of a study."""
        return self._ask.series(self._archive.peer, study_instance_uid, modality=modality)

    def earlier_series(self, wanted: EarlierStudies, prior: PriorRule) -> tuple[RemoteSeries, ...]:
        """Series of one modality in earlier studies of a patient, study by study."""
        newest_first = prior.pick is PriorPick.NEWEST
        most = prior.most_studies
        return self._ask.earlier(self._archive.peer, wanted, most=most, newest_first=newest_first)

    def count(self, key: SeriesKey) -> int | None:
        """How many instances it has of a series."""
        return self._ask.count(self._archive.peer, key)

    def retrieve(self, series: RemoteSeries) -> RetrieveReport:
        """Have it send a series to this node, or hand it over."""
        archive, limit_s = self._archive, self._archive.rules.limit_s
        if archive.method is RetrieveMethod.MOVE:
            return retrieve_series(archive.peer, series, to=archive.move_to, limit_s=limit_s)
        if archive.method is RetrieveMethod.GET:
            return get_series(
                archive.peer, series, store=self._store, ended=self._ended, limit_s=limit_s
            )
        return web_archive.retrieve_series(
            archive.peer,
            series,
            store=self._store,
            ended=self._ended,
            called_ae=archive.move_to,
            limit_s=limit_s,
        )


class Fetching:
    """Fetchers of one process, each archive by itself.

    Parameters
    ----------
    store, ended : callable
        Of the listener, for what comes by C-GET.
    holds : callable
        Whether this process, and no other, may do something now.
    audit : Audit
    """

    def __init__(
        self,
        settings: Settings,
        archive: Archive,
        *,
        store: Callable[[ReceivedInstance], StoreOutcome],
        ended: Callable[[str], None],
        holds: Callable[[str], bool],
        audit: Audit,
    ) -> None:
        self._settings, self._stores, self._audit = settings, archive, audit
        self._store, self._ended, self._holds = store, ended, holds
        self._loops = tuple(self._loop(one) for one in settings.archives.values())

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Threads of it."""
        return self._loops

    def _loop(self, archive: RemoteArchive) -> Loop:
        name, holds = fetching_from(archive.name), self._holds
        fetcher = self._fetcher(archive, lambda: loop.stopping or not holds(name))
        loop = Loop(
            f"fetcher-{archive.name}", lambda: holds(name) and fetcher.tick(), pause_s=_POLL_S
        )
        return loop

    def _fetcher(self, archive: RemoteArchive, stopping: Callable[[], bool]) -> Fetcher:
        stores = self._stores
        calls = NetworkCalls(archive, self._store, self._ended)
        return Fetcher(
            archive=archive,
            calls=AuditedCalls(calls, archive.peer, self._audit),
            fetches=stores.fetches,
            remote=stores.remote,
            index=stores.index,
            jobs=stores.jobs,
            routes={route.name: route for route in self._settings.routes},
            health=stores.destinations,
            rules=self._settings.delivery,
            clock=utc_now,
            chance=random.Random(),  # noqa: S311  jitter, no secret
            stopping=stopping,
        )
