"""Either striatum is followed by itself: in a bent head, at any resolution, or not at all."""

from dataclasses import replace

import numpy as np
import pytest
from volumes import volume

from algorithms.dat_spect import SPEC, refinement
from algorithms.dat_spect.refinement import follow
from algorithms.dat_spect.regions import MEASURED
from algorithms.dat_spect.registration import Affine, register
from algorithms.dat_spect.templates import make_parts
from algorithms.simulation.brain_anatomy import Tissue, Variety, activity, draw_head
from algorithms.simulation.brain_scan import (
    FIRST,
    BrainScan,
    Taken,
    camera_grid,
    take,
    true_masks,
)
from algorithms.simulation.brain_uptake import Binding, Group, draw_uptake
from algorithms.toolbox.brain_template import places_mm
from algorithms.toolbox.striatum import Side, share
from dicom_node.domain.coding import Unit

GRID = camera_grid(matrix=60, pixel_mm=4.0, slices=48, slice_mm=4.0, uid="1.2.3")
FINE = camera_grid(matrix=100, pixel_mm=2.5, slices=84, slice_mm=2.5)
NOTHING = Binding(caudate=0.0, putamen_front=0.0, putamen_back=0.0)


@pytest.fixture(scope="module")
def algorithm():
    return SPEC.load()


def scanned(algorithm, *, seed, fwhm_mm=8.0, lost=None, bend_mm=2.0):
    """A control, one side of whom may bind nothing, in a head bent by so much."""
    random = np.random.default_rng(seed)
    uptake = draw_uptake(Group.CONTROL, random, FIRST.people)
    head = draw_head(random, Variety(bend_mm=(bend_mm, bend_mm)))
    if lost is not None:
        uptake = replace(uptake, binding={**uptake.binding, lost: NOTHING})
    template = algorithm.atlas.template
    truth = activity(head, uptake, Tissue(), template, places_mm(FINE)).astype(np.float32)
    taken = Taken(resolution_mm=fwhm_mm, filter_mm=4.5, counts_per_ml=560.0)
    image = take(truth, FINE, GRID, taken, random)
    return BrainScan(image=image, geometry=GRID, uptake=uptake, head=head, fwhm_mm=fwhm_mm)


def head_of(algorithm, scan):
    return register(scan.image, GRID, algorithm.parts, least_correlation=0.9).head


def overlap(scan, sides):
    """Dice of each region with the true one."""
    truth = true_masks(scan)
    found = {p: share(*p, sides[p[1]].to_template(places_mm(GRID))) > 0.5 for p in MEASURED}
    return {p: 2 * (found[p] & truth[p]).sum() / (found[p].sum() + truth[p].sum()) for p in found}


@pytest.fixture(scope="module")
def bent(algorithm):
    return scanned(algorithm, seed=3)


@pytest.fixture(scope="module")
def bent_head(algorithm, bent):
    return head_of(algorithm, bent)


def test_regions_of_both_sides_follow_a_head_that_is_bent(algorithm, bent, bent_head):
    own = {side: follow(bent.image, GRID, bent_head, algorithm.near, side) for side in Side}
    before, after = overlap(bent, dict.fromkeys(Side, bent_head)), overlap(bent, own)
    for side in Side:
        mine = [part for part in MEASURED if part[1] is side]
        assert np.mean([after[p] for p in mine]) > np.mean([before[p] for p in mine]) + 0.02
    assert min(after.values()) > 0.85


def test_the_same_scan_gives_the_same_maps_twice_and_in_any_unit(algorithm, bent, bent_head):
    for image in (bent.image, bent.image * 1024.0):
        one, other = (follow(image, GRID, bent_head, algorithm.near, Side.LEFT) for _ in range(2))
        assert np.array_equal(one.matrix, other.matrix)
        assert np.array_equal(one.offset_mm, other.offset_mm)
    first = follow(bent.image, GRID, bent_head, algorithm.near, Side.LEFT)
    assert np.array_equal(first.matrix, one.matrix)


def test_a_side_without_striatum_keeps_the_map_of_the_head_and_this_is_told(algorithm):
    scan = scanned(algorithm, seed=4, lost=Side.LEFT)
    spect = volume(scan.image, GRID, unit=Unit.COUNTS, tracer="IOFLUPANE")
    found = algorithm.measured(spect)
    assert found.sides[Side.LEFT] is found.pose.head
    assert found.sides[Side.RIGHT] is not found.pose.head
    told = [one for one in algorithm({"spect": spect}).warnings if one.startswith("Striatum")]
    assert len(told) == 1
    assert told[0].startswith("Striatum left:")


def test_a_striatum_farther_off_than_heads_bend_is_not_followed(algorithm, bent, bent_head):
    away = replace(bent_head, offset_mm=bent_head.offset_mm + np.array([0.0, 13.0, 0.0]))
    assert follow(bent.image, GRID, away, algorithm.near, Side.RIGHT) is away


def test_poor_resolution_makes_no_region_large(algorithm):
    """The volume of what is found does not grow with the width of what is seen."""
    found = []
    for fwhm_mm in (7.0, 11.0):
        scan = scanned(algorithm, seed=5, fwhm_mm=fwhm_mm, bend_mm=0.5)
        head = head_of(algorithm, scan)
        own = [follow(scan.image, GRID, head, algorithm.near, side) for side in Side]
        # True volume of the head in the patient is the same both times.
        found.append([1 / np.linalg.det(one.matrix) for one in own])
    assert found[1] == pytest.approx(found[0], rel=0.12)


def test_an_image_of_nothing_has_no_map_of_its_own(algorithm, bent_head):
    empty = np.zeros(GRID.shape, dtype=np.float32)
    assert follow(empty, GRID, bent_head, algorithm.near, Side.LEFT) is bent_head


def test_maps_go_back_and_one_after_another():
    random = np.random.default_rng(0)
    one, other = (
        Affine(matrix=np.eye(3) + 0.1 * random.normal(size=(3, 3)), offset_mm=random.normal(size=3))
        for _ in range(2)
    )
    points = random.normal(0, 50, (7, 3))
    assert one.to_patient(one.to_template(points)) == pytest.approx(points)
    assert one.then(other).to_template(points) == pytest.approx(
        other.to_template(one.to_template(points))
    )


def test_parts_between_two_resolutions_are_as_if_blurred_to_that(algorithm):
    near, whole = algorithm.near, make_parts(algorithm.atlas.template)
    first = np.round(
        np.linalg.solve(whole.geometry.affine, near.geometry.affine @ (0, 0, 0, 1))
    ).astype(int)[:3]
    cut = tuple(slice(i, i + n) for i, n in zip(first, near.geometry.shape, strict=True))
    inner = (slice(None), *(slice(8, -8),) * 3)  # blurring reaches in over the edge of the cut
    expected = np.stack([image[cut] for image in whole.images])
    assert near.at(9.3)[inner] == pytest.approx(expected[inner], abs=0.01)


def test_the_lattice_lies_round_the_striatum_of_its_side():
    left, right = (refinement._places(side) for side in Side)
    assert np.array_equal(np.sort(left[:, 0]), np.sort(-right[:, 0]))
    for nucleus, side in MEASURED:
        places = left if side is Side.LEFT else right
        assert np.sum(share(nucleus, side, places)) > 25  # of 4.5 mm: 91 cubic millimetres each
