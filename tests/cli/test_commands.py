"""The commands as a user types them: what they print, and their exit status."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from contract.command import call
from factories import ct_series, pet_series, write_series
from fake_pacs import FakePacs
from peers import free_port, own_tool, write_config

from dicom_node.settings import read_settings


def command(*arguments: str | Path, status: int = 0) -> Any:
    """Standard output of a command in this process, as JSON where it was asked for."""
    done = call(*arguments)
    assert done.status == status, f"{done.status}: {done.err}"
    assert "Traceback" not in done.err
    return done.json if "--json" in arguments else done.out


def typed(*arguments: str | Path, status: int = 0) -> str:
    """Standard output of a command as a process of its own, as a shell starts it."""
    done = subprocess.run(
        [own_tool("dicom-node"), *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, f"{done.returncode}: {done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, node_port=free_port(), pacs_port=free_port())


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_series(pet_series(slices=6), tmp_path / "study" / "pet")
    write_series(ct_series(slices=6), tmp_path / "study" / "ct")
    return tmp_path / "study"


def test_explain_tells_every_field_of_its_contract(config, study):
    told = command("explain", study, "--config", config, "--json")
    assert told["unreadable"] == []
    ct, pet = sorted(told["series"], key=lambda one: one["modality"])
    assert set(pet) >= {
        *("series_instance_uid", "study_instance_uid", "modality", "sop_class_uid", "tracer"),
        *("tracer_evidence", "radionuclide", "exam", "instances", "expected_instances"),
        *("complete", "unit", "suvbw_factor", "suv_rule", "routes", "reasons"),
    }
    assert (pet["tracer"], pet["unit"], pet["complete"]) == ("FDG", "BQML", True)
    assert (pet["instances"], pet["expected_instances"]) == (6, 6)
    assert pet["routes"] == ["pet-candidates"]
    assert isinstance(pet["suvbw_factor"], float)
    routes = len(read_settings(config).routes)
    assert [one["code"] for one in ct["reasons"]] == ["companion", *["no-match"] * routes]


def test_a_factor_for_each_instance_is_a_list_in_order_of_position(config, tmp_path):
    """DecayCorrection NONE: a slice acquired later decayed longer, and gets a larger factor."""
    late_first = pet_series(
        slices=3,
        DecayCorrection="NONE",
        CorrectedImage=["ATTN", "SCAT"],
        AcquisitionTime=lambda index: f"10{30 - 10 * index:02d}00",
    )
    write_series(late_first, tmp_path / "pet")
    (pet,) = command("explain", tmp_path / "pet", "--config", config, "--json")["series"]
    top_to_bottom = pet["suvbw_factor"]
    assert len(top_to_bottom) == 3
    assert top_to_bottom == sorted(top_to_bottom, reverse=True)


def test_run_writes_its_objects_and_repeats_their_uids(config, study, tmp_path):
    first = command("run", study, "--out", tmp_path / "a", "--config", config, "--json")
    again = command("run", study, "--out", tmp_path / "b", "--config", config, "--json")
    (job,), (other,) = first["jobs"], again["jobs"]
    assert job["state"] == "ENCODED"
    assert set(job["inputs"]) == {"pet", "ct"}
    assert all(Path(one["path"]).exists() for one in job["objects"])
    uids = [[one["sop_instance_uid"] for one in run["objects"]] for run in (job, other)]
    assert uids[0] == uids[1]
    assert {"name", "value", "unit", "segment"} <= set(job["measurements"][0])
    assert [one["modality"] for one in first["series"]]


def test_run_of_unfit_data_tells_the_reason_and_exits_with_1(config, tmp_path):
    write_series(pet_series(slices=6, PatientWeight=None), tmp_path / "pet")
    told = command(
        "run", tmp_path / "pet", "--out", tmp_path / "out", "--config", config, "--json", status=1
    )
    (job,) = told["jobs"]
    assert job["state"] == "REJECTED"
    assert "PatientWeight (0010,1030)" in job["reason"]


def test_run_of_an_incomplete_series_names_what_is_missing(config, tmp_path):
    pet = pet_series(slices=6)
    write_series(pet[:2] + pet[3:], tmp_path / "pet")
    arguments = ("run", tmp_path / "pet", "--out", tmp_path / "out", "--config", config, "--json")
    told = command(*arguments, status=1)
    assert told["jobs"][0]["reason"].startswith("incomplete-series: 5 of 6")
    assert told["series"][0]["complete"] is False
    assert told["series"][0]["routes"] == []


def test_run_takes_one_algorithm_whatever_the_routes_say(config, study, tmp_path):
    (config / "routes.toml").write_text("")
    arguments = ("run", study, "--out", tmp_path / "out", "--config", config, "--json")
    assert command(*arguments)["jobs"] == []
    (job,) = command(*arguments, "--algorithm", "pet-threshold")["jobs"]
    assert (job["route"], job["state"]) == ("manual", "ENCODED")


def test_wrong_usage_and_wrong_configuration_exit_with_2(config, study, tmp_path):
    out = ("--out", tmp_path / "out", "--config", config)
    command("explain", tmp_path / "nowhere", status=2)
    told = command("run", study, *out, "--algorithm", "magic", "--json", status=2)
    installed = [one["name"] for one in command("algorithms", "--json")["algorithms"]]
    assert {"dat-spect", "pet-threshold"} <= set(installed)
    message = f"run: --algorithm is 'magic'; allowed: one of {sorted(installed)}"
    assert told["error"]["message"] == message
    (config / "node.toml").write_text("[listener]\nprot = 1")
    told = command("check", "--config", config, "--json", status=2)
    assert told["error"]["code"] == "config"
    assert "listener.prot" in told["error"]["message"]


def test_check_tells_a_route_whose_algorithm_is_not_installed(config):
    routes = config / "routes.toml"
    routes.write_text(routes.read_text().replace('"pet-threshold"', '"magic"'))
    told = command("check", "--config", config, "--json", status=2)
    assert [one["what"] for one in told["findings"] if not one["ok"]] == ["route pet-candidates"]


def test_check_with_echo_tells_who_is_away_and_who_answers(config, tmp_path):
    told = command("check", "--echo", "--config", config, "--json", status=2)
    assert [one["what"] for one in told["findings"] if not one["ok"]] == ["destination pacs"]
    with FakePacs() as pacs:
        to = pacs.destination()
        config = write_config(
            tmp_path / "b", node_port=free_port(), pacs_port=to.port, pacs_ae_title=to.ae_title
        )
        assert command("check", "--echo", "--config", config, "--json")["ok"] is True


def test_send_stores_every_file_and_tells_who_refused(study, tmp_path):
    with FakePacs() as pacs:
        to = pacs.destination()
        config = write_config(
            tmp_path, node_port=free_port(), pacs_port=to.port, pacs_ae_title=to.ae_title
        )
        told = command("send", study, "--to", "pacs", "--config", config, "--json")
        assert len(pacs.received) == len(told["sent"]) == 12
        pacs.status = 0xC000
        told = command("send", study, "--to", "pacs", "--config", config, "--json", status=1)
        assert {one["status"] for one in told["sent"]} == {0xC000}
    command("send", study, "--to", "nobody", "--config", config, status=2)


def test_algorithms_and_simulate_say_what_there_is(tmp_path):
    told = command("algorithms", "--json")
    assert {"dat-spect", "pet-threshold"} <= {one["name"] for one in told["algorithms"]}
    assert told["broken"] == {}
    command("simulate", "nothing", "--out", tmp_path, status=2)


def test_jobs_of_a_new_folder_are_none(config):
    assert command("jobs", "--config", config, "--json") == {
        "jobs": [],
        "series": [],
        "set_aside": [],
    }
    command("jobs", "show", "nobody", "--config", config, status=2)
    command("jobs", "--state", "SLEEPING", "--config", config, status=2)


def test_every_command_prints_something_for_people_too(config, study, tmp_path):
    assert "pet-candidates" in typed("explain", study, "--config", config)
    assert "SUVmax" in typed("run", study, "--out", tmp_path / "o", "--config", config)
    assert "ok" in typed("check", "--config", config)
    assert "pet-threshold" in typed("algorithms")
    assert "no jobs" in typed("jobs", "--config", config)
    assert json.loads(typed("jobs", "--config", config, "--json"))["jobs"] == []
    typed("explain", tmp_path / "nowhere", status=2)
