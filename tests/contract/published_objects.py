"""The list of the published SUV reference objects, by the titles of the set."""

from dataclasses import replace
from typing import Any

from contract.published import (
    DOSE_BQ,
    GA68_S,
    HEIGHT_CM,
    HOUR_S,
    PHILIPS,
    WEIGHT_KG,
    ZR89_S,
    Object,
    Private,
    bq_per_suv,
    mean_time_s,
)
from dicom_parts import code

RATIO = WEIGHT_KG / HEIGHT_CM
BODY_MASS_INDEX = WEIGHT_KG / (HEIGHT_CM / 100.0) ** 2
JAMES128 = {"M": 1.10 * WEIGHT_KG - 128 * RATIO**2, "F": 1.07 * WEIGHT_KG - 148 * RATIO**2}
JAMES = {"M": 1.10 * WEIGHT_KG - 120 * RATIO**2, "F": JAMES128["F"]}
JANMA = {
    "M": 9270 * WEIGHT_KG / (6680 + 216 * BODY_MASS_INDEX),
    "F": 9270 * WEIGHT_KG / (8780 + 244 * BODY_MASS_INDEX),
}
IDEAL = {"M": 48.0 + 1.06 * (HEIGHT_CM - 152), "F": 45.5 + 0.91 * (HEIGHT_CM - 152)}
SURFACE_CM2 = 71.84 * WEIGHT_KG**0.425 * HEIGHT_CM**0.725
LATE = {"SeriesTime": "113000.000000"}  # post-processed half an hour after the acquisition
GE, SIEMENS = "GE MEDICAL SYSTEMS", "SIEMENS"


def _by_mass(name: str, suv_type: str, masses: dict[str, float], sex: str) -> Object:
    """Units GML of another body mass; PatientSex O is the mean of the masses of M and F."""
    mass = masses.get(sex, sum(masses.values()) / 2)
    return Object(
        name=f"{name} GML {suv_type} sex {sex}",
        root={"Units": "GML", "SUVType": suv_type, "PatientSex": sex},
        stored_per_suv=lambda _: mass / WEIGHT_KG,
        slope=lambda _: 0.0001999,
    )


def _bed(index: int) -> int:
    """Five beds of four slices."""
    return index // 4


def _clock(seconds: float) -> str:
    """Time of day so long after 11:00."""
    whole = 39_600 + round(seconds)
    return f"{whole // 3600:02}{whole // 60 % 60:02}{whole % 60:02}.000000"


def _uncorrected(manufacturer: str, **root: Any) -> Object:
    """DecayCorrection NONE: five beds, each with its own start and duration."""

    def duration(index: int) -> int:
        return 240 + 30 * _bed(index)

    def stored(index: int) -> float:
        return bq_per_suv(HOUR_S + 320 * _bed(index) + mean_time_s(duration(index)))

    return Object(
        name=f"3_4 NONE with times of each slice, {manufacturer}",
        root={
            "DecayCorrection": "NONE",
            "Manufacturer": manufacturer,
            "AcquisitionTime": lambda index: _clock(320 * _bed(index)),
            "ActualFrameDuration": lambda index: 1000 * duration(index),
            **root,
        },
        stored_per_suv=stored,
    )


def _uncorrected_counts(title: str, private: tuple[Private, ...]) -> Object:
    """DecayCorrection NONE in counts of half a Bq/ml."""
    plain = _uncorrected("PHILIPS", Units="CNTS")
    return replace(
        plain,
        name=f"{plain.name}, CNTS, {title}",
        private=private,
        stored_per_suv=lambda index: plain.stored_per_suv(index) / 0.5,
        slope=lambda _: 1.0,
    )


def _counts(
    title: str, *private: Private, per_suv: float, manufacturer: str = "Philips", **root: Any
) -> Object:
    return Object(
        name=f"2_4 2_5 CNTS {title}",
        root={"Units": "CNTS", "Manufacturer": manufacturer, **root},
        private=private,
        stored_per_suv=lambda _: per_suv,
        slope=lambda _: 1.0,
    )


def _suv_factor(value: float, creator: str | None = PHILIPS) -> Private:
    return 0x7053, creator, 0x00, "DS", f"{value:.10g}"


