"""How good mpi-spect is on simulated hearts, and what a classifier makes of its polar maps.

Hearts of the training world make normal limits and train the vessel model; `held-out` and `other
camera` are measured only. Intervals are 95 %, by bootstrap over hearts. With `--tables` a model is
cross-validated on the UCI SPECT and SPECTF tables, which are of real patients.
"""

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from intervals import with_interval
from mpi_cohort import CALIBRATION, Case, cohort
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from algorithms.mpi_spect.limits import fit_limits
from algorithms.mpi_spect.limits import to_json as limits_json
from algorithms.mpi_spect.vessels import ANY, NAMES, VesselModel, features
from algorithms.mpi_spect.vessels import to_json as model_json
from algorithms.toolbox.heart_segments import Vessel

Floats = NDArray[np.float64]
WORLDS = ("held-out", "other camera")
_FOLDER = Path("algorithms/mpi_spect")
_STRENGTH = 0.3  # inverse of the penalty
_TABLES = {
    "SPECT (22 binary features)": ("uci_spect_heart_train.csv", 84.0),
    "SPECTF (44 counts)": ("uci_spectf_heart_train.csv", 77.0),
}


def main() -> None:
    """Print the figures; cases are kept in a file, so that a second run adds to them."""
    parser = argparse.ArgumentParser(prog="evaluate mpi-spect", description=__doc__)
    parser.add_argument("--training", type=int, default=300, help="hearts that are learnt from")
    parser.add_argument("--gated", type=int, default=40, help="gated hearts that are learnt from")
    parser.add_argument("--cases", type=int, default=150, help="hearts of each other world")
    parser.add_argument("--file", type=Path, default=Path("build/evaluate/mpi-spect.jsonl"))
    parser.add_argument("--tables", type=Path, help="folder of the UCI tables")
    parser.add_argument("--write", action="store_true", help="replace normals.json, vessels.json")
    given = parser.parse_args()
    wanted = {
        "training": given.training,
        CALIBRATION: given.gated,
        **dict.fromkeys(WORLDS, given.cases),
    }
    cases = cohort(given.file, wanted)
    by_world = {name: [c for c in cases if c.world == name] for name in wanted}
    learnt = [c for c in by_world["training"] if not c.refused]
    model = fit_vessels(learnt)
    _tell_stroke(by_world[CALIBRATION])
    for name in WORLDS:
        _tell_measuring(name, by_world[name])
        _tell_vessels(model, by_world[name])
    if given.tables is not None:
        for title, (file, published) in _TABLES.items():
            _tell_table(title, given.tables / file, published)
    if given.write:
        _write(learnt, model)


def fit_vessels(cases: Sequence[Case]) -> VesselModel:
    """Logistic regression per vessel, and of any defect, on the stress maps of cases."""
    stress = [c for c in cases if c.state == "stress"]
    table = np.array([features(np.array(c.polar)) for c in stress])
    means, sds = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-3)
    weights, offsets = {}, {}
    for which in (*Vessel, ANY):
        truth = _truth(stress, which)
        fitted = LogisticRegression(C=_STRENGTH, max_iter=4000).fit((table - means) / sds, truth)
        weights[which], offsets[which] = fitted.coef_[0], float(fitted.intercept_[0])
    name = f"logistic regression on {len(stress)} simulated stress scans"
    return VesselModel(name=name, means=means, sds=sds, weights=weights, offsets=offsets)


def _tell_stroke(cases: Sequence[Case]) -> None:
    """By what the strokes told are to be multiplied still; 1 where the card's factor is right."""
    known = [c for c in cases if c.ejection is not None]
    if known:
        told = np.array([c.ejection for c in known])
        truth = np.array([c.true_ejection for c in known])
        factor = float((told * truth).sum() / (told**2).sum())
        print(
            f"stroke factor still needed: {factor:.3f} ({len(known)} hearts that are learnt from)"
        )


def _truth(cases: Sequence[Case], which: str) -> NDArray[np.bool_]:
    return np.array([bool(c.vessels) if which == ANY else which in c.vessels for c in cases])


