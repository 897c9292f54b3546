"""The scanner's part: resolution in mm, noise that follows counts, clocks that agree with decay."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from algorithms.simulation.acquisition import (
    CtProtocol,
    Grid,
    Injection,
    PetProtocol,
    bed_times,
    correlated_noise,
    scan_ct,
    scan_pet,
)
from algorithms.simulation.fdg_petct import F18

GRID = Grid(matrix=40, pixel_mm=3.0, slices=36, slice_mm=4.0, top_mm=0.0)
SILENT = PetProtocol(grid=GRID, noise_fraction=0.0, bed_slices=12)
NOISY = PetProtocol(grid=GRID, noise_fraction=0.10, bed_slices=12)
SHAPE = (36, 40, 40)
START = datetime(2025, 1, 1, 10, 0)  # noqa: DTZ001


def _counts(value):
    return np.full(SHAPE[0], value)


def test_a_point_becomes_a_spot_of_the_stated_resolution_in_every_direction():
    truth = np.zeros(SHAPE, np.float32)
    truth[18, 20, 20] = 1000.0
    image = scan_pet(truth, SILENT, _counts(260.0), np.random.default_rng(0))
    for axis, spacing in ((0, 4.0), (1, 3.0), (2, 3.0)):
        profile = image.sum(axis=tuple(i for i in range(3) if i != axis))
        place = spacing * np.arange(len(profile))
        middle = np.average(place, weights=profile)
        sigma = np.sqrt(np.average((place - middle) ** 2, weights=profile))
        assert 2.3548 * sigma == pytest.approx(6.0, rel=0.03)
    assert image.sum() == pytest.approx(1000.0, rel=1e-4)


@pytest.mark.parametrize("mbq_s_per_kg", [65.0, 260.0, 1040.0])
def test_noise_in_a_uniform_liver_follows_the_square_root_of_counts(mbq_s_per_kg):
    liver = np.full(SHAPE, 2.17, np.float32)
    image = scan_pet(liver, NOISY, _counts(mbq_s_per_kg), np.random.default_rng(1))
    assert image.mean() == pytest.approx(2.17, rel=0.01)
    assert image.std() / image.mean() == pytest.approx(0.10 * np.sqrt(260 / mbq_s_per_kg), rel=0.06)


def test_hot_tissue_has_more_noise_but_less_of_its_mean():
    warm, hot = (
        scan_pet(np.full(SHAPE, suv, np.float32), NOISY, _counts(260.0), np.random.default_rng(2))
        for suv in (1.0, 9.0)
    )
    assert hot.std() == pytest.approx(3 * warm.std(), rel=0.02)


def test_neighbours_share_noise_over_the_point_spread_and_distant_voxels_do_not():
    noise = correlated_noise((40, 60, 60), (0.64, 0.85, 0.85), np.random.default_rng(3))
    assert noise.std() == pytest.approx(1.0, rel=0.02)
    # Autocorrelation of a Gaussian of sigma s at distance d: exp(-d^2 / (4 s^2)).
    near = np.mean(noise[:, :, 1:] * noise[:, :, :-1])
    far = np.mean(noise[:, :, 5:] * noise[:, :, :-5])
    assert near == pytest.approx(np.exp(-1 / (4 * 0.85**2)), abs=0.03)
    assert abs(far) < 0.02


def test_activity_is_never_negative_and_air_stays_empty():
    truth = np.zeros(SHAPE, np.float32)
    truth[:, 10:20, 10:20] = 0.3
    image = scan_pet(truth, NOISY, _counts(5.0), np.random.default_rng(4))
    assert image.min() == 0.0
    assert image[:, 34:, 34:].max() == 0.0


def test_ct_noise_is_whole_hounsfield_units_less_in_air_and_empty_in_the_corners():
    protocol = CtProtocol(grid=Grid(matrix=64, pixel_mm=2, slices=8, slice_mm=4, top_mm=0))
    truth = np.full((8, 64, 64), -1000, np.float32)
    truth[:, 20:44, 20:44] = 50
    image = scan_ct(truth, protocol, np.random.default_rng(5))
    assert image.dtype == np.int16
    body, air = image[:, 24:40, 24:40], image[:, 28:36, 4:14]
    assert body.mean() == pytest.approx(50, abs=1.5)
    assert body.std() == pytest.approx(protocol.noise_hu, rel=0.15)
    assert air.std() == pytest.approx(protocol.noise_hu / 4, rel=0.2)
    assert (image[:, 0, 0] == -1024).all()


def test_activity_halves_with_every_half_life():
    injection = Injection(activity_bq=3e8, given_at=START, radionuclide=F18)
    later = START + timedelta(seconds=2 * F18.half_life_s)
    assert injection.activity_at_bq(later) == pytest.approx(0.75e8)


def test_beds_follow_each_other_and_every_slice_has_one():
    times = bed_times(NOISY, START, F18.half_life_s)
    assert [bed.started_at for bed in times] == [
        START + timedelta(seconds=120 * n) for n in range(3)
    ]
    assert [NOISY.bed_of(index) for index in (0, 11, 12, 35)] == [0, 0, 1, 2]


def test_decay_factor_restores_the_activity_at_the_start_of_the_series():
    decay = np.log(2) / F18.half_life_s
    for number, bed in enumerate(bed_times(NOISY, START, F18.half_life_s)):
        moments = np.linspace(120 * number, 120 * (number + 1), 10001)
        mean_rate = np.trapezoid(np.exp(-decay * moments), moments) / 120
        assert bed.decay_factor * mean_rate == pytest.approx(1.0, rel=1e-6)
        assert bed.frame_reference_ms / 1000 == pytest.approx(-np.log(mean_rate) / decay, rel=1e-6)


def test_a_grid_is_centred_and_hangs_from_its_top_slice():
    geometry = GRID.geometry("1.2.3")
    corners = geometry.index_to_lps([(0, 0, 0), (35, 39, 39)])
    assert corners.tolist() == [[-58.5, -58.5, -140.0], [58.5, 58.5, 0.0]]
    assert geometry.image_orientation_patient == (1, 0, 0, 0, 1, 0)
