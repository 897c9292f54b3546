"""The run: perfusion SPECT of one or two states in any unit; segments, numbers, pictures out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable

import numpy as np

from algorithms.mpi_spect import TRACERS, VESSELS, WEIGHTS
from algorithms.mpi_spect.description import describe
from algorithms.mpi_spect.found import Compared, Found
from algorithms.mpi_spect.function import Function, function_of
from algorithms.mpi_spect.limits import Limits, read_limits, scored
from algorithms.mpi_spect.measurements import measurements_of, segments_of
from algorithms.mpi_spect.pictures import draw
from algorithms.mpi_spect.polar import matched, percent, polar_map
from algorithms.mpi_spect.pose import Posed, VentricleNotFound, posed
from algorithms.mpi_spect.said import classifications_of
from algorithms.mpi_spect.vessels import VesselModel, read_vessel_model
from algorithms.toolbox.card import numbers
from algorithms.toolbox.heart_net.network import HeartNet, NoVentricle, read_net
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.errors import InputRejected, UnknownTracer
from dicom_node.domain.result import Result, SegmentationResult
from dicom_node.domain.volume import Volume

_LEAST_FIELD_MM = 90.0
_LEAST_VOXELS = 8
_COARSEST_MM = 8.0
_HEART_PARTS = ("HEART", "CHEST", "THORAX", "CORONARYARTERY", "TSPINE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The values of the model card that decide the result; why these, the card tells."""

    hottest_percent: float
    low_uptake_percent: float
    least_contrast: float
    stroke_factor: float

    @classmethod
    def from_card(cls, card: AlgorithmCard) -> "Parameters":
        """Parameters as the card has them; a ConfigError where one is missing, unknown or wild."""
        found = numbers(
            card,
            {
                "hottest_percent": (0, 50),
                "low_uptake_percent": (0, 100),
                "least_contrast": (0, 10),
                "stroke_factor": (0, 3),
            },
        )
        return cls(**found)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MpiSpect:
    """Measures the perfusion of the left ventricle; see MODEL_CARD.md."""

    parameters: Parameters
    net: HeartNet
    limits: Limits
    vessels: VesselModel

    @classmethod
    def make(cls, card: AlgorithmCard, folder: Traversable, normals: Traversable) -> "MpiSpect":
        """The algorithm with the parameters of its card and the files of its folder."""
        return cls(
            parameters=Parameters.from_card(card),
            net=read_net(
                folder / WEIGHTS, card.weights_sha256, name=card.name, version=card.version
            ),
            limits=read_limits(normals),
            vessels=read_vessel_model(folder / VESSELS),
        )

    def measured(self, spect: Volume, *, with_function: bool = True) -> Found:
        """Ventricle, polar map and function of a scan.

        Raises
        ------
        UnknownTracer
            The tracer is not one of perfusion.
        InputRejected
            Another organ was looked at, no orientation is told, no number, one value everywhere, or
            a grid that cannot show a ventricle.
        VentricleNotFound
            Nothing in the image has the shape of a left ventricle.
        """
        _check(spect)
        geometry = spect.geometry
        try:
            middle = self.net.find(spect.array, geometry)
            found = posed(self.net.outline(spect.array, geometry, middle))
        except NoVentricle as cause:
            raise VentricleNotFound(str(cause)) from cause
        counts = polar_map(spect.array, geometry, found)
        self._require_contrast(spect, found, counts)
        polar = percent(counts, hottest_percent=self.parameters.hottest_percent)
        state = (spect.exam.phase if spect.exam is not None else None) or "uptake"
        return Found(
            state=state,
            posed=found,
            beside=self.net.beside(spect.array, geometry, found.outline),
            counts=counts,
            polar=polar,
            function=self._function(spect, found) if with_function else None,
            scores=scored(polar, self.limits, state) if self.limits.has(state) else None,
        )

    def _function(self, spect: Volume, found: Posed) -> Function | None:
        """Volumes of the gates, each outlined where the whole beat is."""
        volumes = []
        for gate in spect.gates:
            outline = self.net.outline_at(gate, spect.geometry, found.outline.grid)
            try:
                volumes.append(posed(outline).cavity_ml)
            except VentricleNotFound:
                return None
        return function_of(volumes, stroke_factor=self.parameters.stroke_factor)

    def _require_contrast(self, spect: Volume, found: Posed, counts: np.ndarray) -> None:
        """The wall must be brighter than what it encloses, or it is none."""
        axis = found.axis
        inside = axis.base_mm + np.linspace(0.2, 0.55, 8)[:, None] * axis.cap_mm * axis.direction
        index = np.rint(spect.geometry.lps_to_index(inside)).astype(int)
        index = np.clip(index, 0, np.array(spect.geometry.shape) - 1)
        within = float(np.mean(spect.array[tuple(index.T)]))
        contrast = float(np.percentile(counts, 75)) / max(within, 1e-9)
        if contrast < self.parameters.least_contrast:
            raise VentricleNotFound(
                f"its wall is {contrast:.2f} times as bright as its cavity; at least "
                f"{self.parameters.least_contrast:g} is needed"
            )

    def __call__(self, inputs: Mapping[str, Volume]) -> Result:
        """Result of the volume ``spect``, compared with ``rest``; errors as `measured`."""
        spect, rest = inputs["spect"], inputs.get("rest")
        found = self.measured(spect)
        warnings = self._warnings(spect, found)
        compared = None
        if rest is not None and found.state == "stress":
            try:
                compared = self._compared(found, rest)
            except InputRejected as cause:
                warnings.append(f"The rest scan was not used: {cause}")
        segments = segments_of(found, spect.geometry)
        low = self.parameters.low_uptake_percent
        measurements = measurements_of(found, compared, low_percent=low, limits=self.limits.name)
        return Result(
            segmentation=SegmentationResult(
                role="spect", geometry=spect.geometry, segments=segments
            ),
            measurements=measurements,
            classifications=classifications_of(found, self.vessels),
            figures=draw(spect, rest if compared is not None else None, found, compared),
            warnings=tuple(warnings),
            description=describe(found, compared, measurements, low_percent=low),
        )

    def _compared(self, stress: Found, rest: Volume) -> Compared:
        found = self.measured(rest)
        scaled = matched(found.counts, stress.counts) * (100.0 / _hottest(stress))
        return Compared(stress=stress, rest=replace(found, polar=scaled))

    def _warnings(self, spect: Volume, found: Found) -> list[str]:
        told = [
            f"Normal limits in use: {self.limits.name}. Limits hold for the tracer, camera, "
            "reconstruction and sex they were made with only.",
            "Networks and defect scores were trained on simulated hearts; they say nothing about "
            "coronary arteries.",
        ]
        if found.state == "uptake":
            told.append(
                "The header does not tell rest or stress: no limits are applied, nothing is "
                "compared."
            )
        if spect.exam is not None and spect.exam.attenuation_corrected is not True:
            told.append(
                "Attenuation is not corrected: diaphragm and breast lower the inferior and the "
                "anterior wall."
            )
        if spect.gates and found.function is None:
            told.append("The cavity was not found in every gate: no ejection fraction.")
        return told


