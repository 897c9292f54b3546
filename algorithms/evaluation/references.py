"""How well references of PSMA PET are placed in simulated patients, whose organs are known."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from algorithms.evaluation.table import FIRST_SEED
from algorithms.psma_lesions.measured import ranges_of
from algorithms.simulation.wholebody.canvas import paint_patient
from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.patient import Patient, Scan, draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.components import connected_regions
from algorithms.toolbox.liver_reference import liver_of
from algorithms.toolbox.parotid_reference import parotids
from algorithms.toolbox.reference_region import ReferenceRegion
from algorithms.toolbox.spleen_reference import spleen_ball
from algorithms.training.examples import geometry_of
from dicom_node.domain.geometry import Geometry

WORLDS = ("usual", "held-out", "other scanner", "other biodistribution")
ORGANS = {"liver": Organ.LIVER, "spleen": Organ.SPLEEN, "parotid": Organ.SALIVARY_GLAND}
_SEEN_ML = {"liver": 400.0, "spleen": 30.0, "parotid": 16.0}
_INSIDE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A reference of one patient against the truth.

    Parameters
    ----------
    organ : ``liver``, ``spleen`` or ``parotid`` (both)
    seen : whether the organ is there, most of it in the field of view and not in its last slice
    inside : share of the region's voxels that are of the organ; None where none was placed
    to_uptake, to_organ : the region's mean, less 1, over the uptake that was put in, and over the
        mean of all of the organ's voxels in the image
    """

    organ: str
    tracer: str
    seen: bool
    inside: float | None = None
    to_uptake: float = float("nan")
    to_organ: float = float("nan")


def without(patient: Patient, organ: Organ) -> Patient:
    """The patient without an organ; what lies there is what else would be painted."""
    pieces = tuple(one for one in patient.pieces if one.organ is not organ)
    plan = paint_patient(patient.plan.axes, pieces, patient.uptake)
    return replace(patient, pieces=pieces, plan=plan)


def references_in(
    patient: Patient, found: Scan, *, told_lesions: bool = True, with_ct: bool = True
) -> dict[str, ReferenceRegion | None]:
    """The references of a scan as `psma-lesions` places them, by organ.

    Parameters
    ----------
    told_lesions : whether the lesions of the truth are kept out
    """
    geometry, ranges = geometry_of(found), ranges_of(patient.tracer.key)
    lesions = connected_regions(found.lesion > 0, geometry) if told_lesions else ()
    ct = (found.hounsfield, geometry) if with_ct else None
    liver = liver_of(found.suv, geometry, ranges.liver, lesions=lesions, ct=ct)
    spleen = None
    if liver is not None and ranges.spleen is not None:
        spleen = spleen_ball(found.suv, geometry, ranges.spleen, liver, lesions=lesions, ct=ct)
    gland = None
    if ranges.parotid is not None:
        gland = parotids(found.suv, geometry, ranges.parotid, lesions=lesions, liver=liver)
    ball = None if liver is None else liver.ball
    return {"liver": ball, "spleen": spleen, "parotid": gland}


def compared(patient: Patient, found: Scan, organ: str, region: ReferenceRegion | None) -> Placed:
    """A reference of a scan against the organ that the simulator painted."""
    truth = found.organ == NUMBER[ORGANS[organ]]
    told = Placed(
        organ=organ,
        tracer=patient.tracer.key,
        seen=_seen(truth, geometry_of(found), _SEEN_ML[organ]),
    )
    if region is None:
        return told
    inside = np.zeros(truth.shape, dtype=bool)
    region.region.paint(inside, True)
    return replace(
        told,
        inside=float(truth[inside].mean()),
        to_uptake=region.mean / patient.uptake[ORGANS[organ]] - 1,
        to_organ=region.mean / float(found.suv[truth].mean()) - 1 if truth.any() else float("nan"),
    )


def _seen(truth: NDArray[np.bool_], geometry: Geometry, least_ml: float) -> bool:
    volume_ml = float(truth.sum()) * geometry.voxel_volume_ml
    return volume_ml >= least_ml and not (truth[0].any() or truth[-1].any())


def table_lines(rows: Sequence[Placed]) -> list[str]:
    """Markdown: a row per organ and ligand."""
    lines = [
        "| organ | ligand | seen | placed | inside | mean over uptake put in | mean over organ in "
        "image | placed, not seen |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for organ in ORGANS:
        for tracer in sorted({row.tracer for row in rows}):
            own = [row for row in rows if (row.organ, row.tracer) == (organ, tracer)]
            if own:
                lines.append(_line(organ, tracer, own))
    return lines


def _line(organ: str, tracer: str, rows: Sequence[Placed]) -> str:
    placed = [row for row in rows if row.seen and row.inside is not None]
    inside = sum(row.inside is not None and row.inside >= _INSIDE for row in placed)
    cells = (
        organ,
        tracer,
        str(sum(row.seen for row in rows)),
        str(len(placed)),
        str(inside),
        _spread(row.to_uptake for row in placed),
        _spread(row.to_organ for row in placed),
        str(sum(row.inside is not None and not row.seen for row in rows)),
    )
    return f"| {' | '.join(cells)} |"


def _spread(values: Iterable[float]) -> str:
    known = [100 * value for value in values]
    if not known:
        return "-"
    return f"{np.mean(known):+.0f} % ({min(known):+.0f} to {max(known):+.0f})"


def main(arguments: list[str] | None = None, *, tell: Callable[[str], object]) -> int:
    """Print the table as told on the command line."""
    given = _parser().parse_args(arguments)
    rows: list[Placed] = []
    for name in given.worlds:
        for number in range(given.patients):
            patient = draw_patient(world("psma", name), given.first + number)
            patient = without(patient, Organ.SPLEEN) if given.without_spleen else patient
            found = scan(patient, patient.plan.axes)
            regions = references_in(
                patient, found, told_lesions=not given.untold, with_ct=not given.without_ct
            )
            rows += [compared(patient, found, organ, one) for organ, one in regions.items()]
            sys.stderr.write(f"{name}: patient {number + 1} of {given.patients}\n")
    tell("\n".join(table_lines(rows)) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate psma-references",
        description="Reference regions of simulated PSMA patients on 4 mm voxels.",
    )
    parser.add_argument("--patients", type=int, default=10, help="of each world")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first patient")
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS[1:]))
    parser.add_argument("--without-spleen", action="store_true", help="take the spleens out")
    parser.add_argument("--without-ct", action="store_true", help="place by the PET alone")
    parser.add_argument("--untold", action="store_true", help="lesions are there, but not outlined")
    return parser
