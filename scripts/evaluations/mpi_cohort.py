"""Simulated hearts measured by mpi-spect, one JSON line each; what is there is kept."""

import json
import time
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from algorithms.mpi_spect import WEIGHTS
from algorithms.mpi_spect.algorithm import MpiSpect, Parameters
from algorithms.mpi_spect.limits import Limits
from algorithms.mpi_spect.measurements import masks_of
from algorithms.simulation.heart.patient import Patient, Scan, State, draw_patient, scan
from algorithms.simulation.heart.truth import true_axis, true_shares, whole_beat
from algorithms.simulation.heart.worlds import world
from algorithms.toolbox.card import FILE_NAME, read_card
from algorithms.toolbox.heart_net.network import read_net
from algorithms.toolbox.heart_segments import Vessel
from algorithms.training.heart_examples import draw_grid
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.series import Exam, ExamKind, SeriesKey
from dicom_node.domain.tracer import TracerFinding
from dicom_node.domain.volume import FrameSource, UnitProvenance, Volume

_FIRST_SEED = 500_000_000  # beyond every patient of a training
_GATED_EVERY = 4  # of cases that are not learnt from: eight or sixteen exposures instead of one
_GATES = (8, 16)
CALIBRATION = "calibration"  # gated hearts of the training world, which set the stroke factor
_APART = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One scan and what was measured of it."""

    world: str
    number: int
    state: str
    vessels: tuple[str, ...]
    severity: float
    gates: int
    refused: str = ""
    wall_dice: float = 0.0
    cavity_dice: float = 0.0
    axis_deg: float = 0.0
    plane_mm: float = 0.0
    polar: tuple[tuple[float, ...], ...] = ()
    ejection: float | None = None
    true_ejection: float = 0.0
    volume_ml: float | None = None
    true_volume_ml: float = 0.0
    cpu_s: float = 0.0


def cohort(path: Path, wanted: dict[str, int]) -> list[Case]:
    """Cases of each world, numbers from 0; those that the file has are not made again."""
    found = read_cases(path)
    have = {(case.world, case.number) for case in found}
    todo = [
        (name, number)
        for name, count in wanted.items()
        for number in range(count)
        if (name, number) not in have
    ]
    if todo:
        algorithm = measuring()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            for name, number in todo:
                case = one_case(algorithm, name, number)
                found.append(case)
                file.write(json.dumps(asdict(case)) + "\n")
                file.flush()
    return [case for case in found if case.number < wanted.get(case.world, 0)]


def read_cases(path: Path) -> list[Case]:
    """Cases of a file; none where there is no file."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Case(**json.loads(line)) for line in lines]


def measuring() -> MpiSpect:
    """The algorithm without limits and vessel model, which are made of what it measures."""
    folder = files("algorithms.mpi_spect")
    card = read_card(folder / FILE_NAME)
    return MpiSpect(
        parameters=Parameters.from_card(card),
        net=read_net(folder / WEIGHTS, card.weights_sha256, name=card.name, version=card.version),
        limits=Limits(name="none", subjects={}, means={}, sds={}),
        vessels=None,
    )


def one_case(algorithm: MpiSpect, name: str, number: int) -> Case:
    """Simulate and measure one: stress of two in three patients, rest of the third."""
    of = world("training" if name == CALIBRATION else name)
    first = _FIRST_SEED + (_APART if name == CALIBRATION else 0)
    patient = draw_patient(of, first + number)
    state = State.REST if number % 3 == 2 else State.STRESS
    random = np.random.default_rng((first, number, of.seed))
    grid = draw_grid(patient, state, random)
    gated = name == CALIBRATION or (name != "training" and number % _GATED_EVERY == 0)
    gates = _GATES[number // _GATED_EVERY % 2] if gated else 1
    made = scan(patient, state, grid, gates=gates)
    heart = patient.hearts[state]
    facts = {
        "world": name,
        "number": number,
        "state": str(state),
        "vessels": tuple(v for v in Vessel if patient.perfusion.diseased(v)),
        "severity": max((d.severity for d in patient.perfusion.defects), default=0.0),
        "gates": gates,
        "true_ejection": 100 * heart.ejection,
        "true_volume_ml": heart.cavity_ml,
    }
    started = time.process_time()
    try:
        found = algorithm.measured(volume_of(made, state))
    except InputRejected as refusal:
        return Case(**facts, refused=str(refusal))
    cpu_s = time.process_time() - started
    return Case(**facts, **_against_truth(found, patient, state, grid), cpu_s=cpu_s)


def _against_truth(found, patient: Patient, state: State, grid) -> dict[str, object]:
    wall, cavity = true_shares(whole_beat(patient, state), grid)
    solid = wall + cavity > 0.5
    muscle = solid & (wall > cavity)
    numbers, inside = masks_of(found, grid)
    truth, axis = true_axis(patient, state), found.posed.axis
    cosine = float(np.clip(axis.direction @ truth.direction, -1, 1))
    return {
        "wall_dice": _dice(numbers > 0, muscle),
        "cavity_dice": _dice(inside, solid & ~muscle),
        "axis_deg": float(np.degrees(np.arccos(cosine))),
        "plane_mm": float((axis.base_mm - truth.base_mm) @ truth.direction),
        "polar": tuple(tuple(round(float(v), 2) for v in ring) for ring in found.polar),
        "ejection": None if found.function is None else found.function.ejection_percent,
        "volume_ml": None if found.function is None else found.function.end_diastolic_ml,
    }


def volume_of(made: Scan, state: State) -> Volume:
    """The scan as the node would hand it over."""
    gates = made.gates.shape[0]
    return Volume(
        array=made.image,
        geometry=made.geometry,
        unit=Unit.COUNTS,
        tracer=TracerFinding(tracer="SESTAMIBI", evidence="simulated"),
        key=SeriesKey(study_instance_uid="1.2", series_instance_uid="1.3"),
        frames=tuple(
            FrameSource(sop_class_uid="1.2", sop_instance_uid="1.4", frame_number=n + 1)
            for n in range(made.geometry.shape[0])
        ),
        unit_provenance=UnitProvenance(stored_unit="counts", rule="simulated"),
        exam=Exam(kind=ExamKind.STATIC, phase=str(state), target="heart"),
        gates=tuple(made.gates) if gates > 1 else (),
    )


def _dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.count_nonzero(one & other) / max(1, one.sum() + other.sum()))
