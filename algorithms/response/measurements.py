"""Lesions of now as segments with what they were before, and the totals of both days."""

from collections.abc import Sequence

from algorithms.response import vocabulary as words
from algorithms.response.change import Comparison, relative
from algorithms.response.examination import FDG
from algorithms.toolbox.lesion_segments import LESION
from algorithms.toolbox.lesion_values import plain, suv
from algorithms.toolbox.liver_reference import LIVER_SOURCE
from dicom_node.domain import coding
from dicom_node.domain.result import Measurement, Segment

SAME_RGB, NEW_RGB, LIVER_RGB = (255, 70, 60), (214, 39, 160), (255, 220, 90)
_LONGEST_NAME = 44
_BEFORE = "in the earlier examination, of all lesions near to this one"
_PEAK = "greatest mean over a 1 mL sphere (PERCIST 1.0)"


def segments_of(found: Comparison) -> tuple[Segment, ...]:
    """Lesions of now, new ones said to be, and the liver reference."""
    segments = []
    for number, lesion in enumerate(found.now.lesions, start=1):
        new = number - 1 in found.match.new
        name = f"{number}: {lesion.label}"[:_LONGEST_NAME].strip()
        segments.append(
            Segment(
                number=number,
                label=f"{name} (new)" if new else name,
                category=coding.MORPHOLOGICALLY_ABNORMAL,
                type=LESION,
                region=lesion.region,
                tracking_id=f"lesion-{number}",
                display_rgb=NEW_RGB if new else SAME_RGB,
                site=lesion.site,
                laterality=lesion.laterality,
                algorithm_type=lesion.algorithm_type,
                origin=lesion.origin,
            )
        )
    if found.now.liver is not None:
        segments.append(
            Segment(
                number=len(segments) + 1,
                label="Liver reference (automatic)",
                category=coding.SPATIAL_CONCEPT,
                type=coding.REFERENCE_REGION,
                region=found.now.liver.region,
                tracking_id="liver-reference",
                display_rgb=LIVER_RGB,
                site=words.LIVER,
            )
        )
    return tuple(segments)


def measurements_of(found: Comparison, segments: Sequence[Segment]) -> tuple[Measurement, ...]:
    """Numbers of each lesion, of the liver, and of both examinations."""
    lesions = range(len(found.now.lesions))
    return (
        *(row for lesion in lesions for row in _of_lesion(found, lesion)),
        *_of_liver(found, segments),
        *_of_percist(found),
        *_totals(found),
    )


def _of_lesion(found: Comparison, lesion: int) -> list[Measurement]:
    """Now and change first: the page has no room for more."""
    now, segment = found.now.burden.lesions[lesion], lesion + 1
    peak_now = suv("SUVpeak", now.peak, coding.PEAK, segment, _PEAK)
    ml, percent = coding.MILLILITRE, coding.PERCENT
    volume_now = plain("Volume", coding.METABOLIC_VOLUME, now.volume_ml, ml, segment=segment)
    earlier = [found.before.burden.lesions[b] for b in found.earlier_of(lesion)]
    if not earlier:
        return [peak_now, volume_now]
    peak, volume = max(e.peak for e in earlier), sum(e.volume_ml for e in earlier)
    more = relative(peak, now.peak), relative(volume, now.volume_ml)
    per_ml = coding.G_PER_ML_SUVBW
    return [
        peak_now,
        plain("SUVpeak change", words.CHANGE_OF_PEAK, more[0], percent, segment=segment),
        volume_now,
        plain("Volume change", words.CHANGE_OF_VOLUME, more[1], percent, segment=segment),
        plain(
            "SUVpeak before",
            words.SUV_PEAK_BEFORE,
            peak,
            per_ml,
            segment=segment,
            source=_BEFORE,
        ),
        plain("Volume before", words.VOLUME_BEFORE, volume, ml, segment=segment, source=_BEFORE),
    ]


def _of_liver(found: Comparison, segments: Sequence[Segment]) -> list[Measurement]:
    liver = found.now.liver
    if liver is None:
        return []
    number = segments[-1].number
    rows = [
        suv("SUVmean", liver.mean, coding.MEAN, number, LIVER_SOURCE),
        suv("SUV SD", liver.sd, coding.STANDARD_DEVIATION, number, LIVER_SOURCE),
    ]
    if found.before.liver is not None:
        before = found.before.liver.mean
        unit = coding.G_PER_ML_SUVBW
        rows.append(
            plain(
                "SUVmean before",
                words.LIVER_BEFORE,
                before,
                unit,
                segment=number,
                source=LIVER_SOURCE,
            )
        )
    return rows


def _totals(found: Comparison) -> list[Measurement]:
    """Changes first: the page has no room for all."""
    before, now = found.before.burden, found.now.burden
    is_fdg = found.now.pet.tracer.tracer == FDG
    product = coding.TOTAL_LESION_GLYCOLYSIS if is_fdg else coding.UPTAKE_VOLUME_PRODUCT
    name = "TLG" if is_fdg else "SUVmean x volume"
    ml, gram, one, percent = coding.MILLILITRE, coding.GRAM, coding.COUNT, coding.PERCENT
    rows = []
    if before.volume_ml > 0:
        volume = relative(before.volume_ml, now.volume_ml)
        total = relative(before.product, now.product)
        rows = [
            plain("Total volume change", words.CHANGE_OF_VOLUME, volume, percent),
            plain(f"Total {name} change", words.CHANGE_OF_PRODUCT, total, percent),
        ]
    return [
        *rows,
        plain("New lesions", words.NEW_LESIONS, float(len(found.match.new)), one),
        plain("Lesions gone", words.GONE_LESIONS, float(len(found.match.gone)), one),
        plain("Lesions", words.NUMBER_NOW, float(now.number), one),
        plain("Lesions before", words.NUMBER_BEFORE, float(before.number), one),
        plain("Total volume", coding.METABOLIC_VOLUME, now.volume_ml, ml),
        plain("Total volume before", words.VOLUME_BEFORE, before.volume_ml, ml),
        plain(f"Total {name}", product, now.product, gram),
        plain(f"Total {name} before", words.PRODUCT_BEFORE, before.product, gram),
    ]


def _of_percist(found: Comparison) -> list[Measurement]:
    if found.now.pet.tracer.tracer != FDG:
        return []
    before, now = found.before.peak_sul, found.now.peak_sul
    threshold = found.before.percist_threshold
    wanted = (
        ("SULpeak, hottest", words.SUL_PEAK, now),
        ("SULpeak before, hottest", words.SUL_PEAK_BEFORE, before),
        ("PERCIST threshold before", words.PERCIST_THRESHOLD, threshold),
    )
    source = "SUL after Janmahasatian; the hottest lesion of each day"
    rows = [
        plain(label, name, value, words.SUL, source=source)
        for label, name, value in wanted
        if value is not None
    ]
    if not before or not now:
        return rows
    change = relative(before, now)
    first = plain("SULpeak change", words.CHANGE_OF_PEAK, change, coding.PERCENT, source=source)
    return [first, *rows]
