"""The local trail: durable, chained, and whatever was removed, changed or put in is named."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicom_node.audit.files import Place, files_of, read_after
from dicom_node.audit.head import read_head
from dicom_node.audit.line import new_line
from dicom_node.audit.trail import Trail
from dicom_node.audit.verification import Finding, noted, verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def filled(folder: Path, *, lines: int = 9, file_bytes: int = 500) -> Trail:
    """A trail of three lines a file."""
    trail = Trail(folder, file_bytes=file_bytes)
    trail.append([f"<AuditMessage n='{number}'/>" for number in range(1, lines + 1)])
    return trail


def messages(folder: Path) -> list[str]:
    return [line.message for line in read_after(folder, Place(), limit=10_000)[0]]


def rewritten(file: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))


def finding(folder: Path, **given: tuple[int, str]) -> Finding:
    found = verify(folder, **given).finding
    assert found is not None
    return found


def test_lines_are_chained_over_files_and_the_whole_is_found_whole(folder: Path) -> None:
    filled(folder)
    files = files_of(folder)
    assert [file.stem.lstrip("0") for file in files] == ["1", "4", "7"]
    lines = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
    assert [one["number"] for one in lines] == list(range(1, 10))
    assert [one["previous"] for one in lines[1:]] == [one["hash"] for one in lines[:-1]]
    verdict = verify(folder)
    assert (verdict.finding, verdict.lines, verdict.first, verdict.last) == (None, 9, 1, 9)
    assert verdict.head == lines[-1]["hash"]


def test_only_its_owner_may_read_it(folder: Path) -> None:
    filled(folder)
    assert folder.stat().st_mode & 0o077 == 0
    for file in (*files_of(folder), folder / "head.json"):
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_what_root_writes_stays_the_nodes(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 4711, 4712)
    filled(folder)
    owners = {(file.stat().st_uid, file.stat().st_gid) for file in folder.iterdir()}
    assert owners == {(4711, 4712)}


def test_it_goes_on_after_a_restart(folder: Path) -> None:
    filled(folder, lines=2)
    Trail(folder).append(["<three/>", "<four/>"])
    assert messages(folder)[2:] == ["<three/>", "<four/>"]
    assert verify(folder).finding is None


@pytest.mark.parametrize(
    ("file", "change", "line", "what"),
    [
        (1, lambda lines: [lines[0], lines[2]], 5, "removed"),
        (1, lambda lines: lines[:1], 5, "removed, up to line 6"),
        (0, lambda lines: lines[1:], 1, "removed, with all before line 2"),
        (1, lambda lines: [lines[0], lines[1].replace(b"n='5'", b"n='6'"), lines[2]], 5, "changed"),
        (1, lambda lines: [lines[0], b"{}\n", lines[2]], 5, "changed"),
        (1, lambda lines: [lines[0], lines[0], *lines[1:]], 4, "put in"),
        (2, lambda lines: [lines[1], lines[0], lines[2]], 7, "removed"),
        (2, lambda lines: lines[:2], 9, "removed, with all up to line 9"),
        (2, lambda lines: [*lines[:2], lines[2][:40]], 9, "changed"),
    ],
)
def test_the_first_line_that_is_not_as_it_was_written_is_named(
    folder: Path,
    file: int,
    change: Callable[[list[bytes]], list[bytes]],
    line: int,
    what: str,
) -> None:
    filled(folder)
    rewritten(files_of(folder)[file], change)
    found = finding(folder)
    assert (found.line, found.what[: len(what)]) == (line, what)


def test_a_line_that_was_forged_with_its_hash_is_named(folder: Path) -> None:
    filled(folder)

    def forge(lines: list[bytes]) -> list[bytes]:
        told = json.loads(lines[1])
        return [lines[0], new_line(5, told["previous"], "<forged/>").encoded(), lines[2]]

    rewritten(files_of(folder)[1], forge)
    assert finding(folder).line == 5


@pytest.mark.parametrize(("gone", "line"), [(0, 1), (1, 4), (2, 7)])
def test_a_file_that_was_removed_is_named(folder: Path, gone: int, line: int) -> None:
    filled(folder)
    files_of(folder)[gone].unlink()
    assert finding(folder).line == line


def test_a_tail_that_was_cut_off_stays_to_be_seen_when_more_is_written(folder: Path) -> None:
    trail = filled(folder)
    rewritten(files_of(folder)[2], lambda lines: lines[:1])
    trail.append(["<after/>"])
    found = finding(folder)
    assert (found.line, found.what) == (8, "removed, up to line 9")
    assert messages(folder)[-1] == "<after/>"


def test_a_head_that_was_removed_with_the_tail_stays_to_be_seen(folder: Path) -> None:
    trail = filled(folder)
    rewritten(files_of(folder)[2], lambda lines: lines[:1])
    (folder / "head.json").unlink()
    assert finding(folder).line == 8
    trail.append(["<after/>"])
    assert "record of the head was gone" in finding(folder).what


def test_a_trail_that_was_written_anew_differs_from_what_was_noted_elsewhere(folder: Path) -> None:
    filled(folder)
    known = noted(f"6:{json.loads(files_of(folder)[1].read_bytes().splitlines()[2])['hash']}")
    assert verify(folder, known=known).finding is None
    for file in folder.iterdir():
        file.unlink()
    Trail(folder).append([f"<anew n='{number}'/>" for number in range(7)])
    assert verify(folder).finding is None
    assert finding(folder, known=known).line == 6
    with pytest.raises(ValueError, match="NUMBER:HASH"):
        noted("six")


def test_lines_whose_record_a_crash_prevented_are_kept_and_a_torn_one_is_not(folder: Path) -> None:
    trail = filled(folder, lines=4)
    before = (folder / "head.json").read_bytes()
    trail.append(["<five/>", "<six/>"])
    trail.append(["<seven/>"])  # in a file of its own
    (folder / "head.json").write_bytes(before)
    with files_of(folder)[-1].open("ab") as file:
        file.write(b'{"number": 8, "prev')
    trail.append(["<eight/>"])
    assert messages(folder)[4:] == ["<five/>", "<six/>", "<seven/>", "<eight/>"]
    assert verify(folder).finding is None


def test_an_interrupted_first_line_is_no_lost_head(folder: Path) -> None:
    trail = Trail(folder)
    trail.append([])
    head = (folder / "head.json").read_bytes()
    trail.append(["<one/>"])
    (folder / "head.json").write_bytes(head)
    trail.append(["<two/>"])
    assert messages(folder) == ["<one/>", "<two/>"]
    assert verify(folder).finding is None


def test_what_could_not_be_written_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = filled(folder, lines=5)
    real, calls = os.fsync, iter(range(100))

    def full(descriptor: int) -> None:
        if next(calls) == 1:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        trail.append(["<six/>", "<seven/>", "<eight/>"])
    monkeypatch.undo()
    assert verify(folder).finding is None
    assert len(messages(folder)) == 5
    trail.append(["<six/>"])
    assert messages(folder)[5:] == ["<six/>"]
    assert verify(folder).finding is None


def test_many_processes_may_write_to_it_at_once(folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: Trail(folder).append([f"<n{n}/>"]), range(8)))
    assert sorted(messages(folder)) == sorted(f"<n{n}/>" for n in range(8))
    assert verify(folder).finding is None


def test_old_files_go_with_a_line_that_says_so(folder: Path) -> None:
    trail = filled(folder)
    later = datetime.now(UTC) + timedelta(days=1)
    assert trail.remove_before(later, sent=3, message="<removed/>") == 1
    assert [file.stem.lstrip("0") for file in files_of(folder)] == ["4", "7", "10"]
    verdict = verify(folder)
    assert (verdict.finding, verdict.first, verdict.last) == (None, 4, 10)
    assert trail.remove_before(later, sent=None, message="<removed/>") == 2
    assert verify(folder).finding is None


def test_a_file_that_goes_without_such_a_line_is_missed(folder: Path) -> None:
    trail = filled(folder)
    trail.remove_before(datetime.now(UTC) + timedelta(days=1), sent=3, message="<removed/>")
    files_of(folder)[0].unlink()
    assert finding(folder).line == 4


def test_reading_goes_on_where_it_stopped(folder: Path) -> None:
    trail, place, seen = filled(folder), Place(), list[int]()
    while True:
        lines, place = read_after(folder, place, limit=2)
        if not lines:
            break
        seen += [line.number for line in lines]
    assert seen == list(range(1, 10))
    trail.append(["<more/>"])
    assert [line.number for line in read_after(folder, place, limit=5)[0]] == [10]
    assert [line.number for line in read_after(folder, Place(number=8), limit=5)[0]] == [9, 10]


def test_an_empty_folder_is_a_whole_trail(folder: Path) -> None:
    folder.mkdir()
    assert verify(folder).finding is None
    assert read_head(folder) is None
