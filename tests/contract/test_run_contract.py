import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from contract.by_hand import around_the_maximum, hot_spots_of, peak_of, suv_of
from contract.command import Answer, call
from encoding.tools import errors_of
from factories import ct_series, pet_series, write_series
from phantoms import axes_mm, points_mm, soft_sphere

JOB_FIELDS = {
    *("job_id", "route", "algorithm", "version", "state", "reason", "inputs", "objects"),
    *("measurements", "classifications", "warnings"),
}
OBJECT_FIELDS = {"path", "sop_class_uid", "sop_instance_uid", "modality"}
SEG, SR, SC = (
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.7",
)
AN_HOUR = 75_000 / (370e6 * 0.5 ** (3600 / 6586.2))
GRID: dict[str, Any] = {
    "slices": 20,
    "rows": 32,
    "columns": 28,
    "spacing_mm": (4.0, 3.0, 3.5),
    "origin_mm": (-50.0, -45.0, 100.0),
}


def warm_pet() -> list[pydicom.Dataset]:
    """Two hot spots in a body of SUV 1."""
    affine = axes_mm(
        spacing_mm=GRID["spacing_mm"],
        origin_mm=GRID["origin_mm"],
        orientation=(1, 0, 0, 0, 1, 0),
    )
    points = points_mm((GRID["slices"], GRID["rows"], GRID["columns"]), affine)
    suv = 1.0 + soft_sphere(points, centre_mm=(-20, -10, 130), radius_mm=12, peak=14)
    suv = suv + soft_sphere(points, centre_mm=(15, 20, 150), radius_mm=9, peak=7)
    return pet_series(values=suv / AN_HOUR, **GRID)


def run(path: Path, out: Path, *options: object) -> Answer:
    return call("run", path, "--out", out, "--json", *options)


def only_job(answer: Answer) -> dict[str, Any]:
    (job,) = answer.json["jobs"]
    return dict(job)


def assert_form(job: dict[str, Any]) -> None:
    assert set(job) >= JOB_FIELDS
    assert all(set(one) >= OBJECT_FIELDS for one in job["objects"])
    for one in job["measurements"]:
        assert isinstance(one["name"], str)
        assert isinstance(one["value"], float)
        assert isinstance(one["unit"], str)
        assert one["segment"] is None or isinstance(one["segment"], int)


def assert_valid_objects(job: dict[str, Any], source: pydicom.Dataset) -> None:
    """One SEG, SR and SC in the study of the source, each known to the validator without error."""
    assert sorted(one["sop_class_uid"] for one in job["objects"]) == sorted([SEG, SR, SC])
    for one in job["objects"]:
        stored = pydicom.dcmread(one["path"])
        assert stored.SOPInstanceUID == one["sop_instance_uid"]
        assert (stored.SOPClassUID, stored.Modality) == (one["sop_class_uid"], one["modality"])
        for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "PatientBirthDate"):
            assert stored[keyword].value == source[keyword].value
        assert stored.ContentQualification == "RESEARCH"
        assert errors_of(Path(one["path"])) == []


def uids_of(job: dict[str, Any]) -> list[str]:
    return [one["sop_instance_uid"] for one in job["objects"]]


def values_of(job: dict[str, Any], segment: int | None) -> dict[str, float]:
    return {one["name"]: one["value"] for one in job["measurements"] if one["segment"] == segment}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_series(warm_pet(), folder / "pet")
    write_series(ct_series(**GRID), folder / "ct")
    return folder


