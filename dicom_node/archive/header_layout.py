"""Where the UIDs stood in earlier data sets: of a series all are alike, and none is walked twice.

To walk a data set takes as long as to write its file. Where its elements lie is told by the bytes
of their headers alone; if these are where they were before, so are the values between them.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

Span = tuple[int, int]
"""Some bytes of a data set: where they begin and end."""

_MOST_SPANS = 200  # of a layout; larger ones are rare
_MOST_LAYOUTS = 8  # each costs what reading its headers takes where none fits


class _Layout(NamedTuple):
    transfer_syntax_uid: str
    pattern: struct.Struct  # of the headers, without what stands between them
    headers: tuple[bytes, ...]
    values: Sequence[Span]
    length: int  # that a data set must have


class HeaderLayouts:
    """Remembers the layouts that were seen last; safe for many threads."""

    def __init__(self) -> None:
        self._layouts: tuple[_Layout, ...] = ()

    def find(self, dataset: bytes, transfer_syntax_uid: str) -> Sequence[Span] | None:
        """Where the values lie that a walk would find, each within the data set.

        Returns
        -------
        sequence of Span or None
            As `remember` was given them. None where it must be walked: no layout fits.
        """
        for one in self._layouts:
            if (
                len(dataset) >= one.length
                and one.transfer_syntax_uid == transfer_syntax_uid
                and one.pattern.unpack_from(dataset) == one.headers
            ):
                return one.values
        return None

    def remember(
        self,
        dataset: bytes,
        transfer_syntax_uid: str,
        spans_read: Sequence[Span],
        values: Sequence[Span],
    ) -> None:
        """Keep where a walk went.

        Parameters
        ----------
        spans_read : sequence of Span
            In order: all that decided where it went, and with the transfer syntax nothing else.
        values : sequence of Span
            What it found.
        """
        if len(spans_read) > _MOST_SPANS:
            return
        pattern, at = "<", 0
        for start, end in spans_read:
            pattern += f"{start - at}x{end - start}s"
            at = end
        read = struct.Struct(pattern)
        layout = _Layout(
            transfer_syntax_uid,
            read,
            read.unpack_from(dataset),
            values,
            max(read.size, *(end for _, end in values)),
        )
        self._layouts = (layout, *self._layouts[: _MOST_LAYOUTS - 1])
