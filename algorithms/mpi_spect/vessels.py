"""How much a map looks like one with a defect, by vessel: logistic regression as plain numbers.

Learnt from simulated hearts, whose defects lie where we put them: it shows what a map has in common
with those, and nothing about a patient's coronary arteries.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from algorithms.toolbox.heart_segments import (
    SEGMENTS,
    Vessel,
    in_territory,
    map_weights,
    segment_means,
)
from dicom_node.domain.errors import ConfigError

Floats = NDArray[np.float64]
FORMAT = 1
ANY = "any"
_LEVELS = (65.0, 75.0)
TERRITORY_PARTS = ("5th percentile", "20th percentile", "mean", "below 65 %", "below 75 %")
NAMES = (
    *(f"segment {segment.number}" for segment in SEGMENTS),
    *(f"{vessel} {part}" for vessel in Vessel for part in TERRITORY_PARTS),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VesselModel:
    """Weights by vessel, and of any defect (``any``).

    Parameters
    ----------
    means, sds : (32,) of the features in training
    weights : (32,) each
    offsets : one each
    """

    name: str
    means: Floats
    sds: Floats
    weights: Mapping[str, Floats]
    offsets: Mapping[str, float]

    def score(self, polar: Floats, which: str) -> float:
        """Score 0 to 1 of a stress map in percent."""
        level = float(self.parts(polar, which).sum()) + self.offsets[which]
        return float(1.0 / (1.0 + np.exp(-np.clip(level, -40.0, 40.0))))

    def parts(self, polar: Floats, which: str) -> Floats:
        """What each feature adds to the log odds, (32,)."""
        return np.asarray(self.weights[which] * (features(polar) - self.means) / self.sds)

    def drivers(self, polar: Floats, which: str, count: int = 3) -> tuple[str, ...]:
        """Features that raise the score most."""
        parts = self.parts(polar, which)
        return tuple(NAMES[i] for i in np.argsort(parts)[::-1][:count] if parts[i] > 0)


def features(polar: Floats) -> Floats:
    """Means of the 17 segments and five numbers of each territory of a map in percent, (32,)."""
    weights = map_weights()
    found = list(segment_means(polar))
    for vessel in Vessel:
        part = in_territory(vessel)
        values, of = polar[part], weights[part]
        order = np.argsort(values)
        reach = np.cumsum(of[order]) / of.sum()
        found += [float(values[order][np.searchsorted(reach, q)]) for q in (0.05, 0.20)]
        found.append(float(np.average(values, weights=of)))
        found += [100.0 * float(np.average(values < level, weights=of)) for level in _LEVELS]
    return np.array(found)


def to_json(model: VesselModel) -> str:
    """File of a model."""
    content = {
        "format": FORMAT,
        "name": model.name,
        "features": list(NAMES),
        "means": np.round(model.means, 5).tolist(),
        "sds": np.round(model.sds, 5).tolist(),
        "weights": {which: np.round(of, 6).tolist() for which, of in model.weights.items()},
        "offsets": {which: round(of, 6) for which, of in model.offsets.items()},
    }
    return json.dumps(content, indent=1) + "\n"


def read_vessel_model(path: Traversable) -> VesselModel:
    """Model of a file; a ConfigError where it is none, or for other features."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or tuple(content["features"]) != NAMES:
            raise ValueError("format or features")
        return VesselModel(
            name=str(content["name"]),
            means=_numbers(content["means"]),
            sds=_numbers(content["sds"]),
            weights={which: _numbers(content["weights"][which]) for which in (*Vessel, ANY)},
            offsets={which: float(content["offsets"][which]) for which in (*Vessel, ANY)},
        )
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ConfigError(
            file=str(path), key=str(cause), value=None, allowed="a vessel model as written"
        ) from cause


def _numbers(values: list[float]) -> Floats:
    found = np.array(values, dtype=np.float64)
    if found.shape != (len(NAMES),) or not np.isfinite(found).all():
        raise ValueError("numbers")
    return found
