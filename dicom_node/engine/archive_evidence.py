"""What other archives say of a series that is being received: its number, and who asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dicom_node.domain.fetch import RemoteSender
from dicom_node.domain.records import Arrival
from dicom_node.domain.series import Reason, Series, SeriesKey
from dicom_node.engine.archive_seams import RemoteBook
from dicom_node.policy.assembly import Archived


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one series.

    Parameters
    ----------
    archived : Archived or None
        How many instances an archive has; None where none is asked.
    only_fetched : Reason or None
        Why it starts nothing: it is here because this node asked for it. None where it was sent.
    """

    archived: Archived | None = None
    only_fetched: Reason | None = None


class ArchiveEvidence:
    """The assembler's view of the archives.

    Parameters
    ----------
    senders : mapping
        Of the archives whose number counts, by the AE title under which they send.
    """

    def __init__(self, remote: RemoteBook, senders: Mapping[str, RemoteSender]) -> None:
        self._remote, self._senders = remote, senders

    def sent_anew(self) -> frozenset[SeriesKey]:
        """Series that were only fetched when they were decided, and were sent since."""
        return frozenset(self._remote.sent_anew())

    def looked_at(self, key: SeriesKey) -> None:
        """Note that a series was decided."""
        self._remote.looked_at(key)

    def of(
        self, series: Series, arrival: Arrival, *, sender_active: bool, now: datetime
    ) -> Evidence:
        """What is known of a series; an archive that sends it by itself is asked for its number."""
        known = self._remote.known(series.key)
        if known is None:
            sender = None if sender_active else self._counting_sender(series, arrival)
            if sender is None:
                return Evidence()
            self._remote.want_count(series.key, sender, now)
            return Evidence(
                archived=Archived(archive=sender.archive, instances=None, counting=True)
            )
        archived = Archived(
            archive=known.archive, instances=known.instances, counting=known.counting
        )
        if not known.only_fetched:
            return Evidence(archived=archived)
        why = f"{known.archive} was asked for it; what the node fetches starts nothing"
        return Evidence(archived=archived, only_fetched=Reason(code="fetched", message=why))

    def _counting_sender(self, series: Series, arrival: Arrival) -> RemoteSender | None:
        """Archive whose number is worth asking for: nothing promises one, and only it sends."""
        if series.expected_instances is not None or not series.stacked:
            return None
        found = {self._senders.get(title) for title in arrival.calling_aes}
        return found.pop() if len(found) == 1 else None
