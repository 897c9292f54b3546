"""Where a head lies: an affine map from the patient's millimetres to those of MNI space.

Coarse to three usual looks; then the parts of the best are made as bright as this patient's, by
least squares, and the map is refined to that: a striatum that is lost on one side does not pull.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813  as everybody writes it
from numpy.typing import NDArray
from scipy.optimize import nnls  # type: ignore[attr-defined]  # filled at run time

from algorithms.dat_spect.templates import Look, Parts
from algorithms.toolbox.brain_template import places_mm, sampled
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

_COARSE_MM, _MIDDLE_MM = 6.0, 4.5
_MARGIN_MM = 12.0  # of the box round the head
_BRIGHT_PERCENT, _BODY_SHARE = 98, 0.15  # percentile, and share of it that is head
_SEED = 20_260
_SCALES = (0.75, 1.35)  # of a head against the template, along any axis


class RegistrationFailed(InputRejected):
    """No pose was found in which the image looks like an ioflupane scan of a head."""

    code = "registration-failed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine:
    """A map of LPS millimetres, mostly of the patient's to those of MNI space.

    Parameters
    ----------
    matrix : (3, 3), offset_mm : (3,)
        MNI millimetres = matrix times patient millimetres + offset.
    """

    matrix: Floats
    offset_mm: Floats

    def to_template(self, points_mm: Floats) -> Floats:
        """MNI millimetres (..., 3) of patient millimetres (..., 3)."""
        return np.asarray(points_mm @ self.matrix.T + self.offset_mm)

    def to_patient(self, points_mm: Floats) -> Floats:
        """Patient millimetres (..., 3) of MNI millimetres (..., 3)."""
        return np.asarray((points_mm - self.offset_mm) @ np.linalg.inv(self.matrix).T)

    def then(self, after: "Affine") -> "Affine":
        """Both maps, this one first."""
        return Affine(
            matrix=after.matrix @ self.matrix,
            offset_mm=after.matrix @ self.offset_mm + after.offset_mm,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pose:
    """Result of a registration of the whole head.

    Parameters
    ----------
    head : patient to MNI millimetres
    correlation : of the image with the look, over the box round the head
    look : name of the look that fits best
    """

    head: Affine
    correlation: float
    look: str


def register(image: Image, geometry: Geometry, parts: Parts, *, least_correlation: float) -> Pose:
    """Affine pose in which the image looks most like an ioflupane scan.

    Where the source tells no place (`geometry.placed`), slices may run either way: both are tried.

    Raises
    ------
    RegistrationFailed
        The best fit is poor, or stretches the head beyond what heads are.
    """
    coarse, middle = (_boxed(image, geometry, step) for step in (_COARSE_MM, _MIDDLE_MM))
    ways = [np.diag((1.0, 1.0, 1.0))]
    if not geometry.placed:
        ways.append(np.diag((1.0, 1.0, -1.0)))
    tried = [
        (_fit(coarse, look, _start(coarse, look, way), first=True), look)
        for look in parts.usual_looks
        for way in ways
    ]
    (start, _), look = max(tried, key=lambda one: one[0][1])
    own = parts.look("own", _levels(coarse, start, parts))
    refined, correlation = _fit(middle, own, start)
    pose = Pose(head=_as_affine(refined), correlation=correlation, look=look.name)
    _check(pose, least_correlation)
    return pose


def _levels(fixed: sitk.Image, pose: sitk.AffineTransform, parts: Parts) -> list[float]:
    """How bright each part is in the image, none below zero."""
    values = sitk.GetArrayFromImage(fixed)
    places = _places(fixed, pose)
    columns = [sampled(part, parts.geometry, places).ravel() for part in parts.images]
    found, _ = nnls(np.stack(columns, axis=1), values.ravel())
    return [float(level) for level in found]


def _places(fixed: sitk.Image, pose: sitk.AffineTransform) -> Floats:
    """MNI millimetres of the voxels of an image, (slices, rows, columns, 3)."""
    index = np.moveaxis(np.indices(fixed.GetSize()[::-1]), 0, -1)[..., ::-1]
    return _as_affine(pose).to_template(index * fixed.GetSpacing() + fixed.GetOrigin())


def _check(pose: Pose, least_correlation: float) -> None:
    if pose.correlation < least_correlation:
        raise RegistrationFailed(
            f"the image correlates with an ioflupane scan of a head by {pose.correlation:.2f}; at "
            f"least {least_correlation:g} is needed"
        )
    scales = np.linalg.svd(pose.head.matrix, compute_uv=False)
    if scales.min() < 1 / _SCALES[1] or scales.max() > 1 / _SCALES[0]:
        found = ", ".join(f"{1 / scale:.2f}" for scale in scales)
        raise RegistrationFailed(
            f"the head would be {found} times the template's size; {_SCALES[0]:g} to "
            f"{_SCALES[1]:g} is possible"
        )


def _boxed(image: Image, geometry: Geometry, step_mm: float) -> sitk.Image:
    """The image, bright tissue about 1, in a box round the head along the patient's axes."""
    top = float(np.percentile(image, _BRIGHT_PERCENT))
    if top <= 0:
        raise RegistrationFailed(f"{_BRIGHT_PERCENT} % of the voxels have no counts; no head does")
    relative = np.asarray(image / top)  # so that steps of the optimiser know no unit
    head = geometry.index_to_lps(np.argwhere(relative > _BODY_SHARE))
    low, high = head.min(axis=0) - _MARGIN_MM, head.max(axis=0) + _MARGIN_MM
    count = np.ceil((high - low) / step_mm).astype(int)[::-1]
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = step_mm
    affine[3, 3] = 1.0
    affine[:3, 3] = low
    a, b, c = (int(n) for n in count)
    box = Geometry(affine=affine, shape=(a, b, c), frame_of_reference_uid=None)
    return _as_itk(sampled(relative, geometry, places_mm(box)), low, step_mm)