def _tell_measuring(name: str, cases: Sequence[Case]) -> None:
    done = [c for c in cases if not c.refused]
    print(f"\n{name}: {len(cases)} hearts, {len(cases) - len(done)} refused")
    if len(done) < 5:
        return
    column = {
        key: np.array([getattr(c, key) for c in done])
        for key in ("wall_dice", "cavity_dice", "axis_deg", "plane_mm", "cpu_s")
    }
    plane = np.abs(column["plane_mm"])
    print(f"  myocardium Dice, mean       {with_interval(column['wall_dice'], np.mean)}")
    print(f"  cavity Dice, mean           {with_interval(column['cavity_dice'], np.mean)}")
    print(f"  axis error, median, deg     {with_interval(column['axis_deg'], np.median, 1)}")
    print(f"  axis error, 95th percentile {np.percentile(column['axis_deg'], 95):.1f}")
    print(f"  valve plane error, mean, mm {with_interval(plane, np.mean, 1)}")
    print(f"  within 5 mm                 {with_interval(plane <= 5.0, np.mean, 2)}")
    print(f"  valve plane bias, mm        {with_interval(column['plane_mm'], np.mean, 1)}")
    gated = [c for c in done if c.ejection is not None]
    if len(gated) >= 5:
        error = np.array([c.ejection - c.true_ejection for c in gated])
        print(f"  LVEF error, mean |e|, points {with_interval(np.abs(error), np.mean, 1)}", end="")
        print(f" ({len(gated)} gated), bias {with_interval(error, np.mean, 1)}")
        ratio = np.array([c.volume_ml / c.true_volume_ml for c in gated])
        print(f"  EDV over truth              {with_interval(ratio, np.mean, 2)}")
    for told, gates in (("not gated", 1), ("8 gates", 8), ("16 gates", 16)):
        times = [c.cpu_s for c in done if c.gates == gates]
        if times:
            print(f"  processor time, {told:9} s {np.median(times):.2f}")


def _tell_vessels(model: VesselModel, cases: Sequence[Case]) -> None:
    stress = [c for c in cases if not c.refused and c.state == "stress"]
    for which in (*Vessel, ANY):
        scores = np.array([model.score(np.array(c.polar), which) for c in stress])
        truth = _truth(stress, which)
        if len(set(truth)) < 2:
            print(f"  AUC {which}: one group only")
            continue
        lowest = np.array([-min(features(np.array(c.polar))[6:17]) for c in stress])
        table = np.stack([scores, truth], axis=1)
        print(f"  AUC {which:3} of {len(stress)} stress maps {with_interval(table, _auc)}", end="")
        print(f"; lowest segment alone {roc_auc_score(truth, lowest):.3f}")


def _auc(table: Floats) -> float:
    """Area under the curve of scores (first column) for the truth (second); nan for one group."""
    truth = table[:, 1] > 0
    if truth.all() or not truth.any():
        return float("nan")
    apart = table[truth, 0][:, None] - table[~truth, 0][None, :]
    return float(np.mean(apart > 0) + 0.5 * np.mean(apart == 0))


def _tell_table(title: str, path: Path, published: float) -> None:
    """Ten-fold cross-validation, five times, on a table of real patients."""
    table = np.loadtxt(path, delimiter=",")
    truth, given = table[:, 0].astype(int), table[:, 1:]
    models = {
        "logistic regression": make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, max_iter=4000)
        ),
        "extra trees": ExtraTreesClassifier(300, min_samples_leaf=3, random_state=0, n_jobs=1),
    }
    print(f"\nUCI {title}: {len(truth)} patients, published {published:.0f} % on the test part")
    for name, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            right, scores = _cross_validated(model, given, truth)
        print(
            f"  {name:20} accuracy {with_interval(100 * right, np.mean, 1)} "
            f"AUC {roc_auc_score(truth, scores):.3f}"
        )


def _cross_validated(model, given: Floats, truth: NDArray[np.int_]) -> tuple[Floats, Floats]:
    """Mean over repetitions, per patient: right or wrong, and the score."""
    scores = []
    for repetition in range(5):
        folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=1, random_state=repetition)
        found = cross_val_predict(model, given, truth, cv=folds, method="predict_proba")
        scores.append(found[:, 1])
    each = np.array(scores)
    return ((each > 0.5) == (truth == 1)).mean(axis=0), each.mean(axis=0)


def _write(learnt: Sequence[Case], model: VesselModel) -> None:
    """Files that the algorithm ships: normal limits of healthy hearts, and the vessel model."""
    healthy = [c for c in learnt if not c.vessels]
    maps = {
        state: [np.array(c.polar) for c in healthy if c.state == state]
        for state in ("stress", "rest")
    }
    limits = fit_limits(f"simulated normals ({len(healthy)} simulated hearts)", maps)
    (_FOLDER / "normals.json").write_text(limits_json(limits), encoding="utf-8")
    (_FOLDER / "vessels.json").write_text(model_json(model), encoding="utf-8")
    print(f"\nlimits of {limits.subjects} maps, model of {len(NAMES)} features written")


if __name__ == "__main__":
    main()
