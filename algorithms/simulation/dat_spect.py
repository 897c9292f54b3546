"""A reconstructed ioflupane SPECT of one made-up head, for demonstration, tests and evaluation."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from algorithms.simulation.brain_headers import HABITS, nm_attributes
from algorithms.simulation.brain_scan import FIRST, BrainScan, World, camera_grid, scan_person
from algorithms.simulation.brain_uptake import Group
from algorithms.simulation.dicom_objects import write_frames
from algorithms.simulation.headers import StudyFacts
from algorithms.simulation.nm_headers import Way
from algorithms.toolbox.brain_template import read_brain_template
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.geometry import Geometry

NAME = "dat-spect"
VERSION = "1.0.0"  # a change of any byte is a new version, and so new UIDs

_STUDY_AT = datetime(2025, 3, 12, 13, 30)  # noqa: DTZ001  DICOM times are the scanner's local ones
_MOST_STORED = 30_000
# Of ten seeds: five with a deficit, one suspected of it without, four controls.
_GROUPS = (*(Group.DEFICIT, Group.CONTROL) * 4, Group.DEFICIT, Group.WITHOUT_DEFICIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedBrain:
    """What was written, and where.

    Parameters
    ----------
    truth : JSON with group, binding put in, and the UIDs
    """

    folder: Path
    image: Path
    truth: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """Every DICOM file."""
        return (self.image,)


def simulate(
    out: Path,
    *,
    seed: int = 1,
    way: Way | None = None,
    group: Group | None = None,
    world: World = FIRST,
) -> SimulatedBrain:
    """Write ``NM/0001.dcm`` and ``truth.json`` of one made-up head.

    The same arguments give the same bytes; about 3 s of one core and 2 MB of disk.

    Parameters
    ----------
    out : folder, made where it is absent; files of the same name are replaced
    seed : 0 or more; decides everything that is not given
    way : whose headers; None for the seed to decide
    group : None for the seed to decide

    Raises
    ------
    ConfigError
        Where the seed is negative, or nilearn is not installed.
    """
    if seed < 0:
        allowed = "whole numbers from 0"
        raise ConfigError(file=f"simulate {NAME}", key="seed", value=seed, allowed=allowed)
    chosen = tuple(Way)[seed % len(Way)] if way is None else way
    people = _GROUPS[seed % len(_GROUPS)] if group is None else group
    facts = _facts(seed, chosen, people, world)
    grid = _grid(chosen, facts.frame_of_reference_uid)
    random = np.random.default_rng((seed, 10))
    scan = scan_person(people, read_brain_template(), grid, random, world)
    facts = replace(facts, age_years=scan.uptake.age_years)
    stored = np.rint(scan.image * (_MOST_STORED / float(scan.image.max()))).astype(np.uint16)
    # IS holds 32 bits (PS3.5 6.2): the camera counts before images are scaled to fill 15.
    attributes = nm_attributes(facts, chosen, scan.geometry, _STUDY_AT, int(scan.image.sum()))
    return SimulatedBrain(
        folder=out,
        image=write_frames(out / "NM" / "0001.dcm", stored, attributes),
        truth=_write_truth(out / "truth.json", scan, facts, chosen, seed),
    )


def _grid(way: Way, uid: str) -> Geometry:
    habit = HABITS[way]
    return camera_grid(
        matrix=habit.matrix,
        pixel_mm=habit.pixel_mm,
        slices=habit.slices,
        slice_mm=habit.slice_mm,
        uid=uid,
    )


def _facts(seed: int, way: Way, group: Group, world: World) -> StudyFacts:
    return StudyFacts(
        uid_names=(NAME, VERSION, str(seed), way, group, repr(world)),
        patient_id=f"SIM-DAT-{seed}",
        patient_name="Phantom^DAT",
        age_years=60,  # until it is drawn
        size_m=1.74,
        weight_kg=76.0,
        started_at=_STUDY_AT,
        description="Simulated dopamine transporter SPECT",
        software_version=VERSION,
    )


def _write_truth(path: Path, scan: BrainScan, facts: StudyFacts, way: Way, seed: int) -> Path:
    uptake = scan.uptake
    truth = {
        "simulation": NAME,
        "version": VERSION,
        "seed": seed,
        "tracer": "IOFLUPANE",
        "headers": way,
        "study_instance_uid": facts.uid("study"),
        "group": uptake.group,
        "resolution_fwhm_mm": scan.fwhm_mm,
        "binding": {
            side: {
                "caudate": found.caudate,
                "putamen_front": found.putamen_front,
                "putamen_back": found.putamen_back,
                "loss": uptake.loss[side],
            }
            for side, found in uptake.binding.items()
        },
    }
    path.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return path
