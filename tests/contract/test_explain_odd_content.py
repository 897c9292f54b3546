from itertools import pairwise
from pathlib import Path
from typing import Any

import highdicom
import pytest
from contract.command import codes_of, only_series
from contract.odd import coloured, reason, shown, with_text
from factories import (
    code,
    ct_series,
    enhanced_pet,
    fdg,
    item,
    nm_projections,
    nm_recon_tomo,
    pet_series,
    technetium,
)
from pydicom import dcmwrite
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, generate_uid

AN_HOUR = 75_000 / (370e6 * 0.5 ** (3600 / 6586.2))
TC99M = code("72454006", "SCT", "^99m^Technetium")
SPECT: dict[str, Any] = {
    "RadiopharmaceuticalInformationSequence": [technetium(RadionuclideCodeSequence=[TC99M])]
}


@pytest.mark.parametrize(
    "attributes",
    [
        {"ImageType": ["DERIVED", "SECONDARY"]},
        {"ImageType": ["DERIVED", "PRIMARY"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "FUSED"]},
        {"ImageType": ["DERIVED", "SECONDARY", "MIP"]},
        {"SeriesType": ["WHOLE BODY", "REPROJECTION"]},
        {"SeriesDescription": "PET AC MIP"},
        {"CountsSource": "TRANSMISSION"},
        {"CorrectedImage": ["DECY"], "SeriesDescription": "PET NAC"},
        {"AttenuationCorrectionMethod": "NONE"},
    ],
)
def test_what_is_no_original_corrected_volume_goes_nowhere(
    tmp_path: Path, attributes: dict[str, Any]
) -> None:
    series = shown(pet_series(**attributes), tmp_path)
    assert series["routes"] == []
    assert series["reasons"]


def test_the_colours_of_a_fused_series_are_no_pet(tmp_path: Path) -> None:
    series = shown(coloured(), tmp_path)
    assert series["routes"] == []
    assert series["reasons"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"RescaleSlope": None}, "RescaleSlope (0028,1053)"),
        ({"RescaleSlope": 0}, "RescaleSlope (0028,1053)"),
        ({"RescaleSlope": -1}, "RescaleSlope (0028,1053)"),
        ({"PixelData": bytes(10)}, "PixelData (7FE0,0010)"),
        ({"PixelData": None}, "PixelData (7FE0,0010)"),
        ({"NumberOfFrames": 3}, "NumberOfFrames (0028,0008)"),
    ],
)
def test_a_route_is_not_promised_to_a_series_that_cannot_be_read(
    tmp_path: Path, given: dict[str, Any], named: str
) -> None:
    series = shown(pet_series(**given), tmp_path)
    assert series["routes"] == []
    assert any(named in one["message"] for one in series["reasons"])


@pytest.mark.parametrize("text", [b"inf ", b"nan ", b"-inf", b"1e999 "])
@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_a_scale_that_is_no_number_is_refused_by_name(
    tmp_path: Path, keyword: str, text: bytes
) -> None:
    series = shown([with_text(one, keyword, text) for one in pet_series()], tmp_path)
    assert series["routes"] == []
    told = [one["message"] for one in series["reasons"] if one["code"] == "missing-attribute"]
    assert told[0].startswith(f"{keyword} (0028,105")
    assert text.decode().strip() in told[0]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_file_that_ends_within_its_pixels_gets_no_route(tmp_path: Path, syntax: str) -> None:
    made = pet_series(rows=64, columns=64)
    for one in made:
        one.file_meta.TransferSyntaxUID = syntax
        one["PixelData"].VR = "OW"
        path = tmp_path / f"{one.InstanceNumber}.dcm"
        dcmwrite(path, one, implicit_vr=False, little_endian=syntax != ExplicitVRBigEndian)
    assert only_series(tmp_path)["routes"] == ["pet-candidates"]
    path.write_bytes(path.read_bytes()[:-2])
    series = only_series(tmp_path)
    assert series["routes"] == []
    assert "8192 bytes are needed" in reason(series, "input-rejected")


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1)])
def test_factors_are_in_the_order_of_position_along_the_normal(
    tmp_path: Path, ascending: bool, orientation: tuple[float, ...]
) -> None:
    made = pet_series(
        ascending=ascending,
        orientation=orientation,
        DecayCorrection="NONE",
        CorrectedImage=["ATTN"],
        AcquisitionTime=lambda index: f"10{index:02}00",
    )
    factors = shown(made, tmp_path)["suvbw_factor"]
    assert len(factors) == 6
    later = 0.5 ** (-60 / 6586.2)  # each slice is a minute later than the one below it
    steps = [two / one for one, two in pairwise(factors)]
    assert steps == pytest.approx([later] * 5, rel=1e-6)


