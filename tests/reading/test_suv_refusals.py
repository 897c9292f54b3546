"""SUV is refused by name wherever a value is absent, contradicts another or is not credible."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydicom import Dataset
from suv_series import (
    AN_HOUR,
    GA68_S,
    LATE,
    PHILIPS,
    SLICE_TIMES,
    ZR89_S,
    Change,
    both,
    private,
    suv_series,
)

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import MissingAttribute, NotCalibrated
from dicom_node.reading import units


@dataclass(frozen=True)
class Refusal:
    name: str
    says: str
    attributes: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    change: Change | None = None


def refusal(name: str, says: str, **rest: Any) -> Refusal:
    known = {key: rest.pop(key) for key in ("given", "change") if key in rest}
    return Refusal(name, says, attributes=rest, **known)


def dose(value: float | None, **more: Any) -> dict[str, Any]:
    return {"given": {"RadionuclideTotalDose": value, **more}}


NO_START = {"RadiopharmaceuticalStartTime": None, "RadiopharmaceuticalStartDateTime": None}


def different_half_lives() -> Change:
    """Half-lives 6586, 6587 ... in the order of the slices."""
    values = iter(range(6586, 6600))

    def change(dataset: Dataset) -> None:
        item = deepcopy(dataset.RadiopharmaceuticalInformationSequence[0])
        item.RadionuclideHalfLife = next(values)
        dataset.RadiopharmaceuticalInformationSequence = [item]

    return change


HALF_LIVES = different_half_lives()
REFUSALS = [
    refusal("no weight", "PatientWeight", PatientWeight=None),
    refusal("weight 0", "PatientWeight", PatientWeight=0),
    refusal("weight of no person", "PatientWeight", PatientWeight=800.0),
    refusal("two weights", "PatientWeight.*same in all", PatientWeight=lambda k: 70.0 + k),
    refusal("weight on some slices", "PatientWeight", PatientWeight=lambda k: 70.0 if k else None),
    refusal("no dose", "RadionuclideTotalDose", **dose(None)),
    refusal("dose 0", "RadionuclideTotalDose", **dose(0)),
    refusal("dose negative", "RadionuclideTotalDose", **dose(-1.0)),
    refusal("F-18 dose too small", "20 to 1000 MBq", **dose(19e6)),
    refusal("F-18 dose too large", "20 to 1000 MBq", **dose(1.1e9)),
    refusal("dose may be mCi", "mCi", **dose(25.0)),
    refusal("Ga-68 dose in kBq", "credible", **dose(1.5e5, RadionuclideHalfLife=GA68_S)),
    refusal("no half-life", "RadionuclideHalfLife", given={"RadionuclideHalfLife": None}),
    refusal("half-life 0", "RadionuclideHalfLife", given={"RadionuclideHalfLife": 0}),
    refusal("half-life in minutes", "credible|half-lives", given={"RadionuclideHalfLife": 109.77}),
    refusal("no start", "RadiopharmaceuticalStartDateTime", given=NO_START),
    refusal(
        "start time and date-time apart",
        "3600 s apart",
        given={"RadiopharmaceuticalStartTime": "110000"},
    ),
    refusal(
        "long half-life without date",
        "RadiopharmaceuticalStartDateTime.*half-life",
        **dose(74e6, RadionuclideHalfLife=ZR89_S, RadiopharmaceuticalStartDateTime=None),
    ),
    refusal(
        "administered after the scan",
        "0 to 6 half-lives",
        given={
            "RadiopharmaceuticalStartDateTime": "20250101113000",
            "RadiopharmaceuticalStartTime": None,
        },
    ),
    refusal(
        "time only, after the scan",
        "0 to 6 half-lives",
        given={
            "RadiopharmaceuticalStartDateTime": None,
            "RadiopharmaceuticalStartTime": "110001",
        },
    ),
    refusal(
        "date altered", "0 to 6 half-lives",
        given={"RadiopharmaceuticalStartDateTime": "19000101100000"},
    ),
    refusal(
        "malformed start",
        "RadiopharmaceuticalStartDateTime.*20250101",
        given={"RadiopharmaceuticalStartDateTime": "20250101"},
    ),
    refusal(
        "offset from UTC without local time",
        "TimezoneOffsetFromUTC",
        given={
            "RadiopharmaceuticalStartDateTime": "20250101090000+0000",
            "RadiopharmaceuticalStartTime": None,
        },
    ),
    refusal("no ATTN", "lacking: ATTN", CorrectedImage=["DECY", "NORM"]),
    refusal("no DECY", "lacking: DECY", CorrectedImage=["ATTN", "NORM"]),
    refusal("ADMIN without DECY", "DECY", CorrectedImage=["ATTN"], DecayCorrection="ADMIN"),
    refusal("nothing corrected", "ATTN, DECY", CorrectedImage=None),
    refusal("NONE without ATTN", "lacking: ATTN", CorrectedImage=["NORM"], DecayCorrection="NONE"),
    refusal(
        "NONE against DecayFactor", "DecayFactor", DecayCorrection="NONE", DecayFactor=1.2
    ),
    refusal("no DecayCorrection", r"DecayCorrection \(0054,1102\)", DecayCorrection=None),
    refusal("unknown DecayCorrection", "START, ADMIN, NONE", DecayCorrection="SCAN"),
    refusal(
        "two DecayCorrections", "DecayCorrection",
        DecayCorrection=lambda k: "ADMIN" if k else "START",
    ),
    refusal("intercept", "RescaleIntercept", RescaleIntercept=lambda k: float(k == 1)),
    refusal("two units", "Units", Units=lambda k: "GML" if k else "BQML"),
    refusal("CPS", "SUV cannot be had", Units="CPS"),
    refusal("PROPCNTS", "SUV cannot be had", Units="PROPCNTS"),
    refusal("unknown units", "Units.*MLML", Units="MLML"),
    refusal("no units", "Units", Units=None),
    refusal("GML of an unknown type", "SUVType.*XYZ", Units="GML", SUVType="XYZ"),
    refusal("CM2ML of a weight", "SUVType.*BW", Units="CM2ML", SUVType="BW"),
    refusal("GML without ATTN", "ATTN", Units="GML", CorrectedImage=["DECY"]),
    refusal("IBW without sex", "PatientSex", Units="GML", SUVType="IBW", PatientSex=None),
    refusal("IBW with another sex", "PatientSex.*X", Units="GML", SUVType="IBW", PatientSex="X"),
    refusal("IBW without size", "PatientSize", Units="GML", SUVType="IBW", PatientSize=None),
    refusal("IBW with size 0", "PatientSize", Units="GML", SUVType="IBW", PatientSize=0),
    refusal("size in mm", "PatientSize", Units="GML", SUVType="IBW", PatientSize=1750),
    refusal("CNTS without factor", "Philips", Units="CNTS"),
    refusal(
        "CNTS, factors 0", "Philips", Units="CNTS",
        change=both(private(0x7053, PHILIPS, 0x00, "DS", "0"),
                    private(0x7053, PHILIPS, 0x09, "DS", "0")),
    ),
    refusal(
        "CNTS, factor of another creator", "Philips", Units="CNTS", Manufacturer="PHILIPS",
        change=private(0x7053, "SOMEONE ELSE", 0x00, "DS", "0.001"),
    ),
    *(
        refusal(
            f"CNTS, creator lost, another maker: {maker}", "Philips", Units="CNTS",
            Manufacturer=maker, change=private(0x7053, None, 0x00, "DS", "0.001"),
        )
        for maker in ("SIEMENS", "GE MEDICAL SYSTEMS", "UIH", "CANON_MEC", "CPS")
    ),
    refusal(
        "CNTS, factor outside the block of its creator", "Philips", Units="CNTS",
        Manufacturer="PHILIPS",
        change=both(private(0x7053, "SOMEONE ELSE", 0x01, "LO", "x"),
                    private(0x7053, PHILIPS, 0x02, "LO", "x"),
                    private(0x7053, None, 0x00, "DS", "0.001")),
    ),
    refusal(
        "CNTS, factor no number", "SUV scale factor", Units="CNTS",
        change=private(0x7053, PHILIPS, 0x00, "LO", "see note"),
    ),
    refusal(
        "CNTS, NONE, SUV factor alone", "Philips", Units="CNTS", DecayCorrection="NONE",
        change=private(0x7053, PHILIPS, 0x00, "DS", "0.001"),
    ),
    refusal(
        "CNTS, factors contradict", "altered", Units="CNTS",
        change=both(private(0x7053, PHILIPS, 0x00, "DS", f"{1.6 * AN_HOUR * 1.1:.6g}"),
                    private(0x7053, PHILIPS, 0x09, "DS", "1.6")),
    ),
    refusal("GML, not decay corrected", "DecayCorrection", Units="GML", DecayCorrection="NONE"),
    refusal("series of another day", "SeriesDate.*altered", SeriesDate="20241230"),
    refusal("frame time of years", "FrameReferenceTime", **LATE, FrameReferenceTime=1e12),
    refusal("half-life infinite", "RadionuclideHalfLife", given={"RadionuclideHalfLife": "inf"}),
    refusal("two half-lives", "RadionuclideHalfLife.*same in all", change=HALF_LIVES),
    refusal("no acquisition time", "AcquisitionTime", AcquisitionTime=None),
    refusal("no acquisition date", "AcquisitionDate", AcquisitionDate=None),
    refusal("two series times", "SeriesTime", SeriesTime=lambda k: SLICE_TIMES[k]),
    refusal("late series, no frame time", "FrameReferenceTime", **LATE, FrameReferenceTime=None),
    refusal("late series, no duration", "ActualFrameDuration", **LATE, ActualFrameDuration=None),
    refusal(
        "late series, GE with one time for all beds", "600 s apart", **LATE,
        Manufacturer="GE MEDICAL SYSTEMS", FrameReferenceTime=lambda k: 300000.0 * k,
    ),
    refusal(
        "late series, DecayFactor contradicts", "DecayFactor", **LATE, DecayFactor=1.5,
    ),
    refusal("NONE without duration", "ActualFrameDuration", DecayCorrection="NONE",
            ActualFrameDuration=None),
    refusal(
        "NONE, one time for frames of several times", "AcquisitionTime", DecayCorrection="NONE",
        FrameReferenceTime=lambda k: 300000.0 * k,
    ),
    refusal(
        "GE scan time contradicts series time", "cannot be told",
        change=private(0x0009, "GEMS_PETD_01", 0x0D, "DT", "20250101103000"),
    ),
    refusal(
        "GE scan time of another day", "date was altered", SeriesTime="130000",
        change=private(0x0009, "GEMS_PETD_01", 0x0D, "DT", "20241224110000"),
    ),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")  # as wanted here
@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.name)
def test_suv_is_refused_by_name(row: Refusal) -> None:
    with pytest.raises((MissingAttribute, NotCalibrated), match=row.says):
        units.convert(suv_series(row.change, given=row.given, **row.attributes), Unit.SUVBW)


def test_several_administrations_are_refused() -> None:
    def twice(dataset: Dataset) -> None:
        (item,) = dataset.RadiopharmaceuticalInformationSequence
        dataset.RadiopharmaceuticalInformationSequence = [item, item]

    with pytest.raises(NotCalibrated, match="2 items"):
        units.convert(suv_series(twice), Unit.SUVBW)


def test_doses_that_differ_within_a_series_are_refused() -> None:
    doses = iter((368e6, 368e6, 369e6))

    def change(dataset: Dataset) -> None:
        item = deepcopy(dataset.RadiopharmaceuticalInformationSequence[0])
        item.RadionuclideTotalDose = next(doses)
        dataset.RadiopharmaceuticalInformationSequence = [item]

    with pytest.raises(NotCalibrated, match="RadionuclideTotalDose"):
        units.convert(suv_series(change), Unit.SUVBW)
