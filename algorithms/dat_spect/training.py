"""Training of the classifier on fractions of normal; the only part that needs scikit-learn.

Whatever is trained sees every scan and its mirror image: neither side is the sick one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution  # type: ignore[attr-defined]  # filled at run time
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from algorithms.dat_spect.classifier import (
    MIRRORED,
    Classifier,
    Floats,
    Machine,
    Spread,
    worse_first,
)

Flags = NDArray[np.bool_]

# Chosen on drawn numbers (binding times a recovery plus an error), not on any scan.
PENALTY, GAMMA = 3.0, 0.03
_TOLERANCE = 1e-6  # so that left and right weigh the same
_FOLDS, _ROUNDS = 10, 2
_KNOWN = 0.99


def fit_classifier(features: Floats, deficit: Flags, *, name: str) -> Classifier:
    """Classifier of fractions of normal.

    Parameters
    ----------
    features : (n, 4), as `classifier.fractions` gives them
    deficit : (n,), whether a deficit was there

    Raises
    ------
    ValueError
        Fewer than ten scans of a class.
    """
    if min(np.count_nonzero(deficit), np.count_nonzero(~deficit)) < _FOLDS:
        raise ValueError(f"{_FOLDS} scans of each class are needed")
    slope, intercept = platt(*held_out_decisions(features, deficit))
    worse = np.array([worse_first(row) for row in features[deficit]])
    low, high = _targets(deficit)
    fewest = min(len(worse), int(np.count_nonzero(~deficit)))
    return Classifier(
        name=name,
        machine=fit_machine(features, deficit),
        slope=slope,
        intercept=intercept,
        ends=(low, high),
        deficit=spread_of(worse),
        limit=limit_of(fewest),
    )


def fit_machine(features: Floats, deficit: Flags) -> Machine:
    """Support vector machine on features in units of the spread of those without a deficit."""
    x, y = both_ways(features, deficit)
    scale = spread_of(x[~y])
    fitted = SVC(C=PENALTY, gamma=GAMMA, tol=_TOLERANCE).fit(scale.whitened(x), y)
    return Machine(
        scale=scale,
        vectors=np.asarray(fitted.support_vectors_, dtype=np.float64),
        weights=np.asarray(fitted.dual_coef_[0], dtype=np.float64),
        offset=float(fitted.intercept_[0]),
        gamma=GAMMA,
    )


def both_ways(features: Floats, deficit: Flags) -> tuple[Floats, Flags]:
    """Every scan and its mirror image."""
    mirrored = features[:, list(MIRRORED)]
    return np.vstack((features, mirrored)), np.concatenate((deficit, deficit))


def spread_of(features: Floats) -> Spread:
    """Mean and whitening of a class, (n, 4)."""
    inverse = np.linalg.inv(np.cov(features.T))
    return Spread(centre=features.mean(axis=0), whitening=np.linalg.cholesky(inverse))


def limit_of(count: int) -> float:
    """Mahalanobis distance that 99 % of new scans stay within, of a class known by so many.

    Prediction region of a normal distribution in p dimensions (Hotelling): d^2 = p (n^2 - 1) /
    (n (n - p)) times the quantile of F with p and n - p degrees of freedom.
    """
    p = len(MIRRORED)
    quantile = float(f_distribution.ppf(_KNOWN, p, count - p))
    return float(np.sqrt(p * (count**2 - 1) / (count * (count - p)) * quantile))


def held_out_decisions(features: Floats, deficit: Flags) -> tuple[Floats, Flags]:
    """Decisions of machines that have not seen the scan, and the truth, of all rounds."""
    decisions: list[float] = []
    truth: list[bool] = []
    for turn in range(_ROUNDS):
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=turn)
        for train, test in folds.split(features, deficit):
            machine = fit_machine(features[train], deficit[train])
            decisions += [machine.decision(row) for row in features[test]]
            truth += deficit[test].tolist()
    return np.array(decisions), np.array(truth)


def platt(decisions: Sequence[float] | Floats, deficit: Flags) -> tuple[float, float]:
    """Slope and intercept of the log odds in the decision (Platt 1999).

    With his targets: groups that do not overlap would give a step else.
    """
    low, high = _targets(deficit)
    target = np.where(deficit, high, low)
    x = np.asarray(decisions)[:, None]
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(
        np.vstack((x, x)),
        np.repeat((1, 0), len(x)),
        sample_weight=np.concatenate((target, 1 - target)),
    )
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _targets(deficit: Flags) -> tuple[float, float]:
    """1 / (n + 2) in the place of 0, (n + 1) / (n + 2) in that of 1 (Platt 1999)."""
    with_deficit = int(np.count_nonzero(deficit))
    without = len(deficit) - with_deficit
    return 1 / (without + 2), (with_deficit + 1) / (with_deficit + 2)
