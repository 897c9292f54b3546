"""The run: a reconstructed SPECT of the transporter, any unit; regions, ratios, pictures out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from algorithms.dat_spect import TRACERS
from algorithms.dat_spect.classifier import LEARNT_TRACER, Classifier
from algorithms.dat_spect.measurements import measurements_of, segments_of, side_name
from algorithms.dat_spect.normals import Normals
from algorithms.dat_spect.pictures import draw
from algorithms.dat_spect.ratios import Ratios, measure
from algorithms.dat_spect.refinement import follow
from algorithms.dat_spect.regions import Atlas, Regions, make_atlas, place_regions
from algorithms.dat_spect.registration import Affine, Pose, register
from algorithms.dat_spect.said import Said, said_of, unsaid_of
from algorithms.dat_spect.templates import NearParts, Parts, make_near_parts, make_parts
from algorithms.toolbox.brain_template import read_brain_template
from algorithms.toolbox.card import numbers
from algorithms.toolbox.striatum import Side
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.errors import InputRejected, UnknownTracer
from dicom_node.domain.result import Result, SegmentationResult
from dicom_node.domain.volume import Volume

_LEAST_FIELD_MM = 100.0
_LEAST_VOXELS = 8
_COARSEST_MM = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The values of the model card that decide the result; why these, the card tells."""

    striatum_ml: float
    surround_mm: float
    rim_mm: float
    least_correlation: float

    @classmethod
    def from_card(cls, card: AlgorithmCard) -> "Parameters":
        """Parameters as the card has them; a ConfigError where one is missing, unknown or wild."""
        found = numbers(
            card,
            {
                "striatum_volume_ml": (0, 50),
                "surround_mm": (0, 40),
                "brain_rim_mm": (0, 40),
                "least_correlation": (0, 1),
            },
        )
        return cls(
            striatum_ml=found["striatum_volume_ml"],
            surround_mm=found["surround_mm"],
            rim_mm=found["brain_rim_mm"],
            least_correlation=found["least_correlation"],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What was found in one scan, before it is put into words.

    Parameters
    ----------
    sides : map of each side; that of the head where a side does not show its own
    """

    pose: Pose
    sides: Mapping[Side, Affine]
    regions: Regions
    ratios: Ratios


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatSpect:
    """Measures striatal binding; see MODEL_CARD.md.

    Parameters
    ----------
    normals : by tracer; what has none is compared with nothing
    """

    parameters: Parameters
    parts: Parts
    near: NearParts
    atlas: Atlas
    normals: Mapping[str, Normals]
    classifier: Classifier

    @classmethod
    def make(
        cls, card: AlgorithmCard, normals: Mapping[str, Normals], classifier: Classifier
    ) -> "DatSpect":
        """The algorithm with the parameters of its card; reads the brain template."""
        parameters = Parameters.from_card(card)
        template = read_brain_template()
        atlas = make_atlas(template, surround_mm=parameters.surround_mm, rim_mm=parameters.rim_mm)
        return cls(
            parameters=parameters,
            parts=make_parts(template),
            near=make_near_parts(template),
            atlas=atlas,
            normals=normals,
            classifier=classifier,
        )

    def measured(self, spect: Volume) -> Measured:
        """Pose, regions and ratios of a scan.

        Raises
        ------
        UnknownTracer
            The tracer is not one whose ratios these are.
        InputRejected
            No number, one value everywhere, a grid that cannot show striata, or a field of view
            that cuts them.
        RegistrationFailed
            The image does not look like a transporter scan of a head.
        """
        _check(spect)
        geometry = spect.geometry
        pose = register(
            spect.array,
            geometry,
            self.parts,
            least_correlation=self.parameters.least_correlation,
        )
        sides = {side: follow(spect.array, geometry, pose.head, self.near, side) for side in Side}
        regions = place_regions(geometry, pose.head, sides, self.atlas)
        ratios = measure(
            spect.array,
            regions,
            geometry.voxel_volume_ml,
            striatum_ml=self.parameters.striatum_ml,
        )
        return Measured(pose=pose, sides=sides, regions=regions, ratios=ratios)

    def __call__(self, inputs: Mapping[str, Volume]) -> Result:
        """Ratios of the volume ``spect``; errors as `measured`."""
        spect = inputs["spect"]
        found = self.measured(spect)
        geometry, placed = spect.geometry, spect.geometry.placed
        age = None if spect.patient is None else spect.patient.age_years
        segments = segments_of(found.regions, placed=placed)
        normals = self.normals.get(str(spect.tracer.tracer))
        said = self._said(spect, found.ratios, normals, age)
        return Result(
            segmentation=SegmentationResult(role="spect", geometry=geometry, segments=segments),
            measurements=(
                *said.measurements,
                *measurements_of(
                    found.ratios,
                    segments,
                    geometry.voxel_volume_ml,
                    normals=normals,
                    age_years=age,
                    striatum_ml=self.parameters.striatum_ml,
                    placed=placed,
                ),
            ),
            classifications=said.classifications,
            figures=draw(
                spect.array,
                geometry,
                found.regions,
                found.ratios,
                normals=normals,
                age_years=age,
            ),
            warnings=_warnings(found, (*_range_told(spect, normals), *said.warnings), age, placed),
        )

    def _said(
        self, spect: Volume, ratios: Ratios, normals: Normals | None, age: float | None
    ) -> Said:
        """What the classifier says; nothing of a tracer that it was not trained on."""
        if normals is None or normals.tracer != LEARNT_TRACER:
            return unsaid_of(str(spect.tracer.tracer))
        placed = spect.geometry.placed
        return said_of(ratios, self.classifier, normals=normals, age_years=age, placed=placed)


def _range_told(spect: Volume, normals: Normals | None) -> tuple[str, ...]:
    """Whose range the ratios are compared with, or that there is none."""
    if normals is None:
        return (
            f"No reference range of {spect.tracer.tracer} is in use: its ratios are compared with "
            "nothing. Ranges of another tracer do not hold for it.",
        )
    return (
        f"Reference range in use: {normals.name}, {normals.subjects} subjects. "
        "Ranges hold for the tracer, camera, reconstruction and regions they were made with only.",
    )


def _warnings(
    found: Measured, first: tuple[str, ...], age: float | None, placed: bool
) -> tuple[str, ...]:
    warnings = list(first)
    if age is None:
        warnings.append("The age is not told; a reference range is that of 60 years.")
    if not placed:
        warnings.append(
            "The source tells no orientation: which side is left is not known, sides are "
            "called 1 and 2. That the forehead is at the top of the slices was taken as given."
        )
    warnings += [
        f"Striatum {side_name(side, placed=placed)}: it shows too little, or lies too far "
        "off, to be followed by itself; its regions lie where the map of the whole head puts them."
        for side, own in found.sides.items()
        if own is found.pose.head
    ]
    if any(value < 0 for value in found.ratios.features):
        warnings.append("A region has less than the reference: its ratio is below zero.")
    return tuple(warnings)


def _check(spect: Volume) -> None:
    if spect.tracer.tracer not in TRACERS:
        raise UnknownTracer(
            f"dat-spect is for {', '.join(TRACERS)}; {spect.tracer.evidence}",
            keyword="tracer",
            value=spect.tracer.tracer,
        )
    finite = np.isfinite(spect.array)
    if not finite.all():
        raise InputRejected(
            f"{int(finite.size - np.count_nonzero(finite))} of {finite.size} voxels are no finite "
            "number; every voxel needs a value"
        )
    lowest, highest = float(spect.array.min()), float(spect.array.max())
    if lowest == highest or highest <= 0:
        raise InputRejected(f"voxels are {lowest:g} to {highest:g}; such a volume is no image")
    _check_grid(spect)


def _check_grid(spect: Volume) -> None:
    spacing, shape = spect.geometry.spacing_mm, spect.geometry.shape
    field = [step * count for step, count in zip(spacing, shape, strict=True)]
    if min(field) < _LEAST_FIELD_MM or min(shape) < _LEAST_VOXELS or max(spacing) > _COARSEST_MM:
        shown = " x ".join(f"{length:.0f}" for length in field)
        raise InputRejected(
            f"the grid covers {shown} mm in steps of up to {max(spacing):.1f} mm; a brain needs "
            f"{_LEAST_FIELD_MM:g} mm each way, in steps of at most {_COARSEST_MM:g} mm"
        )
