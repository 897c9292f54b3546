"""Headers of a reconstructed brain SPECT, in the ways of three makers (see `nm_headers`)."""

from dataclasses import dataclass
from datetime import datetime

from algorithms.simulation.headers import Attributes, StudyFacts
from algorithms.simulation.nm_headers import (
    Emission,
    Reconstruction,
    Rotation,
    Way,
    nm_reconstruction,
)
from dicom_node.domain.coding import Code
from dicom_node.domain.geometry import Geometry

_IODINE_123 = Code("21572004", "SCT", "^123^Iodine")
_IOFLUPANE = Code("429296007", "SCT", "Ioflupane I^123^")
_IOFLUPANE_SRT = Code("C-B07EC", "SRT", "Ioflupane I^123^")
_KEV = (143.1, 174.9)  # 159 keV and 10 % to either side
_ROTATION = Rotation(direction="CW", arc_deg=360, projections=120, frame_ms=30_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What differs.

    Parameters
    ----------
    slice_mm : negative where slices go to the feet
    drug : Radiopharmaceutical (0018,0031)
    tracer : code of the radiopharmaceutical; None where only the text tells
    """

    matrix: int
    pixel_mm: float
    slices: int
    slice_mm: float
    drug: str
    tracer: Code | None
    description: str


HABITS = {
    Way.SIEMENS: Habit(
        matrix=128,
        pixel_mm=3.3,
        slices=64,
        slice_mm=3.3,
        drug="I-123 Ioflupane",
        tracer=_IOFLUPANE,
        description="DaTSCAN Flash3D",
    ),
    Way.GE: Habit(
        matrix=128,
        pixel_mm=2.95,
        slices=70,
        slice_mm=-2.95,
        drug="Ioflupane",
        tracer=_IOFLUPANE_SRT,
        description="DATSCAN_IRACSC TRANSAXIAL",
    ),
    Way.PHILIPS: Habit(
        matrix=64,
        pixel_mm=4.66,
        slices=48,
        slice_mm=-4.66,
        drug="DaTSCAN",
        tracer=None,
        description="DaTSCAN Astonish",
    ),
}


def nm_attributes(
    facts: StudyFacts, way: Way, geometry: Geometry, start: datetime, counts: int
) -> Attributes:
    """All attributes of one object but its pixels.

    Parameters
    ----------
    geometry : in the order in which frames are stored
    counts : sum of the stored values
    """
    habit = HABITS[way]
    made = Reconstruction(
        number=1,
        description=habit.description,
        body_part="BRAIN",
        geometry=geometry,
        slice_mm=habit.slice_mm,
        counts=counts,
        corrections=("UNIF", "COR", "ATTN"),
    )
    emission = Emission(
        drug=habit.drug,
        nuclide=_IODINE_123,
        tracer=habit.tracer,
        megabecquerel=185.0,
        window="I-123",
        energy_kev=_KEV,
    )
    return nm_reconstruction(facts, way, made, start, emission=emission, rotation=_ROTATION)
