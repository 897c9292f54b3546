"""A small FDG PET/CT study, head to thighs, of one made-up patient, for demo and tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from algorithms.simulation.acquisition import (
    BedTimes,
    CtProtocol,
    Grid,
    Injection,
    PetProtocol,
    bed_times,
    scan_ct,
    scan_pet,
)
from algorithms.simulation.anatomy import Phantom, draw_phantom
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
from algorithms.simulation.shapes import Axes, Floats, axes_of
from algorithms.simulation.tissues import ATTENUATION, FDG_UPTAKE, Tissue, draw_uptake
from algorithms.simulation.truth import write_truth
from dicom_node.domain.coding import Code
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.tracer import Radionuclide, Tracer

NAME = "fdg-petct"
VERSION = "1.0.0"  # a change of any byte is a new version, and so new UIDs

FDG = Tracer(
    name="FDG",
    radionuclides=("F-18",),
    codes=(Code("35321007", "SCT", "Fluorodeoxyglucose F^18^"),),  # PS3.16 CID 4021
)
F18 = Radionuclide(
    name="F-18",
    half_life_s=6586.2,  # 109.77 min, ICRP 107
    codes=(Code("77004003", "SCT", "^18^Fluorine"),),  # PS3.16 CID 4020
    positron_emitter=True,
)
# Both cover z = +18 to -942 mm; slices of PET and CT differ, as they do on scanners.
PET = PetProtocol(grid=Grid(matrix=128, pixel_mm=4.07283, slices=240, slice_mm=4.0, top_mm=16.0))
CT = CtProtocol(grid=Grid(matrix=256, pixel_mm=2.0, slices=192, slice_mm=5.0, top_mm=15.5))

_STUDY_AT = datetime(2025, 3, 12, 9, 50)  # noqa: DTZ001  DICOM times are the scanner's local ones
_CT_SERIES, _PET_SERIES = 2, 3
_PET_FULL_SCALE = 32767  # the largest value of a slice fills 15 bits, as scanners do
_CT_OFFSET = 1024
_SHOWN_SUV = (0.0, 7.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedStudy:
    """What was written, and where.

    Parameters
    ----------
    pet, ct : instances in order of rising z
    truth : JSON with the findings (centre in LPS mm, radius, SUVbw) and organ values as put in
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
class _Visit:
    """Everything that the seed decides, before any voxel."""

    seed: int
    pet: PetProtocol
    ct: CtProtocol
    phantom: Phantom
    uptake: Mapping[Tissue, float]
    facts: StudyFacts
    injection: Injection
    ct_at: datetime
    pet_at: datetime
    beds: tuple[BedTimes, ...]

    @property
    def suvbw_factor(self) -> float:
        """SUVbw per Bq/ml at the start of the PET series: weight in g over activity in Bq."""
        return self.facts.weight_kg * 1000 / self.injection.activity_at_bq(self.pet_at)


def simulate(
    out: Path, *, seed: int = 1, pet: PetProtocol = PET, ct: CtProtocol = CT
) -> SimulatedStudy:
    """Write ``PT/*.dcm``, ``CT/*.dcm`` and ``truth.json`` of one made-up patient.

    The same arguments give the same bytes. The default needs about 0.5 GiB of memory, a few
    seconds and 14 MB of disk.

    Parameters
    ----------
    out : folder, made where it is absent; files of the same name are replaced
    seed : 0 or more; decides patient, findings and noise
    pet, ct : how it is scanned; another protocol has other UIDs

    Raises
    ------
    ConfigError
        Where the seed is negative.
    """
    if seed < 0:
        raise ConfigError(
            file=f"simulate {NAME}", key="seed", value=seed, allowed="whole numbers from 0"
        )
    visit = _draw_visit(seed, pet, ct)
    return SimulatedStudy(
        folder=out,
        ct=_write_ct(out / "CT", visit),
        pet=_write_pet(out / "PT", visit),
        truth=write_truth(out / "truth.json", visit.phantom, visit.uptake, _study_truth(visit)),
        study_instance_uid=visit.facts.uid("study"),
    )


def _random(seed: int, purpose: int) -> np.random.Generator:
    """One stream per purpose, so that a change of the noise leaves the patient alone."""
    return np.random.default_rng((seed, purpose))


