from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.command import codes_of, explained
from contract.odd import another_at, reason, shown, with_text, without
from factories import (
    ct_series,
    dynamic_pet,
    enhanced_pet,
    gated_pet,
    nm_recon_tomo,
    pet_series,
    uid,
    write_series,
)
from pydicom import Dataset

# 75 kg, 370 MBq an hour before: the default of `factories.pet_series`.
AN_HOUR = 75_000 / (370e6 * 0.5 ** (3600 / 6586.2))

Make = Callable[..., list[Dataset]]


def test_a_plain_pet_goes_to_its_route_without_a_word(tmp_path: Path) -> None:
    series = shown(pet_series(), tmp_path)
    assert series["suvbw_factor"] == pytest.approx(AN_HOUR, rel=1e-9)
    assert (series["routes"], series["reasons"]) == (["pet-candidates"], [])


@pytest.mark.parametrize(
    ("make", "found", "expected", "told"),
    [
        (lambda: without(3, pet_series()), 5, 6, "gap at z = 52 mm"),
        (lambda: without(0, pet_series()), 5, 6, "missing at an end"),
        (lambda: without(3, pet_series(NumberOfSlices=None)), 5, None, "gap at z = 52 mm"),
        (lambda: pet_series(NumberOfSlices=30), 6, 30, "6 of 30"),
        (lambda: dynamic_pet()[:-1], 17, 18, "volume 3 of 3: 5 of 6 slices"),
        (lambda: dynamic_pet()[:-6], 12, 18, "2 of 3 volumes"),
        (lambda: gated_pet()[:-1], 17, 18, "volume 3 of 3: 5 of 6 slices"),
        (lambda: [enhanced_pet(InConcatenationTotalNumber=2)], 1, 2, "1 of 2"),
        (lambda: without(3, pet_series(NumberOfSlices=3)), 5, 3, "gap at z = 52 mm"),
    ],
)
def test_a_series_with_a_gap_is_incomplete_and_says_where(
    tmp_path: Path, make: Make, found: int, expected: int | None, told: str
) -> None:
    series = shown(make(), tmp_path)
    assert (series["instances"], series["expected_instances"]) == (found, expected)
    assert (series["complete"], series["routes"]) == (False, [])
    assert told in reason(series, "incomplete-series")


@pytest.mark.parametrize("promised", [3, 0, None])
def test_fewer_slices_promised_than_there_are_make_no_fault(
    tmp_path: Path, promised: int | None
) -> None:
    series = shown(pet_series(NumberOfSlices=promised), tmp_path)
    assert (series["complete"], series["routes"]) == (True, ["pet-candidates"])
    assert series["expected_instances"] == (promised or None)


def turned(index: int) -> list[float]:
    return [0.9998, 0.02, 0, -0.02, 0.9998, 0] if index == 0 else [1, 0, 0, 0, 1, 0]


NO_GRID = [
    (lambda **given: another_at(2, pet_series(**given)), "2 slices at z = 48 mm"),
    (
        lambda **given: pet_series(ImageOrientationPatient=turned, **given),
        "mixed ImageOrientationPatient (0020,0037)",
    ),
    (
        lambda **given: pet_series(PixelSpacing=lambda i: [3, 2 + 0.1 * (i == 2)], **given),
        "mixed PixelSpacing (0028,0030)",
    ),
    (
        lambda **given: pet_series(FrameOfReferenceUID=lambda i: uid(i == 4), **given),
        "mixed FrameOfReferenceUID (0020,0052)",
    ),
    (
        lambda **given: pet_series(
            ImagePositionPatient=lambda i: [-10, 5, 40 + 4 * i + 0.5 * (i == 3)], **given
        ),
        "slices are not evenly spaced: 4.5 mm",
    ),
    (
        lambda **given: pet_series(
            ImagePositionPatient=lambda i: [-10, 5 + i, 40 + 4 * i], **given
        ),
        "gantry tilt",
    ),
]


def assert_no_volume(series: dict[str, Any], told: str) -> None:
    assert told in reason(series, "inconsistent-geometry")
    assert (series["complete"], series["routes"]) == (True, [])


@pytest.mark.parametrize(("make", "told"), NO_GRID, ids=[told for _, told in NO_GRID])
def test_slices_that_form_no_grid_are_complete_but_no_volume(
    tmp_path: Path, make: Make, told: str
) -> None:
    assert_no_volume(shown(make(), tmp_path), told)


@pytest.mark.parametrize(("make", "told"), NO_GRID, ids=[told for _, told in NO_GRID])
def test_a_promised_number_does_not_decide_what_a_fault_is_called(
    tmp_path: Path, make: Make, told: str
) -> None:
    assert_no_volume(shown(make(NumberOfSlices=None), tmp_path), told)