@pytest.mark.parametrize(
    "step_mm",
    [4.0, -4.0],
)
def test_factors_of_frames_are_in_the_order_of_position_too(tmp_path: Path, step_mm: float) -> None:
    made = enhanced_pet(
        spacing_mm=(step_mm, 3.0, 2.0), DecayCorrected="NO", DecayCorrectionDateTime=None
    )
    for index, frame in enumerate(made.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence[0].FrameReferenceDateTime = f"2024030510{index:02}00"
    factors = shown([made], tmp_path)["suvbw_factor"]
    assert len(set(factors)) == 6
    # The first frame stored is the earliest; it lies lowest, or with a step below 0 highest.
    assert factors == sorted(factors, reverse=step_mm < 0)


def test_a_dynamic_object_has_a_factor_for_every_frame_of_every_volume(tmp_path: Path) -> None:
    made = enhanced_pet(slices=3, time_points=4, DecayCorrected="NO", DecayCorrectionDateTime=None)
    for index, frame in enumerate(made.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence[0].FrameReferenceDateTime = f"2024030510{index // 3:02}00"
    factors = shown([made], tmp_path)["suvbw_factor"]
    later = 0.5 ** (-60 / 6586.2)
    assert factors == pytest.approx([factors[0] * later ** (index // 3) for index in range(12)])


def test_the_uptake_time_is_told_and_warned_of(tmp_path: Path) -> None:
    series = shown(pet_series(), tmp_path / "in time")
    assert (series["uptake_time_min"], series["warnings"]) == (60.0, [])
    late = pet_series(SeriesTime="113800", AcquisitionTime="113800", PatientWeight=None)
    series = shown(late, tmp_path / "late")
    assert (series["uptake_time_min"], series["suvbw_factor"]) == (158.0, None)
    assert "158 min" in series["warnings"][0]
    assert shown(ct_series(), tmp_path / "ct")["uptake_time_min"] is None


@pytest.mark.parametrize("units", ["BQML", "GML"])
def test_a_converted_pet_is_read_like_the_slices_it_was_made_from(
    tmp_path: Path, units: str
) -> None:
    series = shown([converted(units)], tmp_path)
    assert series["suvbw_factor"] == (pytest.approx(AN_HOUR) if units == "BQML" else 1.0)
    assert (series["tracer"], series["exam"], series["slices"]) == ("FDG", "static", 6)
    assert series["attenuation_corrected"]


@pytest.mark.parametrize("units", ["BQML", "GML"])
def test_a_converted_pet_has_the_unit_of_its_slices(tmp_path: Path, units: str) -> None:
    assert shown([converted(units)], tmp_path)["unit"] == units


def converted(units: str) -> highdicom.legacy.LegacyConvertedEnhancedPETImage:
    return highdicom.legacy.LegacyConvertedEnhancedPETImage(
        legacy_datasets=pet_series(Units=units),
        series_instance_uid=generate_uid(),
        series_number=7,
        sop_instance_uid=generate_uid(),
        instance_number=1,
    )


@pytest.mark.parametrize("correction", ["AttenuationCorrected", "DecayCorrected"])
def test_a_stored_suv_without_its_corrections_is_refused(tmp_path: Path, correction: str) -> None:
    made = enhanced_pet(**{correction: "NO"})
    (value_map,) = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    value_map.MeasurementUnitsCodeSequence = [code("g/ml{SUVbw}", "UCUM", "SUVbw")]
    series = shown([made], tmp_path)
    assert (series["suvbw_factor"], series["routes"]) == (None, [])
    assert "not-calibrated" in codes_of(series)


@pytest.mark.parametrize(
    ("made", "exam", "slices"),
    [
        (nm_recon_tomo(**SPECT), "static", 6),
        (nm_recon_tomo(spacing_mm=(-4.0, 3.0, 2.0), **SPECT), "static", 6),
        (nm_recon_tomo(orientation=None, **SPECT), "static", 6),
        (nm_recon_tomo(gates=4, **SPECT), "gated", 6),
        (nm_projections(**SPECT), "projection", 0),
    ],
    ids=["recon", "against the normal", "no orientation", "gated", "projections"],
)
def test_a_spect_is_complete_with_its_one_object_and_has_no_suv_of_counts(
    tmp_path: Path, made: Any, exam: str, slices: int
) -> None:
    series = shown([made], tmp_path)
    assert (series["exam"], series["slices"], series["complete"]) == (exam, slices, True)
    assert (series["tracer"], series["radionuclide"]) == ("TETROFOSMIN", "Tc-99m")
    assert (series["instances"], series["expected_instances"]) == (1, 1)
    assert series["suvbw_factor"] is None
    assert "counts" in reason(series, "not-calibrated")


def test_a_spect_stored_as_pet_is_held_by_its_nuclide(tmp_path: Path) -> None:
    spect = item(
        Radiopharmaceutical="Sestamibi",
        RadionuclideTotalDose=740e6,
        RadionuclideHalfLife=21_654,
        RadiopharmaceuticalStartDateTime="20240305090000",
        RadionuclideCodeSequence=[TC99M],
    )
    series = shown(pet_series(RadiopharmaceuticalInformationSequence=[spect]), tmp_path)
    assert (series["tracer"], series["radionuclide"], series["routes"]) == (None, "Tc-99m", [])
    assert "single-photon" in reason(series, "conflicting-tracer")


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"RadionuclideHalfLife": 4062.6}, True),
        ({"Radiopharmaceutical": "Ga-68 PSMA-11", "RadiopharmaceuticalCodeSequence": None}, True),
        ({"Radiopharmaceutical": "Solution", "RadiopharmaceuticalCodeSequence": None}, False),
    ],
)
def test_a_tracer_in_doubt_has_no_name_and_a_conflict_holds_the_series(
    tmp_path: Path, given: dict[str, Any], held: bool
) -> None:
    drug = fdg(**given)
    series = shown(pet_series(RadiopharmaceuticalInformationSequence=[drug]), tmp_path)
    assert series["tracer"] is None
    assert ("conflicting-tracer" in codes_of(series)) is held
    assert bool(series["routes"]) is not held


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"PatientWeight": 0}, "PatientWeight (0010,1030)"),
        ({"PatientWeight": "nan"}, "PatientWeight (0010,1030)"),
        ({"RadiopharmaceuticalInformationSequence": []}, "(0054,0016)"),
        ({"RadiopharmaceuticalInformationSequence": [fdg(RadionuclideTotalDose=0)]}, "(0018,1074)"),
        ({"RadiopharmaceuticalInformationSequence": [fdg(), fdg()]}, "2 items"),
        ({"Units": ""}, "Units (0054,1001)"),
        ({"Units": "CPS"}, "CPS"),
        ({"SeriesTime": "25:99", "AcquisitionTime": "99"}, "Time"),
    ],
)
def test_what_is_missing_for_suv_is_named_and_the_route_says_so(
    tmp_path: Path, given: dict[str, Any], named: str
) -> None:
    series = shown(pet_series(**given), tmp_path)
    assert (series["suvbw_factor"], series["routes"]) == (None, [])
    assert any(named in one["message"] for one in series["reasons"])
    assert "needs-suv" in codes_of(series)


def test_odd_characters_come_through_and_no_name_is_told(tmp_path: Path) -> None:
    made = pet_series(PatientName="山田^太郎=やまだ^たろう", SeriesDescription="PET 全身 é")
    series = shown(made, tmp_path)
    assert series["description"] == "PET 全身 é"
    assert "山田" not in str(series)
