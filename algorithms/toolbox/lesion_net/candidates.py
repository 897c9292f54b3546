"""Candidates of the network, each described by what a reader would look at.

The network sees every voxel with its surroundings; whether a spot has a twin on the other side of
the body, or is one end of a tube, it has to guess. Here each connected spot is looked at as one.
All of it on the network's own grid, so that the scanner's voxels play no part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    binary_dilation,
    find_objects,
    label,
    maximum,
    uniform_filter1d,
)
from scipy.signal import fftconvolve  # type: ignore[attr-defined]  # as SciPy does here

from algorithms.toolbox.components import NEIGHBOURS_26, Mask
from algorithms.toolbox.lesion_net.grid import SPACING_MM, BodyGrid, Image, expanded
from algorithms.toolbox.lesion_net.hot_spots import (
    HOT_SPOT_FEATURES,
    Surroundings,
    hot_spot_features,
)
from algorithms.toolbox.lesion_net.network import CLASSES
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

Floats = NDArray[np.float64]
Box = tuple[slice, slice, slice]

_OWN_FEATURES = (
    "highest share",  # of the lesion class in the candidate
    "mean share",
    "mean physiological share",
    "log volume",  # ml
    "log SUVmax",
    "log SUVmean",
    "log contrast",  # SUVmean over that of a shell 8 to 12 mm away
    "physiological border",  # share of its neighbours that the network takes for physiological
    "physiological shell",  # mean share of it in that shell
    "log twin",  # SUVmax at the mirrored place over its own: glands, ureters and kidneys are pairs
    "physiological twin",  # highest share at the mirrored place
    "off midline",  # decimetres
    "elongation",  # log of the longest over the shortest variance: tubes
    "flatness",  # log of the middle over the shortest variance
    "density of shell",  # (HU + 1000) / 1000; not a number without CT
)
FEATURES = (*_OWN_FEATURES, *HOT_SPOT_FEATURES)
_SHELL = 3  # voxels
_TWIN = 4  # voxels around the mirrored place, to each side
_LEVEL = 17  # slices that tell together where the middle is: patients lie tilted and bent
_CLIPPED_SUV = 1.0  # the outline tells where the middle is, not a hot organ of one side
_LEAST_SUV = 0.1  # added to uptake before its logarithm
_VOXEL_ML = SPACING_MM**3 / 1000
_VOXEL_MM2 = SPACING_MM**2 / 4  # variance of a single voxel, about


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Connected spots of the lesion class that are large enough to be looked at.

    Parameters
    ----------
    shares : (classes, slices, rows, columns), probability of each class
    numbers : (slices, rows, columns), number of the candidate from 1; 0 for none
    count : how many there are
    """

    shares: Image
    numbers: NDArray[np.int32]
    count: int

    def highest_shares(self) -> Floats:
        """Highest probability of a lesion in each, (count,)."""
        share = self.shares[CLASSES.index("lesion")]
        found = maximum(share, self.numbers, index=np.arange(1, self.count + 1))
        return np.asarray(found, dtype=np.float64)

    def features(self, inputs: Image) -> Floats:
        """What each looks like, (count, len(FEATURES)).

        Parameters
        ----------
        inputs : (2, slices, rows, columns), what the network saw
        """
        suv = expanded(inputs[0])
        seen = _Seen(
            numbers=self.numbers,
            lesion=self.shares[CLASSES.index("lesion")],
            physiological=self.shares[CLASSES.index("physiological")],
            normal=self.shares.argmax(axis=0) == CLASSES.index("physiological"),
            suv=suv,
            density=inputs[1] if inputs[1].any() else np.full_like(inputs[1], np.nan),
            midline=_midline(suv),
        )
        boxes = list(enumerate(find_objects(self.numbers), start=1))
        regions = [
            Region(origin=tuple(part.start for part in box), mask=self.numbers[box] == number)
            for number, box in boxes
        ]
        rest = hot_spot_features(_surroundings(seen), regions)
        found = [
            (*seen.features(number, box), *more)
            for (number, box), more in zip(boxes, rest, strict=True)
        ]
        return np.array(found, dtype=np.float64).reshape(self.count, len(FEATURES))

    def only(self, kept: NDArray[np.bool_]) -> Image:
        """The shares, in which no other lesion is than the kept ones; the rest is what else it is.

        Parameters
        ----------
        kept : (count,)
        """
        lesion = self.shares.argmax(axis=0) == CLASSES.index("lesion")
        gone = lesion & ~np.concatenate([[False], kept])[self.numbers]
        if not gone.any():
            return self.shares
        found = np.array(self.shares)
        # With its rim, lest the scanner's finer voxels find a lesion between two of the grid.
        found[CLASSES.index("lesion")][binary_dilation(gone, structure=NEIGHBOURS_26)] = 0
        return found


