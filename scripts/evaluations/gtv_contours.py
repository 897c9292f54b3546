"""How well contours from one seed fit an expert's: six sarcomas, and lesions of simulated patients.

The seed is the hottest voxel within the expert's contour; nothing else of it is used. Dice; 95 %
intervals by resampled tumours.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from algorithms.evaluation.scores import PatientScore, dice, estimate, mean_dice
from algorithms.gtv_contours import SPEC
from algorithms.gtv_contours.methods import delineations
from algorithms.gtv_contours.parameters import Parameters
from algorithms.gtv_contours.seeds import Seed
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.adaptive_edge import adapted_edge
from algorithms.toolbox.ground import ground_of, painted
from algorithms.toolbox.isocontour import at_level, hottest_voxel
from algorithms.training.examples import geometry_of
from dicom_node.domain.coding import Unit
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import read_header
from dicom_node.reading.series import read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.reading.volume import read_volume

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
_FIRST_SEED = 2_000_000_000  # beyond every patient of a training and of the other evaluations
_LEAST_ML = 2.0
_PUBLISHED = "published, 51 patients: 41 % 0.39, SUV 2.5 0.55, best threshold of each 0.70"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A tumour: image, grid, and the voxels that an expert or the simulator calls it."""

    name: str
    image: Image
    geometry: Geometry
    truth: Mask

    @property
    def seed(self) -> Seed:
        """Its hottest voxel, and nothing more."""
        region = Region.from_mask(self.truth)
        hottest = hottest_voxel(self.image, self.geometry, region)
        one = Region(origin=hottest, mask=np.ones((1, 1, 1), dtype=bool))
        return Seed(number=1, name=self.name, region=one, hottest=hottest, drawn=False)


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(prog="evaluate gtv-contours", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sarcoma-fdg"))
    parser.add_argument("--simulated", type=int, default=16, help="patients; 0 for none")
    given = parser.parse_args()
    if given.data.is_dir():
        cases = [_sarcoma(folder) for folder in sorted(given.data.glob("STS_*"))]
        _tell(f"{len(cases)} sarcomas with an expert's contour; {_PUBLISHED}", cases)
    else:
        print(f"skipped: {given.data} is not there")
    if given.simulated:
        cases = _lesions(given.simulated)
        _tell(f"{len(cases)} lesions of {_LEAST_ML:g} mL or more, simulated (held-out)", cases)


def _sarcoma(folder: Path) -> Case:
    files = sorted((folder / "PET" / "image").iterdir())
    series = read_series([read_header(path) for path in files], NO_SITE_TRACERS)
    volume = read_volume(series, Unit.SUVBW)
    drawn = read_contours(read_header(folder / "PET" / "mask" / "RS.dcm"), volume.geometry)
    truth = np.zeros(volume.geometry.shape, dtype=bool)
    for contour in drawn.drawn:
        contour.need_region().paint(truth, True)
    return Case(name=folder.name, image=volume.array, geometry=volume.geometry, truth=truth)


def _lesions(patients: int) -> list[Case]:
    """Lesions of simulated patients, each in its whole body."""
    found = []
    for number in range(patients):
        patient = draw_patient(world("fdg", "held-out"), _FIRST_SEED + number)
        made = scan(patient)
        geometry = geometry_of(made)
        for lesion in range(1, int(made.lesion.max(initial=0)) + 1):
            truth = made.lesion == lesion
            if np.count_nonzero(truth) * geometry.voxel_volume_ml >= _LEAST_ML:
                site = patient.lesions[lesion - 1].site
                found.append(Case(name=site, image=made.suv, geometry=geometry, truth=truth))
    return found


def _tell(title: str, cases: Sequence[Case]) -> None:
    print(f"\n{title}\n")
    scored = [_scores(case) for case in cases]
    print("| contour | mean Dice (95 %) | volume / truth, median | each |")
    print("|---|---|---|---|")
    for name in scored[0]:
        pairs = [one[name] for one in scored]
        scores = [
            PatientScore(
                dice=d, physiological_dice=None, lesions=(), false_positives=0, false_positive_ml=0
            )
            for d, _ in pairs
        ]
        each = " ".join(f"{d:.2f}" for d, _ in pairs) if len(pairs) <= 12 else ""
        ratio = float(np.median([r for _, r in pairs]))
        print(f"| {name} | {estimate(scores, mean_dice)} | {ratio:.2f} | {each} |")


def _scores(case: Case) -> dict[str, tuple[float, float]]:
    """Dice, and volume over true volume, of every contour; 0 where a method gives none."""
    return {
        name: _score(region, case)
        for name, region in {**_shipped(case), **_tried(case), **_best_threshold(case)}.items()
    }


def _shipped(case: Case) -> dict[str, Region | None]:
    parameters = Parameters.from_card(SPEC.card)
    found = delineations(case.image, case.geometry, case.seed, (), parameters)
    by_method = {str(one.method): one.region for one in found}
    names = {
        "background-adapted": "**background-adapted**",
        "gradient edge": "gradient edge",
        "fraction of maximum": "41 % of maximum",
        "higher fraction of maximum": "50 % of maximum",
        "fixed SUV": "SUV 2.5",
    }
    return {name: by_method.get(method) for method, name in names.items()}


def _tried(case: Case) -> dict[str, Region | None]:
    """Published rules that were tried and are not shipped, with the same ground and background."""
    seed, highest = case.seed, float(case.image[case.seed.hottest])
    ground = ground_of(seed.region, (), case.geometry, Parameters.from_card(SPEC.card).reach_mm)
    core = at_level(case.image, ground, seed.hottest, 0.7 * highest).region
    mean70 = float(case.image[core.slices][core.mask].mean(dtype=np.float64))
    rules: Mapping[str, Callable[[float, float], float]] = {
        "tried: 0.15 mean70 + background (Nestle 2005)": lambda _, cold: 0.15 * mean70 + cold,
        "tried: 0.5 mean70 + 0.5 background (Schaefer 2008)": lambda _, cold: (mean70 + cold) / 2,
        "tried: 41 % of maximum over background": lambda _, cold: cold + 0.41 * (highest - cold),
    }
    out: dict[str, Region | None] = {}
    for name, rule in rules.items():
        edge = adapted_edge(case.image, case.geometry, ground, seed.hottest, rule)
        out[name] = None if edge is None else edge.region
    return out


def _best_threshold(case: Case) -> dict[str, Region | None]:
    """The threshold that fits the truth best, as nobody knows it beforehand."""
    seed, highest = case.seed, float(case.image[case.seed.hottest])
    ground = ground_of(seed.region, (), case.geometry, Parameters.from_card(SPEC.card).reach_mm)
    regions = [
        at_level(case.image, ground, seed.hottest, share * highest).region
        for share in np.linspace(0.05, 0.9, 35)
    ]
    best = max(regions, key=lambda region: _score(region, case)[0])
    return {"best threshold of each, known in advance": best}


def _score(region: Region | None, case: Case) -> tuple[float, float]:
    if region is None:
        return 0.0, 0.0
    whole = tuple(slice(0, size) for size in case.geometry.shape)
    found = painted([region], (whole[0], whole[1], whole[2]))
    return dice(found, case.truth), float(found.sum() / case.truth.sum())


if __name__ == "__main__":
    main()
