"""How the rules of SUV read times, factors and warnings, and the time of uptake."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suv_series import (
    AN_HOUR,
    DOSE_BQ,
    F18_S,
    HOUR_S,
    LATE,
    SLICE_TIMES,
    after,
    average_s,
    converted,
    private,
    suv_series,
)

from dicom_node.reading import suv

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
    assert suv.uptake_time_min(headers) == pytest.approx(60)
    assert suv.uptake_time_min(suv_series(given={"RadiopharmaceuticalStartDateTime": None})) == 60


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
    assert suv.uptake_time_min(suv_series(given=given, **attributes)) is None


def test_uptake_time_needs_neither_dose_nor_half_life() -> None:
    given = {"RadionuclideHalfLife": None, "RadionuclideTotalDose": None}
    assert suv.uptake_time_min(suv_series(given=given)) == pytest.approx(60)
