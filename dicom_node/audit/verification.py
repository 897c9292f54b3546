"""Whether a trail is as it was written: the first line that was removed, changed or put in."""

from dataclasses import dataclass
from pathlib import Path

from dicom_node.audit.files import files_of, lines_of
from dicom_node.audit.head import Head, read_head
from dicom_node.audit.line import FIRST_PREVIOUS, HEAD_LOST, REMOVED_THROUGH, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The first thing in a trail that is not as it was written.

    Parameters
    ----------
    line : int
        Number of the line that was removed, changed or put in.
    file : str
        Where it is, or should be; empty where that is not known.
    """

    line: int
    file: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of checking a trail.

    Parameters
    ----------
    lines, files : int
        That were looked at.
    first, last : int
        Numbers of the first and the last line that are there; 0 where there is none.
    head : str
        Hash of the last line, to be kept elsewhere and compared later (`known`).
    finding : Finding or None
        None: the trail is whole.
    """

    lines: int
    files: int
    first: int
    last: int
    head: str
    finding: Finding | None


def verify(folder: Path, *, known: tuple[int, str] | None = None) -> Verdict:
    """Check a trail from its first line to its head.

    Parameters
    ----------
    known : (int, str), optional
        Number and hash of a line as they were noted elsewhere: shows a trail that was written anew
        as a whole.

    Raises
    ------
    OSError
        Where the disk fails.
    """
    check = _Check(known=known)
    files, head = files_of(folder), read_head(folder)
    for file in files:
        for line in lines_of(file):
            finding = check.next(line, file.name)
            if finding is not None:
                return check.verdict(len(files), finding)
    return check.verdict(len(files), check.end(head, has_files=bool(files)))


class _Check:
    """Goes along the lines and keeps what the next one has to fit to."""

    def __init__(self, *, known: tuple[int, str] | None) -> None:
        self._known = known
        self._first: Line | None = None
        self._last: Line | None = None
        self._file = ""
        self._lines = 0
        self._removed_through = 0
        self._head_lost: tuple[int, str] | None = None

    def next(self, line: Line | None, file: str) -> Finding | None:
        """What is wrong with the next line."""
        expected = 1 if self._last is None else self._last.number + 1
        if line is None:
            return Finding(line=expected, file=file, what="changed: it cannot be read as a line")
        if not line.is_sound:
            return Finding(line=line.number, file=file, what="changed: its hash is another one")
        wrong = self._order(line, file)
        if wrong is None and self._known is not None and self._is_other(line, *self._known):
            what = "changed: its hash is not the one that was noted elsewhere"
            wrong = Finding(line=line.number, file=file, what=what)
        self._keep(line, file)
        return wrong

    def end(self, head: Head | None, *, has_files: bool) -> Finding | None:
        """What is wrong at the end of the trail."""
        first, last = self._first, self._last
        if first is not None and first.number > 1 and self._removed_through < first.number - 1:
            gone = f"removed, with all before line {first.number}"
            return Finding(line=self._removed_through + 1, file="", what=gone)
        if self._head_lost is not None:
            number, file = self._head_lost
            what = "the record of the head was gone when it was written: lines may be missing"
            return Finding(line=number, file=file, what=what)
        reached = 0 if last is None else last.number
        if head is None:
            what = "the record of the head is gone: lines may be missing from here on"
            return Finding(line=reached + 1, file=self._file, what=what) if has_files else None
        if head.number > reached:
            what = f"removed, with all up to line {head.number}, which the head records"
            return Finding(line=reached + 1, file=self._file, what=what)
        if self._known is not None and self._known[0] > reached:
            what = f"removed, with all up to line {self._known[0]}, which was noted elsewhere"
            return Finding(line=reached + 1, file=self._file, what=what)
        return None

    def verdict(self, files: int, finding: Finding | None) -> Verdict:
        """All of it in one value."""
        return Verdict(
            lines=self._lines,
            files=files,
            first=0 if self._first is None else self._first.number,
            last=0 if self._last is None else self._last.number,
            head=FIRST_PREVIOUS if self._last is None else self._last.hash,
            finding=finding,
        )

    def _order(self, line: Line, file: str) -> Finding | None:
        last = self._last
        if last is None:
            begins = line.number > 1 or line.previous == FIRST_PREVIOUS
            what = "changed: the first line follows none"
            return None if begins else Finding(line=1, file=file, what=what)
        if line.number > last.number + 1:
            several = "" if line.number == last.number + 2 else f", up to line {line.number - 1}"
            return Finding(line=last.number + 1, file=file, what=f"removed{several}")
        if line.number <= last.number:
            what = f"put in: it stands after line {last.number}"
            return Finding(line=line.number, file=file, what=what)
        if line.previous != last.hash:
            what = f"changed or put in: line {line.number} was written after another one"
            return Finding(line=last.number, file=self._file, what=what)
        return None

    @staticmethod
    def _is_other(line: Line, number: int, digest: str) -> bool:
        return line.number == number and line.hash != digest

    def _keep(self, line: Line, file: str) -> None:
        self._first = self._first or line
        self._last, self._file = line, file
        self._lines += 1
        if line.note == HEAD_LOST and self._head_lost is None:
            self._head_lost = (line.number, file)
        if line.note.startswith(REMOVED_THROUGH):
            removed = line.note.removeprefix(REMOVED_THROUGH)
            if removed.isdigit():
                self._removed_through = max(self._removed_through, int(removed))


def noted(text: str) -> tuple[int, str]:
    """Number and hash of ``NUMBER:HASH``; ValueError where it is something else."""
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != len(FIRST_PREVIOUS):
        raise ValueError(f"{text!r} is no NUMBER:HASH as `audit status` shows it")
    return int(number), digest.lower()
