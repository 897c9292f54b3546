"""How good dat-spect is on simulated heads, and what four classifiers make of its ratios.

Every other pair of heads of the first world makes the normals and trains the classifiers; the other
pairs, and all of the second world, are held out. Intervals are 95 %, by bootstrap over heads.
"""

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from dat_cohort import Case, cohort
from intervals import with_interval
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from algorithms.dat_spect.normals import fit_normals, to_json
from algorithms.dat_spect.ratios import Ratios
from algorithms.dat_spect.regions import MEASURED
from algorithms.simulation.brain_uptake import Group
from algorithms.toolbox.striatum import Side

Floats = NDArray[np.float64]

NORMALS_NAME = "simulated normals"
# The review's figures for the support vector machine; for the three others it names only a table
# that is not at hand (nuclear_medicine 5.1, seed Fig 11), so they are not repeated from memory.
_REVIEW_SVM = "review: accuracy 97.29 sensitivity 97.37 specificity 97.18 AUC 99.26"


def main() -> None:
    """Print the figures; cases are kept in a file, so that a second run adds to them."""
    parser = argparse.ArgumentParser(prog="evaluate dat-spect", description=__doc__)
    parser.add_argument("--cases", type=int, default=480, help="heads of the first world")
    parser.add_argument("--second", type=int, default=120, help="heads of the second world")
    parser.add_argument("--file", type=Path, default=Path("build/evaluate/dat-spect.jsonl"))
    parser.add_argument("--write-normals", type=Path, help="where to write normals of controls")
    given = parser.parse_args()
    cases = cohort(given.file, {"first": given.cases, "second": given.second})
    train = [c for c in cases if c.world == "first" and trains(c)]
    tests = {
        "held out, first world": [c for c in cases if c.world == "first" and not trains(c)],
        "second world, never trained on": [c for c in cases if c.world == "second"],
    }
    _tell_training(train)
    for name, held_out in tests.items():
        _tell_measuring(name, held_out)
    for name, held_out in tests.items():
        _tell_classifiers(name, train, held_out)
    if given.write_normals is not None:
        controls = [c for c in train if c.group == Group.CONTROL and not c.refused]
        normals = fit_normals(NORMALS_NAME, [(ratios_of(c), c.age_years) for c in controls])
        given.write_normals.write_text(to_json(normals), encoding="utf-8")
        print(f"\nnormals of {len(controls)} controls written to {given.write_normals}")


def trains(case: Case) -> bool:
    """Whether a head is one that is learnt from: a patient and a control in turn."""
    return case.seed // 2 % 2 == 0


def ratios_of(case: Case) -> Ratios:
    """Ratios that were measured."""
    return Ratios(
        binding=dict(zip(MEASURED, case.measured, strict=True)),
        total_counts=dict(zip(Side, case.total_counts, strict=True)),
    )


def _tell_training(train: Sequence[Case]) -> None:
    groups = {group: sum(c.group == group for c in train) for group in Group}
    shown = ", ".join(f"{count} {group}" for group, count in groups.items())
    print(f"training: {len(train)} heads of the first world ({shown})")


def _tell_measuring(name: str, cases: Sequence[Case]) -> None:
    """Overlap of regions and error of ratios."""
    done = [c for c in cases if not c.refused]
    print(f"\n{name}: {len(cases)} heads, {len(cases) - len(done)} refused")
    if len(done) < 3:
        return
    dice = np.array([c.dice for c in done])
    print(f"  Dice, mean of the four regions      {with_interval(dice.mean(axis=1), np.mean)}")
    print(f"  Dice, 5th percentile                {np.percentile(dice, 5):.3f}")
    error = np.array([np.subtract(c.measured, c.by_true_regions) for c in done])
    for index, (nucleus, side) in enumerate(MEASURED):
        bias = with_interval(error[:, index], np.mean)
        limits = with_interval(error[:, index], _limits)
        print(f"  SBR {nucleus} {side:5} - true regions: bias {bias}, limits +-{limits}")
    put_in = np.array([c.put_in for c in done])
    measured = np.array([c.measured for c in done])
    recovery = (measured / put_in).ravel()
    print(f"  recovery SBR / binding put in       {recovery.mean():.3f} (sd {recovery.std():.3f})")
    total = np.array([c.total_counts for c in done])
    whole = np.array([(np.array(c.put_in[:2]) + np.array(c.put_in[2:])) / 2 for c in done])
    print(f"  total counts / mean binding put in  {(total / whole).mean():.3f}", end=" ")
    print(f"(correlation {np.corrcoef(total.ravel(), whole.ravel())[0, 1]:.3f})")
    print(f"  CPU seconds a scan, median          {np.median([c.cpu_s for c in done]):.2f}")


def _limits(error: Floats) -> float:
    """Half width of the limits of agreement (Bland and Altman)."""
    return float(1.96 * np.std(error, ddof=1))


def _table(cases: Sequence[Case]) -> tuple[Floats, NDArray[np.bool_]]:
    """Features, and whether a deficit was put in."""
    done = [c for c in cases if not c.refused]
    return np.array([c.measured for c in done]), np.array([c.group == Group.DEFICIT for c in done])


def _both_ways(x: Floats, y: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Every head and its mirror image: neither side is the sick one."""
    return np.vstack((x, x[:, [1, 0, 3, 2]])), np.concatenate((y, y))


def _tell_classifiers(name: str, train: Sequence[Case], held_out: Sequence[Case]) -> None:
    """The four classifiers of the review's table, and the threshold they have to beat."""
    x, y = _both_ways(*_table(train))
    x_test, y_test = _table(held_out)
    if len(set(y_test)) < 2 or len(set(y)) < 2:
        print(f"\nclassifiers, {name}: too few heads")
        return
    print(f"\nclassifiers, {name}: deficit or none, {len(y_test)} heads")
    lowest, lowest_test = -x[:, 2:].min(axis=1), -x_test[:, 2:].min(axis=1)
    cut = max(np.sort(lowest), key=lambda level: np.mean((lowest >= level) == y))
    _tell("lower putamen below one threshold", lowest_test >= cut, lowest_test, y_test)
    models = {
        "support vector machine, RBF": make_pipeline(StandardScaler(), SVC(C=10.0, gamma=0.3)),
        "boosted trees": GradientBoostingClassifier(random_state=0),
        "random forest": RandomForestClassifier(300, random_state=0, n_jobs=1),
        "naive Bayes": GaussianNB(),
    }
    for model_name, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            model.fit(x, y)
        scores = (
            model.predict_proba(x_test)[:, 1]
            if hasattr(model, "predict_proba")
            else model.decision_function(x_test)
        )
        _tell(model_name, model.predict(x_test), scores, y_test)
    print(f"  {_REVIEW_SVM} (support vector machine, real scans, other features)")


def _tell(name: str, said: NDArray[np.bool_], scores: Floats, y: NDArray[np.bool_]) -> None:
    right = (said == y).astype(float)
    print(
        f"  {name:34} accuracy {with_interval(100 * right, np.mean)} "
        f"sensitivity {100 * said[y].mean():.1f} specificity {100 * (~said[~y]).mean():.1f} "
        f"AUC {100 * roc_auc_score(y, scores):.1f}"
    )


if __name__ == "__main__":
    main()
