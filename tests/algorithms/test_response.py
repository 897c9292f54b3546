"""Change of a simulated patient under therapy: what was put in comes out, within stated errors."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from two_days import at, changed, day, patient_of
from volumes import value_of

from algorithms.response import SPEC
from algorithms.response.matching import shift_between
from algorithms.response.measurements import NEW_RGB
from dicom_node.domain.result import Result

COMPARE = SPEC.load_comparing()
UPTAKE, SIZE = 0.5, 0.8
# Voxels of 4 mm, contours exact but for them; noise and partial volume act on the peak.
LEAST_ML, VOLUME_ERROR, PEAK_ERROR = 2.0, 10.0, 10.0  # percentage points
TOTAL_ERROR = 4.0


def compared(first, second) -> Result:
    return COMPARE({"pet": second[0], "prior": first[0]}, {"pet": second[1], "prior": first[1]})


@cache
def fdg() -> Result:
    """All lesions half as hot and 0.8 as wide; number 5 is gone, and a new one is elsewhere."""
    patient = patient_of("fdg", 14)
    ill = patient.lesions
    _, y, z = ill[4].centre_mm
    new = at(changed(ill[2], size=0.8), (60.0, y, z + 200.0))
    after = [changed(one, uptake=UPTAKE, size=SIZE) for n, one in enumerate(ill) if n != 4]
    before = [replace(one, core=None) for one in ill]
    return compared(day(patient, 0, before), day(patient, 1, [*after, new]))


@cache
def before_psma():
    """The first day of a patient with PSMA."""
    patient = patient_of("psma", 16)
    return day(patient, 0, [replace(one, core=None) for one in patient.lesions])


@cache
def psma() -> Result:
    """All lesions of 0.8 the width, none new."""
    patient = patient_of("psma", 16)
    after = [changed(one, size=SIZE) for one in patient.lesions]
    return compared(before_psma(), day(patient, 1, after))


def test_uptake_and_volume_of_every_lesion_fall_as_simulated():
    result = fdg()
    large = 0
    for segment in result.segmentation.segments:
        rows = {m.label: m.value for m in result.measurements_of(segment.number)}
        if rows.get("Volume before", 0.0) < LEAST_ML:
            continue
        large += 1
        assert rows["Volume change"] == pytest.approx(100 * (SIZE**3 - 1), abs=VOLUME_ERROR)
        assert rows["SUVpeak change"] == pytest.approx(100 * (UPTAKE - 1), abs=PEAK_ERROR)
    assert large >= 3


def test_a_new_lesion_and_a_lesion_that_is_gone_are_told_apart_from_the_others():
    result = fdg()
    assert value_of(result, "New lesions") == 1
    assert value_of(result, "Lesions gone") >= 1
    (new,) = [s for s in result.segmentation.segments if s.label.endswith("(new)")]
    assert new.display_rgb == NEW_RGB
    assert "SUVpeak before" not in {m.label for m in result.measurements_of(new.number)}


def test_a_new_lesion_suggests_progression_whatever_the_others_do():
    (category,) = fdg().classifications
    assert category.value.meaning == "PMD: Progressive metabolic disease"
    assert "a suggestion, no diagnosis: 1 new" in category.explanation
    assert "Wahl" in category.explanation
    assert category.probability is None


def test_a_smaller_psma_volume_without_new_lesions_suggests_a_partial_response():
    result = psma()
    change = value_of(result, "Total volume change")
    assert change == pytest.approx(100 * (SIZE**3 - 1), abs=TOTAL_ERROR)
    assert value_of(result, "New lesions") == 0
    (category,) = result.classifications
    assert category.value.meaning == "RECIP-PR: RECIP partial response"
    assert "Gafita" in category.explanation


def test_a_lesion_is_compared_with_itself_and_not_with_a_larger_one_beside_it():
    result = psma()
    for segment in result.segmentation.segments:
        rows = {m.label: m.value for m in result.measurements_of(segment.number)}
        if rows.get("Volume before", 0.0) > LEAST_ML:
            assert rows["Volume change"] == pytest.approx(-48.8, abs=VOLUME_ERROR)


def test_both_days_stand_side_by_side_at_one_window():
    (figure,) = fdg().figures
    assert figure.title == "Coronal MIP, before and now"
    left, right = np.array_split(figure.pixels, 2, axis=1)
    blue = np.all(left == (30, 110, 255), axis=-1)
    magenta = np.all(right == NEW_RGB, axis=-1)
    assert blue.any()
    assert magenta.any()


def test_the_liver_of_both_days_is_shown_and_unchanged():
    result = fdg()
    number = result.segmentation.segments[-1].number
    now, before = (value_of(result, f"SUVmean{day}", number) for day in ("", " before"))
    assert now == pytest.approx(before, rel=0.05)


def test_bodies_in_other_places_are_laid_together():
    first, _ = before_psma()
    moved = np.array(first.geometry.affine)
    moved[:3, 3] += (40.0, -24.0, 480.0)
    there = replace(first.geometry, affine=moved)
    shift = shift_between((first.array, first.geometry), (first.array, there))
    assert shift == pytest.approx((40.0, -24.0, 480.0), abs=0.1)