def candidates_of(shares: Image, *, least_ml: float) -> Candidates:
    """Candidates of a body.

    Parameters
    ----------
    shares : (classes, slices, rows, columns)
    least_ml : smaller spots are noise; a scanner's voxels may hold a little more than the grid's,
        so that half of it is enough here
    """
    spots, count = label(shares.argmax(axis=0) == CLASSES.index("lesion"), structure=NEIGHBOURS_26)
    enough = np.bincount(spots.ravel(), minlength=count + 1) * _VOXEL_ML >= 0.5 * least_ml
    enough[0] = False
    number = np.where(enough, np.cumsum(enough), 0).astype(np.int32)
    return Candidates(shares=shares, numbers=number[spots], count=int(enough.sum()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """What there is to see around a candidate."""

    numbers: NDArray[np.int32]
    lesion: Image
    physiological: Image
    normal: Mask
    suv: Image
    density: Image
    midline: Floats

    def features(self, number: int, tight: Box) -> tuple[float, ...]:
        """In the order of `_OWN_FEATURES`."""
        box = _widened(tight, _SHELL + 1, self.numbers.shape)
        inside = self.numbers[box] == number
        rim = binary_dilation(inside, structure=NEIGHBOURS_26)
        wide = binary_dilation(rim, structure=NEIGHBOURS_26, iterations=_SHELL - 1)
        border, shell = rim & ~inside, wide & ~rim
        suv = self.suv[box]
        mean, highest = float(suv[inside].mean()), float(suv[inside].max())
        places = np.argwhere(inside) + [part.start for part in box]
        centre = places.mean(axis=0)
        twin_suv, twin_share = self._twin(centre)
        elongation, flatness = _shape(places)
        return (
            float(self.lesion[box][inside].max()),
            float(self.lesion[box][inside].mean()),
            float(self.physiological[box][inside].mean()),
            float(np.log(inside.sum() * _VOXEL_ML)),
            _log(highest),
            _log(mean),
            _log(mean) - _log(_mean(suv[shell])),
            _mean(self.normal[box][border]),
            _mean(self.physiological[box][shell]),
            _log(twin_suv) - _log(highest),
            twin_share,
            abs(float(centre[2]) - self._middle(centre)) * SPACING_MM / 100,
            elongation,
            flatness,
            float(self.density[box][shell].mean()) if shell.any() else float("nan"),
        )

    def _middle(self, centre: Floats) -> float:
        """Column of the middle of the body at the height of a place."""
        return float(self.midline[round(float(centre[0]))])

    def _twin(self, centre: Floats) -> tuple[float, float]:
        """Highest uptake and physiological share at the mirrored place."""
        z, y, x = centre[0], centre[1], 2 * self._middle(centre) - centre[2]
        part = tuple(
            slice(max(0, round(float(c)) - _TWIN), max(0, round(float(c)) + _TWIN + 1))
            for c in (z, y, x)
        )
        suv = self.suv[part]
        if suv.size == 0:
            return 0.0, 0.0
        return float(suv.max()), float(self.physiological[part].max())


def _surroundings(seen: _Seen) -> Surroundings:
    """The same on a grid of its own; where that lies in the patient plays no part."""
    slices, rows, columns = seen.suv.shape
    grid = BodyGrid((0.0, 0.0, 0.0), (slices, rows, columns))
    return Surroundings(
        geometry=Geometry(affine=grid.affine, shape=grid.shape, frame_of_reference_uid=None),
        suv=seen.suv,
        lesion=seen.lesion,
        physiological=seen.physiological,
        normal=seen.normal,
        density=seen.density,
    )


def _midline(suv: Image) -> Floats:
    """Column of the middle of the body in each slice: about which it is most like its mirror image.

    Sum of products of a row with itself turned round, for every middle at once: a convolution.
    """
    seen = np.minimum(suv, _CLIPPED_SUV).sum(axis=1, dtype=np.float64)
    alike = uniform_filter1d(fftconvolve(seen, seen, axes=1), _LEVEL, axis=0, mode="nearest")
    return np.asarray(alike.argmax(axis=1) / 2, dtype=np.float64)


def _shape(places: NDArray[np.int64]) -> tuple[float, float]:
    """Logarithms of the longest and middle variance over the shortest, of voxels (n, 3)."""
    spread = np.eye(3) * _VOXEL_MM2
    if len(places) > 1:
        spread = spread + np.cov(places.T * SPACING_MM)
    shortest, middle, longest = np.linalg.eigvalsh(spread)
    return float(np.log(longest / shortest)), float(np.log(middle / shortest))


def _widened(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    a, b, c = (
        slice(max(0, part.start - margin), min(size, part.stop + margin))
        for part, size in zip(box, shape, strict=True)
    )
    return a, b, c


def _log(suv: float) -> float:
    return float(np.log(max(suv, 0.0) + _LEAST_SUV))


def _mean(values: NDArray[np.float32] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else 0.0
