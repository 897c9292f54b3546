"""A whole-body PET/CT study of one patient of the training world as a scanner's DICOM."""

import json
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
)
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
from algorithms.simulation.shapes import axes_of
from algorithms.simulation.wholebody.canvas import paint_lesions, paint_patient
from algorithms.simulation.wholebody.injections import PHARMACEUTICALS, Pharmaceutical
from algorithms.simulation.wholebody.patient import LESION, Patient, Scan, draw_patient, scan
from algorithms.simulation.wholebody.scanner import shifted
from algorithms.simulation.wholebody.worlds import VERSION, world
from dicom_node.domain.errors import ConfigError

_STUDY_AT = datetime(2025, 3, 12, 9, 50)  # noqa: DTZ001  DICOM times are the scanner's local ones
_CT_SERIES, _PET_SERIES = 2, 3
_PET_FULL_SCALE = 32767
_CT_OFFSET = 1024
_HALF_WIDTH_MM = 345.0  # of both images; arms along the trunk fit
_CT_MATRIX, _CT_SLICE_MM = 256, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeBodyStudy:
    """What was written: instances in order of rising z, and the truth as JSON."""

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
    """Everything of a study that is no voxel."""

    patient: Patient
    given: Pharmaceutical
    facts: StudyFacts
    injection: Injection
    pet_at: datetime
    pet: PetProtocol
    ct: CtProtocol
    beds: tuple[BedTimes, ...]

    @property
    def suvbw_factor(self) -> float:
        """SUVbw per Bq/ml at the start of the PET series."""
        return self.facts.weight_kg * 1000 / self.injection.activity_at_bq(self.pet_at)


def simulate_fdg(out: Path, *, seed: int = 1) -> WholeBodyStudy:
    """Write an FDG PET/CT: ``PT/*.dcm``, ``CT/*.dcm`` and ``truth.json``.

    The same seed gives the same bytes; about 10 s of one core and 1 GiB of memory.

    Parameters
    ----------
    out : folder, made where it is absent; files of the same name are replaced
    seed : 0 or more; decides patient, lesions, scanner and noise

    Raises
    ------
    ConfigError
        Where the seed is negative.
    """
    return _simulate("fdg", out, seed)


def simulate_psma(out: Path, *, seed: int = 1) -> WholeBodyStudy:
    """Write a PSMA PET/CT as `simulate_fdg` does; the seed decides the ligand as well."""
    return _simulate("psma", out, seed)


def _simulate(family: str, out: Path, seed: int) -> WholeBodyStudy:
    name = f"{family}-wholebody"
    if seed < 0:
        raise ConfigError(
            file=f"simulate {name}", key="seed", value=seed, allowed="whole numbers from 0"
        )
    visit = _visit(name, draw_patient(world(family, "training"), seed))
    geometry = visit.pet.grid.geometry(visit.facts.frame_of_reference_uid)
    found = scan(visit.patient, axes_of(geometry))
    out.mkdir(parents=True, exist_ok=True)
    truth = out / "truth.json"
    truth.write_text(json.dumps(_truth(name, visit, found), indent=1) + "\n", encoding="utf-8")
    return WholeBodyStudy(
        ct=_write_ct(out / "CT", visit),
        pet=_write_pet(out / "PT", visit, found),
        truth=truth,
        study_instance_uid=visit.facts.uid("study"),
    )


def _visit(name: str, patient: Patient) -> _Visit:
    random, habitus = patient.random(7), patient.habitus
    given = PHARMACEUTICALS[patient.tracer.key]
    pet_at = _STUDY_AT + timedelta(minutes=4)
    waited = timedelta(seconds=int(60 * random.uniform(*given.uptake_min)))
    activity = round(habitus.weight_kg * random.uniform(*given.mbq_per_kg)) * 1e6
    facts = StudyFacts(
        uid_names=(name, VERSION, str(patient.seed)),
        patient_id=f"SIM-WB-{patient.tracer.key}-{patient.seed}",
        patient_name=f"Phantom^{patient.tracer.key}",
        age_years=habitus.age_years,
        size_m=habitus.height_m,
        weight_kg=habitus.weight_kg,
        started_at=_STUDY_AT,
        description=f"Simulated {patient.tracer.key} PET/CT whole body",
        software_version=VERSION,
        sex=habitus.sex,
    )
    pet = _pet_protocol(patient)
    return _Visit(
        patient=patient,
        given=given,
        facts=facts,
        injection=Injection(
            activity_bq=activity, given_at=pet_at - waited, radionuclide=given.nuclide
        ),
        pet_at=pet_at,
        pet=pet,
        ct=CtProtocol(grid=_ct_grid(patient)),
        beds=bed_times(pet, pet_at, given.nuclide.half_life_s),
    )


