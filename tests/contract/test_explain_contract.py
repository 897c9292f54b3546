import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from contract.command import SHIPPED_CONFIG, call, codes_of, explained
from contract.expected_series import ALL, Expected

# Every field of issue 2, and those added since, with the types that a program may count on.
FIELDS: dict[str, tuple[type, ...]] = {
    "series_instance_uid": (str,),
    "study_instance_uid": (str,),
    "modality": (str,),
    "sop_class_uid": (str,),
    "tracer": (str, type(None)),
    "tracer_evidence": (str,),
    "radionuclide": (str, type(None)),
    "exam": (str,),
    "instances": (int,),
    "expected_instances": (int, type(None)),
    "complete": (bool,),
    "unit": (str, type(None)),
    "suvbw_factor": (float, list, type(None)),
    "suv_rule": (str, type(None)),
    "suv_values": (dict,),
    "uptake_time_min": (float, type(None)),
    "warnings": (list,),
    "routes": (list,),
    "reasons": (list,),
}
FOLDERS = (
    "petct-fdg-ge",
    "suv-reference-objects",
    "suv-vendor-headers",
    "sarcoma-fdg",
    "nema-iq",
    "nm",
    "single-slices",
    "seg-sr-samples",
    "robustness",
    "radiomics-ibsi",
    "spect-phantoms",
    "wholebody-phantom",
    "brain",
    "tables",
)
CODE = re.compile(r"[a-z]+(-[a-z]+)*")


@cache
def answer_for(folder: Path) -> dict[str, Any]:
    return explained(folder)


def series_of(shared_data: Path, wanted: Expected) -> dict[str, Any]:
    everything = answer_for(shared_data / wanted.folder)["series"]
    (found,) = (one for one in everything if one["series_instance_uid"].endswith(wanted.uid))
    return dict(found)


def assert_form(series: dict[str, Any]) -> None:
    for field, types in FIELDS.items():
        assert isinstance(series[field], types), (field, series[field])
    for name in series["routes"]:
        assert isinstance(name, str)
    for reason in series["reasons"]:
        assert CODE.fullmatch(reason["code"])
        assert reason["message"].strip()
    factors = series["suvbw_factor"]
    assert (factors is None) == (series["suv_rule"] is None)
    if isinstance(factors, list):
        assert all(isinstance(one, float) and one > 0 for one in factors)
    assert series["routes"] or series["reasons"]
    assert series["complete"] or not series["routes"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_series_of_a_public_folder_has_its_form_and_a_route_or_a_reason(
    shared_data: Path, folder: str
) -> None:
    answer = answer_for(shared_data / folder)
    for series in answer["series"]:
        assert_form(series)
    for one in answer["unreadable"]:
        assert Path(one["path"]).is_file()
        assert one["reason"].strip()


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_of_a_public_folder_is_lost(shared_data: Path, folder: str) -> None:
    answer = answer_for(shared_data / folder)
    told = sum(series["instances"] for series in answer["series"])
    told += len(answer["unreadable"]) + len(answer["copies"])
    assert told == sum(1 for path in (shared_data / folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("wanted", ALL, ids=str)
def test_a_public_series_is_what_its_headers_say(shared_data: Path, wanted: Expected) -> None:
    found = series_of(shared_data, wanted)
    fields = "modality instances expected_instances exam tracer radionuclide complete slices unit"
    fields = f"{fields} attenuation_corrected"
    assert {name: found[name] for name in fields.split()} == {
        name: getattr(wanted, name) for name in fields.split()
    }
    assert found["tracer_evidence"].startswith(wanted.evidence)
    assert found["suvbw_factor"] == (wanted.factor and pytest.approx(wanted.factor, rel=1e-6))
    assert (wanted.rule or "") in (found["suv_rule"] or "")
    assert set(wanted.reasons) <= set(codes_of(found))
    if wanted.routes is not None:
        assert set(wanted.routes) <= set(found["routes"])
        assert bool(wanted.routes) == bool(found["routes"])


def test_the_factor_is_that_of_the_value_maps_in_the_study(shared_data: Path) -> None:
    (pet,) = (one for one in ALL if one.routes and one.folder == "petct-fdg-ge")
    assert series_of(shared_data, pet)["suvbw_factor"] == pytest.approx(4.2111e-4, rel=1e-4)


def test_a_stripped_pet_of_a_brain_is_refused_suv_by_name(
    shared_data: Path, tmp_path: Path
) -> None:
    packed = shared_data / "brain" / "brainweb-fdg" / "brainweb_06_pet_dicom.tar.xz"
    subprocess.run(["tar", "xf", str(packed), "-C", str(tmp_path)], check=True, timeout=60)
    (series,) = explained(tmp_path)["series"]
    assert_form(series)
    assert (series["instances"], series["expected_instances"], series["slices"]) == (258,) * 3
    assert (series["complete"], series["tracer"], series["suvbw_factor"]) == (True, None, None)
    (refusal,) = (one for one in series["reasons"] if one["code"] == "not-calibrated")
    assert "Units (0054,1001)" in refusal["message"]


def run_apart(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as its own process, warnings and all."""
    environment = {**os.environ, "DICOM_NODE_CONFIG": str(SHIPPED_CONFIG)}
    program = [sys.executable, "-c", "from dicom_node.cli import main; main()"]
    return subprocess.run(
        [*program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


def test_odd_files_leave_nothing_but_json_on_standard_output(shared_data: Path) -> None:
    done = run_apart("explain", "--json", shared_data / "robustness")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["series"]) == 56
    assert "Traceback" not in done.stderr


def test_progress_and_text_do_not_mix_with_json(shared_data: Path) -> None:
    told = call("explain", shared_data / "nm")
    assert told.status == 0
    with pytest.raises(ValueError, match="Expecting value"):
        _ = told.json
    assert call("explain", "--json", shared_data / "nm").json["series"]
