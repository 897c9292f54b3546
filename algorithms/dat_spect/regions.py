"""Regions of a head: nuclei, occipital reference, and those of the total counts method."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt  # type: ignore[attr-defined]  # filled at run time

from algorithms.dat_spect.registration import Affine
from algorithms.toolbox.brain_template import BrainTemplate, places_mm, sampled
from algorithms.toolbox.striatum import Nucleus, Side, share
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry

Mask = NDArray[np.bool_]
Part = tuple[Nucleus, Side]

MEASURED: tuple[Part, ...] = tuple(
    (nucleus, side) for nucleus in (Nucleus.CAUDATE, Nucleus.PUTAMEN) for side in Side
)
REGION_SET = "mni152-striatum-2"  # normals of another set of regions do not hold for this one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Atlas:
    """Regions in MNI space that are more than a formula, as 0 or 1 on the template's grid.

    Parameters
    ----------
    surround : by side, generous: the striatum and what its counts are blurred over
    unspecific : the brain without both surrounds and without its rim
    """

    template: BrainTemplate
    surround: Mapping[Side, NDArray[np.float32]]
    unspecific: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regions:
    """Voxels of the patient's image."""

    nuclei: Mapping[Part, Mask]
    reference: Mask
    surround: Mapping[Side, Mask]
    unspecific: Mask


def make_atlas(template: BrainTemplate, *, surround_mm: float, rim_mm: float) -> Atlas:
    """Atlas of a template; the margins are those of the card."""
    geometry = template.geometry
    places = places_mm(geometry)
    striata = sum(share(nucleus, side, places) for nucleus in Nucleus for side in Side)
    step = geometry.spacing_mm[0]
    near = step * distance_transform_edt(np.asarray(striata) < 0.5) <= surround_mm
    depth = step * distance_transform_edt(template.brain > 0.5)
    return Atlas(
        template=template,
        surround={
            side: (near & (side.sign * places[..., 0] > 0)).astype(np.float32) for side in Side
        },
        unspecific=(~near & (depth > rim_mm)).astype(np.float32),
    )


def place_regions(
    geometry: Geometry, head: Affine, sides: Mapping[Side, Affine], atlas: Atlas
) -> Regions:
    """Every region on the image's grid: striata by maps of their sides, the rest by the head's.

    Raises
    ------
    InputRejected
        A region lies outside of the image: the field of view cuts the brain.
    """
    patient = places_mm(geometry)
    template = atlas.template.geometry

    def on_grid(region: NDArray[np.float32], by: Affine) -> Mask:
        return np.asarray(sampled(region, template, by.to_template(patient)) > 0.5)

    by_side = {side: one.to_template(patient) for side, one in sides.items()}
    regions = Regions(
        nuclei={part: share(*part, by_side[part[1]]) > 0.5 for part in MEASURED},
        reference=on_grid(atlas.template.occipital, head),
        surround={side: on_grid(region, sides[side]) for side, region in atlas.surround.items()},
        unspecific=on_grid(atlas.unspecific, head),
    )
    drawn_ml = atlas.template.geometry.voxel_volume_ml
    wanted = {"occipital reference": (regions.reference, atlas.template.occipital, head)}
    for side in Side:
        wanted[f"{side} striatum"] = (regions.surround[side], atlas.surround[side], sides[side])
    for name, (found, drawn, by) in wanted.items():
        stretch = 1.0 / abs(float(np.linalg.det(by.matrix)))
        expected_ml = float(drawn.sum()) * drawn_ml * stretch
        _require_inside(name, float(found.sum()) * geometry.voxel_volume_ml / expected_ml)
    return regions


def _require_inside(name: str, share_inside: float) -> None:
    """At least 90 % of the volume that a region has in MNI space, once mapped to the patient."""
    if share_inside < 0.9:
        raise InputRejected(
            f"{share_inside:.0%} of the {name} lies within the image; the whole brain between "
            "the base of the striata and their top, back to the occiput, is needed"
        )
