"""How much four binding ratios look like a simulated deficit: a support vector machine as numbers.

Each ratio is divided by the mean of the normals in use at the patient's age: camera, reconstruction
and regions change that mean and the ratio by the same factor, so a site's normals recalibrate the
machine without training it anew. Not by the standard deviation: of ten to thirty normals it is too
uncertain, and it would blur what tells most, putamen against caudate and left against right.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from algorithms.dat_spect.normals import Normals
from algorithms.dat_spect.regions import MEASURED, REGION_SET
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.errors import WeightsError

Floats = NDArray[np.float64]

FORMAT = 1
LEARNT_TRACER = "IOFLUPANE"  # of every scan of its training
FEATURES = tuple(f"{nucleus} {side}" for nucleus, side in MEASURED)
MIRRORED = (1, 0, 3, 2)  # left and right of FEATURES exchanged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Where a class of training lies.

    Parameters
    ----------
    centre : (4,), mean
    whitening : (4, 4)
        (features - centre) times it has unit covariance.
    """

    centre: Floats
    whitening: Floats

    def whitened(self, features: Floats) -> Floats:
        """Features (..., 4) in standard deviations along independent directions."""
        return np.asarray((features - self.centre) @ self.whitening)

    def distance(self, features: Floats) -> float:
        """Mahalanobis distance of features (4,)."""
        return float(np.linalg.norm(self.whitened(features)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Machine:
    """RBF support vector machine on whitened features.

    Parameters
    ----------
    vectors : (n, 4), support vectors, whitened
    weights : (n,), their dual coefficients
    """

    scale: Spread
    vectors: Floats
    weights: Floats
    offset: float
    gamma: float

    def decision(self, features: Floats) -> float:
        """Sum of w_i exp(-gamma |x - v_i|^2) plus offset; above 0 on the side of a deficit."""
        apart = self.scale.whitened(features) - self.vectors
        kernel = np.exp(-self.gamma * np.sum(apart**2, axis=1))
        return float(self.weights @ kernel) + self.offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the classifier makes of one scan.

    Parameters
    ----------
    distance : Mahalanobis distance from the nearer class of training
    probability : None where the distance is beyond the limit, or the normals give no scale
    """

    distance: float
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classifier:
    """Machine, its calibration, and what it knows.

    Parameters
    ----------
    name : what it was trained on, for people
    machine : Machine
        Its scale is the spread of the class without a deficit.
    slope, intercept : of the probability's log odds in the decision (Platt)
    ends : lowest and highest probability told: no surer than the number of scans allows
    deficit : spread of the class with a deficit, the side of the lower putamen first
    limit : distance within which 99 % of either class are expected
    """

    name: str
    machine: Machine
    slope: float
    intercept: float
    ends: tuple[float, float]
    deficit: Spread
    limit: float

    def judged(self, features: Floats) -> Judged:
        """Probability and distance of fractions of normal, (4,)."""
        distance = min(self.machine.scale.distance(features), self._from_deficit(features))
        known = distance <= self.limit
        return Judged(distance=distance, probability=self.probability(features) if known else None)

    def probability(self, features: Floats) -> float:
        """Probability, whatever the distance."""
        odds = self.slope * self.machine.decision(features) + self.intercept
        return float(np.clip(1.0 / (1.0 + np.exp(-np.clip(odds, -40.0, 40.0))), *self.ends))

    def _from_deficit(self, features: Floats) -> float:
        return self.deficit.distance(worse_first(features))


def fractions(ratios: Sequence[float], normals: Normals, age_years: float | None) -> Floats | None:
    """Binding ratios over the mean of the normals at an age, (4,), in the order of FEATURES.

    None where that mean is not above zero: a line through the ages of a few normals may end so.
    """
    means = np.array([normals.ranges[str(nucleus)].mean(age_years) for nucleus, _ in MEASURED])
    return np.asarray(ratios) / means if means.min() > 0 else None


def worse_first(features: Floats) -> Floats:
    """Features (4,) with the side of the lower putamen in the place of the left."""
    return features[list(MIRRORED)] if features[2] > features[3] else features


def to_json(classifier: Classifier) -> str:
    """File of a classifier."""
    machine = classifier.machine
    content = {
        "format": FORMAT,
        "regions": REGION_SET,
        "name": classifier.name,
        "features": [f"{name} / mean of normals" for name in FEATURES],
        "without_deficit": _spread_form(machine.scale),
        "deficit": _spread_form(classifier.deficit),
        "limit": classifier.limit,
        "gamma": machine.gamma,
        "offset": machine.offset,
        "slope": classifier.slope,
        "intercept": classifier.intercept,
        "ends": list(classifier.ends),
        "weights": machine.weights.tolist(),
        "vectors": machine.vectors.tolist(),
    }
    return json.dumps(content, indent=1) + "\n"


def read_classifier(path: Traversable, card: AlgorithmCard) -> Classifier:
    """Classifier of a file.

    Raises
    ------
    WeightsError
        The file is absent, is not the one that the card names, or is for other regions.
    """
    try:
        content = path.read_bytes()
    except OSError as cause:
        raise _wrong(card, f"the classifier {path} cannot be read") from cause
    found = hashlib.sha256(content).hexdigest()
    if found != card.weights_sha256:
        raise _wrong(card, f"SHA-256 of {path} is {found}; the card tells {card.weights_sha256}")
    form = json.loads(content)
    if (form["format"], form["regions"]) != (FORMAT, REGION_SET):
        raise _wrong(card, f"{path} is of format {form['format']} for regions {form['regions']}")
    return _classifier(form)


def _classifier(form: Mapping[str, object]) -> Classifier:
    number = {
        key: float(np.asarray(form[key], dtype=np.float64))
        for key in ("limit", "gamma", "offset", "slope", "intercept")
    }
    machine = Machine(
        scale=_spread(form["without_deficit"]),
        vectors=np.asarray(form["vectors"], dtype=np.float64),
        weights=np.asarray(form["weights"], dtype=np.float64),
        offset=number["offset"],
        gamma=number["gamma"],
    )
    return Classifier(
        name=str(form["name"]),
        machine=machine,
        slope=number["slope"],
        intercept=number["intercept"],
        ends=_ends(form["ends"]),
        deficit=_spread(form["deficit"]),
        limit=number["limit"],
    )


def _ends(form: object) -> tuple[float, float]:
    low, high = np.asarray(form, dtype=np.float64)
    return float(low), float(high)


def _spread_form(spread: Spread) -> dict[str, object]:
    return {"centre": spread.centre.tolist(), "whitening": spread.whitening.tolist()}


def _spread(form: object) -> Spread:
    assert isinstance(form, dict)
    return Spread(
        centre=np.asarray(form["centre"], dtype=np.float64),
        whitening=np.asarray(form["whitening"], dtype=np.float64),
    )


def _wrong(card: AlgorithmCard, cause: str) -> WeightsError:
    return WeightsError(name=card.name, version=card.version, cause=cause)
