"""Pictures of the candidates: two projections, and the slices through the hottest ones."""

from collections.abc import Sequence

from algorithms.pet_threshold.candidates import Candidate, Parameters
from algorithms.toolbox.canvas import Outline
from algorithms.toolbox.figures import mip_figure
from algorithms.toolbox.slices import Panel, Scan, slices_figure
from algorithms.toolbox.views import Axes, View, axes_of
from dicom_node.domain.result import Figure
from dicom_node.domain.volume import Volume

# Both are seen on white, on grey, on black and on the colours of the fused slices.
FIXED_RGB = (0, 158, 96)
FRACTION_RGB = (30, 110, 255)
MOST_SLICES = 3


def draw(
    pet: Volume, candidates: Sequence[Candidate], parameters: Parameters, ct: Volume | None
) -> tuple[Figure, ...]:
    """Coronal and sagittal projection; axial slices (over the CT, if given) if anything is hot."""
    outlines = [outline for candidate in candidates for outline in _outlines(candidate)]
    caption = (
        f"solid SUV \N{GREATER-THAN OR EQUAL TO} {parameters.threshold_suvbw:.1f}, "
        f"dashed {parameters.fraction_name} of max"
        if candidates
        else f"no candidate ({parameters.fixed_name}, {parameters.minimum_volume_ml:g} mL)"
    )
    projections = tuple(
        mip_figure(
            pet.array,
            pet.geometry,
            outlines,
            view=view,
            title=f"{view.capitalize()} MIP",
            caption="" if candidates and view is View.SAGITTAL else caption,
        )
        for view in (View.CORONAL, View.SAGITTAL)
    )
    if not candidates:
        return projections
    return (*projections, _slices(pet, candidates, outlines, ct))


def _slices(
    pet: Volume,
    candidates: Sequence[Candidate],
    outlines: Sequence[Outline],
    ct: Volume | None,
) -> Figure:
    axes = axes_of(pet.geometry, View.AXIAL)
    panels = [
        Panel(
            index=candidate.hot_spot.hottest[axes.through],
            heading=_heading(candidate, pet),
            outlines=tuple(outlines),
        )
        for candidate in _not_seen_twice(candidates, axes)[:MOST_SLICES]
    ]
    kind = "PET" if ct is None else "PET/CT"
    return slices_figure(
        Scan(image=pet.array, geometry=pet.geometry),
        panels,
        title=f"Axial {kind}, hottest candidates",
        ct=None if ct is None else Scan(image=ct.array, geometry=ct.geometry),
    )


def _heading(candidate: Candidate, pet: Volume) -> tuple[str, str]:
    spot = candidate.hot_spot
    z_mm = pet.geometry.index_to_lps(spot.hottest)[2]
    return f"{candidate.number}: SUVmax {spot.uptake.maximum:.1f}", f"z = {z_mm:.0f} mm"


def _not_seen_twice(candidates: Sequence[Candidate], axes: Axes) -> list[Candidate]:
    """Candidates in order of heat, without those that a hotter one's slice already shows."""
    chosen: list[Candidate] = []
    for candidate in candidates:
        reach = candidate.hot_spot.region.slices[axes.through]
        planes = [other.hot_spot.hottest[axes.through] for other in chosen]
        if not any(reach.start <= plane < reach.stop for plane in planes):
            chosen.append(candidate)
    return chosen


def _outlines(candidate: Candidate) -> tuple[Outline, Outline]:
    return (
        Outline(region=candidate.hot_spot.region, rgb=FIXED_RGB, text=str(candidate.number)),
        Outline(region=candidate.contour.region, rgb=FRACTION_RGB, dashed=True),
    )
