"""The result page's pictures: slices through the striata, bars against the reference range."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from algorithms.dat_spect.measurements import COLOURS, REFERENCE_RGB, side_name
from algorithms.dat_spect.normals import Normals
from algorithms.dat_spect.ratios import Ratios
from algorithms.dat_spect.regions import MEASURED, Regions
from algorithms.toolbox.canvas import (
    TEXT_PX,
    Canvas,
    Outline,
    Window,
    blank,
    colour,
    finished,
    points,
    write,
)
from algorithms.toolbox.slices import Panel, Scan, slices_figure
from algorithms.toolbox.striatum import Nucleus
from algorithms.toolbox.views import View, axes_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Figure, Region

_SLICES = 3
_SLICE_STEP_MM = 8.0
_SHOWN_RATIO = 4.5  # times the reference: black
_WIDTH, _HEIGHT = 1500, 640
_LEFT, _RIGHT, _TOP, _FOOT = 130, 40, 130, 530  # of the chart's frame
_BAR_PX = 92


def draw(
    image: NDArray[np.float32],
    geometry: Geometry,
    regions: Regions,
    ratios: Ratios,
    *,
    normals: Normals | None,
    age_years: float | None,
) -> tuple[Figure, ...]:
    """Slices with regions, then bars."""
    reference = float(image[regions.reference].mean())
    relative = np.asarray(image / reference, dtype=np.float32)
    return (
        _slices(relative, geometry, regions),
        _bars(ratios, normals, age_years, placed=geometry.placed),
    )


def _slices(relative: NDArray[np.float32], geometry: Geometry, regions: Regions) -> Figure:
    axes = axes_of(geometry, View.AXIAL)
    outlines = [
        Outline(region=Region.from_mask(regions.nuclei[part]), rgb=COLOURS[part])
        for part in MEASURED
    ]
    outlines.append(
        Outline(region=Region.from_mask(regions.reference), rgb=REFERENCE_RGB, dashed=True)
    )
    striata = np.any([regions.nuclei[part] for part in MEASURED], axis=0)
    others = tuple(axis for axis in range(3) if axis != axes.through)
    area = striata.sum(axis=others)
    middle = int(np.average(np.arange(area.size), weights=area).round())
    step = max(1, round(_SLICE_STEP_MM / geometry.spacing_mm[axes.through]))
    places = [middle + step * k for k in range(-(_SLICES // 2), _SLICES // 2 + 1)]
    panels = [
        Panel(index=index, heading=(f"slice {index + 1}", ""), outlines=tuple(outlines))
        for index in places
        if 0 <= index < area.size
    ]
    window = Window(low=0.0, high=_SHOWN_RATIO, unit="x ref.")
    return slices_figure(
        Scan(image=relative, geometry=geometry),
        panels,
        title="Axial slices through the striata; occipital reference dashed",
        window=window,
    )


def _bars(
    ratios: Ratios, normals: Normals | None, age_years: float | None, *, placed: bool
) -> Figure:
    sheet, canvas = blank(_WIDTH, _HEIGHT)
    ranges = {} if normals is None else normals.ranges
    highest = max(
        *(ratios.binding[part] for part in MEASURED),
        *(ranges[nucleus].ends(age_years)[1] for nucleus, _ in MEASURED if nucleus in ranges),
        1.0,
    )
    scale = (_FOOT - _TOP) / (1.1 * highest)
    _grid(canvas, highest, scale)
    room = (_WIDTH - _LEFT - _RIGHT) / len(MEASURED)
    for place, part in enumerate(MEASURED):
        middle = _LEFT + (place + 0.5) * room
        value = ratios.binding[part]
        if part[0] in ranges:
            normal = ranges[part[0]]
            ends = [_FOOT - scale * max(0.0, end) for end in normal.ends(age_years)]
            _range(canvas, middle, ends, room)
            told = f"z {normal.z(value, age_years):+.1f}"
            write(canvas, middle, _FOOT + 2.2 * TEXT_PX, told, ha="center")
        _bar(canvas, middle, _FOOT - scale * max(0.0, value), colour(COLOURS[part]))
        top = _FOOT - scale * max(0.0, value)
        write(canvas, middle, top - TEXT_PX * 0.7, f"{value:.2f}", weight="bold", ha="center")
        name = f"{part[0].capitalize()} {side_name(part[1], placed=placed)}"
        write(canvas, middle, _FOOT + TEXT_PX, name, ha="center")
    write(canvas, 8, TEXT_PX, _whose(normals, age_years))
    write(canvas, 8, 2.3 * TEXT_PX, _asymmetry(ratios))
    title = "SBR, compared with nothing" if normals is None else "SBR against the normals in use"
    return finished(sheet, title)


def _whose(normals: Normals | None, age_years: float | None) -> str:
    if normals is None:
        return "No reference range of this tracer is in use"
    age = "60 y (age not told)" if age_years is None else f"{age_years:.0f} y"
    return f"Grey: 95 % of {normals.name[:40]} ({normals.subjects} persons) at {age}"


def _asymmetry(ratios: Ratios) -> str:
    told = []
    for nucleus in (Nucleus.CAUDATE, Nucleus.PUTAMEN):
        index = ratios.asymmetry_percent(nucleus)
        told.append(f"{nucleus} {'-' if index is None else f'{index:.0f} %'}")
    return "Asymmetry: " + ", ".join(told)


def _grid(canvas: Canvas, highest: float, scale: float) -> None:
    for value in range(int(1.1 * highest) + 1):
        y = _FOOT - scale * value
        canvas.plot([_LEFT, _WIDTH - _RIGHT], [y, y], color="0.85", linewidth=points(1.5))
        write(canvas, _LEFT - 16, y, f"{value}", ha="right")


def _range(canvas: Canvas, middle: float, ends: Sequence[float], room: float) -> None:
    half = 0.42 * room
    canvas.fill_between(
        [middle - half, middle + half], ends[0], ends[1], color="0.8", linewidth=0, zorder=1
    )


def _bar(canvas: Canvas, middle: float, top: float, rgb: tuple[float, float, float]) -> None:
    sides = [middle - _BAR_PX / 2, middle + _BAR_PX / 2]
    canvas.fill_between(sides, top, _FOOT, color=rgb, linewidth=0, zorder=2)
