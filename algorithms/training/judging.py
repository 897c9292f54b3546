"""Teaches the judge of candidates what a network's false ones look like, on patients new to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from algorithms.simulation.wholebody.patient import Scan, draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_net.candidates import FEATURES, Floats, candidates_of
from algorithms.toolbox.lesion_net.grid import body_grid, channels, to_grid
from algorithms.toolbox.lesion_net.judge import LEAF, Judge, Trees
from algorithms.toolbox.lesion_net.network import probabilities
from algorithms.training.examples import geometry_of

FIRST_SEED = 1_900_000_000  # beyond the patients of training and of evaluation
LEAST_ML = 0.2  # as the algorithms have it
LEVELS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
_FOLDS, _WITHOUT_CT = 5, 3
# Chosen once, in folds of 120 patients: area under the curve 0.912 (0.922 where nothing is bound to
# rise or fall), logistic regression 0.887, and 0.869 without the features of the hot spot.
_TREES, _LEAVES, _RATE, _LEAST_LEAF, _SHRUNK = 120, 8, 0.06, 10, 1.0
# What a reader would say of a feature alone holds for the judge wherever it looks, also beyond what
# it was taught: a mass hotter than any simulated one is no less a lesion for that.
_RISES = (
    "highest share", "mean share", "mean share outlined", "mean share of hot spot",
    "log SUVmax", "log SUVmean", "log contrast", "contrast of hot spot",
)  # fmt: skip
_FALLS = (
    "mean physiological share", "physiological border", "physiological shell",
    "physiological twin", "log twin", "elongation", "mean physiological share of hot spot",
    "highest physiological share of hot spot", "log hot spot over candidate", "physiological rim",
)  # fmt: skip
_LEAST = 20  # candidates of either kind
_PART_OF_VOXEL = 0.1  # of lesion, in a voxel of the network that counts as one of the truth


class TooFewCandidates(Exception):
    """The network found too few lesions, or too few false ones, to tell them apart by."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """Candidates of many patients.

    Parameters
    ----------
    features : (n, features)
    lesion : (n,), whether it has a voxel in common with a lesion of the truth, as the evaluation
        counts
    patient : (n,), number of the patient
    """

    features: Floats
    lesion: NDArray[np.bool_]
    patient: NDArray[np.int64]


def taught_by(
    net: torch.nn.Module,
    device: torch.device,
    family: str,
    patients: int,
    tell: Callable[[str], object],
) -> Taught:
    """What the network takes for lesions in patients of the training's world that it never saw.

    Every third patient comes without CT.
    """
    found: list[tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]] = []
    for number in range(patients):
        seen = scan(draw_patient(world(family, "training"), FIRST_SEED + number))
        features, lesion = _looked_at(net, device, seen, with_ct=number % _WITHOUT_CT > 0)
        found.append((features, lesion, np.full(len(lesion), number)))
        tell(f"judge: patient {number + 1} of {patients}, {lesion.sum()} of {len(lesion)} true\n")
    features, lesion, patient = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Taught(features=features, lesion=lesion, patient=patient)


def _looked_at(
    net: torch.nn.Module, device: torch.device, seen: Scan, *, with_ct: bool
) -> tuple[Floats, NDArray[np.bool_]]:
    geometry = geometry_of(seen)
    grid = body_grid(seen.suv, geometry)
    density = to_grid(seen.hounsfield, geometry, grid, outside=-1000.0) if with_ct else None
    inputs = channels(to_grid(seen.suv, geometry, grid, outside=0.0), density)
    found = candidates_of(probabilities(net, inputs, device), least_ml=LEAST_ML)
    truth = to_grid((seen.lesion > 0).astype(np.float32), geometry, grid, outside=0.0)
    lesion = np.zeros(found.count + 1, dtype=bool)
    lesion[np.unique(found.numbers[truth > _PART_OF_VOXEL])] = True
    return found.features(inputs), lesion[1:]


def judge_from(taught: Taught) -> tuple[Judge, dict[str, object]]:
    """The judge, and how it did on patients that it was not taught by.

    Returns
    -------
    Judge, and facts for the bundle: candidates, area under the curve, and for each level of
    certainty the share of true candidates that are kept and the false ones kept per patient; all
    of five folds of whole patients.

    Raises
    ------
    TooFewCandidates
        Where there are too few of either kind.
    """
    true = int(taught.lesion.sum())
    if min(true, len(taught.lesion) - true) < _LEAST:
        raise TooFewCandidates(
            f"{true} true and {len(taught.lesion) - true} false candidates; {_LEAST} of either "
            "are needed: take more patients"
        )
    apart = np.zeros(len(taught.lesion))
    folds = GroupKFold(_FOLDS, shuffle=True, random_state=0)
    for known, new in folds.split(taught.features, taught.lesion, taught.patient):
        judge = _fitted(taught.features[known], taught.lesion[known])
        apart[new] = judge.certainty(taught.features[new])
    patients = int(taught.patient.max()) + 1
    levels = {
        f"{level:.2f}": {
            "true kept": round(float((apart[taught.lesion] >= level).mean()), 3),
            "false per patient": round(float((apart[~taught.lesion] >= level).sum()) / patients, 3),
        }
        for level in LEVELS
    }
    area = float(roc_auc_score(taught.lesion, apart))
    facts = {
        "patients": patients,
        "candidates": len(taught.lesion),
        "true": true,
        "area under the curve": round(area, 3),
        "levels": levels,
    }
    return _fitted(taught.features, taught.lesion), facts


def told(facts: Mapping[str, object]) -> str:
    """What taught a judge, in a line for the card; of no facts, none."""
    if not facts:
        return "none"
    return (
        f"{_TREES} boosted trees on {len(FEATURES)} features, taught by {facts['patients']} more "
        f"patients: {facts['candidates']} candidates, {facts['true']} true; area under the curve "
        f"{facts['area under the curve']} in folds of patients"
    )


def _fitted(features: Floats, lesion: NDArray[np.bool_]) -> Judge:
    centre = np.nanmean(features, axis=0)
    model = boosted().fit(np.where(np.isnan(features), centre, features), lesion)
    share = float(lesion.mean())  # where the boosting begins
    return Judge(centre=centre, trees=trees_of(model), intercept=float(np.log(share / (1 - share))))


def boosted() -> HistGradientBoostingClassifier:
    """The model, not fitted; its certainty rises and falls with features as a reader's would."""
    return HistGradientBoostingClassifier(
        max_iter=_TREES,
        max_leaf_nodes=_LEAVES,
        learning_rate=_RATE,
        min_samples_leaf=_LEAST_LEAF,
        l2_regularization=_SHRUNK,
        monotonic_cst=[(name in _RISES) - (name in _FALLS) for name in FEATURES],
        early_stopping=False,
        random_state=0,
    )


def trees_of(model: HistGradientBoostingClassifier) -> Trees:
    """The trees of a fitted model as tables; with its beginning they add up to its decision.

    scikit-learn shows them by a private name only; a test compares the sums.
    """
    found = [stage[0].nodes for stage in model._predictors]
    shape = (len(found), max(len(nodes) for nodes in found))
    asked = np.full(shape, LEAF, dtype=np.int32)
    below, above = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    threshold, value = np.zeros(shape), np.zeros(shape)
    for number, nodes in enumerate(found):
        row = (number, slice(len(nodes)))
        asked[row] = np.where(nodes["is_leaf"], LEAF, nodes["feature_idx"])
        below[row], above[row] = nodes["left"], nodes["right"]
        threshold[row], value[row] = nodes["num_threshold"], nodes["value"]
    return Trees(feature=asked, threshold=threshold, below=below, above=above, value=value)