def _pet_protocol(patient: Patient) -> PetProtocol:
    slice_mm, pixel_mm, _ = patient.scanner.voxel_mm
    bottom, top = patient.z_mm
    grid = Grid(
        matrix=2 * round(_HALF_WIDTH_MM / pixel_mm),
        pixel_mm=pixel_mm,
        slices=int((top - bottom) / slice_mm),
        slice_mm=slice_mm,
        top_mm=round(top, 1),
    )
    return PetProtocol(
        grid=grid,
        resolution_fwhm_mm=patient.scanner.fwhm_mm,
        bed_slices=max(1, round(patient.scanner.bed_mm / slice_mm)),
    )


def _ct_grid(patient: Patient) -> Grid:
    bottom, top = patient.z_mm
    return Grid(
        matrix=_CT_MATRIX,
        pixel_mm=round(2 * _HALF_WIDTH_MM / _CT_MATRIX, 4),
        slices=int((top - bottom) / _CT_SLICE_MM),
        slice_mm=_CT_SLICE_MM,
        top_mm=round(top - 0.7, 1),  # slices of CT and PET differ, as they do on scanners
    )


def _write_ct(folder: Path, visit: _Visit) -> tuple[Path, ...]:
    """Low-dose CT, the diaphragm where it stood during the CT; JPEG-LS lossless."""
    facts, patient = visit.facts, visit.patient
    geometry = visit.ct.grid.geometry(facts.frame_of_reference_uid)
    canvas = paint_patient(axes_of(geometry), patient.pieces, patient.uptake)
    paint_lesions(canvas, patient.lesions)
    moved = shifted(
        canvas.hounsfield, canvas.axes, patient.scanner.mismatch_mm, patient.habitus.tall
    )
    stored = (scan_ct(moved, visit.ct, patient.random(8)) + _CT_OFFSET).astype(np.uint16)
    at = _STUDY_AT + timedelta(minutes=2)
    shared = {
        **study_attributes(facts),
        **series_attributes(facts, _CT_SERIES, "CT low dose", at),
        **ct_attributes(visit.ct, at),
    }
    images = [
        image_attributes(facts, _CT_SERIES, geometry, index, at) for index in range(len(stored))
    ]
    return write_series(folder, stored, shared, images, compressed=True)


def _write_pet(folder: Path, visit: _Visit, found: Scan) -> tuple[Path, ...]:
    """PET in Bq/ml, decay-corrected to the start of the series, a rescale slope per slice."""
    facts, geometry = visit.facts, visit.pet.grid.geometry(visit.facts.frame_of_reference_uid)
    activity = found.suv.astype(np.float64) / visit.suvbw_factor
    slopes = [decimal(max(float(plane.max()), 1.0) / _PET_FULL_SCALE) for plane in activity]
    steps = np.array([float(slope) for slope in slopes])[:, None, None]
    high = (7.0 if visit.patient.tracer.key == "FDG" else 15.0) / visit.suvbw_factor
    shared = {
        **study_attributes(facts),
        **series_attributes(facts, _PET_SERIES, f"PET {visit.given.tracer.name} AC", visit.pet_at),
        **pet_attributes(visit.pet, visit.given.tracer, visit.injection, (high / 2, high)),
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


def _truth(name: str, visit: _Visit, found: Scan) -> dict[str, object]:
    """Lesions and organ values as put in, in LPS millimetres and SUVbw."""
    patient, facts = visit.patient, visit.facts
    voxel_ml = float(np.prod(patient.scanner.voxel_mm)) / 1000
    return {
        "simulation": name,
        "version": VERSION,
        "seed": patient.seed,
        "tracer": patient.tracer.key,
        "study_instance_uid": facts.uid("study"),
        "pet_series_instance_uid": facts.uid("series", _PET_SERIES),
        "suvbw_factor": visit.suvbw_factor,
        "lesion_ml": float((found.labels == LESION).sum()) * voxel_ml,
        "lesions": [
            {
                "site": lesion.site,
                "centre_mm": lesion.centre_mm,
                "radius_mm": lesion.radius_mm,
                "suvbw": lesion.suv,
                "volume_ml": float((found.lesion == number).sum()) * voxel_ml,
                "hidden": number in found.hidden,
            }
            for number, lesion in enumerate(patient.lesions, start=1)
        ],
        "suvbw_of_organs": {organ.value: value for organ, value in patient.uptake.items()},
    }