def _draw_visit(seed: int, pet: PetProtocol, ct: CtProtocol) -> _Visit:
    phantom = draw_phantom(_random(seed, 0))
    random = _random(seed, 2)
    build = phantom.build
    pet_at = _STUDY_AT + timedelta(minutes=4)
    injection = Injection(
        activity_bq=round(build.weight_kg * random.uniform(3.4, 4.0)) * 1e6,  # about 3.7 MBq / kg
        given_at=pet_at - timedelta(seconds=int(random.integers(56 * 60, 66 * 60))),
        radionuclide=F18,
    )
    facts = StudyFacts(
        uid_names=(NAME, VERSION, str(seed), repr(pet), repr(ct)),
        patient_id=f"SIM-FDG-{seed}",
        patient_name="Phantom^FDG",
        age_years=int(random.integers(40, 80)),
        size_m=build.height_m,
        weight_kg=build.weight_kg,
        started_at=_STUDY_AT,
        description="Simulated FDG PET/CT whole body",
        software_version=VERSION,
    )
    return _Visit(
        seed=seed,
        pet=pet,
        ct=ct,
        phantom=phantom,
        uptake=draw_uptake(FDG_UPTAKE, _random(seed, 1)),
        facts=facts,
        injection=injection,
        ct_at=_STUDY_AT + timedelta(minutes=2),
        pet_at=pet_at,
        beds=bed_times(pet, pet_at, F18.half_life_s),
    )


def _write_ct(folder: Path, visit: _Visit) -> tuple[Path, ...]:
    """CT without contrast medium, JPEG-LS lossless as archives keep it: a quarter of the size."""
    facts, geometry = visit.facts, visit.ct.grid.geometry(visit.facts.frame_of_reference_uid)
    values = {tissue: found.hounsfield for tissue, found in ATTENUATION.items()}
    tumours = [values[Tissue.TUMOUR]] * len(visit.phantom.findings)
    truth = visit.phantom.render(axes_of(geometry), values, tumours)
    stored = (scan_ct(truth, visit.ct, _random(visit.seed, 3)) + _CT_OFFSET).astype(np.uint16)
    shared = {
        **study_attributes(facts),
        **series_attributes(facts, _CT_SERIES, "CT low dose", visit.ct_at),
        **ct_attributes(visit.ct, visit.ct_at),
    }
    images = [
        image_attributes(facts, _CT_SERIES, geometry, index, visit.ct_at)
        for index in range(len(stored))
    ]
    return write_series(folder, stored, shared, images, compressed=True)


def _write_pet(folder: Path, visit: _Visit) -> tuple[Path, ...]:
    """PET in Bq/ml, decay-corrected to the start of the series, uncompressed."""
    facts, geometry = visit.facts, visit.pet.grid.geometry(visit.facts.frame_of_reference_uid)
    activity = _pet_suv(visit, axes_of(geometry)).astype(np.float64) / visit.suvbw_factor
    slopes = [decimal(max(float(plane.max()), 1.0) / _PET_FULL_SCALE) for plane in activity]
    steps = np.array([float(slope) for slope in slopes])[:, None, None]
    low, high = (suv / visit.suvbw_factor for suv in _SHOWN_SUV)
    shared = {
        **study_attributes(facts),
        **series_attributes(facts, _PET_SERIES, "PET FDG AC", visit.pet_at),
        **pet_attributes(visit.pet, FDG, visit.injection, ((low + high) / 2, high - low)),
    }
    images = []
    for index, slope in enumerate(slopes):
        bed = visit.beds[visit.pet.bed_of(index)]
        images.append(
            {
                **image_attributes(facts, _PET_SERIES, geometry, index, bed.started_at),
                **pet_image_attributes(bed, slope, image_index=index + 1),
            }
        )
    stored = np.rint(activity / steps).astype(np.uint16)
    return write_series(folder, stored, shared, images, compressed=False)


def _pet_suv(visit: _Visit, axes: Axes) -> Floats:
    """SUVbw as the scanner gives it; later beds have less left to count."""
    hot = [finding.suv for finding in visit.phantom.findings]
    truth = visit.phantom.render(axes, visit.uptake, hot)
    mbq_s_per_kg = [
        visit.injection.activity_at_bq(bed.started_at)
        / 1e6
        / visit.facts.weight_kg
        * visit.pet.bed_duration_s
        for bed in visit.beds
    ]
    counts = [mbq_s_per_kg[visit.pet.bed_of(index)] for index in range(visit.pet.grid.slices)]
    return scan_pet(truth, visit.pet, counts, _random(visit.seed, 4))


def _study_truth(visit: _Visit) -> dict[str, object]:
    facts = visit.facts
    return {
        "simulation": NAME,
        "version": VERSION,
        "seed": visit.seed,
        "tracer": FDG.name,
        "study_instance_uid": facts.uid("study"),
        "ct_series_instance_uid": facts.uid("series", _CT_SERIES),
        "pet_series_instance_uid": facts.uid("series", _PET_SERIES),
        "frame_of_reference_uid": facts.frame_of_reference_uid,
        "suvbw_factor": visit.suvbw_factor,
        "resolution_fwhm_mm": visit.pet.resolution_fwhm_mm,
    }
