import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from contract.command import SHIPPED_CONFIG, call, explained
from factories import ct_series, pet_series, write_series


def apart(
    *arguments: object, timeout_s: float = 60, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command as its own process, its output as bytes."""
    return subprocess.run(
        [sys.executable, "-c", "from dicom_node.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, "DICOM_NODE_CONFIG": str(SHIPPED_CONFIG), **environment},
    )


def test_a_folder_without_files_has_no_series(tmp_path: Path) -> None:
    (tmp_path / "x.dcm").mkdir()
    assert explained(tmp_path) == {"series": [], "unreadable": [], "copies": []}


def test_a_path_that_is_absent_is_wrong_usage(tmp_path: Path) -> None:
    for command in (["explain"], ["run", "--out", tmp_path / "out"]):
        answer = call(*command, "--json", tmp_path / "absent")
        assert answer.status == 2
        assert answer.json["error"]["code"] == "unreadable"
        assert str(tmp_path / "absent") in answer.json["error"]["message"]
        assert "absent" in answer.err
        assert "Traceback" not in answer.err


def test_a_configuration_that_is_absent_is_told_as_json_too(tmp_path: Path) -> None:
    answer = call("explain", "--json", "--config", tmp_path / "nowhere", tmp_path)
    assert answer.status == 2
    assert answer.json["error"]["code"] == "config"


def test_one_file_can_be_explained_alone(tmp_path: Path) -> None:
    path = write_series(pet_series(), tmp_path)[2]
    (series,) = explained(path)["series"]
    assert (series["instances"], series["expected_instances"]) == (1, 6)
    assert not series["complete"]


def test_files_that_are_no_dicom_have_a_reason_each(tmp_path: Path) -> None:
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "zeros").write_bytes(bytes(100_000))
    (tmp_path / "cut.dcm").write_bytes(
        write_series(pet_series(), tmp_path / "s")[0].read_bytes()[:600]
    )
    answer = explained(tmp_path)
    assert {Path(one["path"]).name for one in answer["unreadable"]} == {
        "empty.dcm",
        "text.txt",
        "zeros",
        "cut.dcm",
    }
    reasons = {Path(one["path"]).name: one["reason"] for one in answer["unreadable"]}
    assert reasons.pop("cut.dcm").startswith("not an instance of a series")
    assert all(one.startswith("no DICOM file") for one in reasons.values())


def test_a_folder_that_cannot_be_opened_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(pet_series(), tmp_path / "open")
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def guarded(path: str) -> Any:
        if Path(path).name == "closed":  # as the system does for who may not read it
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    answer = explained(tmp_path)
    assert [one["instances"] for one in answer["series"]] == [6]
    (one,) = answer["unreadable"]
    assert Path(one["path"]).name == "closed"
    assert "Permission denied" in one["reason"]


def test_a_ring_of_links_ends(tmp_path: Path) -> None:
    write_series(pet_series(), tmp_path / "pet")
    (tmp_path / "pet" / "again").symlink_to(tmp_path, target_is_directory=True)
    (series,) = explained(tmp_path)["series"]
    assert series["instances"] == 6


def test_a_linked_file_is_read(tmp_path: Path) -> None:
    made = write_series(pet_series(), tmp_path / "elsewhere")
    (tmp_path / "here").mkdir()
    for path in made:
        (tmp_path / "here" / path.name).symlink_to(path)
    (series,) = explained(tmp_path / "here")["series"]
    assert (series["instances"], series["complete"]) == (6, True)


def test_a_linked_folder_is_read(tmp_path: Path) -> None:
    write_series(pet_series(), tmp_path / "elsewhere" / "pet")
    write_series(ct_series(), tmp_path / "elsewhere" / "ct")
    (tmp_path / "study").mkdir()
    for name in ("pet", "ct"):
        (tmp_path / "study" / name).symlink_to(tmp_path / "elsewhere" / name)
    assert {one["modality"] for one in explained(tmp_path / "study")["series"]} == {"PT", "CT"}


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.dcm").symlink_to(tmp_path / "gone")
    assert [Path(one["path"]).name for one in explained(tmp_path)["unreadable"]] == ["x.dcm"]


def test_a_pipe_in_a_folder_does_not_stop_the_reading(tmp_path: Path) -> None:
    write_series(pet_series(), tmp_path)
    os.mkfifo(tmp_path / "pipe.dcm")
    done = apart("explain", "--json", tmp_path)
    assert [one["instances"] for one in json.loads(done.stdout)["series"]] == [6]


def test_a_pipe_as_the_path_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    done = apart("explain", "--json", tmp_path / "pipe.dcm", timeout_s=10)
    assert done.returncode == 2


def test_a_file_name_of_odd_bytes_leaves_the_answer_json(tmp_path: Path) -> None:
    (Path(os.fsdecode(bytes(tmp_path) + b"/\xff.dcm"))).write_text("hello")
    done = apart("explain", "--json", tmp_path, PYTHONUTF8="1")
    assert len(json.loads(done.stdout.decode("utf-8"))["unreadable"]) == 1


def test_an_output_that_is_no_utf_8_gets_json_all_the_same(tmp_path: Path) -> None:
    write_series(pet_series(SeriesDescription="PET 全身"), tmp_path)
    done = apart("explain", "--json", tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    (series,) = json.loads(done.stdout)["series"]
    assert series["description"] == "PET 全身"
