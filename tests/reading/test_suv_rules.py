"""How the rules of SUV read times, factors and warnings, and the time of uptake."""

import math
from typing import Any

import pytest
from dicom_parts import code
from hypothesis import given
from hypothesis import strategies as st
from suv_series import (
    AN_HOUR,
    DOSE_BQ,
    F18_S,
    GA68_S,
    HOUR_S,
    LATE,
    NO_FDG,
    PHILIPS,
    SLICE_TIMES,
    after,
    average_s,
    converted,
    private,
    suv_series,
)

from dicom_node.domain.errors import ConflictingTracer
from dicom_node.reading.tracer import require_agreeing_half_life
from dicom_node.reading.uptake import uptake_time_min

NO_START = {"RadiopharmaceuticalStartTime": None, "RadiopharmaceuticalStartDateTime": None}


def test_ge_scan_time_is_compared_by_the_clock_because_dates_are_shifted_apart() -> None:
    change = private(0x0009, "GEMS_PETD_01", 0x0D, "DT", "19991224110000.00")
    assert converted(suv_series(change)).factors == pytest.approx((AN_HOUR,))


def test_a_private_time_that_cannot_be_read_is_told_and_not_needed() -> None:
    change = private(0x0009, "GEMS_PETD_01", 0x0D, "LO", "REMOVED")
    provenance = converted(suv_series(change))
    assert provenance.factors == pytest.approx((AN_HOUR,))
    assert "not compared with SeriesTime" in provenance.warnings[0]


def test_decay_factor_decides_how_a_frame_reference_time_is_read() -> None:
    # Bed 2 of a scan, 303 s after its start, whatever the maker: frame start, then mean activity.
    x = math.log(2) / F18_S
    factor = math.exp(x * 303) * x * 300 / (1 - math.exp(-x * 300))
    for reference_s in (303.0, 303.0 + average_s(300)):
        headers = suv_series(
            **LATE, FrameReferenceTime=1000 * reference_s, DecayFactor=round(factor, 5)
        )
        provenance = converted(headers)
        assert provenance.factors == pytest.approx((after(HOUR_S - 303),), rel=1e-6)
        assert "by DecayFactor" in provenance.rule


GALLIUM = [code("C-131A3", "SRT", "^68^Gallium")]
FLUORINE = [code("77004003", "SCT", "^18^Fluorine")]


@pytest.mark.parametrize(
    ("drug", "says"),
    [
        ({"RadionuclideCodeSequence": FLUORINE}, "77004003 SCT"),
        (
            {"RadiopharmaceuticalCodeSequence": [code("35321007", "SCT", "FDG")]},
            "35321007 SCT",
        ),
        ({"Radiopharmaceutical": "[18F]FDG"}, r"\[18F\]FDG"),
        ({"Radiopharmaceutical": "FDG"}, "made with F-18"),
    ],
)
def test_a_half_life_that_the_nuclide_contradicts_is_told_with_both_values(
    drug: dict[str, Any], says: str
) -> None:
    headers = suv_series(given={**NO_FDG, "RadionuclideHalfLife": GA68_S, **drug})
    with pytest.raises(ConflictingTracer, match=says) as caught:
        require_agreeing_half_life(headers[0])
    assert "4062.6 s" in str(caught.value)


def test_a_half_life_that_a_nuclide_code_confirms_is_believed_whatever_the_drug_is_called() -> None:
    drug = {**NO_FDG, "Radiopharmaceutical": "FDG", "RadionuclideCodeSequence": GALLIUM}
    headers = suv_series(given={**drug, "RadionuclideHalfLife": GA68_S})
    expected = after(HOUR_S, half_life=GA68_S)
    assert converted(headers).factors == pytest.approx((expected,))


def test_a_series_time_that_the_frames_contradict_is_told_with_both_times() -> None:
    # The scan of 11:00 is decay corrected to 10:30, as FrameReferenceTime says, or to 10:00.
    frame_s = 1800.0 + average_s(300)
    headers = suv_series(SeriesTime="103000", FrameReferenceTime=1000 * frame_s)
    assert not converted(headers).warnings
    headers = suv_series(
        SeriesTime="100000",
        FrameReferenceTime=1000 * frame_s,
        given={"RadiopharmaceuticalStartTime": None,
               "RadiopharmaceuticalStartDateTime": "20250101093000"},
    )  # fmt: skip
    (warning,) = converted(headers).warnings
    assert "2025-01-01 10:00:00" in warning
    assert "2025-01-01 10:30:00" in warning
    assert "1800 s apart" in warning


def test_a_frame_reference_time_of_ge_is_not_compared_with_series_time() -> None:
    headers = suv_series(Manufacturer="GE MEDICAL SYSTEMS", FrameReferenceTime=3.6e6)
    assert not converted(headers).warnings


def test_a_factor_without_private_creator_is_told() -> None:
    factor = private(0x7053, None, 0x00, "DS", "0.00123")
    warnings = converted(suv_series(factor, Units="CNTS")).warnings
    assert "private creator of group 7053 is absent" in " ".join(warnings)
    factor = private(0x7053, PHILIPS, 0x00, "DS", "0.00123")
    assert not converted(suv_series(factor, Units="CNTS")).warnings


