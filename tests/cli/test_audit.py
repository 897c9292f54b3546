"""`dicom-node audit`: the trail is checked and shown by the commands of the administrator."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dicom_node.audit.files import Place, files_of, read_after
from dicom_node.audit.trail import Trail
from dicom_node.cli.audit_app import audit_app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "node.toml").write_text('[storage]\nfolder = "../var"\n')
    return tmp_path / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "audit"


def asked(config: Path, *arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(audit_app, [*arguments, "--config", str(config), "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_a_whole_trail_is_verified_and_that_stands_in_it(config: Path, folder: Path) -> None:
    Trail(folder).append(["<one/>", "<two/>"])
    code, told = asked(config, "verify")
    assert (code, told["whole"], told["lines"], told["finding"]) == (0, True, 2, None)
    lines, _ = read_after(folder, Place(), limit=10)
    assert [one.number for one in lines] == [1, 2, 3]
    assert "Audit Log Used" in lines[-1].message


def test_a_removed_line_is_named_and_the_exit_status_says_so(config: Path, folder: Path) -> None:
    Trail(folder).append(["<one/>", "<two/>", "<three/>"])
    (file,) = files_of(folder)
    first, _, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + third)
    code, told = asked(config, "verify")
    assert (code, told["finding"]["line"], told["finding"]["what"]) == (1, 2, "removed")


def test_a_line_that_was_noted_is_compared(config: Path, folder: Path) -> None:
    Trail(folder).append(["<one/>"])
    _, status = asked(config, "status")
    noted = f"{status['last']}:{status['head']}"
    assert asked(config, "verify", "--known", noted)[0] == 0
    code, told = asked(config, "verify", "--known", f"1:{'0' * 64}")
    assert (code, told["finding"]["line"]) == (1, 1)


def test_status_tells_a_trail_that_cannot_be_written(config: Path, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    code, told = asked(config, "status")
    assert (code, told["fault"]) == (1, "File exists")


def test_status_tells_what_waits_for_the_repository(config: Path, folder: Path) -> None:
    Trail(folder).append(["<one/>", "<two/>"])
    with (config / "node.toml").open("a") as file:
        file.write('[audit.receiver]\nhost = "127.0.0.1"\nport = 9\ntransport = "tcp"\n')
    code, told = asked(config, "status")
    assert (code, told["receiver"], told["waiting"]) == (0, "127.0.0.1:9", 2)
