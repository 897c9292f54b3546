"""A small FDG PET/CT study, head to thighs, of one made-up patient, for demo and tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    scan_pet,
)
from algorithms.simulation.anatomy import Phantom, draw_phantom
from algorithms.simulation.headers import StudyFacts
from algorithms.simulation.petct_series import (
    CT_SERIES,
    PET_SERIES,
    STUDY_AT,
    PetSeries,
    SimulatedStudy,
    write_ct,
    write_pet,
)
from algorithms.simulation.shapes import Floats, axes_of
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

_SHOWN_SUV = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """Everything that the seed decides, before any voxel."""

    seed: int
    pet: PetProtocol
    ct: CtProtocol
    phantom: Phantom
    uptake: Mapping[Tissue, float]
    facts: StudyFacts
    ct_at: datetime
    series: PetSeries


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
        ct=write_ct(
            out / "CT", _ct_hounsfield(visit), facts=visit.facts, protocol=ct, at=visit.ct_at
        ),
        pet=write_pet(out / "PT", _pet_suv(visit), visit.series),
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
    pet_at = STUDY_AT + timedelta(minutes=4)
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
        started_at=STUDY_AT,
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
        ct_at=STUDY_AT + timedelta(minutes=2),
        series=PetSeries(
            facts=facts,
            protocol=pet,
            tracer=FDG,
            injection=injection,
            at=pet_at,
            beds=bed_times(pet, pet_at, F18.half_life_s),
            shown_suv=_SHOWN_SUV,
        ),
    )


def _ct_hounsfield(visit: _Visit) -> NDArray[np.int16]:
    """CT without contrast medium."""
    axes = axes_of(visit.ct.grid.geometry(visit.facts.frame_of_reference_uid))
    values = {tissue: found.hounsfield for tissue, found in ATTENUATION.items()}
    tumours = [values[Tissue.TUMOUR]] * len(visit.phantom.findings)
    return scan_ct(visit.phantom.render(axes, values, tumours), visit.ct, _random(visit.seed, 3))


def _pet_suv(visit: _Visit) -> Floats:
    """SUVbw as the scanner gives it; later beds have less left to count."""
    axes = axes_of(visit.pet.grid.geometry(visit.facts.frame_of_reference_uid))
    hot = [finding.suv for finding in visit.phantom.findings]
    truth = visit.phantom.render(axes, visit.uptake, hot)
    mbq_s_per_kg = [
        visit.series.injection.activity_at_bq(bed.started_at)
        / 1e6
        / visit.facts.weight_kg
        * visit.pet.bed_duration_s
        for bed in visit.series.beds
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
        "ct_series_instance_uid": facts.uid("series", CT_SERIES),
        "pet_series_instance_uid": facts.uid("series", PET_SERIES),
        "frame_of_reference_uid": facts.frame_of_reference_uid,
        "suvbw_factor": visit.series.suvbw_factor,
        "resolution_fwhm_mm": visit.pet.resolution_fwhm_mm,
    }