def _as_itk(values: Image, origin_mm: Floats, step_mm: float) -> sitk.Image:
    made = sitk.GetImageFromArray(values)
    made.SetOrigin([float(v) for v in origin_mm])
    made.SetSpacing([step_mm] * 3)
    return made


def _moving(look: Look, *, step: int = 1) -> sitk.Image:
    """One in so many voxels of the look, its array turned so that all directions go up."""
    lengths = look.geometry.affine[:3, :3].sum(axis=0)  # of axes along -z, -y, -x or their opposite
    flips = tuple(axis for axis in range(3) if lengths[axis] < 0)
    values = np.ascontiguousarray(np.flip(look.image, flips)[::step, ::step, ::step])
    first = [look.geometry.shape[axis] - 1 if axis in flips else 0 for axis in range(3)]
    return _as_itk(values, look.geometry.index_to_lps(first), step * look.geometry.spacing_mm[0])


def _start(fixed: sitk.Image, look: Look, way: Floats) -> sitk.AffineTransform:
    """Centres of mass on one another."""
    ours, theirs = _centre(fixed), _centre(_moving(look))
    start = sitk.AffineTransform(3)
    start.SetCenter([float(v) for v in ours])
    start.SetMatrix([float(v) for v in way.ravel()])
    start.SetTranslation([float(v) for v in theirs - ours])
    return start


def _centre(image: sitk.Image) -> Floats:
    """Centre of what is head, every voxel counting the same: hot striata must not pull it."""
    values = sitk.GetArrayViewFromImage(image)
    head = np.argwhere(values > _BODY_SHARE * np.percentile(values, _BRIGHT_PERCENT))
    return np.array(image.TransformContinuousIndexToPhysicalPoint(head.mean(axis=0)[::-1].tolist()))


def _fit(
    fixed: sitk.Image,
    look: Look,
    start: sitk.AffineTransform,
    *,
    first: bool = False,
) -> tuple[sitk.AffineTransform, float]:
    """Map from the fixed image to the look, and their correlation.

    Every third voxel is looked at, and the look in steps of 4 mm.
    """
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetMetricSamplingStrategy(method.REGULAR)
    # Places are shaken within their grid; without a seed by the clock, and no run the same.
    method.SetMetricSamplingPercentage(0.35, _SEED)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0 if first else 1.0,
        minStep=0.05 if first else 0.02,
        numberOfIterations=40,
        relaxationFactor=0.6,
        gradientMagnitudeTolerance=1e-5,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetNumberOfThreads(1)  # so that sums, and so results, are the same on every machine
    transform = sitk.AffineTransform(start)
    method.SetInitialTransform(transform, True)
    method.Execute(fixed, _moving(look, step=2))
    # ITK gives minus the square of the normalised correlation.
    return transform, float(np.sqrt(max(0.0, -method.GetMetricValue())))


def _as_affine(transform: sitk.AffineTransform) -> Affine:
    return Affine(
        matrix=np.array(transform.GetMatrix()).reshape(3, 3),
        offset_mm=np.array(transform.TransformPoint((0.0, 0.0, 0.0))),
    )
