"""An archive on the clock of a test: it has what a test gives it, and sends it to the house."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.house import House
from pydicom import Dataset

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination
from dicom_node.domain.query import (
    EarlierStudies,
    FetchRules,
    RemoteArchive,
    RemoteSeries,
    RetrieveReport,
)
from dicom_node.domain.route import PriorRule
from dicom_node.domain.rules import DeliveryRules
from dicom_node.domain.series import SeriesKey
from dicom_node.engine.fetcher import Fetcher

ALL_SENT = RetrieveReport(completed=1, failed=0, warning=0, status=0x0000)


def refused(status: int, cause: str) -> RetrieveReport:
    return RetrieveReport(
        completed=0, failed=0, warning=0, status=status, cause=cause, transient=True
    )


def silent() -> DeliveryFailed:
    return DeliveryFailed(destination="pacs", status=None, cause="no connection", transient=True)


@dataclass
class ScriptedArchive:
    """What `engine.archive_seams.ArchiveCalls` asks for, and what a test makes of it.

    `answers` are given to the next retrievals in the place of sending: a report, or an error.
    """

    house: House
    name: str = "pacs"
    ae_title: str = "PACS"
    has: list[list[Dataset]] = field(default_factory=list)
    answers: list[RetrieveReport | DeliveryFailed] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    away: bool = False
    wanted: EarlierStudies | None = None
    before_retrieve: Callable[[], None] = lambda: None

    def fetcher(self, **rules: float) -> Fetcher:
        return Fetcher(
            archive=RemoteArchive(
                peer=Destination(
                    name=self.name, ae_title=self.ae_title, host="127.0.0.1", port=104
                ),
                move_to="DICOM_NODE",
                rules=FetchRules(**rules),  # type: ignore[arg-type]  # fields by keyword
            ),
            calls=self,
            fetches=self.house.fetches,
            remote=self.house.remote,
            index=self.house.index,
            jobs=self.house.jobs,
            routes={route.name: route for route in self.house.routes},
            health=self.house.destinations,
            rules=DeliveryRules(),
            clock=lambda: self.house.now,
            chance=random.Random(1),
        )

    def series_of_study(self, study_instance_uid: str, modality: str) -> tuple[RemoteSeries, ...]:
        self._called(f"find {modality}")
        return self._matching(
            one
            for one in self.has
            if one[0].StudyInstanceUID == study_instance_uid and one[0].Modality == modality
        )

    def earlier_series(self, wanted: EarlierStudies, prior: PriorRule) -> tuple[RemoteSeries, ...]:
        self._called(f"find earlier {wanted.modality}")
        self.wanted = wanted
        days = f"{wanted.first:%Y%m%d}", f"{wanted.last:%Y%m%d}"
        found = [
            one
            for one in self.has
            if one[0].Modality == wanted.modality and days[0] <= one[0].StudyDate <= days[1]
        ]
        return self._matching(sorted(found, key=lambda one: one[0].StudyDate, reverse=True))

    def count(self, key: SeriesKey) -> int | None:
        self._called("count")
        return next(
            (len(one) for one in self.has if one[0].SeriesInstanceUID == key.series_instance_uid),
            None,
        )

    def retrieve(self, series: RemoteSeries) -> RetrieveReport:
        self._called(f"retrieve {series.modality}")
        self.before_retrieve()
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, DeliveryFailed):
                raise answer
            return answer
        (datasets,) = [
            one for one in self.has if one[0].SeriesInstanceUID == series.series_instance_uid
        ]
        self.house.receive(datasets, association="sub", calling=self.ae_title)
        return ALL_SENT

    def _called(self, what: str) -> None:
        if self.away:
            raise silent()
        self.calls.append(what)

    def _matching(self, found: Iterable[list[Dataset]]) -> tuple[RemoteSeries, ...]:
        return tuple(
            RemoteSeries(
                study_instance_uid=str(one[0].StudyInstanceUID),
                series_instance_uid=str(one[0].SeriesInstanceUID),
                modality=str(one[0].Modality),
                instances=len(one),
            )
            for one in found
        )
