"""What a physicist reads in the headers of the public scans beside the checkout, series by series.

Every number was taken from the raw headers by hand, not from the node. A factor is plain
arithmetic: weight in g over the activity that is left, half-lives as the files give them.
"""

from dataclasses import dataclass

FDG_GE = "RadiopharmaceuticalCodeSequence (0054,0304) = Y-X1743 99SDM"
NO_TRACER = "no attribute names a known tracer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One series.

    Parameters
    ----------
    uid : str
        How its Series Instance UID ends.
    evidence : str
        What `tracer_evidence` begins with.
    factor : float or None
        SUVbw per stored unit, the same for all slices.
    rule : str or None
        What `suv_rule` holds.
    routes : tuple of str or None
        Routes that must run on it; none may if the tuple is empty; None leaves it open.
    reasons : tuple of str
        Codes of reasons that must be there.
    """

    folder: str
    uid: str
    modality: str
    instances: int
    expected_instances: int | None = None
    exam: str = "static"
    tracer: str | None = None
    evidence: str = NO_TRACER
    radionuclide: str | None = None
    attenuation_corrected: bool | None = None
    complete: bool = True
    slices: int = 0
    unit: str | None = None
    factor: float | None = None
    rule: str | None = None
    routes: tuple[str, ...] | None = ()
    reasons: tuple[str, ...] = ("no-match",)

    def __str__(self) -> str:
        return f"{self.folder} {self.modality} {self.uid}"


PETCT = (
    Expected(
        folder="petct-fdg-ge",
        uid="61081015",
        modality="PT",
        instances=135,
        expected_instances=135,
        tracer="FDG",
        evidence=FDG_GE,
        radionuclide="F-18",
        attenuation_corrected=True,
        slices=135,
        unit="BQML",
        # 91 kg, 588 802 304 Bq at 07:21:00, SeriesTime 09:59:47, half-life 6588 s
        factor=91_000 / (588_802_304 * 0.5 ** (9527 / 6588)),
        rule="DecayCorrection START, reference time = SeriesTime",
        routes=("pet-candidates",),
        reasons=(),
    ),
    Expected(
        folder="petct-fdg-ge",
        uid="10462754",
        modality="PT",
        instances=135,
        expected_instances=135,
        tracer="FDG",
        evidence=FDG_GE,
        radionuclide="F-18",
        attenuation_corrected=False,
        slices=135,
        unit="PROPCNTS",
        reasons=("not-calibrated", "no-match"),
    ),
    Expected(
        folder="petct-fdg-ge",
        uid="94858561",
        modality="CT",
        instances=135,
        slices=135,
        reasons=("companion", "no-match"),
    ),
    Expected(
        folder="petct-fdg-ge",
        uid="70336581",
        modality="CT",
        instances=1,
        exam="projection",
        reasons=("projection",),
    ),
    *(
        Expected(
            folder="petct-fdg-ge",
            uid=uid,
            modality="RWV",
            instances=1,
            expected_instances=1,
            exam="other",
            reasons=("not-an-input",),
        )
        for uid in ("318261", "833547", "829512")
    ),
    *(
        Expected(
            folder="petct-fdg-ge",
            uid=uid,
            modality="SEG",
            instances=1,
            expected_instances=1,
            exam="other",
        )
        for uid in ("162308", "504365", "760111")
    ),
)

SINGLE_SLICES = (
    Expected(
        folder="single-slices",
        uid="561810",
        modality="PT",
        instances=1,
        expected_instances=267,
        tracer="FDG",
        evidence=FDG_GE,
        radionuclide="F-18",
        attenuation_corrected=True,
        complete=False,
        slices=1,
        unit="BQML",
        # 90 kg, 474 592 928 Bq at 09:32:00, SeriesTime 11:00:36
        factor=90_000 / (474_592_928 * 0.5 ** (5316 / 6588)),
        rule="reference time = SeriesTime",
        reasons=("incomplete-series",),
    ),
    Expected(
        folder="single-slices",
        uid="207837",
        modality="PT",
        instances=1,
        expected_instances=448,
        exam="whole-body",
        tracer="FDG",
        evidence="RadiopharmaceuticalCodeSequence (0054,0304) = C-B1031 SRT",
        radionuclide="F-18",
        attenuation_corrected=True,
        complete=False,
        slices=1,
        unit="BQML",
        # 82 kg, 290 MBq at 10:00:00, SeriesTime 11:12:18; the bed was acquired at 11:16:24
        factor=82_000 / (290e6 * 0.5 ** (4338 / 6586.2)),
        rule="reference time = SeriesTime",
        reasons=("incomplete-series",),
    ),
    Expected(
        folder="single-slices",
        uid="793694",
        modality="PT",
        instances=1,
        expected_instances=324,
        exam="whole-body",
        radionuclide="F-18",  # of an FLT study, which only the attenuation method says
        attenuation_corrected=True,
        complete=False,
        slices=1,
        unit="BQML",
        factor=69_734.4 / (178_340_011.59668 * 0.5 ** (3976.921 / 6586.2)),
        rule="reference time = SeriesTime",
        reasons=("incomplete-series",),
    ),
)

NM = (
    Expected(
        folder="nm",
        uid="5309511143",
        modality="NM",
        instances=1,
        expected_instances=1,
        slices=13,
        reasons=("not-calibrated", "no-match"),
    ),
)

STRIPPED = (
    Expected(
        folder="nema-iq",
        uid="720499074",
        modality="PT",
        instances=89,
        expected_instances=89,
        attenuation_corrected=True,
        slices=89,
        reasons=("not-calibrated",),
    ),
)

# Patient, uid of the PET, slices, code of the tracer, uid of the CT.
_SARCOMA = (
    ("STS_002", "294137667411", 48, "C-B1031 SNM3", "935135533244"),
    ("STS_003", "234372145244", 51, "C-B1031 SNM3", "936936226465"),
    ("STS_004", "685426111293", 85, "Y-X1743 99SDM", "787255999487"),
    ("STS_005", "496898531325", 79, "C-B1031 SNM3", "554929571299"),
    ("STS_006", "158193543324", 68, "Y-X1743 99SDM", "297815664122"),
    ("STS_007", "687528277346", 70, "Y-X1743 99SDM", "344522545842"),
)
# SUV already, and DERIVED\\SECONDARY, as the cropping wrote it: who may take them is a rule of
# routing, not of reading, and has its own test.
SARCOMA = (
    *(
        Expected(
            folder=f"sarcoma-fdg/{patient}",
            uid=uid,
            modality="PT",
            instances=slices,
            expected_instances=slices,
            tracer="FDG",
            evidence=f"RadiopharmaceuticalCodeSequence (0054,0304) = {code}",
            radionuclide="F-18",
            attenuation_corrected=True,
            slices=slices,
            unit="GML",
            factor=1.0,
            rule="not scaled again",
            routes=None,
            reasons=(),
        )
        for patient, uid, slices, code, _ in _SARCOMA
    ),
    *(
        Expected(
            folder=f"sarcoma-fdg/{patient}",
            uid=uid,
            modality="CT",
            instances=slices,
            slices=slices,
        )
        for patient, _, slices, _, uid in _SARCOMA
    ),
)

# Published factor, 70 kg and 368.08 MBq an hour before: see `published`.
REFERENCE_OBJECTS = tuple(
    Expected(
        folder=f"suv-reference-objects/{name}/PT",
        uid=f"9552046624551246673304.{uid}",
        modality="PT",
        instances=20,
        tracer="FDG",
        evidence="Radiopharmaceutical (0018,0031) = 'FDG'",
        radionuclide="F-18",
        attenuation_corrected=True,
        slices=20,
        unit=unit,
        factor=factor,
        rule=rule,
        routes=("pet-candidates",),
        reasons=(),
    )
    for name, uid, unit, factor, rule in (
        ("DRO_0_0", 1, "BQML", 2.777781e-4, "START, reference time = SeriesTime"),
        ("DRO_1_0", 10, "BQML", 2.777781e-4, "START, reference time = SeriesTime"),
        ("DRO_2_0", 20, "GML", 1.0, "not scaled again"),
        ("DRO_3_1", 31, "BQML", 1.901760e-4, "ADMIN, reference time = administration"),
        ("DRO_4_1", 41, "BQML", 2.777781e-4, "START, reference time = SeriesTime"),
    )
)

ALL = (*PETCT, *SINGLE_SLICES, *NM, *STRIPPED, *SARCOMA, *REFERENCE_OBJECTS)
