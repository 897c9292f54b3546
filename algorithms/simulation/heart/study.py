"""A myocardial perfusion study of one made-up patient: rest and stress as DICOM, and the truth."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from algorithms.simulation.brain_scan import camera_grid
from algorithms.simulation.dicom_objects import write_frames
from algorithms.simulation.headers import StudyFacts
from algorithms.simulation.heart.headers import HEART_HABITS, Drug, heart_attributes
from algorithms.simulation.heart.patient import Patient, State, draw_patient, scan
from algorithms.simulation.heart.truth import mean_heart, true_axis
from algorithms.simulation.heart.worlds import VERSION, World, world
from algorithms.simulation.nm_headers import Way
from algorithms.toolbox.heart_segments import Vessel
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.geometry import Geometry

NAME = "mpi-spect"
_STUDY_AT = datetime(2025, 4, 2, 8, 15)  # noqa: DTZ001  DICOM times are the scanner's local ones
_LATER = {State.REST: timedelta(0), State.STRESS: timedelta(hours=3)}
_MOST_STORED = 30_000
_GATES = (8, 16, 1)  # in turn with the seed


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedHeart:
    """What was written, and where."""

    folder: Path
    images: dict[State, Path]
    truth: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """Every DICOM file."""
        return tuple(self.images.values())


def simulate(
    out: Path,
    *,
    seed: int = 1,
    way: Way | None = None,
    drug: Drug | None = None,
    gates: int | None = None,
    short_axis: bool = False,
    of: World | None = None,
) -> SimulatedHeart:
    """Write ``rest/0001.dcm``, ``stress/0001.dcm`` and ``truth.json`` of one made-up patient.

    The same arguments give the same bytes.

    Parameters
    ----------
    out : folder, made where it is absent; files of the same name are replaced
    seed : 0 or more; decides everything that is not given
    gates : 8 or 16 frames of the beat, 1 for a scan that is not gated
    short_axis : whether the reconstruction was turned into short-axis slices

    Raises
    ------
    ConfigError
        Where the seed is negative.
    """
    if seed < 0:
        allowed = "whole numbers from 0"
        raise ConfigError(file=f"simulate {NAME}", key="seed", value=seed, allowed=allowed)
    chosen = tuple(Way)[seed % len(Way)] if way is None else way
    given = tuple(Drug)[seed // 3 % len(Drug)] if drug is None else drug
    frames = _GATES[seed % len(_GATES)] if gates is None else gates
    where = world("held-out") if of is None else of
    patient = draw_patient(where, seed)
    names = (NAME, VERSION, str(seed), chosen, given, str(frames), str(short_axis), where.name)
    facts = _facts(names, seed)
    images = {}
    for state in State:
        geometry = grid_of(patient, state, chosen, facts.frame_of_reference_uid, short_axis)
        made = scan(patient, state, geometry, gates=frames)
        attributes = heart_attributes(
            facts,
            chosen,
            state,
            drug=given,
            geometry=geometry,
            start=facts.started_at + _LATER[state],
            counts=int(made.gates.sum()),
            gates=frames,
            corrected=patient.optics[state].depth_loss == 0.0,
        )
        stored = np.rint(made.gates * (_MOST_STORED / float(made.gates.max()))).astype(np.uint16)
        planes = stored.reshape(-1, *geometry.shape[1:])
        images[state] = write_frames(out / state / "0001.dcm", planes, attributes)
    truth = _write_truth(out / "truth.json", patient, facts, seed, (chosen, given, frames))
    return SimulatedHeart(folder=out, images=images, truth=truth)


def grid_of(patient: Patient, state: State, way: Way, uid: str, short_axis: bool) -> Geometry:
    """Grid of a maker's reconstruction; short-axis slices go from apex to base."""
    habit = HEART_HABITS[way]
    grid = camera_grid(
        matrix=habit.matrix,
        pixel_mm=habit.pixel_mm,
        slices=habit.slices,
        slice_mm=habit.slice_mm,
        uid=uid,
    )
    affine = grid.affine.copy()
    if not short_axis:
        affine[:3, 3] += (-30.0, 0.0, 0.0)  # the middle of the scanner is not the heart
        return replace(grid, affine=affine)
    axis = true_axis(patient, state)
    middle = axis.base_mm + 0.5 * axis.length_mm * axis.direction
    ways = np.stack([-axis.direction, -axis.anterior, axis.lateral], axis=1)
    slices, side = round(140.0 / habit.pixel_mm), round(240.0 / habit.pixel_mm)
    affine[:3, :3] = ways * habit.pixel_mm
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array((slices, side, side)) - 1) / 2)
    return Geometry(affine=affine, shape=(slices, side, side), frame_of_reference_uid=uid)


def _facts(names: tuple[str, ...], seed: int) -> StudyFacts:
    return StudyFacts(
        uid_names=names,
        patient_id=f"SIM-MPI-{seed}",
        patient_name="Phantom^MPI",
        age_years=63,
        size_m=1.72,
        weight_kg=80.0,
        started_at=_STUDY_AT,
        description="Simulated perfusion study",
        software_version=VERSION,
        sex="F" if seed % 2 else "M",
    )


def _write_truth(
    path: Path,
    patient: Patient,
    facts: StudyFacts,
    seed: int,
    chosen: tuple[Way, Drug, int],
) -> Path:
    way, drug, gates = chosen
    hearts = {
        state: {
            "end_diastolic_ml": heart.cavity_ml,
            "mean_volume_ml": mean_heart(patient, state).cavity_ml,
            "ejection_fraction_percent": 100 * heart.ejection,
            "direction": [float(v) for v in heart.direction],
        }
        for state, heart in patient.hearts.items()
    }
    truth = {
        "simulation": NAME,
        "version": VERSION,
        "seed": seed,
        "tracer": drug,
        "headers": way,
        "gates": gates,
        "study_instance_uid": facts.uid("study"),
        "vessels": [vessel for vessel in Vessel if patient.perfusion.diseased(vessel)],
        "defects": [
            {"vessel": d.vessel, "severity": d.severity, "left_at_rest": d.fixed}
            for d in patient.perfusion.defects
        ],
        "hearts": hearts,
    }
    path.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return path
