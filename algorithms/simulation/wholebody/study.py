"""A whole-body PET/CT study of one patient of the training world as a scanner's DICOM."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from algorithms.simulation.acquisition import (
    CtProtocol,
    Grid,
    Injection,
    PetProtocol,
    bed_times,
    scan_ct,
)
from algorithms.simulation.headers import StudyFacts
from algorithms.simulation.petct_series import (
    PET_SERIES,
    STUDY_AT,
    PetSeries,
    SimulatedStudy,
    write_ct,
    write_pet,
)
from algorithms.simulation.shapes import axes_of
from algorithms.simulation.wholebody.canvas import paint_lesions, paint_patient
from algorithms.simulation.wholebody.injections import PHARMACEUTICALS
from algorithms.simulation.wholebody.patient import LESION, Patient, Scan, draw_patient, scan
from algorithms.simulation.wholebody.scanner import shifted
from algorithms.simulation.wholebody.worlds import VERSION, world
from dicom_node.domain.errors import ConfigError

_HALF_WIDTH_MM = 345.0  # of both images; arms along the trunk fit
_CT_MATRIX, _CT_SLICE_MM = 256, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """Everything of a study that is no voxel."""

    patient: Patient
    facts: StudyFacts
    ct: CtProtocol
    series: PetSeries


def simulate_fdg(out: Path, *, seed: int = 1) -> SimulatedStudy:
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


def simulate_psma(out: Path, *, seed: int = 1) -> SimulatedStudy:
    """Write a PSMA PET/CT as `simulate_fdg` does; the seed decides the ligand as well."""
    return _simulate("psma", out, seed)


def _simulate(family: str, out: Path, seed: int) -> SimulatedStudy:
    name = f"{family}-wholebody"
    if seed < 0:
        raise ConfigError(
            file=f"simulate {name}", key="seed", value=seed, allowed="whole numbers from 0"
        )
    visit = _visit(name, draw_patient(world(family, "usual"), seed))
    geometry = visit.series.protocol.grid.geometry(visit.facts.frame_of_reference_uid)
    found = scan(visit.patient, axes_of(geometry))
    out.mkdir(parents=True, exist_ok=True)
    truth = out / "truth.json"
    truth.write_text(json.dumps(_truth(name, visit, found), indent=1) + "\n", encoding="utf-8")
    at = STUDY_AT + timedelta(minutes=2)
    return SimulatedStudy(
        folder=out,
        ct=write_ct(out / "CT", _ct_hounsfield(visit), facts=visit.facts, protocol=visit.ct, at=at),
        pet=write_pet(out / "PT", found.suv, visit.series),
        truth=truth,
        study_instance_uid=visit.facts.uid("study"),
    )


def _visit(name: str, patient: Patient) -> _Visit:
    random, habitus = patient.random(7), patient.habitus
    given = PHARMACEUTICALS[patient.tracer.key]
    pet_at = STUDY_AT + timedelta(minutes=4)
    waited = timedelta(seconds=int(60 * random.uniform(*given.uptake_min)))
    activity = round(habitus.weight_kg * random.uniform(*given.mbq_per_kg)) * 1e6
    facts = StudyFacts(
        uid_names=(name, VERSION, str(patient.seed)),
        patient_id=f"SIM-WB-{patient.tracer.key}-{patient.seed}",
        patient_name=f"Phantom^{patient.tracer.key}",
        age_years=habitus.age_years,
        size_m=habitus.height_m,
        weight_kg=habitus.weight_kg,
        started_at=STUDY_AT,
        description=f"Simulated {patient.tracer.key} PET/CT whole body",
        software_version=VERSION,
        sex=habitus.sex,
    )
    pet = _pet_protocol(patient)
    injection = Injection(
        activity_bq=activity, given_at=pet_at - waited, radionuclide=given.nuclide
    )
    return _Visit(
        patient=patient,
        facts=facts,
        ct=CtProtocol(grid=_ct_grid(patient)),
        series=PetSeries(
            facts=facts,
            protocol=pet,
            tracer=given.tracer,
            injection=injection,
            at=pet_at,
            beds=bed_times(pet, pet_at, given.nuclide.half_life_s),
            shown_suv=7.0 if patient.tracer.key == "FDG" else 15.0,
        ),
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


def _ct_hounsfield(visit: _Visit) -> NDArray[np.int16]:
    """Low-dose CT, the diaphragm where it stood during the CT."""
    patient = visit.patient
    geometry = visit.ct.grid.geometry(visit.facts.frame_of_reference_uid)
    canvas = paint_patient(axes_of(geometry), patient.pieces, patient.uptake)
    paint_lesions(canvas, patient.lesions)
    moved = shifted(
        canvas.hounsfield, canvas.axes, patient.scanner.mismatch_mm, patient.habitus.tall
    )
    return scan_ct(moved, visit.ct, patient.random(8))


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
        "pet_series_instance_uid": facts.uid("series", PET_SERIES),
        "suvbw_factor": visit.series.suvbw_factor,
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
