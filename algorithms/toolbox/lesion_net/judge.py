"""How sure a candidate is a lesion: logistic regression on its features, kept with the weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from algorithms.toolbox.lesion_net.candidates import FEATURES, Candidates, Floats
from algorithms.toolbox.lesion_net.grid import Image

PREFIX = "judge."
_INTERCEPT = "intercept"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """Log odds = intercept + sum of weight x (feature - centre) / scale.

    Parameters
    ----------
    centre, scale, weight : (len(FEATURES),)
    """

    centre: Floats
    scale: Floats
    weight: Floats
    intercept: float

    def certainty(self, features: Floats) -> Floats:
        """Probability of each candidate, 0 to 1; a feature that is not there tells nothing.

        Parameters
        ----------
        features : (candidates, len(FEATURES))
        """
        apart = np.nan_to_num((features - self.centre) / self.scale, nan=0.0)
        return np.asarray(1 / (1 + np.exp(-(apart @ self.weight + self.intercept))))

    def tensors(self) -> dict[str, torch.Tensor]:
        """As they stand in the weights' file, whose hash so tells the judge, too."""
        rows = np.stack([self.centre, self.scale, self.weight], axis=1)
        named = {
            f"{PREFIX}{name}": torch.tensor(row, dtype=torch.float64)
            for name, row in zip(FEATURES, rows, strict=True)
        }
        return named | {f"{PREFIX}{_INTERCEPT}": torch.tensor([self.intercept]).double()}


def judge_of(tensors: Mapping[str, torch.Tensor]) -> Judge | None:
    """Judge out of a weights' file; None where it has none.

    Raises
    ------
    KeyError
        Where its features are not those of this version.
    """
    own = {
        k.removeprefix(PREFIX): v.double().numpy()
        for k, v in tensors.items()
        if k.startswith(PREFIX)
    }
    if not own:
        return None
    odd = set(own) ^ {*FEATURES, _INTERCEPT}
    if odd:
        raise KeyError(", ".join(sorted(odd)))
    rows = np.stack([own[name] for name in FEATURES])
    return Judge(
        centre=rows[:, 0], scale=rows[:, 1], weight=rows[:, 2], intercept=float(own[_INTERCEPT][0])
    )


def certainty(judge: Judge | None, candidates: Candidates, inputs: Image) -> Floats:
    """Of each candidate; a bundle without a judge is as sure as its surest voxel.

    Parameters
    ----------
    inputs : (2, slices, rows, columns), what the network saw
    """
    if judge is None:
        return candidates.highest_shares()
    return judge.certainty(candidates.features(inputs))
