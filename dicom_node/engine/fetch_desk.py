"""Which companions of a waiting job archives are asked for, and whether what came is one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from dicom_node.domain.fetch import Fetch, FetchState
from dicom_node.domain.job import Job, content_digest
from dicom_node.domain.route import CompanionRule, Route
from dicom_node.domain.series import SeriesKey
from dicom_node.engine.archive_seams import FetchBook
from dicom_node.engine.seams import SeriesIndex
from dicom_node.policy.assembly import Assembly
from dicom_node.policy.fetching import after_look, filled_otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One role of a waiting job, with what is there for it now."""

    job: Job
    role: str
    rule: CompanionRule
    on_their_way: bool
    now: datetime

    @property
    def key(self) -> SeriesKey | None:
        there = self.job.inputs.get(self.role)
        return None if there is None else there[0].key


def asks_archives(route: Route, role: str, job: Job) -> bool:
    """Whether archives are to be asked for a role: a prior also where there is one here.

    An archive may have one that fits better, for instance a newer one.
    """
    rule = route.companions[role]
    return bool(rule.fetch) and (role not in job.inputs or rule.prior is not None)


class FetchDesk:
    """Opens what is to be asked, and looks at what came; the fetchers call the archives."""

    def __init__(self, fetches: FetchBook, index: SeriesIndex) -> None:
        self._fetches, self._index = fetches, index

    def pending(
        self, job: Job, route: Route, *, on_their_way: bool, now: datetime
    ) -> tuple[str, ...]:
        """Roles of a waiting job for which archives are still to be asked, or are asked now.

        Parameters
        ----------
        job : Job
            With the companions that are there now.
        on_their_way : bool
            Whether a series that may be a companion is being received: nothing new is asked.
        """
        if not _fetches_any(route):
            return ()
        mine = self._fetches.of_jobs([job.job_id])[job.job_id]
        wanted = [
            _Wanted(job=job, role=role, rule=rule, on_their_way=on_their_way, now=now)
            for role, rule in route.companions.items()
            if rule.fetch
        ]
        return tuple(
            one.role
            for one in wanted
            if self._is_pending(one, [fetch for fetch in mine if fetch.role == one.role])
        )

    def close(self, job: Job, route: Route) -> None:
        """Ask nothing more for a job that goes on."""
        if _fetches_any(route):
            self._fetches.drop(job.job_id)

    def told(self, job: Job, route: Route, roles: Collection[str]) -> str:
        """What archives said to what was asked for roles, in words; empty where none was asked."""
        if not _fetches_any(route):
            return ""
        mine = self._fetches.of_jobs([job.job_id])[job.job_id]
        return "; ".join(one.told for one in mine if one.role in roles)

    def _is_pending(self, wanted: _Wanted, mine: list[Fetch]) -> bool:
        looked = [self._looked_at(fetch, wanted) for fetch in mine]
        if any(one.state is FetchState.FILLED for one in looked):
            return False
        if wanted.key is not None and wanted.rule.prior is None:
            return False
        if any(not one.ended for one in looked):
            return True
        return self._asks_next(wanted, {one.archive for one in looked})

    def _looked_at(self, fetch: Fetch, wanted: _Wanted) -> Fetch:
        """A fetch after a look at what is here now."""
        if fetch.ended:
            return fetch
        came = fetch.state is FetchState.CAME
        if came and self._is_decided(fetch.key):
            new = after_look(fetch, fits=_fits(fetch, wanted), now=wanted.now)
        elif not came and wanted.key is not None and wanted.rule.prior is None:
            new = filled_otherwise(fetch)
        else:
            return fetch
        return new if self._fetches.change(fetch, new, wanted.now) else fetch

    def _is_decided(self, key: SeriesKey | None) -> bool:
        """Whether a series was looked at since its last instance came; also one that is gone."""
        instances = () if key is None else self._index.instances_of(key)
        if key is None or not instances:
            return True
        status = self._index.status(key)
        if status is None or status.state == Assembly.RECEIVING:
            return False
        return status.digest == content_digest(instances)

    def _asks_next(self, wanted: _Wanted, asked: Collection[str]) -> bool:
        """Whether there is an archive that was not asked yet; it is, when its time has come."""
        left = [name for name in wanted.rule.fetch if name not in asked]
        if not left:
            return False
        due = wanted.job.created_at + timedelta(seconds=wanted.rule.fetch_after_s)
        if wanted.now >= due and not wanted.on_their_way:
            self._fetches.open(wanted.job.job_id, wanted.role, left[0], wanted.now)
        return True


def _fetches_any(route: Route) -> bool:
    return any(rule.fetch for rule in route.companions.values())


def _fits(fetch: Fetch, wanted: _Wanted) -> bool:
    """Whether what is there for the role is there because of what came.

    Of a prior only its study counts: candidates are tried in the order of preference, so one that
    is here of another study is taken when nothing better comes.
    """
    if wanted.key is None or fetch.key is None:
        return False
    if wanted.rule.prior is None:
        return True
    return wanted.key.study_instance_uid == fetch.key.study_instance_uid
