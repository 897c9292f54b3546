"""What fetching from other archives needs of archive and network, each as small as its use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dicom_node.domain.fetch import Fetch, Known, RemoteSender
from dicom_node.domain.query import EarlierStudies, RemoteSeries, RetrieveReport
from dicom_node.domain.route import PriorRule
from dicom_node.domain.series import SeriesKey


class FetchBook(Protocol):
    """Companions that are asked of archives."""

    def open(self, job_id: str, role: str, archive: str, now: datetime) -> bool:
        """Have an archive asked for a companion; False where it was, or is."""
        ...

    def of_jobs(self, job_ids: Sequence[str]) -> Mapping[str, tuple[Fetch, ...]]:
        """What is and was asked for some jobs, by job."""
        ...

    def due(self, archive: str, now: datetime) -> tuple[Fetch, ...]:
        """What is to be asked of an archive now."""
        ...

    def change(self, old: Fetch, new: Fetch, now: datetime) -> bool:
        """Put one in the place of what it was; False where somebody else changed it meanwhile."""
        ...

    def drop(self, job_id: str) -> None:
        """End what is asked for a job that does not wait any more."""
        ...


class RemoteBook(Protocol):
    """What archives say of series that are here, and which of them they were asked to send."""

    def known(self, key: SeriesKey) -> Known | None:
        """What is known of a series from other archives."""
        ...

    def fetching(
        self, key: SeriesKey, sender: RemoteSender, counted: int | None, now: datetime
    ) -> None:
        """Note that an archive is now asked to send a series."""
        ...

    def fetched(self, key: SeriesKey, until: datetime) -> None:
        """Note until when what the archive sends of a series is what it was asked for."""
        ...

    def want_count(self, key: SeriesKey, sender: RemoteSender, now: datetime) -> None:
        """Have an archive asked how many instances a series has that it sends by itself."""
        ...

    def counts_due(self, archive: str, now: datetime) -> tuple[tuple[SeriesKey, int], ...]:
        """Series whose number an archive is to be asked for now, with the tries that failed."""
        ...

    def counted(self, key: SeriesKey, number: int | None) -> None:
        """Keep what the archive answered."""
        ...

    def count_later(self, key: SeriesKey, when: datetime, tries: int) -> None:
        """Note that the archive did not answer."""
        ...

    def sent_anew(self) -> tuple[SeriesKey, ...]:
        """Series that were only fetched when they were decided, and were sent since."""
        ...

    def looked_at(self, key: SeriesKey) -> None:
        """Note that a series was decided since it was sent."""
        ...


class ArchiveCalls(Protocol):
    """One archive over the network; every method raises DeliveryFailed."""

    def series_of_study(self, study_instance_uid: str, modality: str) -> tuple[RemoteSeries, ...]:
        """Series of one modality of a study."""
        ...

    def earlier_series(self, wanted: EarlierStudies, prior: PriorRule) -> tuple[RemoteSeries, ...]:
        """Series of one modality in earlier studies of a patient, study by study."""
        ...

    def count(self, key: SeriesKey) -> int | None:
        """How many instances it has of a series."""
        ...

    def retrieve(self, series: RemoteSeries) -> RetrieveReport:
        """Have it send a series to this node."""
        ...
