"""One line of the audit trail: a message, its number, and the hash of the line before it."""

import hashlib
import json
from dataclasses import dataclass

FIRST_PREVIOUS = "0" * 64  # what stands in the place of a hash in the very first line
_KEYS = {"number", "previous", "message", "note", "hash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as it was written.

    Parameters
    ----------
    number : int
        From 1, without gaps.
    previous : str
        Hash of the line before it, SHA-256 in hexadecimal.
    message : str
        XML of an audit message.
    note : str
        What the trail says of itself: see the words below; else empty.
    hash : str
        Of all of the others.
    """

    number: int
    previous: str
    message: str
    note: str
    hash: str

    def encoded(self) -> bytes:
        """The line with its end, in ASCII."""
        text = json.dumps(
            {
                "number": self.number,
                "previous": self.previous,
                "message": self.message,
                "note": self.note,
                "hash": self.hash,
            }
        )
        return f"{text}\n".encode("ascii")

    @property
    def is_sound(self) -> bool:
        """Whether its hash is that of its content."""
        return self.hash == _hash_of(self.number, self.previous, self.message, self.note)


# Notes of the trail on itself. A head record that is gone may hide lines that are gone; files that
# were kept long enough are removed by the node, up to a line that the note names.
HEAD_LOST = "head-lost"
REMOVED_THROUGH = "removed-through:"


def new_line(number: int, previous: str, message: str, note: str = "") -> Line:
    """A line with its hash."""
    digest = _hash_of(number, previous, message, note)
    return Line(number=number, previous=previous, message=message, note=note, hash=digest)


def read_line(encoded: bytes) -> Line | None:
    """A line of the trail; None where it is none."""
    try:
        found = json.loads(encoded)
    except ValueError:
        return None
    if not isinstance(found, dict) or set(found) != _KEYS or type(found["number"]) is not int:
        return None
    if not all(isinstance(found[key], str) for key in _KEYS - {"number"}):
        return None
    return Line(**found)


def _hash_of(number: int, previous: str, message: str, note: str) -> str:
    content = json.dumps([number, previous, message, note]).encode("ascii")
    return hashlib.sha256(content).hexdigest()