@pytest.fixture(scope="module")
def answer(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    return run(study, tmp_path_factory.mktemp("out"))


def test_a_study_with_a_route_gives_one_job_with_its_objects(study: Path, answer: Answer) -> None:
    job = only_job(answer)
    assert_form(job)
    assert (answer.status, job["state"], job["reason"]) == (0, "ENCODED", None)
    assert (job["route"], job["algorithm"]) == ("pet-candidates", "pet-threshold")
    by_modality = {one["modality"]: one["series_instance_uid"] for one in answer.json["series"]}
    assert job["inputs"] == {"pet": by_modality["PT"], "ct": by_modality["CT"]}
    assert_valid_objects(job, pydicom.dcmread(study / "pet" / "0000.dcm"))


def test_the_series_are_those_of_explain(study: Path, answer: Answer) -> None:
    assert answer.json["series"] == call("explain", "--json", study).json["series"]


def test_the_numbers_are_those_of_another_way(study: Path, answer: Answer) -> None:
    assert_same_numbers(only_job(answer), study / "pet", AN_HOUR)


def assert_same_numbers(job: dict[str, Any], folder: Path, factor: float) -> None:
    suv, voxel_ml = suv_of(folder, factor)
    spots = hot_spots_of(suv, voxel_ml)
    total = values_of(job, None)
    assert total["SUVmax"] == pytest.approx(suv.max(), rel=1e-6)
    assert total["Number of candidates"] == len(spots)
    volume = total["Total volume of candidates"]
    assert volume == pytest.approx(sum(one.volume_ml for one in spots), rel=1e-6)
    product = total["Total SUVmean x volume of candidates"]
    assert product == pytest.approx(sum(one.product_g for one in spots), rel=1e-5)
    for number, spot in enumerate(spots[:20]):
        told = values_of(job, 2 * number + 1)
        assert told["SUVmax"] == pytest.approx(spot.maximum, rel=1e-6)
        assert told["SUVmean"] == pytest.approx(spot.mean, rel=1e-5)
        assert told["Volume"] == pytest.approx(spot.volume_ml, rel=1e-6)
        assert told["TLG"] == pytest.approx(spot.product_g, rel=1e-5)
        assert values_of(job, 2 * number + 2)["SUVmax"] == told["SUVmax"]
        assert 0 < told["SUVpeak"] <= told["SUVmax"]


def test_a_contour_at_a_fraction_is_that_of_another_way(study: Path, answer: Answer) -> None:
    suv, voxel_ml = suv_of(study / "pet", AN_HOUR)
    inside = around_the_maximum(suv, 0.41 * suv.max())
    told = values_of(only_job(answer), 2)
    assert told["Volume"] == pytest.approx(np.count_nonzero(inside) * voxel_ml, rel=1e-6)
    assert told["SUVmean"] == pytest.approx(suv[inside].mean(), rel=1e-5)


def test_the_peak_is_that_of_a_sphere_of_points(study: Path, answer: Answer) -> None:
    suv, _ = suv_of(study / "pet", AN_HOUR)
    inside = around_the_maximum(suv, 4.0)
    told = values_of(only_job(answer), 1)["SUVpeak"]
    assert told == pytest.approx(peak_of(suv, inside, GRID["spacing_mm"]), rel=0.01)


def test_units_are_those_of_ucum(answer: Answer) -> None:
    units = {one["name"]: one["unit"] for one in only_job(answer)["measurements"]}
    assert units["SUVmax"] == units["SUVmean"] == units["SUVpeak"] == "g/ml{SUVbw}"
    assert (units["Volume"], units["TLG"], units["Number of candidates"]) == ("ml", "g", "1")


def test_the_same_input_gives_the_same_uids_wherever_it_lies(
    study: Path, answer: Answer, tmp_path: Path
) -> None:
    shutil.copytree(study, tmp_path / "moved" / "study")
    again = only_job(run(tmp_path / "moved", tmp_path / "out"))
    first = only_job(answer)
    assert (again["job_id"], uids_of(again)) == (first["job_id"], uids_of(first))
    assert again["measurements"] == first["measurements"]


def test_a_pet_without_its_ct_runs_and_has_results_of_its_own(
    study: Path, answer: Answer, tmp_path: Path
) -> None:
    alone = run(study / "pet", tmp_path)
    job, first = only_job(alone), only_job(answer)
    assert (alone.status, job["state"], list(job["inputs"])) == (0, "ENCODED", ["pet"])
    assert set(uids_of(job)).isdisjoint(uids_of(first))
    assert job["measurements"] == first["measurements"]


def write_all_but(index: int, datasets: Sequence[pydicom.Dataset], folder: Path) -> None:
    write_series([*datasets[:index], *datasets[index + 1 :]], folder)


def test_an_incomplete_pet_is_rejected_with_the_place(tmp_path: Path) -> None:
    write_all_but(7, warm_pet(), tmp_path / "pet")
    answer = run(tmp_path / "pet", tmp_path / "out")
    job = only_job(answer)
    assert_form(job)
    assert (answer.status, job["state"], job["objects"]) == (1, "REJECTED", [])
    assert job["reason"].startswith("incomplete-series: 19 of 20")
    assert "gap at z = 128 mm" in job["reason"]
    assert answer.json["series"][0]["routes"] == []


def test_a_stripped_phantom_is_rejected_suv_by_name(shared_data: Path, tmp_path: Path) -> None:
    answer = run(shared_data / "nema-iq", tmp_path, "--algorithm", "pet-threshold")
    job = only_job(answer)
    assert (answer.status, job["state"]) == (1, "REJECTED")
    assert job["reason"].startswith("not-calibrated: Units (0054,1001)")
    assert not list(tmp_path.rglob("*.dcm"))


@pytest.mark.parametrize("options", [(), ("--algorithm", "pet-threshold")])
def test_a_folder_with_nothing_is_no_failure(tmp_path: Path, options: tuple[str, ...]) -> None:
    answer = run(tmp_path, tmp_path / "out", *options)
    assert answer.status == 0
    assert (answer.json["jobs"], answer.json["series"]) == ([], [])


def test_an_algorithm_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    answer = run(tmp_path, tmp_path / "out", "--algorithm", "no-such-thing")
    assert answer.status == 2
    assert "no-such-thing" in answer.json["error"]["message"]
    assert "pet-threshold" in answer.json["error"]["message"]
    assert "Traceback" not in answer.err


def test_a_real_study_has_the_numbers_of_its_raw_files(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "petct-fdg-ge"
    answer = run(folder, tmp_path)
    job = only_job(answer)
    assert (answer.status, job["state"]) == (0, "ENCODED")
    assert job["inputs"]["pet"].endswith("61081015")
    assert job["inputs"]["ct"].endswith("94858561")
    pet = folder / "PT_PET_AC_61081015"
    assert_valid_objects(job, pydicom.dcmread(next(pet.iterdir()), stop_before_pixels=True))
    assert_same_numbers(job, pet, 91_000 / (588_802_304 * 0.5 ** (9527 / 6588)))


def test_a_simulated_study_runs_from_end_to_end(tmp_path: Path) -> None:
    made = call("simulate", "fdg-petct", "--out", tmp_path / "study", "--seed", 2, "--json")
    assert made.status == 0
    assert len(made.json["files"]) == len(list((tmp_path / "study").rglob("*.dcm")))
    job = only_job(run(tmp_path / "study", tmp_path / "out"))
    assert (job["state"], sorted(job["inputs"])) == ("ENCODED", ["ct", "pet"])
    pet = tmp_path / "study" / "PT"
    assert_valid_objects(job, pydicom.dcmread(next(pet.iterdir()), stop_before_pixels=True))
    assert json.dumps(job)


def test_results_of_a_leg_are_valid_objects(tmp_path: Path) -> None:
    leg = warm_pet()
    for one in leg:
        one.BodyPartExamined = "LEG"
    write_series(leg, tmp_path / "pet")
    assert_valid_objects(only_job(run(tmp_path / "pet", tmp_path / "out")), leg[0])


def test_a_pet_without_frame_of_reference_does_not_fail(tmp_path: Path) -> None:
    lost = warm_pet()
    for one in lost:
        del one.FrameOfReferenceUID
    write_series(lost, tmp_path / "pet")
    job = only_job(run(tmp_path / "pet", tmp_path / "out"))
    assert job["state"] == "REJECTED"
    assert "FrameOfReferenceUID (0020,0052)" in job["reason"]
