"""The published objects whose answer is an error, and what the refusal must name."""

from dataclasses import dataclass

from contract.published import ZR89_S, Object
from contract.published_objects import GE, LATE, NEXT_DAY

MISSING, NOT_CALIBRATED = "missing-attribute", "not-calibrated"
IDEAL_WEIGHT = {"Units": "GML", "SUVType": "IBW"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An object without SUVbw, the code of the reason, and a word of its message."""

    wanted: Object
    code: str
    names: str

    def __str__(self) -> str:
        return self.wanted.name


REFUSED = (
    Refused(
        wanted=Object(name="error 2_0 weight missing", root={"PatientWeight": None}),
        code=MISSING,
        names="PatientWeight (0010,1030)",
    ),
    Refused(
        wanted=Object(name="error 2_1 weight 0", root={"PatientWeight": 0}),
        code=MISSING,
        names="PatientWeight (0010,1030)",
    ),
    Refused(
        wanted=Object(name="error 2_2 IBW, sex missing", root={**IDEAL_WEIGHT, "PatientSex": ""}),
        code=MISSING,
        names="PatientSex (0010,0040)",
    ),
    Refused(
        wanted=Object(name="error 2_3 IBW, another sex", root={**IDEAL_WEIGHT, "PatientSex": "U"}),
        code=NOT_CALIBRATED,
        names="PatientSex (0010,0040)",
    ),
    Refused(
        wanted=Object(
            name="error 2_4 IBW, height missing", root={**IDEAL_WEIGHT, "PatientSize": None}
        ),
        code=MISSING,
        names="PatientSize (0010,1020)",
    ),
    Refused(
        wanted=Object(name="error 2_5 IBW, height 0", root={**IDEAL_WEIGHT, "PatientSize": 0}),
        code=MISSING,
        names="PatientSize (0010,1020)",
    ),
    Refused(
        wanted=Object(
            name="error 2_6 CNTS without factors",
            root={"Units": "CNTS", "Manufacturer": "Philips Medical Systems"},
        ),
        code=NOT_CALIBRATED,
        names="Philips",
    ),
    Refused(
        wanted=Object(name="error 2_7 PROPCNTS", root={"Units": "PROPCNTS"}),
        code=NOT_CALIBRATED,
        names="PROPCNTS",
    ),
    Refused(
        wanted=Object(name="error 3_0 dose missing", given={"RadionuclideTotalDose": None}),
        code=MISSING,
        names="RadionuclideTotalDose (0018,1074)",
    ),
    Refused(
        wanted=Object(name="error 3_1 dose negative", given={"RadionuclideTotalDose": -368.08e6}),
        code=NOT_CALIBRATED,
        names="RadionuclideTotalDose (0018,1074)",
    ),
    Refused(
        wanted=Object(
            name="error 3_2 no duration, series after acquisition",
            root={**LATE, "ActualFrameDuration": None},
        ),
        code=MISSING,
        names="ActualFrameDuration (0018,1242)",
    ),
    Refused(
        wanted=Object(
            name="error 3_2 no duration, decay not corrected, GE",
            root={"DecayCorrection": "NONE", "ActualFrameDuration": None, "Manufacturer": GE},
        ),
        code=MISSING,
        names="ActualFrameDuration (0018,1242)",
    ),
    Refused(
        wanted=Object(
            name="error 4_0 no start at all",
            given={
                "RadiopharmaceuticalStartTime": None,
                "RadiopharmaceuticalStartDateTime": None,
            },
        ),
        code=MISSING,
        names="RadiopharmaceuticalStartDateTime (0018,1078)",
    ),
    Refused(
        wanted=Object(
            name="error 4_1 Zr-89, StartTime only",
            root=NEXT_DAY,
            given={"RadionuclideHalfLife": ZR89_S, "RadiopharmaceuticalStartDateTime": None},
        ),
        code=NOT_CALIBRATED,
        names="RadiopharmaceuticalStartDateTime (0018,1078)",
    ),
    Refused(
        wanted=Object(
            name="error 4_2 Zr-89, start of the year 1900",
            root=NEXT_DAY,
            given={
                "RadionuclideHalfLife": ZR89_S,
                "RadiopharmaceuticalStartDateTime": "19000101100000",
            },
        ),
        code=NOT_CALIBRATED,
        names="1900-01-01",
    ),
    Refused(
        wanted=Object(name="error 5_0 half-life missing", given={"RadionuclideHalfLife": None}),
        code=MISSING,
        names="RadionuclideHalfLife (0018,1075)",
    ),
    # Not of the set: where believing any of the values would be a guess.
    Refused(
        wanted=Object(name="dose of a typing error", given={"RadionuclideTotalDose": 3.6808e9}),
        code=NOT_CALIBRATED,
        names="RadionuclideTotalDose (0018,1074)",
    ),
    Refused(
        wanted=Object(name="intercept", root={"RescaleIntercept": "-10"}),
        code=NOT_CALIBRATED,
        names="RescaleIntercept (0028,1052)",
    ),
    Refused(
        wanted=Object(name="no attenuation correction", root={"CorrectedImage": ["DECY", "SCAT"]}),
        code=NOT_CALIBRATED,
        names="ATTN",
    ),
    Refused(
        wanted=Object(name="DecayCorrection missing", root={"DecayCorrection": None}),
        code=MISSING,
        names="DecayCorrection (0054,1102)",
    ),
    Refused(
        wanted=Object(name="injected after the scan", root={"SeriesDate": "20241231"}),
        code=NOT_CALIBRATED,
        names="a date or time was altered",
    ),
)
