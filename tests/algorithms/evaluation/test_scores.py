"""Scores are what a person would count, and intervals come from resampled patients."""

import numpy as np
import pytest

from algorithms.evaluation.scores import (
    dice,
    estimate,
    false_positive_ml,
    false_positives,
    found_of_any_size,
    found_over_1_ml,
    mean_dice,
    mean_physiological_dice,
    score_patient,
)


def two_lesions():
    """One lesion of 8 and one of 27 voxels; voxels of 0.1 ml."""
    lesion = np.zeros((12, 12, 12), dtype=np.uint8)
    lesion[1:3, 1:3, 1:3] = 1
    lesion[5:8, 5:8, 5:8] = 2
    return lesion


def scored(predicted, lesion):
    return score_patient(predicted, lesion, ("lung", "liver"), voxel_ml=0.1)


def test_a_perfect_contour_scores_one_without_false_positives():
    lesion = two_lesions()
    found = scored(lesion > 0, lesion)
    assert found.dice == 1.0
    assert [one.found for one in found.lesions] == [True, True]
    assert [one.site for one in found.lesions] == ["lung", "liver"]
    assert [one.volume_ml for one in found.lesions] == pytest.approx([0.8, 2.7])
    assert (found.false_positives, found.false_positive_ml) == (0, 0.0)


def test_a_region_off_every_lesion_is_one_false_positive_with_its_volume():
    lesion = two_lesions()
    predicted = lesion == 2
    predicted[10:12, 0:2, 0:2] = True
    found = scored(predicted, lesion)
    assert found.false_positives == 1
    assert found.false_positive_ml == pytest.approx(0.8)
    assert [one.found for one in found.lesions] == [False, True]
    assert found.dice == pytest.approx(2 * 27 / (35 + 35))


def test_a_region_that_touches_a_lesion_is_no_false_positive_however_large():
    lesion = two_lesions()
    predicted = np.ones(lesion.shape, dtype=bool)
    assert scored(predicted, lesion).false_positives == 0


def test_a_patient_without_lesion_has_no_dice_and_still_counts_false_positives():
    empty = np.zeros((4, 4, 4), dtype=np.uint8)
    found = scored(np.ones(empty.shape, dtype=bool), empty)
    assert found.dice is None
    assert found.false_positives == 1
    assert np.isnan(mean_dice([found]))


def test_figures_over_a_cohort_and_their_interval():
    lesion = two_lesions()
    good, bad = scored(lesion > 0, lesion), scored(np.zeros(lesion.shape, dtype=bool), lesion)
    cohort = [good] * 5 + [bad] * 5
    assert mean_dice(cohort) == pytest.approx(0.5)
    assert found_over_1_ml(cohort) == found_of_any_size(cohort) == pytest.approx(0.5)
    assert false_positives(cohort) == false_positive_ml(cohort) == 0
    assert np.isnan(mean_physiological_dice(cohort))
    interval = estimate(cohort, mean_dice)
    assert interval.low < 0.5 < interval.high
    assert 0.15 < interval.low < 0.35
    assert estimate(cohort, mean_dice) == interval


def test_dice_of_two_empty_masks_is_one():
    empty = np.zeros((2, 2, 2), dtype=bool)
    assert dice(empty, empty) == 1.0
