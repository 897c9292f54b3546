"""Every DICOM file below a path, in series; what cannot be read has its reason."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dicom_node.domain.errors import InputRejected, UnreadableInstance
from dicom_node.reading.header import Header, read_header
from dicom_node.reading.series import ReadSeries, group_by_series, read_series
from dicom_node.reading.site_tracers import SiteTracers


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReading:
    """What a folder holds.

    Parameters
    ----------
    series : tuple of ReadSeries
        In the order of their UIDs.
    unreadable : mapping
        Path to the reason, for files that are no DICOM instance, for the files of a series whose
        headers cannot be one series, and for folders that cannot be opened.
    copies : tuple of str
        Paths of files that repeat another one byte for byte; they count once.
    """

    series: tuple[ReadSeries, ...]
    unreadable: Mapping[str, str]
    copies: tuple[str, ...] = ()


def read_folder(
    path: Path, site_tracers: SiteTracers, on_file: Callable[[], None] = lambda: None
) -> FolderReading:
    """Read every file below a path, or the one file; folders behind links, too, each once.

    Parameters
    ----------
    on_file : callable
        Called after each file, to show progress.

    Raises
    ------
    UnreadableInstance
        Where the path itself is neither a file nor a folder.
    """
    if not path.is_dir() and not path.is_file():
        raise UnreadableInstance(f"{path} is neither a file nor a folder")
    headers: list[Header] = []
    unreadable: dict[str, str] = {}
    for file in sorted(_files_below(path, unreadable)):
        try:
            headers.append(_header_of(file))
        except UnreadableInstance as cause:
            unreadable[str(file)] = str(cause)
        on_file()
    groups = group_by_series(headers)
    series: list[ReadSeries] = []
    for key in sorted(groups, key=lambda one: (one.study_instance_uid, one.series_instance_uid)):
        try:
            series.append(read_series(groups[key], site_tracers))
        except InputRejected as cause:
            unreadable |= {str(one.path): f"{cause.code}: {cause}" for one in groups[key]}
    kept = {one.path for read in series for one in read.series.instances}
    copies = [str(one.path) for one in headers if one.path not in kept]
    return FolderReading(
        series=tuple(series),
        unreadable=unreadable,
        copies=tuple(path for path in copies if path not in unreadable),
    )


def _files_below(path: Path, unreadable: dict[str, str]) -> Iterator[Path]:
    """Everything below a path that is no folder; folders that cannot be opened are noted."""
    if not path.is_dir():
        yield path
        return

    def note(cause: OSError) -> None:
        reason = f"the folder cannot be opened: {cause.strerror}"
        unreadable[os.fsdecode(cause.filename)] = reason

    seen: set[Path] = set()
    for folder, inner, names in os.walk(path, followlinks=True, onerror=note):
        real = Path(folder).resolve()
        if real in seen:  # a ring of links
            inner.clear()
            continue
        seen.add(real)
        yield from (Path(folder) / name for name in names)


def _header_of(path: Path) -> Header:
    # A pipe would be waited for without end, a device read without end.
    if not path.is_file():
        what = "a link to nothing" if path.is_symlink() and not path.exists() else "no regular file"
        raise UnreadableInstance(f"{what}; a DICOM file is needed")
    return read_header(path)
