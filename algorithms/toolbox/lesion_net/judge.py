"""How sure a candidate is a lesion: boosted trees on its features, kept with the weights."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.toolbox.lesion_net.candidates import FEATURES, Candidates, Floats
from algorithms.toolbox.lesion_net.grid import Image

PREFIX = "judge."
_INTERCEPT = "intercept"
_TREES = "trees."
LEAF = -1  # in the place of a feature's number
Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """Decision trees as tables, (trees, nodes); node 0 is the root, rows are filled with leaves.

    Parameters
    ----------
    feature : number of the feature that a node asks for, `LEAF` where it asks nothing
    threshold : what is at most that goes below, the rest above
    below, above : number of the next node
    value : log odds that a leaf adds
    """

    feature: Numbers
    threshold: Floats
    below: Numbers
    above: Numbers
    value: Floats

    def sums(self, features: Floats) -> Floats:
        """Values of the leaves that each row ends in, added up."""
        which = np.arange(len(self.feature))
        node = np.zeros((len(features), len(which)), dtype=np.int32)
        for _ in range(self.feature.shape[1]):  # no path is longer than there are nodes
            asked = self.feature[which, node]
            if (asked == LEAF).all():
                break
            answer = np.take_along_axis(features, np.maximum(asked, 0), axis=1)
            low = answer <= self.threshold[which, node]
            following = np.where(low, self.below[which, node], self.above[which, node])
            node = np.where(asked == LEAF, node, following)
        return np.asarray(self.value[which, node].sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """Log odds = intercept + sum of one leaf of each tree.

    Parameters
    ----------
    centre : (len(FEATURES),), what a feature is taken for that is not there
    """

    centre: Floats
    trees: Trees
    intercept: float

    def certainty(self, features: Floats) -> Floats:
        """Probability of each candidate, 0 to 1.

        Parameters
        ----------
        features : (candidates, len(FEATURES))
        """
        known = np.where(np.isnan(features), self.centre, features)
        return np.asarray(1 / (1 + np.exp(-(self.trees.sums(known) + self.intercept))))

    def tensors(self) -> dict[str, torch.Tensor]:
        """As they stand in the weights' file, whose hash so tells the judge, too."""
        named = {
            f"{PREFIX}{name}": torch.tensor([value], dtype=torch.float64)
            for name, value in zip(FEATURES, self.centre, strict=True)
        }
        tables = {
            f"{PREFIX}{_TREES}{one.name}": torch.from_numpy(getattr(self.trees, one.name).copy())
            for one in fields(Trees)
        }
        return {**named, **tables, f"{PREFIX}{_INTERCEPT}": torch.tensor([self.intercept]).double()}


def judge_of(tensors: Mapping[str, torch.Tensor]) -> Judge | None:
    """Judge out of a weights' file; None where it has none.

    Raises
    ------
    KeyError
        Where its features or tables are not those of this version.
    """
    own = {k.removeprefix(PREFIX): v.numpy() for k, v in tensors.items() if k.startswith(PREFIX)}
    if not own:
        return None
    tables = [one.name for one in fields(Trees)]
    odd = set(own) ^ {*FEATURES, *(_TREES + name for name in tables), _INTERCEPT}
    if odd:
        raise KeyError(", ".join(sorted(odd)))
    return Judge(
        centre=np.array([float(own[name][0]) for name in FEATURES]),
        trees=Trees(**{name: own[_TREES + name] for name in tables}),
        intercept=float(own[_INTERCEPT][0]),
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
