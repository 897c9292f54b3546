"""A simulated PET and its CT as a scanner writes them: headers, scaling, one file a slice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from algorithms.simulation.acquisition import BedTimes, CtProtocol, Injection, PetProtocol
from algorithms.simulation.dicom_objects import write_series
from algorithms.simulation.headers import (
    StudyFacts,
    ct_attributes,
    decimal,
    image_attributes,
    pet_attributes,
    pet_image_attributes,
    series_attributes,
    study_attributes,
)
from algorithms.simulation.shapes import Floats
from dicom_node.domain.tracer import Tracer

STUDY_AT = datetime(2025, 3, 12, 9, 50)  # noqa: DTZ001  DICOM times are the scanner's local ones
CT_SERIES, PET_SERIES = 2, 3
_PET_FULL_SCALE = 32767  # the largest value of a slice fills 15 bits, as scanners do
_CT_OFFSET = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedStudy:
    """What was written, and where.

    Parameters
    ----------
    pet, ct : instances in order of rising z
    truth : JSON with the lesions (centre in LPS mm, radius, SUVbw) and organ values as put in
    """

    folder: Path
    pet: tuple[Path, ...]
    ct: tuple[Path, ...]
    truth: Path
    study_instance_uid: str

    @property
    def files(self) -> tuple[Path, ...]:
        """Every DICOM file, in the order a scanner sends them: CT, then PET."""
        return (*self.ct, *self.pet)


@dataclass(frozen=True, slots=True, kw_only=True)
class PetSeries:
    """Everything of a PET series that is no voxel.

    Parameters
    ----------
    at : start of the series, to which activity is decay-corrected
    beds : one for each bed position of the protocol
    shown_suv : SUVbw at the top of the window in the headers; it begins at 0
    """

    facts: StudyFacts
    protocol: PetProtocol
    tracer: Tracer
    injection: Injection
    at: datetime
    beds: Sequence[BedTimes]
    shown_suv: float

    @property
    def suvbw_factor(self) -> float:
        """SUVbw per Bq/ml at the start of the PET series: weight in g over activity in Bq."""
        return self.facts.weight_kg * 1000 / self.injection.activity_at_bq(self.at)


def write_pet(folder: Path, suv: Floats, series: PetSeries) -> tuple[Path, ...]:
    """PET in Bq/ml, decay-corrected to the start of the series, a rescale slope for each slice."""
    facts, protocol = series.facts, series.protocol
    geometry = protocol.grid.geometry(facts.frame_of_reference_uid)
    activity = suv.astype(np.float64) / series.suvbw_factor
    slopes = [decimal(max(float(plane.max()), 1.0) / _PET_FULL_SCALE) for plane in activity]
    steps = np.array([float(slope) for slope in slopes])[:, None, None]
    high = series.shown_suv / series.suvbw_factor
    shared = {
        **study_attributes(facts),
        **series_attributes(facts, PET_SERIES, f"PET {series.tracer.name} AC", series.at),
        **pet_attributes(protocol, series.tracer, series.injection, (high / 2, high)),
    }
    images = []
    for index, slope in enumerate(slopes):
        bed = series.beds[protocol.bed_of(index)]
        images.append(
            {
                **image_attributes(facts, PET_SERIES, geometry, index, bed.started_at),
                **pet_image_attributes(bed, slope, image_index=index + 1),
            }
        )
    stored = np.rint(activity / steps).astype(np.uint16)
    return write_series(folder, stored, shared, images, compressed=False)


def write_ct(
    folder: Path,
    hounsfield: NDArray[np.int16],
    *,
    facts: StudyFacts,
    protocol: CtProtocol,
    at: datetime,
) -> tuple[Path, ...]:
    """CT without contrast medium, JPEG-LS lossless as archives keep it: a quarter of the size."""
    geometry = protocol.grid.geometry(facts.frame_of_reference_uid)
    stored = (hounsfield + _CT_OFFSET).astype(np.uint16)
    shared = {
        **study_attributes(facts),
        **series_attributes(facts, CT_SERIES, "CT low dose", at),
        **ct_attributes(protocol, at),
    }
    images = [
        image_attributes(facts, CT_SERIES, geometry, index, at) for index in range(len(stored))
    ]
    return write_series(folder, stored, shared, images, compressed=True)