def _hottest(found: Found) -> float:
    """Counts that are 100 percent of a map."""
    place = np.unravel_index(int(found.polar.argmax()), found.polar.shape)
    return float(100.0 * found.counts[place] / found.polar[place])


def _check(spect: Volume) -> None:
    tracer, exam, geometry = spect.tracer.tracer, spect.exam, spect.geometry
    if tracer not in TRACERS:
        raise UnknownTracer(
            f"allowed: {', '.join(TRACERS)}", keyword="tracer", value=tracer or "not told"
        )
    target = exam.target if exam is not None else None
    if target not in (None, "heart"):
        raise InputRejected(f"the examination is of the {target}, not of the heart")
    part = (exam.body_part or "").upper() if exam is not None else ""
    if part and part not in _HEART_PARTS:
        raise InputRejected(
            f"allowed: {', '.join(_HEART_PARTS)}, or none",
            keyword="BodyPartExamined (0018,0015)",
            value=part,
        )
    if not geometry.placed:
        raise InputRejected(
            "the source tells no orientation: which wall is which cannot be known, and a "
            "short-axis slice cannot be told from a transaxial one"
        )
    if not np.isfinite(spect.array).all():
        raise InputRejected("the image holds values that are no finite number")
    if float(spect.array.max()) <= float(spect.array.min()):
        raise InputRejected("the image has the same value everywhere; there is no image in it")
    _check_grid(spect)


def _check_grid(spect: Volume) -> None:
    geometry = spect.geometry
    if max(geometry.spacing_mm) > _COARSEST_MM or min(geometry.shape) < _LEAST_VOXELS:
        raise InputRejected(
            f"voxels of {max(geometry.spacing_mm):.1f} mm on a grid of {geometry.shape}; at most "
            f"{_COARSEST_MM:g} mm and at least {_LEAST_VOXELS} voxels are needed"
        )
    field = [step * n for step, n in zip(geometry.spacing_mm, geometry.shape, strict=True)]
    if min(field) < _LEAST_FIELD_MM:
        raise InputRejected(
            f"the field of view is {min(field):.0f} mm; a left ventricle needs "
            f"{_LEAST_FIELD_MM:g} mm"
        )
