"""SUV of PET series: each trap of the published reference objects against a formula written here.

A row changes the default series and says what one real-world stored value is in SUVbw, in plain
arithmetic.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from suv_series import (
    AN_HOUR,
    DOSE_BQ,
    GA68_S,
    GE_NONE,
    HOUR_S,
    LATE,
    NO_FDG,
    PHILIPS,
    SLICE_TIMES,
    WEIGHT_G,
    ZR89_S,
    Change,
    after,
    average_s,
    both,
    converted,
    private,
    suv_series,
)


def james128(kg: float, cm: float) -> tuple[float, float]:
    return 1.10 * kg - 128 * (kg / cm) ** 2, 1.07 * kg - 148 * (kg / cm) ** 2


def janmahasatian(kg: float, cm: float) -> tuple[float, float]:
    bmi = kg / (cm / 100) ** 2
    return 9270 * kg / (6680 + 216 * bmi), 9270 * kg / (8780 + 244 * bmi)


MAN128, WOMAN128 = james128(70, 175)
MAN_JANMA, WOMAN_JANMA = janmahasatian(70, 175)
MAN_IBW, WOMAN_IBW = 48.0 + 1.06 * 23, 45.5 + 0.91 * 23
BSA_CM2 = 0.007184 * 70**0.425 * 175**0.725 * 1e4


@dataclass(frozen=True)
class Trap:
    name: str
    factors: tuple[float, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    change: Change | None = None
    rule: str = ""


def trap(name: str, *factors: float, **rest: Any) -> Trap:
    known = {key: rest.pop(key) for key in ("given", "change", "rule") if key in rest}
    return Trap(name, factors, attributes=rest, **known)


TRAPS = [
    trap("0_0 default", AN_HOUR, rule="QIBA 1"),
    trap("1_0 slope per slice", AN_HOUR, RescaleSlope=lambda k: 3.0 + k),
    trap("2_0 GML, BW", 1.0, Units="GML", SUVType="BW"),
    trap("2_0 GML without type", 1.0, Units="GML"),
    trap(
        "2_1_0 GML, LBMJAMES128, man",
        70 / MAN128,
        Units="GML",
        SUVType="LBMJAMES128",
        PatientSex="M",
    ),
    trap(
        "2_1_1 GML, LBMJAMES128, woman",
        70 / WOMAN128,
        Units="GML",
        SUVType="LBMJAMES128",
        PatientSex="F",
    ),
    trap(
        "2_1_2 GML, LBMJAMES128, other",
        140 / (MAN128 + WOMAN128),
        Units="GML",
        SUVType="LBMJAMES128",
    ),
    trap("2_2_0 GML, IBW, man", 70 / MAN_IBW, Units="GML", SUVType="IBW", PatientSex="M"),
    trap("2_2_1 GML, IBW, woman", 70 / WOMAN_IBW, Units="GML", SUVType="IBW", PatientSex="F"),
    trap("2_2_2 GML, IBW, other", 140 / (MAN_IBW + WOMAN_IBW), Units="GML", SUVType="IBW"),
    trap(
        "2_6_0 GML, LBMJANMA, man", 70 / MAN_JANMA, Units="GML", SUVType="LBMJANMA", PatientSex="M"
    ),
    trap(
        "2_6_2 GML, LBMJANMA, other",
        140 / (MAN_JANMA + WOMAN_JANMA),
        Units="GML",
        SUVType="LBMJANMA",
    ),
    trap("2_3 CM2ML", 70_000 / BSA_CM2, Units="CM2ML", SUVType="BSA"),
    trap("2_3 CM2ML, height in cm", 70_000 / BSA_CM2, Units="CM2ML", PatientSize=175.0),
    trap(
        "2_4 CNTS, SUV factor",
        0.00123,
        Units="CNTS",
        change=private(0x7053, PHILIPS, 0x00, "DS", "0.00123"),
    ),
    trap(
        "2_4 CNTS, SUV factor, creator lost",
        0.00123,
        Units="CNTS",
        Manufacturer="Philips Medical Systems",
        change=private(0x7053, None, 0x00, "DS", "0.00123"),
    ),
    trap(
        "2_4 CNTS, SUV factor, creator lost, no known maker",
        0.00123,
        Units="CNTS",
        change=private(0x7053, None, 0x00, "DS", "0.00123"),
    ),
    trap(
        "2_4 CNTS, SUV factor by creator in another block",
        0.00123,
        Units="CNTS",
        change=both(
            private(0x7053, "SOMEONE ELSE", 0x00, "DS", "0.5"),
            private(0x7053, PHILIPS, 0x00, "DS", "0.00123"),
        ),
    ),
    trap(
        "2_5 CNTS, activity factor, SUV factor 0",
        1.6 * AN_HOUR,
        Units="CNTS",
        change=both(
            private(0x7053, PHILIPS, 0x00, "DS", "0.0"), private(0x7053, PHILIPS, 0x09, "DS", "1.6")
        ),
        rule="activity concentration",
    ),
    trap(
        "2_5 CNTS, activity factor, creator lost",
        1.6 * AN_HOUR,
        Units="CNTS",
        Manufacturer="PHILIPS",
        change=private(0x7053, None, 0x09, "UN", b"1.6 "),
    ),
    trap("3_0 dose in MBq", AN_HOUR, given={"RadionuclideTotalDose": 368.08}),
    trap("3_1 ADMIN", WEIGHT_G / DOSE_BQ, DecayCorrection="ADMIN", rule="ADMIN"),
    trap(
        "3_2 series time after acquisition",
        after(HOUR_S + average_s(300) - 150),
        **LATE,
        rule="time of mean activity",
    ),
    trap(
        "3_2 Siemens, later bed",
        after(HOUR_S + average_s(300) - 346.8),
        **LATE,
        Manufacturer="SIEMENS",
        FrameReferenceTime=346800.0,
        rule="time of mean activity",
    ),
    trap(
        "3_2 GE writes the frame start",
        after(HOUR_S - 303),
        **LATE,
        Manufacturer="GE MEDICAL SYSTEMS",
        FrameReferenceTime=303000.0,
        rule="frame start",
    ),
    trap(
        "3_2 no frame starts before the reference",
        AN_HOUR,
        **LATE,
        FrameReferenceTime=0.0,
        rule="frame start",
    ),
    trap("3_3 GE scan time, equal series time", AN_HOUR, change=GE_NONE, Manufacturer="GE"),
    trap(
        "3_3 GE scan time, creator lost, late series time",
        AN_HOUR,
        SeriesTime="130000",
        AcquisitionTime="112800",
        Manufacturer="GE MEDICAL SYSTEMS",
        change=GE_NONE,
        rule="QIBA 2",
    ),
    trap(
        "3_3 GE scan time by creator in another block",
        AN_HOUR,
        SeriesTime="130000",
        AcquisitionTime="112800",
        change=both(
            private(0x0009, "GEMS_IDEN_01", 0x01, "LO", "GE_GENESIS_FF"),
            private(0x0009, "GEMS_PETD_01", 0x0D, "DT", "20250101110000.00"),
        ),
        rule="QIBA 2",
    ),
    trap(
        "3_3_0 Siemens decay correction time",
        AN_HOUR,
        SeriesTime="130000",
        AcquisitionTime="112800",
        Manufacturer="SIEMENS",
        change=private(0x0071, "SIEMENS MED PT", 0x22, "DT", "20250101110000.000000"),
        rule="QIBA 2",
    ),
    trap(
        "3_4 NONE, a time for each slice",
        *(after(HOUR_S + 300 * k + average_s(300)) for k in range(3)),
        DecayCorrection="NONE",
        AcquisitionTime=lambda k: SLICE_TIMES[k],
        CorrectedImage=["NORM", "DTIM", "ATTN", "SCAT", "RAN"],
        rule="NONE",
    ),
    trap(
        "3_4 NONE, with DECY left in CorrectedImage",
        *(after(HOUR_S + 300 * k + average_s(300)) for k in range(3)),
        DecayCorrection="NONE",
        AcquisitionTime=lambda k: SLICE_TIMES[k],
    ),
    trap(
        "3_4_2 NONE, CNTS with both factors",
        *(1.6 * after(HOUR_S + 300 * k + average_s(300)) for k in range(3)),
        Units="CNTS",
        DecayCorrection="NONE",
        AcquisitionTime=lambda k: SLICE_TIMES[k],
        change=both(
            private(0x7053, PHILIPS, 0x00, "DS", "0.5"), private(0x7053, PHILIPS, 0x09, "DS", "1.6")
        ),
    ),
    trap("4_0 date-time only", AN_HOUR, given={"RadiopharmaceuticalStartTime": None}),
    trap("4_1 time only", AN_HOUR, given={"RadiopharmaceuticalStartDateTime": None}),
    trap(
        "4_2 over midnight, time only",
        AN_HOUR,
        SeriesTime="003000",
        AcquisitionTime="003000",
        given={
            "RadiopharmaceuticalStartTime": "233000",
            "RadiopharmaceuticalStartDateTime": None,
        },
    ),
    trap(
        "4_3 over midnight, date-time",
        AN_HOUR,
        SeriesTime="003000",
        AcquisitionTime="003000",
        given={
            "RadiopharmaceuticalStartTime": "233000",
            "RadiopharmaceuticalStartDateTime": "20241231233000",
        },
    ),
    trap(
        "4_5 Zr-89 after three days, date-time",
        after(73 * HOUR_S, 74e6, ZR89_S),
        given={
            **NO_FDG,
            "RadionuclideHalfLife": ZR89_S,
            "RadionuclideTotalDose": 74e6,
            "RadiopharmaceuticalStartDateTime": "20241229100000",
        },
    ),
    trap(
        "5_0 Ga-68",
        after(HOUR_S, 150e6, GA68_S),
        given={
            **NO_FDG,
            "RadionuclideHalfLife": GA68_S,
            "RadionuclideTotalDose": 150e6,
        },
    ),
    trap("weight in grams", AN_HOUR, PatientWeight=70_000.0),
    trap(
        "a vendor's own half-life",
        after(HOUR_S, half_life=6588.0),
        given={
            "RadionuclideHalfLife": 6588.0,
        },
    ),
]


@pytest.mark.parametrize("row", TRAPS, ids=lambda row: row.name)
def test_factor_of_every_trap_is_that_of_plain_arithmetic(row: Trap) -> None:
    provenance = converted(suv_series(row.change, given=row.given, **row.attributes))
    assert provenance.factors == pytest.approx(row.factors, rel=1e-9)
    assert row.rule in provenance.rule