def test_a_tilted_ct_is_complete_but_no_volume_and_no_companion(tmp_path: Path) -> None:
    write_series(pet_series(), tmp_path / "pet")
    tilted = ct_series(ImagePositionPatient=lambda i: [-10, 5 + i, 40 + 4 * i])
    write_series(tilted, tmp_path / "ct")
    (ct,) = (one for one in explained(tmp_path)["series"] if one["modality"] == "CT")
    assert_no_volume(ct, "gantry tilt")
    assert "companion" not in codes_of(ct)


def test_one_series_uid_in_two_studies_is_two_series(tmp_path: Path) -> None:
    write_series(pet_series(), tmp_path / "one")
    write_series(pet_series(StudyInstanceUID=uid("other")), tmp_path / "other")
    found = explained(tmp_path)["series"]
    assert len({one["series_instance_uid"] for one in found}) == 1
    assert len({one["study_instance_uid"] for one in found}) == 2
    assert [one["complete"] for one in found] == [True, True]


def test_a_copied_file_counts_once_and_is_told(tmp_path: Path) -> None:
    made = pet_series()
    write_series([*made, made[2]], tmp_path / "series")
    answer = explained(tmp_path)
    assert [one["instances"] for one in answer["series"]] == [6]
    assert [Path(path).name for path in answer["copies"]] == ["0006.dcm"]


def test_two_contents_under_one_instance_uid_are_refused_by_name(tmp_path: Path) -> None:
    other = pet_series()[2]
    other.SeriesDescription = "edited"
    series = shown([*pet_series(), other], tmp_path)
    assert series["routes"] == []
    assert any("SOP Instance UID" in one["message"] for one in series["reasons"])


def same_uid_twice() -> list[Dataset]:
    other = pet_series()[2]
    other.SeriesDescription = "edited"
    return [*pet_series(), other]


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (lambda: [*pet_series()[:-1], pet_series(PatientID="B")[-1]], "several-patients"),
        (lambda: [*pet_series()[:-1], pet_series(Modality="CT")[-1]], "mixed-series"),
        (same_uid_twice, "repeated-uid"),
        (lambda: gated_pet(TriggerTime=None), "missing-attribute"),
        (lambda: dynamic_pet(FrameReferenceTime=None), "missing-attribute"),
        (lambda: ct_series(ImageOrientationPatient=None), "missing-attribute"),
    ],
)
def test_a_fault_of_the_instances_has_the_code_of_its_cause(
    tmp_path: Path, made: Make, cause: str
) -> None:
    series = shown(made(), tmp_path)
    assert series["routes"] == []
    assert reason(series, cause)
    assert "inconsistent-geometry" not in codes_of(series)


def test_objects_that_promise_no_number_have_none_when_several_came(tmp_path: Path) -> None:
    three = [nm_recon_tomo(SOPInstanceUID=uid(number)) for number in range(3)]
    for one in three:
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    series = shown(three, tmp_path)
    assert (series["instances"], series["expected_instances"]) == (3, None)
    assert series["complete"]


NO_NUMBERS = [
    ("ImagePositionPatient", b"nan\\0\\0 "),
    ("ImagePositionPatient", b"inf\\0\\0 "),
    ("ImageOrientationPatient", b"nan\\0\\0\\0\\1\\0 "),
    ("PixelSpacing", b"inf\\inf "),
    ("SpacingBetweenSlices", b"-inf"),
]


@pytest.mark.parametrize(("keyword", "text"), NO_NUMBERS)
@pytest.mark.parametrize("kind", ["slices", "one slice", "enhanced", "recon"])
def test_a_place_that_is_no_number_is_refused_and_the_others_are_told(
    tmp_path: Path, kind: str, keyword: str, text: bytes
) -> None:
    write_series(ct_series(study="healthy"), tmp_path / "healthy")
    write_series(displaced(kind, keyword, text), tmp_path / "odd")
    healthy, odd = sorted(explained(tmp_path)["series"], key=lambda one: one["modality"])
    assert healthy["slices"] == 6
    slices_alone = kind in {"slices", "enhanced"} and keyword == "SpacingBetweenSlices"
    assert slices_alone or not odd["routes"]


def displaced(kind: str, keyword: str, text: bytes) -> list[Dataset]:
    if kind in {"slices", "one slice"}:
        made = pet_series(slices=6 if kind == "slices" else 1)
        return [with_text(one, keyword, text) for one in made]
    if kind == "recon":
        made = [nm_recon_tomo()]
        place = made[0].DetectorInformationSequence[0] if "Image" in keyword else made[0]
        with_text(place, keyword, text)
        return made
    made = [enhanced_pet()]
    shared = made[0].SharedFunctionalGroupsSequence[0]
    for frame in made[0].PerFrameFunctionalGroupsSequence:
        if keyword == "ImagePositionPatient":
            with_text(frame.PlanePositionSequence[0], keyword, text)
    if keyword == "ImageOrientationPatient":
        with_text(shared.PlaneOrientationSequence[0], keyword, text)
    if keyword in {"PixelSpacing", "SpacingBetweenSlices"}:
        with_text(shared.PixelMeasuresSequence[0], keyword, text)
    return made
