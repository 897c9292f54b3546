"""Files and folders of a result: every name is on the disk before anybody relies on it."""

import os
from pathlib import Path
from typing import Any

import pytest

from dicom_node.encoding.result_folder import make_folder, sync_folder, write_file


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was brought to the disk, in order."""
    found: list[Path] = []
    real = os.fsync

    def _fsync(handle: int) -> None:
        found.append(Path(os.readlink(f"/proc/self/fd/{handle}")))
        real(handle)

    monkeypatch.setattr(os, "fsync", _fsync)
    return found


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="no /proc to name descriptors by"
)


@needs_proc
def test_each_new_folder_is_synced_into_the_one_above_it(tmp_path: Path, synced: Any) -> None:
    make_folder(tmp_path / "results" / "job")
    assert synced == [tmp_path, tmp_path / "results"]
    make_folder(tmp_path / "results" / "job")
    assert synced == [tmp_path, tmp_path / "results"]


@needs_proc
def test_a_file_is_synced_before_it_has_its_name(tmp_path: Path, synced: Any) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"earlier")
    write_file(path, b"whole")
    sync_folder(tmp_path)
    assert synced == [tmp_path / "result.json.part", tmp_path]
    assert [one.name for one in tmp_path.iterdir()] == ["result.json"]
    assert path.read_bytes() == b"whole"


def test_a_file_that_cannot_be_synced_keeps_its_earlier_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    write_file(path, b"earlier")

    def _full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(OSError, match="No space left"):
        write_file(path, b"later")
    assert path.read_bytes() == b"earlier"
