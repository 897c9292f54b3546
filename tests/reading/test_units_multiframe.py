"""Units and SUV of objects with many frames: Enhanced, Legacy Converted, quantitative SPECT."""

from typing import Any

import pytest
from dicom_parts import code, fdg, item
from factories import enhanced_pet, nm_recon_tomo
from pydicom import Dataset
from pydicom.uid import LegacyConvertedEnhancedPETImageStorage

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import InputRejected, MissingAttribute, NotCalibrated
from dicom_node.reading import units
from dicom_node.reading.header import Header
from dicom_node.reading.uptake import uptake_time_min

SMALL = {"rows": 2, "columns": 2, "slices": 3}
# 75 kg and 370 MBq at 09:00, reference time 10:00.
AN_HOUR = 75_000 / (370e6 * 2 ** (-3600 / 6586.2))


def value_map(unit: str, slope: float = 0.5, intercept: float = 0.0) -> Dataset:
    return item(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=intercept,
        MeasurementUnitsCodeSequence=[code(unit, "UCUM", unit)],
    )


def enhanced(*maps: Dataset, dose: float = 370.0, **attributes: Any) -> list[Header]:
    made = enhanced_pet(**SMALL, **attributes)
    if maps:
        made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence = list(maps)
    made.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = dose
    return [Header(made)]


def spect(*maps: Dataset, dose: float | None = 740.0, **attributes: Any) -> list[Header]:
    isotope = item(
        RadionuclideTotalDose=dose,
        RadionuclideHalfLife=21_654.0,
        RadiopharmaceuticalStartDateTime="20240305070000",
    )
    facts: dict[str, Any] = {
        "RadiopharmaceuticalInformationSequence": [isotope],
        "CorrectedImage": ["DECY", "ATTN", "SCAT"],
        "DecayCorrection": "START",
        **attributes,
    }
    made = nm_recon_tomo(**SMALL, **facts)
    if maps:
        made.RealWorldValueMappingSequence = list(maps)
    return [Header(made)]


@pytest.mark.parametrize("dose", [370.0, 370e6])
def test_enhanced_pet_takes_the_decay_correction_time_and_its_dose_in_mbq(dose: float) -> None:
    headers = enhanced(dose=dose, SeriesTime="130000")
    assert units.own_unit(headers) is Unit.BQML
    _, provenance = units.convert(headers, Unit.SUVBW)
    assert provenance.factors == pytest.approx((AN_HOUR,))
    assert "DecayCorrectionDateTime" in provenance.rule
    assert bool(provenance.warnings) is (dose > 1e5)
    assert uptake_time_min(headers) == pytest.approx(60)


def test_enhanced_pet_in_suv_is_not_scaled_again() -> None:
    headers = enhanced(value_map("g/ml{SUVbw}"))
    assert units.convert(headers, Unit.SUVBW)[1].factors == (1.0,)


def test_enhanced_pet_without_decay_correction_has_a_factor_for_each_frame() -> None:
    made = enhanced(DecayCorrected="NO", DecayCorrectionDateTime=None)
    for k, frame in enumerate(made[0].dataset.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence[0].FrameReferenceDateTime = f"202403051{k}0000"
    factors = units.convert(made, Unit.SUVBW)[1].factors
    expected = [AN_HOUR * 2 ** (3600 * k / 6586.2) for k in range(3)]
    assert factors == pytest.approx(expected)
    for frame in made[0].dataset.PerFrameFunctionalGroupsSequence:
        del frame.FrameContentSequence[0].FrameReferenceDateTime
    average_s = 180 / 2 - 180**2 * 0.693147 / 6586.2 / 24
    factors = units.convert(made, Unit.SUVBW)[1].factors
    assert factors == pytest.approx((AN_HOUR * 2 ** (average_s / 6586.2),), rel=1e-7)


def test_enhanced_pet_with_offsets_everywhere_needs_no_local_time() -> None:
    headers = enhanced(DecayCorrectionDateTime="20240305110000+0200")
    given = headers[0].dataset.RadiopharmaceuticalInformationSequence[0]
    given.RadiopharmaceuticalStartDateTime = "20240305080000+0000"
    for frame in headers[0].dataset.PerFrameFunctionalGroupsSequence:
        del frame.FrameContentSequence[0].FrameReferenceDateTime
        del frame.FrameContentSequence[0].FrameAcquisitionDateTime
    assert units.convert(headers, Unit.SUVBW)[1].factors == pytest.approx((AN_HOUR,))


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"DecayCorrectionDateTime": None}, "DecayCorrectionDateTime"),
        ({"DecayCorrected": "PERHAPS"}, "DECY"),
        ({"DecayCorrected": None}, "DECY"),
        ({"AttenuationCorrected": "NO"}, "ATTN"),
        ({"PatientWeight": None}, "PatientWeight"),
    ],
)
def test_enhanced_pet_is_refused_suv_by_name(attributes: dict[str, Any], says: str) -> None:
    with pytest.raises((MissingAttribute, NotCalibrated), match=says):
        units.convert(enhanced(**attributes), Unit.SUVBW)


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        ([value_map("g/ml")], "g/ml"),
        ([value_map("kBq/ml")], "kBq/ml"),
        ([value_map("Bq/ml", 0.5), value_map("Bq/ml", 2.0)], "several"),
        ([value_map("Bq/ml", intercept=1.0)], "RealWorldValueIntercept"),
        ([item(MeasurementUnitsCodeSequence=[code("Bq/ml", "UCUM", "x")])], "slope"),
    ],
)
def test_a_value_map_that_leaves_a_doubt_is_refused(maps: list[Dataset], says: str) -> None:
    with pytest.raises(NotCalibrated, match=says):
        units.convert(enhanced(*maps), Unit.SUVBW)


