"""Projections of both days side by side at one window; what belongs together is numbered alike."""

import numpy as np

from algorithms.response.change import Comparison
from algorithms.response.measurements import NEW_RGB, SAME_RGB
from algorithms.toolbox.canvas import Outline, Window
from algorithms.toolbox.figures import mip_figure
from algorithms.toolbox.views import View
from dicom_node.domain.result import Figure

GONE_RGB = (30, 110, 255)
_MOST_NUMBERS = 25  # more would hide each other; the report has them all
_HIGH_SUV = {"FDG": 7.0}
_HIGH_OTHERS = 15.0


def draw(found: Comparison) -> tuple[Figure, ...]:
    """Coronal projections of both examinations, the earlier one at the left."""
    return (_pair(found, View.CORONAL),)


def _pair(found: Comparison, view: View) -> Figure:
    tracer = found.now.pet.tracer.tracer or ""
    window = Window(high=_HIGH_SUV.get(tracer, _HIGH_OTHERS))
    gone = "red: lesions, blue: gone" if found.match.gone else "red: lesions"
    new = "red: lesions, magenta: new" if found.match.new else "red: lesions"
    pictures = [
        mip_figure(
            one.pet.array,
            one.pet.geometry,
            outlines,
            view=view,
            title=caption,
            caption=f"{caption}   {colours}",
            window=window,
        ).pixels
        for one, outlines, caption, colours in (
            (found.before, _before(found), "before", gone),
            (found.now, _now(found), "now", new),
        )
    ]
    tallest = max(picture.shape[0] for picture in pictures)
    padded = [
        np.pad(p, ((0, tallest - p.shape[0]), (0, 0), (0, 0)), constant_values=255)
        for p in pictures
    ]
    title = f"{view.capitalize()} MIP, before and now"
    return Figure(title=title, pixels=np.ascontiguousarray(np.hstack(padded)))


def _now(found: Comparison) -> list[Outline]:
    return [
        Outline(
            region=lesion.region,
            rgb=NEW_RGB if n in found.match.new else SAME_RGB,
            text=str(n + 1) if n < _MOST_NUMBERS else "",
        )
        for n, lesion in enumerate(found.now.lesions)
    ]


def _before(found: Comparison) -> list[Outline]:
    """Lesions of before under the number of what they are now; a dash for those that are gone."""
    outlines = []
    for b, lesion in enumerate(found.before.lesions):
        today = [n + 1 for then, n in found.match.pairs if then == b]
        is_gone = b in found.match.gone
        text = "-" if is_gone else ",".join(str(n) for n in today if n <= _MOST_NUMBERS)
        outlines.append(
            Outline(region=lesion.region, rgb=GONE_RGB if is_gone else SAME_RGB, text=text)
        )
    return outlines
