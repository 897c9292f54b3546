"""The files of a trail and where in them reading goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dicom_node.audit.head import read_head
from dicom_node.audit.line import Line, read_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """After which line, and where its file goes on with the next one.

    Parameters
    ----------
    file : str
        Name; empty: not known, to be looked for by number.
    offset : int
        Bytes of the file up to the end of the line.
    """

    number: int = 0
    file: str = ""
    offset: int = 0


def files_of(folder: Path) -> tuple[Path, ...]:
    """Files of a trail, the oldest first; each is named by the number of its first line."""
    return tuple(sorted(folder.glob("[0-9]*.jsonl")))


def file_name(first: int) -> str:
    """Name of the file that begins with a line."""
    return f"{first:020d}.jsonl"


def first_of(file: Path) -> int:
    """Number of the first line of a file, as its name says."""
    return int(file.stem)


def encoded_lines(file: Path, offset: int = 0) -> Iterator[bytes]:
    """Lines of a file from an offset on, each with its end; the last one may lack it."""
    with file.open("rb") as opened:
        opened.seek(offset)
        yield from opened


def lines_of(file: Path, offset: int = 0) -> Iterator[Line | None]:
    """Lines of a file from an offset on; None for each that is none."""
    return (read_line(one) if one.endswith(b"\n") else None for one in encoded_lines(file, offset))


def read_after(folder: Path, place: Place, *, limit: int) -> tuple[list[Line], Place]:
    """Lines after a place, at most `limit`, and the place after them.

    Only lines that the head records: others are not durable yet. What is no line is passed over.

    Raises
    ------
    OSError
        Where the disk fails.
    """
    head, found = read_head(folder), list[Line]()
    if head is None or head.number <= place.number:
        return found, place
    for file, begin in _to_read(folder, place):
        end = begin
        for encoded in encoded_lines(file, begin):
            end += len(encoded)
            line = read_line(encoded)
            if line is None or line.number <= place.number:
                continue
            if line.number > head.number or len(found) == limit:
                return found, place
            found.append(line)
            place = Place(number=line.number, file=file.name, offset=end)
    return found, place


def _to_read(folder: Path, place: Place) -> Iterator[tuple[Path, int]]:
    """Files that may hold lines after a place, each with the offset to begin at."""
    files = files_of(folder)
    for file, following in zip(files, (*files[1:], None), strict=True):
        if file.name == place.file:
            yield file, place.offset
        elif file.name > place.file and (
            following is None or first_of(following) > place.number + 1
        ):
            yield file, 0
