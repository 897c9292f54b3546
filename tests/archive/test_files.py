"""File names that stay in the folder, and publishing that never replaces."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_node.archive.files import Disk, DurableFolder, publish_new, safe_name


@given(uid=st.text(max_size=300))
def test_any_text_makes_a_name_of_one_level(uid):
    name = safe_name(uid)

    assert 0 < len(name) <= 64
    assert set(name) <= set("0123456789.abcdefghijklmnopqrstuvwxyz-")
    assert name.strip(".") != ""


def test_a_uid_names_itself_and_everything_else_gets_a_name_of_its_own():
    assert safe_name("1.2.840.10008") == "1.2.840.10008"
    assert len({safe_name(odd) for odd in ("", "..", "../x", "1" * 65, "1" * 66)}) == 5


def test_publishing_never_replaces_a_file(tmp_path):
    first, second, final = tmp_path / "first", tmp_path / "second", tmp_path / "final"
    first.write_text("first")
    second.write_text("second")
    publish_new(first, final)

    with pytest.raises(FileExistsError):
        publish_new(second, final)
    assert final.read_text() == "first"
    assert not first.exists()


def test_a_file_system_without_hard_links_is_served_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    first, second, final = tmp_path / "first", tmp_path / "second", tmp_path / "final"
    first.write_text("first")
    second.write_text("second")
    publish_new(first, final)

    with pytest.raises(FileExistsError):
        publish_new(second, final)
    assert final.read_text() == "first"


def test_removing_the_last_file_removes_the_folders_it_leaves_empty(tmp_path):
    files = DurableFolder(tmp_path, Disk())
    for path in ("instances/1/2/a.dcm", "instances/1/2/b.dcm", "instances/1/3/c.dcm"):
        files.write_new(path, (b"content",))

    files.remove("instances/1/2/a.dcm")
    assert (tmp_path / "instances/1/2").is_dir()
    files.remove("instances/1/2/b.dcm")
    assert not (tmp_path / "instances/1/2").exists()
    files.remove("instances/1/3/c.dcm")
    assert list((tmp_path / "instances").iterdir()) == []


def test_a_folder_that_was_taken_away_meanwhile_is_made_again(tmp_path):
    files = DurableFolder(tmp_path, Disk())
    files.write_new("instances/1/2/a.dcm", (b"content",))
    (tmp_path / "instances/1/2/a.dcm").unlink()
    (tmp_path / "instances/1/2").rmdir()
    (tmp_path / "instances/1").rmdir()

    files.write_new("instances/1/2/b.dcm", (b"more ", b"content"))

    assert (tmp_path / "instances/1/2/b.dcm").read_bytes() == b"more content"
