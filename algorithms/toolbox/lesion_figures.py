"""Pictures of lesions: two projections, and the slices through the largest ones."""

from collections.abc import Sequence

from algorithms.toolbox.canvas import Outline, Window
from algorithms.toolbox.figures import mip_figure
from algorithms.toolbox.isocontour import hottest_voxel
from algorithms.toolbox.lesion_segments import LESION_RGB, PHYSIOLOGICAL_RGB
from algorithms.toolbox.lesions import Lesion
from algorithms.toolbox.slices import Panel, Scan, slices_figure
from algorithms.toolbox.views import View, axes_of
from dicom_node.domain.result import Figure, Region
from dicom_node.domain.volume import Volume

_MOST_SLICES = 3
_MOST_NUMBERS = 25  # more would hide each other; the report has them all


def draw(
    pet: Volume, lesions: Sequence[Lesion], physiological: Region | None, ct: Volume | None
) -> tuple[Figure, ...]:
    """Coronal and sagittal projection; axial slices (over the CT, if given) through lesions.

    Lesions are outlined and numbered as their segments are; what the network took for normal uptake
    has a dashed outline.
    """
    outlines = [_outline(one, number) for number, one in enumerate(lesions, start=1)]
    normal = (
        []
        if physiological is None
        else [Outline(region=physiological, rgb=PHYSIOLOGICAL_RGB, dashed=True)]
    )
    projections = tuple(
        mip_figure(
            pet.array,
            pet.geometry,
            [*normal, *outlines],
            view=view,
            title=f"{view.capitalize()} MIP",
            caption=_caption(lesions, physiological) if view is View.CORONAL else "",
        )
        for view in (View.CORONAL, View.SAGITTAL)
    )
    return projections if not lesions else (*projections, _slices(pet, lesions, normal, ct))


def _outline(lesion: Lesion, number: int) -> Outline:
    text = str(number) if number <= _MOST_NUMBERS else ""
    return Outline(region=lesion.region, rgb=LESION_RGB, text=text)


def _caption(lesions: Sequence[Lesion], physiological: Region | None) -> str:
    said = "red: lesions" if lesions else "no lesion"
    return said if physiological is None else f"{said}, green: physiological"


def _slices(
    pet: Volume, lesions: Sequence[Lesion], normal: Sequence[Outline], ct: Volume | None
) -> Figure:
    through = axes_of(pet.geometry, View.AXIAL).through
    panels: list[Panel] = []
    shown: list[int] = []
    outlines = (*normal, *(_outline(one, number) for number, one in enumerate(lesions, start=1)))
    for number, lesion in enumerate(lesions, start=1):
        reach = lesion.region.slices[through]
        if any(reach.start <= plane < reach.stop for plane in shown):
            continue  # a larger one's slice shows it already
        index = hottest_voxel(pet.array, pet.geometry, lesion.region)
        z_mm = pet.geometry.index_to_lps(index)[2]
        heading = (f"{number}: SUVmax {pet.array[index]:.1f}", f"z = {z_mm:.0f} mm")
        panels.append(Panel(index=index[through], heading=heading, outlines=outlines))
        shown.append(index[through])
        if len(panels) == _MOST_SLICES:
            break
    return slices_figure(
        Scan(image=pet.array, geometry=pet.geometry),
        panels,
        title=f"Axial {'PET' if ct is None else 'PET/CT'}, largest lesions",
        window=Window(),
        ct=None if ct is None else Scan(image=ct.array, geometry=ct.geometry),
    )
