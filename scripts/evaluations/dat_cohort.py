"""Simulated ioflupane scans measured by dat-spect, one JSON line each; what is there is kept."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from algorithms.dat_spect import SPEC
from algorithms.dat_spect.algorithm import DatSpect
from algorithms.dat_spect.normals import values_of
from algorithms.dat_spect.ratios import measure
from algorithms.dat_spect.regions import MEASURED, Regions
from algorithms.simulation.brain_scan import (
    FIRST,
    SECOND,
    BrainScan,
    World,
    camera_grid,
    scan_person,
    true_masks,
    true_reference,
)
from algorithms.simulation.brain_uptake import Group
from algorithms.toolbox.striatum import Nucleus
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.series import SeriesKey
from dicom_node.domain.tracer import TracerFinding
from dicom_node.domain.volume import FrameSource, UnitProvenance, Volume

WORLDS = {world.name: world for world in (FIRST, SECOND)}
# Of twenty: nine with a deficit, eight controls, three suspected without one.
_GROUPS = (*(Group.DEFICIT, Group.CONTROL) * 8, Group.DEFICIT, *(Group.WITHOUT_DEFICIT,) * 3)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One scan: measured, by true regions, and as put in; parts in the order of MEASURED."""

    world: str
    seed: int
    group: str
    age_years: int
    fwhm_mm: float
    refused: str = ""
    measured: tuple[float, ...] = ()
    by_true_regions: tuple[float, ...] = ()
    put_in: tuple[float, ...] = ()
    dice: tuple[float, ...] = ()
    total_counts: tuple[float, ...] = ()
    correlation: float = 0.0
    cpu_s: float = 0.0


def cohort(path: Path, wanted: dict[str, int]) -> list[Case]:
    """Cases of each world, seeds from 0; those that the file has are not made again."""
    found = read_cases(path)
    have = {(case.world, case.seed) for case in found}
    todo = [
        (name, seed)
        for name, count in wanted.items()
        for seed in range(count)
        if (name, seed) not in have
    ]
    if todo:
        loaded = SPEC.load()
        assert isinstance(loaded, DatSpect)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            for name, seed in todo:
                case = one_case(loaded, WORLDS[name], seed)
                found.append(case)
                file.write(json.dumps(asdict(case)) + "\n")
                file.flush()
    return [case for case in found if case.seed < wanted.get(case.world, 0)]


def read_cases(path: Path) -> list[Case]:
    """Cases of a file; none where there is no file."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Case(**json.loads(line)) for line in lines]


def generator(world: World, seed: int) -> np.random.Generator:
    """Decides everything about a case: first the person, then head and scan."""
    return np.random.default_rng((seed, sum(world.name.encode())))


def one_case(algorithm: DatSpect, world: World, seed: int) -> Case:
    """Simulate and measure one."""
    random = generator(world, seed)
    group = _GROUPS[seed % len(_GROUPS)]
    grid = camera_grid(matrix=72, pixel_mm=3.3, slices=64, slice_mm=3.3)
    template = algorithm.atlas.template
    scan = scan_person(group, template, grid, random, world)
    started = time.process_time()
    facts = {
        "world": world.name,
        "seed": seed,
        "group": str(group),
        "age_years": scan.uptake.age_years,
        "fwhm_mm": scan.fwhm_mm,
    }
    try:
        measured = algorithm.measured(volume_of(scan))
    except InputRejected as refusal:
        return Case(**facts, refused=str(refusal))
    cpu_s = time.process_time() - started
    masks = true_masks(scan)
    truth = Regions(
        nuclei=masks,
        reference=true_reference(scan, template),
        surround=measured.regions.surround,
        unspecific=measured.regions.unspecific,
    )
    by_truth = measure(scan.image, truth, grid.voxel_volume_ml, striatum_ml=1.0)
    put_in = {
        (Nucleus.CAUDATE, side): found.caudate for side, found in scan.uptake.binding.items()
    } | {(Nucleus.PUTAMEN, side): found.putamen for side, found in scan.uptake.binding.items()}
    return Case(
        **facts,
        measured=measured.ratios.features,
        by_true_regions=by_truth.features,
        put_in=tuple(put_in[part] for part in MEASURED),
        dice=tuple(_dice(masks[part], measured.regions.nuclei[part]) for part in MEASURED),
        total_counts=values_of(measured.ratios)["total_counts"],
        correlation=measured.pose.correlation,
        cpu_s=cpu_s,
    )


def volume_of(scan: BrainScan) -> Volume:
    """The scan as the node would hand it over."""
    return volume_of_image(scan.image, scan.geometry)


def volume_of_image(image: np.ndarray, geometry: Geometry) -> Volume:
    """An image of ioflupane as the node would hand it over."""
    return Volume(
        array=image,
        geometry=geometry,
        unit=Unit.COUNTS,
        tracer=TracerFinding(tracer="IOFLUPANE", evidence="simulated"),
        key=SeriesKey(study_instance_uid="1.2", series_instance_uid="1.3"),
        frames=tuple(
            FrameSource(sop_class_uid="1.2", sop_instance_uid="1.4", frame_number=n + 1)
            for n in range(geometry.shape[0])
        ),
        unit_provenance=UnitProvenance(stored_unit="counts", rule="simulated"),
    )


def _dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.count_nonzero(one & other) / (one.sum() + other.sum()))