def _activity_factor(value: float, creator: str | None = PHILIPS) -> Private:
    return 0x7053, creator, 0x09, "DS", f"{value:.10g}"


def _ge_start(value: str, creator: str | None = "GEMS_PETD_01") -> Private:
    return 0x0009, creator, 0x0D, "DT", value


def _siemens_start(value: str, creator: str | None = "SIEMENS MED PT") -> Private:
    return 0x0071, creator, 0x22, "DT", value


ELEVEN = "20250101110000.00"
# A frame of 300 s that starts at 11:00: its mean activity is 149.605 s later. The published files
# round that to 150 s, by which the SUV is 4e-5 too small.
ROUNDED_MEAN = 1e-4
MIDNIGHT = {"SeriesTime": "003000", "AcquisitionTime": "003000"}
NEXT_DAY = {"SeriesDate": "20250102", "AcquisitionDate": "20250102", **MIDNIGHT}
BEFORE_MIDNIGHT = {
    "RadiopharmaceuticalStartTime": "233000",
    "RadiopharmaceuticalStartDateTime": None,
}

OBJECTS = (
    Object(name="0_0 default BQML START"),
    Object(name="1_0 slopes differ", slope=lambda index: 3.0 if 8 <= index < 12 else 4.0),
    Object(name="1_0 every slope differs", slope=lambda index: 0.5 + 0.07 * index),
    Object(
        name="2_0 GML BW",
        root={"Units": "GML", "SUVType": "BW"},
        stored_per_suv=lambda _: 1.0,
        slope=lambda _: 0.1,
    ),
    Object(
        name="2_0 GML without SUVType",
        root={"Units": "GML"},
        stored_per_suv=lambda _: 1.0,
        slope=lambda _: 0.001,
    ),
    *(_by_mass("2_1", "LBMJAMES128", JAMES128, sex) for sex in "MFO"),
    *(_by_mass("2_2", "IBW", IDEAL, sex) for sex in "MFO"),
    *(_by_mass("2_6", "LBMJANMA", JANMA, sex) for sex in "MFO"),
    *(_by_mass("2_7", "LBM", JAMES, sex) for sex in "MFO"),
    *(
        Object(
            name=f"2_3 CM2ML SUVType {suv_type}",
            root={"Units": "CM2ML", "SUVType": suv_type},
            stored_per_suv=lambda _: SURFACE_CM2 / 70_000,
            slope=lambda _: 0.0001,
        )
        for suv_type in ("BSA", None)
    ),
    _counts("SUV factor", _suv_factor(5e-4), per_suv=2000),
    _counts("SUV factor, no creator", _suv_factor(5e-4, None), per_suv=2000),
    _counts("SUV factor, activity factor 0", _suv_factor(5e-4), _activity_factor(0), per_suv=2000),
    *(
        _counts(
            f"SUV factor, no creator, {maker}",
            _suv_factor(5e-4, None),
            per_suv=2000,
            manufacturer=maker,
        )
        for maker in ("Synthetic", "SYNTHETIC")
    ),
    _counts(
        "activity factor, no creator, Synthetic",
        _activity_factor(0.5, None),
        per_suv=7200,
        manufacturer="Synthetic",
    ),
    _counts("activity factor", _activity_factor(0.5), per_suv=7200),
    _counts("activity factor, no creator", _activity_factor(0.5, None), per_suv=7200),
    _counts("activity factor, SUV factor 0", _suv_factor(0), _activity_factor(0.5), per_suv=7200),
    _counts("both", _suv_factor(1 / 7200), _activity_factor(0.5), per_suv=7200),
    _counts(
        "both, no creator",
        _suv_factor(1 / 7200, None),
        _activity_factor(0.5, None),
        per_suv=7200,
        manufacturer="PHILIPS",
    ),
    Object(name="3_0 dose in MBq", given={"RadionuclideTotalDose": DOSE_BQ / 1e6}),
    Object(
        name="3_1 ADMIN",
        root={"DecayCorrection": "ADMIN"},
        stored_per_suv=lambda _: bq_per_suv(0),
        slope=lambda _: 1.0,
    ),
    Object(name="3_2 series after acquisition, SYNTHETIC", root=LATE, relative=ROUNDED_MEAN),
    *(
        Object(
            name=f"3_2 series after acquisition, {maker}",
            root={**LATE, "Manufacturer": maker},
            relative=ROUNDED_MEAN,
        )
        for maker in ("SIEMENS", "Philips Medical Systems")
    ),
    Object(
        name="3_2 series after acquisition, GE: FrameReferenceTime is the frame start",
        root={
            **LATE,
            "Manufacturer": GE,
            "AcquisitionTime": lambda index: _clock(300 * _bed(index)),
            "FrameReferenceTime": lambda index: 300_000 * _bed(index),
        },
    ),
    Object(
        name="3_2 series after acquisition, five beds, SYNTHETIC",
        root={
            **LATE,
            "AcquisitionTime": lambda index: _clock(300 * _bed(index)),
            "FrameReferenceTime": lambda index: (
                f"{1000 * (300 * _bed(index) + mean_time_s(300)):.3f}"
            ),
        },
    ),
    Object(
        name="3_3 GE private, no creator, series at the reference time",
        root={"AcquisitionTime": "113000"},
        private=(_ge_start(ELEVEN, None),),
    ),
    *(
        Object(
            name=f"3_3 GE private, series after acquisition, {title}",
            root={**LATE, "Manufacturer": GE, "AcquisitionTime": "112800"},
            private=(_ge_start(ELEVEN, creator),),
        )
        for title, creator in (("creator", "GEMS_PETD_01"), ("no creator", None))
    ),
    *(
        Object(
            name=f"3_3 SIEMENS private, series after acquisition, {title}",
            root={**LATE, "Manufacturer": SIEMENS, "AcquisitionTime": "112800"},
            private=(_siemens_start(ELEVEN, creator),),
        )
        for title, creator in (("creator", "SIEMENS MED PT"), ("no creator", None))
    ),
    *(_uncorrected(maker) for maker in (SIEMENS, GE, "SYNTHETIC")),
    _uncorrected("Synthetic without DECY", CorrectedImage=["NORM", "ATTN", "SCAT", "RAN"]),
    *(
        _uncorrected_counts(title, private)
        for title, private in (
            ("activity factor", (_activity_factor(0.5),)),
            ("activity factor, no creator", (_activity_factor(0.5, None),)),
            ("SUV factor that corrects nothing", (_activity_factor(0.5), _suv_factor(5e-4))),
        )
    ),
    *(
        Object(name=f"3_5 series equal to acquisition, {maker}", root={"Manufacturer": maker})
        for maker in (SIEMENS, GE, "PHILIPS", "SYNTHETIC")
    ),
    Object(name="4_0 StartDateTime only", given={"RadiopharmaceuticalStartTime": None}),
    Object(name="4_1 StartTime only", given={"RadiopharmaceuticalStartDateTime": None}),
    Object(name="4_2 over midnight, StartTime only", root=NEXT_DAY, given=BEFORE_MIDNIGHT),
    Object(name="4_2 over midnight, dates left alone", root=MIDNIGHT, given=BEFORE_MIDNIGHT),
    Object(
        name="4_3 over midnight, StartDateTime",
        root=NEXT_DAY,
        given={
            "RadiopharmaceuticalStartTime": "233000",
            "RadiopharmaceuticalStartDateTime": "20250101233000",
        },
    ),
    Object(
        name="4_5 Zr-89 of the day before yesterday",
        root={"SeriesDate": "20250103", "AcquisitionDate": "20250103"},
        given={
            "Radiopharmaceutical": "Zr-89 trastuzumab",
            "RadionuclideHalfLife": ZR89_S,
            "RadionuclideCodeSequence": [],
        },
        stored_per_suv=lambda _: bq_per_suv(49 * HOUR_S, half_life_s=ZR89_S),
    ),
    *(
        Object(
            name=f"5_0 Ga-68, half-life {half_life:g} s, called {drug or 'nothing'}",
            given={
                "RadionuclideHalfLife": half_life,
                "Radiopharmaceutical": drug,
                "RadionuclideCodeSequence": [code("C-131A3", "SRT", "^68^Gallium")],
            },
            stored_per_suv=lambda _, half_life=half_life: bq_per_suv(HOUR_S, half_life_s=half_life),
        )
        for half_life, drug in ((GA68_S, "FDG"), (4069.8, None), (4056.0, "DOTATATE"))
    ),
)