def test_a_decay_factor_scales_nothing() -> None:
    headers = suv_series(DecayFactor=lambda k: 1.0 + 0.1 * k)
    assert converted(headers).factors == pytest.approx((AN_HOUR,))


def test_an_offset_from_utc_is_brought_to_local_time() -> None:
    start = {
        "RadiopharmaceuticalStartDateTime": "20250101090000+0000",
        "RadiopharmaceuticalStartTime": None,
    }
    headers = suv_series(given=start, TimezoneOffsetFromUTC="+0100")
    assert converted(headers).factors == pytest.approx((AN_HOUR,))


def test_an_equal_start_time_proves_that_an_offset_is_that_of_the_scanner() -> None:
    start = {"RadiopharmaceuticalStartDateTime": "20250101100000.000000+0100"}
    assert converted(suv_series(given=start)).factors == pytest.approx((AN_HOUR,))


@pytest.mark.parametrize(
    ("attributes", "given", "says"),
    [
        ({"PatientWeight": 70_000.0}, {}, "grams"),
        ({}, {"RadionuclideTotalDose": 368.08}, "MBq"),
        ({"Units": "CM2ML", "PatientSize": 175.0}, {}, "centimetres"),
        ({"Units": "GML", "SUVType": "IBW"}, {}, "PatientSex is O"),
        ({"SeriesTime": "140000"}, {}, "was computed from"),
        ({"DecayCorrection": "NONE"}, {}, "lists DECY"),
        ({"Units": "GML", "CorrectedImage": None}, {}, "CorrectedImage is absent"),
    ],
)
def test_what_was_not_as_the_standard_says_is_warned(
    attributes: dict[str, Any], given: dict[str, Any], says: str
) -> None:
    assert says in " ".join(converted(suv_series(given=given, **attributes)).warnings)


def test_the_record_holds_every_value_that_was_used() -> None:
    values = converted(suv_series()).values
    assert values["Units"] == "BQML"
    assert values["PatientWeight"] == 70.0
    assert values["RadionuclideTotalDose"] == DOSE_BQ
    assert values["RadionuclideHalfLife"] == F18_S
    assert values["DecayCorrection"] == "START"
    assert values["start of administration"] == "2025-01-01 10:00:00"
    assert values["reference time"] == "2025-01-01 11:00:00"


@given(
    uptake_s=st.integers(0, 38_000),
    start_s=st.integers(0, 86_399),
    half_life_s=st.floats(6500, 6700),
)
def test_a_time_without_date_is_the_same_as_the_date_time_at_any_hour(
    uptake_s: int, start_s: int, half_life_s: float
) -> None:
    def text(seconds: int) -> tuple[str, str]:
        day, rest = divmod(seconds, 86_400)
        return f"2025010{1 + day}", f"{rest // 3600:02}{rest // 60 % 60:02}{rest % 60:02}"

    day, clock = text(start_s + uptake_s)
    scan = {"SeriesDate": day, "SeriesTime": clock, "AcquisitionDate": day}
    start_day, start_clock = text(start_s)
    for given_start in (
        {"RadiopharmaceuticalStartTime": start_clock, "RadiopharmaceuticalStartDateTime": None},
        {"RadiopharmaceuticalStartDateTime": start_day + start_clock,
         "RadiopharmaceuticalStartTime": None},
    ):  # fmt: skip
        headers = suv_series(
            slices=1,
            given={"RadionuclideHalfLife": half_life_s, **given_start},
            AcquisitionTime=clock,
            **scan,
        )
        expected = after(uptake_s, half_life=half_life_s)
        assert converted(headers).factors == pytest.approx((expected,), rel=1e-9)


def test_uptake_time_is_from_administration_to_the_first_bed() -> None:
    headers = suv_series(AcquisitionTime=lambda k: SLICE_TIMES[k])
    assert uptake_time_min(headers) == pytest.approx(60)
    assert uptake_time_min(suv_series(given={"RadiopharmaceuticalStartDateTime": None})) == 60


@pytest.mark.parametrize(
    ("attributes", "given"),
    [
        ({}, NO_START),
        ({"AcquisitionTime": None}, {}),
        ({}, {"RadiopharmaceuticalStartDateTime": "20250101120000",
              "RadiopharmaceuticalStartTime": None}),
        ({}, {"RadiopharmaceuticalStartDateTime": None, "RadionuclideHalfLife": None}),
    ],
)  # fmt: skip
def test_uptake_time_is_none_where_the_header_does_not_tell(
    attributes: dict[str, Any], given: dict[str, Any]
) -> None:
    assert uptake_time_min(suv_series(given=given, **attributes)) is None


def test_uptake_time_needs_neither_dose_nor_half_life() -> None:
    given = {"RadionuclideHalfLife": None, "RadionuclideTotalDose": None}
    assert uptake_time_min(suv_series(given=given)) == pytest.approx(60)