def test_frames_of_different_units_are_refused() -> None:
    headers = enhanced()
    shared = headers[0].dataset.SharedFunctionalGroupsSequence[0]
    del shared.RealWorldValueMappingSequence
    for k, frame in enumerate(headers[0].dataset.PerFrameFunctionalGroupsSequence):
        frame.RealWorldValueMappingSequence = [value_map("1" if k else "Bq/ml")]
    with pytest.raises(NotCalibrated, match="one unit"):
        units.own_unit(headers)


def legacy(**attributes: Any) -> list[Header]:
    """Legacy Converted Enhanced PET: what a converter found lies in unassigned groups."""
    facts: dict[str, Any] = {
        "SOPClassUID": LegacyConvertedEnhancedPETImageStorage,
        "Modality": "PT",
        "PatientWeight": 75.0,
        "SeriesDate": "20240305",
        "SeriesTime": "100000",
        "RadiopharmaceuticalInformationSequence": [fdg()],
        **attributes,
    }
    unassigned = item(
        Units="BQML", DecayCorrection="START", CorrectedImage=["DECY", "ATTN"], DecayFactor=1.0
    )
    frames = [
        item(
            FrameContentSequence=[item(FrameAcquisitionDateTime=f"2024030510{3 * k:02}00")],
            PixelValueTransformationSequence=[item(RescaleSlope=1.0 + k, RescaleIntercept=0.0)],
            UnassignedPerFrameConvertedAttributesSequence=[
                item(FrameReferenceTime=90000.0 + 180000 * k, ActualFrameDuration=180000)
            ],
        )
        for k in range(3)
    ]
    return [
        Header(
            item(
                **facts,
                SharedFunctionalGroupsSequence=[
                    item(UnassignedSharedConvertedAttributesSequence=[unassigned])
                ],
                PerFrameFunctionalGroupsSequence=frames,
            )
        )
    ]


def test_legacy_converted_pet_is_read_as_the_slices_it_was_made_of() -> None:
    assert units.own_unit(legacy()) is Unit.BQML
    for moment in ("100000", "130000"):  # from the series time, then computed for each frame
        factors = units.convert(legacy(SeriesTime=moment), Unit.SUVBW)[1].factors
        assert factors == pytest.approx((AN_HOUR,) * len(factors), rel=1e-4)
    assert uptake_time_min(legacy()) == pytest.approx(60)


def test_nm_is_in_counts_and_no_suv() -> None:
    headers = spect()
    assert units.own_unit(headers) is Unit.COUNTS
    with pytest.raises(NotCalibrated, match="counts"):
        units.convert(headers, Unit.SUVBW)


def test_quantitative_spect_becomes_suv_with_its_dose_in_mbq() -> None:
    headers = spect(value_map("Bq/mL", 2.0))
    assert units.own_unit(headers) is Unit.BQML
    expected = 75_000 / (740e6 * 2 ** (-3 * 3600 / 21_654))
    assert units.convert(headers, Unit.SUVBW)[1].factors == pytest.approx((expected,))
    later = spect(value_map("Bq/ml"), DecayCorrectionDateTime="20240305103000")
    expected *= 2 ** (1800 / 21_654)
    assert units.convert(later, Unit.SUVBW)[1].factors == pytest.approx((expected,))
    assert uptake_time_min(headers) == pytest.approx(180)


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"dose": None}, "RadionuclideTotalDose"),
        ({"DecayCorrection": None}, "DecayCorrection"),
        ({"DecayCorrection": "NONE", "ActualFrameDuration": 20000}, "START, ADMIN"),
        ({"CorrectedImage": ["UNIF"]}, "ATTN"),
    ],
)
def test_quantitative_spect_is_refused_suv_by_name(attributes: dict[str, Any], says: str) -> None:
    headers = spect(value_map("Bq/ml"), **attributes)
    assert units.own_unit(headers) is Unit.BQML
    with pytest.raises(InputRejected, match=says):
        units.convert(headers, Unit.SUVBW)
