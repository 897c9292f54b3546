"""How well a contour fits the truth: per patient, per lesion, and over a cohort with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import generate_binary_structure, label  # type: ignore[attr-defined]  # at run time

Mask = NDArray[np.bool_]
_NEIGHBOURS_26 = generate_binary_structure(3, 3)
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionScore:
    """One lesion of the truth: where, how large, and the share of it that was found."""

    site: str
    volume_ml: float
    covered: float

    @property
    def found(self) -> bool:
        """Whether any of it was found: the count of the field (autoPET: one voxel in common)."""
        return self.covered > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientScore:
    """One patient.

    Parameters
    ----------
    dice : overlap of all lesion voxels; None where the patient has no lesion
    physiological_dice : the same for physiological uptake; None where it was not predicted
    false_positives : 26-connected predicted regions without a voxel of the truth
    """

    dice: float | None
    physiological_dice: float | None
    lesions: tuple[LesionScore, ...]
    false_positives: int
    false_positive_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval from resampled patients; nan where nothing was measured."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def score_patient(
    predicted: Mask,
    lesion: NDArray[np.uint8],
    sites: Sequence[str],
    *,
    voxel_ml: float,
    physiological: tuple[Mask, Mask] | None = None,
) -> PatientScore:
    """Score of one patient.

    Parameters
    ----------
    predicted : lesion voxels of the method
    lesion : number of the lesion of the truth in each voxel, from 1; 0 for none
    sites : site of lesion number n at n - 1
    physiological : predicted and true physiological voxels
    """
    truth = lesion > 0
    numbers = np.unique(lesion[truth])
    size = np.bincount(lesion.ravel(), minlength=256)
    hit = np.bincount(lesion[predicted].ravel(), minlength=256)
    regions, count = label(predicted, structure=_NEIGHBOURS_26)
    touched = np.zeros(count + 1, dtype=bool)
    touched[np.unique(regions[truth])] = True
    volumes = np.bincount(regions.ravel(), minlength=count + 1)
    false = ~touched
    false[0] = False
    return PatientScore(
        dice=dice(predicted, truth) if numbers.size else None,
        physiological_dice=None if physiological is None else dice(*physiological),
        lesions=tuple(
            LesionScore(
                site=sites[int(n) - 1],
                volume_ml=float(size[n]) * voxel_ml,
                covered=float(hit[n]) / float(size[n]),
            )
            for n in numbers
        ),
        false_positives=int(false.sum()),
        false_positive_ml=float(volumes[false].sum()) * voxel_ml,
    )


def dice(one: Mask, other: Mask) -> float:
    """2 |A and B| / (|A| + |B|); 1 where both are empty."""
    total = int(one.sum()) + int(other.sum())
    return 1.0 if total == 0 else 2.0 * int((one & other).sum()) / total


def estimate(
    patients: Sequence[PatientScore], figure: Callable[[Sequence[PatientScore]], float]
) -> Estimate:
    """A figure over a cohort, and the 2.5 and 97.5 percentiles over patients drawn with repetition.

    Patients and not lesions are drawn, for lesions of one patient are alike.
    """
    random = np.random.default_rng(0)
    drawn = [
        figure([patients[i] for i in random.integers(len(patients), size=len(patients))])
        for _ in range(_RESAMPLES)
    ]
    known = [value for value in drawn if np.isfinite(value)]
    low, high = np.percentile(known, (2.5, 97.5)) if known else (np.nan, np.nan)
    return Estimate(value=figure(patients), low=float(low), high=float(high))


def mean_dice(patients: Sequence[PatientScore]) -> float:
    """Mean over patients who have a lesion."""
    return _mean([p.dice for p in patients if p.dice is not None])


def mean_physiological_dice(patients: Sequence[PatientScore]) -> float:
    """Mean over patients; nan for methods that do not predict it."""
    return _mean([p.physiological_dice for p in patients if p.physiological_dice is not None])


def found_over_1_ml(patients: Sequence[PatientScore]) -> float:
    """Share of lesions of more than 1 mL of which a voxel was found."""
    return _mean([float(o.found) for p in patients for o in p.lesions if o.volume_ml > 1])


def found_of_any_size(patients: Sequence[PatientScore]) -> float:
    """Share of all lesions of which a voxel was found."""
    return _mean([float(one.found) for p in patients for one in p.lesions])


def false_positives(patients: Sequence[PatientScore]) -> float:
    """Mean number per patient."""
    return _mean([float(p.false_positives) for p in patients])


def false_positive_ml(patients: Sequence[PatientScore]) -> float:
    """Mean volume per patient."""
    return _mean([p.false_positive_ml for p in patients])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
