"""A simulated patient is the same for the same seed, and its truth fits its images."""

import hashlib

import numpy as np
import pytest

from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.patient import (
    BACKGROUND,
    LESION,
    PHYSIOLOGICAL,
    draw_patient,
    scan,
)
from algorithms.simulation.wholebody.worlds import world


def inside(scan_, organ):
    """Voxels of an organ that lie two voxels or more from its surface and from every lesion."""
    from scipy.ndimage import binary_erosion

    return binary_erosion((scan_.organ == NUMBER[organ]) & (scan_.lesion == 0), iterations=2)


def test_same_seed_gives_the_same_study_and_another_seed_another(patients):
    def digest(found):
        return hashlib.sha256(found.suv.tobytes() + found.labels.tobytes()).hexdigest()

    again = draw_patient(world("fdg", "usual"), 12)
    assert digest(scan(again, again.plan.axes)) == digest(patients[1][1])
    assert digest(patients[0][1]) != digest(patients[1][1])


def test_images_and_truth_lie_on_one_grid_and_are_finite(patients):
    for _, found in patients:
        shapes = {a.shape for a in (found.suv, found.hounsfield, found.labels, found.lesion)}
        assert shapes == {found.axes.shape}
        assert np.isfinite(found.suv).all()
        assert found.suv.min() >= 0
        assert found.hounsfield.min() >= -1024
        assert set(np.unique(found.labels)) <= {BACKGROUND, PHYSIOLOGICAL, LESION}


def test_organs_take_up_what_was_drawn(patients):
    for patient, found in patients:
        liver = inside(found, Organ.LIVER)
        assert found.suv[liver].mean() == pytest.approx(patient.uptake[Organ.LIVER], rel=0.08)
        muscle = inside(found, Organ.MUSCLE)
        assert np.median(found.suv[muscle]) == pytest.approx(patient.uptake[Organ.MUSCLE], rel=0.2)


def test_ct_numbers_are_those_of_the_organs(patients):
    patient, found = next(p for p in patients if abs(p[0].scanner.mismatch_mm) < 8)
    for organ, low, high in (
        (Organ.LUNG, -900, -650),
        (Organ.LIVER, 40, 75),
        (Organ.FAT, -115, -80),
    ):
        assert low < np.median(found.hounsfield[inside(found, organ)]) < high, patient.seed


def test_lesion_labels_are_hotter_than_their_surroundings_would_be(patients):
    for patient, found in patients:
        for number in np.unique(found.lesion[found.lesion > 0]):
            lesion = patient.lesions[number - 1]
            assert number not in found.hidden
            assert found.suv[found.lesion == number].max() > 0.3 * lesion.suv


def test_lesion_volume_is_near_that_of_its_ball(patients):
    volumes = [
        (float((found.lesion == n).sum()) * 0.064, 4 / 3 * np.pi * lesion.radius_mm**3 / 1000)
        for patient, found in patients
        for n, lesion in enumerate(patient.lesions, start=1)
        if 7 < lesion.radius_mm < 25 and n not in found.hidden
    ]
    assert len(volumes) > 5
    ratio = np.median([got / ball for got, ball in volumes])
    assert 0.6 < ratio < 1.4


def test_hot_organs_are_physiological_and_never_lesions(patients):
    for _, found in patients:
        for organ in (Organ.LIVER, Organ.KIDNEY, Organ.BLADDER):
            part = (found.organ == NUMBER[organ]) & (found.lesion == 0)
            assert (found.labels[part] == PHYSIOLOGICAL).all()


def test_some_patients_have_no_lesion_and_most_have(patients):
    world_ = world("fdg", "usual")
    assert 0.05 < world_.lesions.none < 0.3
    assert any(patient.lesions for patient, _ in patients)


def test_scan_on_finer_voxels_shows_the_same_patient(patients):
    patient, coarse = patients[1]
    fine = scan(patient, patient.axes((3.0, 3.0, 3.0)))
    for organ in (Organ.LIVER, Organ.LUNG):
        here = float((coarse.organ == NUMBER[organ]).sum()) * 0.064
        there = float((fine.organ == NUMBER[organ]).sum()) * 0.027
        assert there == pytest.approx(here, rel=0.03)


def test_psma_glands_and_kidneys_stand_out_of_all_else(psma_patients):
    for patient, found in psma_patients:
        kidney = found.suv[found.organ == NUMBER[Organ.KIDNEY]]
        assert np.median(kidney) > 3 * np.median(found.suv[found.organ == NUMBER[Organ.BLOOD]])
        assert patient.habitus.sex == "M"
