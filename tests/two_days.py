"""A simulated patient before and after therapy, as the node hands two examinations over."""

from dataclasses import replace
from datetime import datetime
from functools import cache

import numpy as np
from volumes import volume

from algorithms.simulation.wholebody.lumps import Lesion
from algorithms.simulation.wholebody.patient import Patient, Scan, draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.training.examples import geometry_of
from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region
from dicom_node.domain.series import SeriesKey
from dicom_node.domain.volume import AcquisitionFacts, FrameSource, PatientFacts, Volume

FACTS = AcquisitionFacts(
    patient_digest="0123456789abcdef",
    scanner="Maker One",
    reconstruction="OSEM",
    injected_mbq=300.0,
    uptake_min=60.0,
)
VOXEL_MM = (4.0, 4.0, 4.0)
DAYS = tuple(datetime.fromisoformat(at) for at in ("2026-01-05T10:00", "2026-03-09T11:00"))
# The frame of reference of another day: the couch stood elsewhere.
MOVED_MM = (24.0, -16.0, 208.0)
Day = tuple[Volume, ContourSet]


@cache
def patient_of(family: str, seed: int) -> Patient:
    return draw_patient(world(family, "held-out"), seed)


def changed(lesion: Lesion, *, uptake: float = 1.0, size: float = 1.0) -> Lesion:
    """The lesion with other uptake and radius, in its place."""
    shape = lesion.shape
    radii = tuple(size * radius for radius in shape.ellipsoid.radii_mm)
    waves = tuple((a / size, b / size, c / size, phase) for a, b, c, phase in shape.waves)
    return replace(
        lesion,
        suv=lesion.suv * uptake,
        core=None,
        radius_mm=lesion.radius_mm * size,
        shape=replace(
            shape,
            ellipsoid=replace(shape.ellipsoid, radii_mm=radii),
            amplitude_mm=shape.amplitude_mm * size,
            waves=waves,
        ),
    )


def at(lesion: Lesion, centre_mm) -> Lesion:
    """A lesion alike, at another place."""
    shape = lesion.shape
    return replace(
        lesion,
        core=None,
        shape=replace(shape, ellipsoid=replace(shape.ellipsoid, centre_mm=centre_mm)),
    )


def day(patient: Patient, number: int, lesions, **given) -> Day:
    """PET and drawn lesions (the simulator's truth) of the first (0) or second (1) day."""
    ill = replace(patient, seed=patient.seed + number, lesions=tuple(lesions))
    found = scan(ill, patient.axes(VOXEL_MM))
    geometry = _placed(geometry_of(found), number)
    facts = PatientFacts(
        weight_kg=patient.habitus.weight_kg,
        size_m=patient.habitus.height_m,
        sex=patient.habitus.sex,
    )
    pet = volume(
        found.suv,
        geometry,
        tracer=patient.tracer.key,
        **{
            "patient": facts,
            "acquisition": FACTS,
            "acquired_at": DAYS[number],
            **given,
        },
    )
    return pet, contours_of(found, geometry)


def contours_of(found: Scan, geometry: Geometry) -> ContourSet:
    """The true lesions, as somebody would have drawn them."""
    numbers = np.unique(found.lesion[found.lesion > 0])
    return ContourSet(
        contours=tuple(
            Contour(number=int(n), label=f"L{n}", region=Region.from_mask(found.lesion == n))
            for n in numbers
        ),
        geometry=geometry,
        source=FrameSource(sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4", sop_instance_uid="1.9"),
        key=SeriesKey(study_instance_uid="1.2", series_instance_uid="1.8"),
    )


def _placed(geometry: Geometry, number: int) -> Geometry:
    affine = np.array(geometry.affine)
    affine[:3, 3] += number * np.array(MOVED_MM)
    return Geometry(affine=affine, shape=geometry.shape, frame_of_reference_uid=f"1.7.{number}")
