"""Measurements of lesions and references, coded; and what of the lesions a reader has to know."""

from collections.abc import Sequence

from algorithms.toolbox.lesion_segments import Reference, number_of
from algorithms.toolbox.lesions import Lesion
from algorithms.toolbox.uptake import Uptake
from dicom_node.domain import coding
from dicom_node.domain.coding import Code
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Measurement, Region, Segment
from dicom_node.domain.volume import Volume

_PARTIAL_VOLUME_ML = 1.0
NOTHING_FOUND = "No lesion was outlined."


def suv(
    label: str, value: float, derivation: Code, segment: int | None, source: str = ""
) -> Measurement:
    """A statistic of SUVbw."""
    return Measurement(
        label=label,
        name=coding.SUVBW,
        value=value,
        unit=coding.G_PER_ML_SUVBW,
        segment=segment,
        derivation=derivation,
        method=coding.SUVBW_METHOD,
        source=source,
    )


def plain(
    label: str,
    name: Code,
    value: float,
    unit: Code,
    *,
    segment: int | None = None,
    source: str = "",
) -> Measurement:
    """A number that is no statistic of SUVbw."""
    return Measurement(
        label=label, name=name, value=value, unit=unit, segment=segment, source=source
    )


def suvs_of(uptake: Uptake, segment: int) -> tuple[Measurement, ...]:
    """SUVmax, SUVmean, SUVpeak of a lesion."""
    return (
        suv("SUVmax", uptake.maximum, coding.MAXIMUM, segment),
        suv("SUVmean", uptake.mean, coding.MEAN, segment),
        suv("SUVpeak", uptake.peak, coding.PEAK, segment),
    )


def of_references(
    segments: Sequence[Segment], references: Sequence[Reference]
) -> tuple[Measurement, ...]:
    """Mean and spread of each reference region, with how it was placed."""
    out: list[Measurement] = []
    for one in references:
        number, placed = number_of(segments, one), one.placed
        out.append(suv("SUVmean", placed.mean, coding.MEAN, number, one.source))
        out.append(suv("SUV SD", placed.sd, coding.STANDARD_DEVIATION, number, one.source))
    return tuple(out)


def of_physiology(
    pet: Volume, segments: Sequence[Segment], region: Region | None
) -> tuple[Measurement, ...]:
    """Volume of what was left out, so that a reader can see how much it is."""
    if region is None:
        return ()
    volume = region.voxels * pet.geometry.voxel_volume_ml
    number = segments[-1].number
    return (plain("Volume", coding.VOLUME, volume, coding.MILLILITRE, segment=number),)


def notes_of(lesions: Sequence[Lesion], geometry: Geometry) -> tuple[str, ...]:
    """That there is none; which are cut by the image's border, or too small for their SUV."""
    if not lesions:
        return (NOTHING_FOUND,)
    numbered = list(enumerate(lesions, start=1))
    cut = [number for number, one in numbered if _touches_border(one, geometry)]
    small = [
        number
        for number, one in numbered
        if one.region.voxels * geometry.voxel_volume_ml < _PARTIAL_VOLUME_ML
    ]
    said = (
        _listed(cut, "at the border of the image and perhaps cut by it"),
        _listed(small, f"below {_PARTIAL_VOLUME_ML:g} mL: partial volume lowers the SUV"),
    )
    return tuple(one for one in said if one)


def _touches_border(lesion: Lesion, geometry: Geometry) -> bool:
    return any(
        part.start == 0 or part.stop == size
        for part, size in zip(lesion.region.slices, geometry.shape, strict=True)
    )


def _listed(numbers: Sequence[int], what: str) -> str:
    if not numbers:
        return ""
    noun = "Lesion" if len(numbers) == 1 else "Lesions"
    return f"{noun} {', '.join(str(number) for number in numbers)}: {what}."
