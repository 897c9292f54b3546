"""Headers of a myocardial perfusion SPECT, in the ways of three makers (see `nm_headers`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from algorithms.simulation.headers import Attributes, StudyFacts, code
from algorithms.simulation.heart.patient import State
from algorithms.simulation.nm_headers import (
    Emission,
    Reconstruction,
    Rotation,
    Way,
    nm_reconstruction,
)
from dicom_node.domain.coding import Code
from dicom_node.domain.geometry import Geometry

_ROTATION = Rotation(direction="CW", arc_deg=180, projections=64, frame_ms=20_000)
_TECHNETIUM = Code("72454006", "SCT", "^99m^Technetium")
_THALLIUM_201 = Code("60057003", "SCT", "^201^Thallium")
_PATIENT_STATE = Code("109054", "DCM", "Patient State")
_STATES = {
    State.STRESS: Code("432655005", "SCT", "Cardiac Stress State"),
    State.REST: Code("128975004", "SCT", "Resting State"),
}


class Drug(StrEnum):
    """Tracers of perfusion."""

    SESTAMIBI = "SESTAMIBI"
    TETROFOSMIN = "TETROFOSMIN"
    THALLIUM = "THALLIUM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """How a tracer is told, by code and by text."""

    nuclide: Code
    modern: Code
    older: Code
    text: str
    megabecquerel: float
    window: str
    energy_kev: tuple[float, float]


_TC_KEV = (126.0, 154.0)  # 140 keV and 10 % to either side
SUBSTANCES: Mapping[Drug, Substance] = {
    Drug.SESTAMIBI: Substance(
        nuclide=_TECHNETIUM,
        modern=Code("424299003", "SCT", "Technetium Tc^99m^ sestamibi"),
        older=Code("C-163AB", "SRT", "Technetium Tc^99m^ sestamibi"),
        text="Tc-99m Sestamibi",
        megabecquerel=740.0,
        window="Tc-99m",
        energy_kev=_TC_KEV,
    ),
    Drug.TETROFOSMIN: Substance(
        nuclide=_TECHNETIUM,
        modern=Code("424118002", "SCT", "Technetium Tc^99m^ tetrofosmin"),
        older=Code("C-163AD", "SRT", "Technetium Tc^99m^ tetrofosmin"),
        text="Myoview",
        megabecquerel=740.0,
        window="Tc-99m",
        energy_kev=_TC_KEV,
    ),
    Drug.THALLIUM: Substance(
        nuclide=_THALLIUM_201,
        modern=Code("73685002", "SCT", "Thallous chloride Tl^201^"),
        older=Code("C-B1231", "SRT", "Thallous chloride Tl^201^"),
        text="Tl-201 Thallous Chloride",
        megabecquerel=92.0,
        window="Tl-201",
        energy_kev=(60.0, 83.0),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartHabit:
    """What differs between makers.

    Parameters
    ----------
    slice_mm : of a transaxial reconstruction; negative where slices go to the feet
    coded : whether rest and stress are told by code, or by words of the description alone
    texts : description by state
    """

    matrix: int
    pixel_mm: float
    slices: int
    slice_mm: float
    coded: bool
    texts: Mapping[State, str]


HEART_HABITS: Mapping[Way, HeartHabit] = {
    Way.SIEMENS: HeartHabit(
        matrix=64,
        pixel_mm=6.6,
        slices=38,
        slice_mm=6.6,
        coded=True,
        texts={State.STRESS: "Cardiac Flash3D Str", State.REST: "Cardiac Flash3D Rst"},
    ),
    Way.GE: HeartHabit(
        matrix=64,
        pixel_mm=6.4,
        slices=40,
        slice_mm=-6.4,
        coded=False,
        texts={State.STRESS: "STRESS_TRANSAXIAL_IRNC", State.REST: "REST_TRANSAXIAL_IRNC"},
    ),
    Way.PHILIPS: HeartHabit(
        matrix=64,
        pixel_mm=4.66,
        slices=52,
        slice_mm=-4.66,
        coded=False,
        texts={State.STRESS: "Astonish Stress", State.REST: "Astonish Rest"},
    ),
}


def heart_attributes(
    facts: StudyFacts,
    way: Way,
    state: State,
    *,
    drug: Drug,
    geometry: Geometry,
    start: datetime,
    counts: int,
    gates: int,
    corrected: bool,
) -> Attributes:
    """All attributes of one object but its pixels; parameters as of `Reconstruction`."""
    habit, substance = HEART_HABITS[way], SUBSTANCES[drug]
    tracer = {Way.SIEMENS: substance.modern, Way.GE: substance.older, Way.PHILIPS: None}[way]
    normal = geometry.affine[:3, 0] / geometry.spacing_mm[0]
    cosines = geometry.image_orientation_patient
    forward = float(normal @ _cross(cosines)) > 0
    made = Reconstruction(
        number=1 + tuple(State).index(state),
        description=habit.texts[state],
        body_part="HEART",
        geometry=geometry,
        slice_mm=geometry.spacing_mm[0] if forward else -geometry.spacing_mm[0],
        counts=counts,
        corrections=("UNIF", "COR", "ATTN") if corrected else ("UNIF", "COR"),
        gates=gates,
    )
    emission = Emission(
        drug=substance.text,
        nuclide=substance.nuclide,
        tracer=tracer,
        megabecquerel=substance.megabecquerel,
        window=substance.window,
        energy_kev=substance.energy_kev,
    )
    found = nm_reconstruction(facts, way, made, start, emission=emission, rotation=_ROTATION)
    return {**found, **_state(state)} if habit.coded else found


def _cross(cosines: tuple[float, ...]) -> tuple[float, float, float]:
    """Normal of a slice: row times column."""
    a, b, c, d, e, f = cosines
    return b * f - c * e, c * d - a * f, a * e - b * d


def _state(state: State) -> Attributes:
    """Rest or stress in the acquisition context (TID 3470, CID 3101)."""
    item = {
        "ValueType": "CODE",
        "ConceptNameCodeSequence": (code(_PATIENT_STATE),),
        "ConceptCodeSequence": (code(_STATES[state]),),
    }
    return {"AcquisitionContextSequence": (item,)}
