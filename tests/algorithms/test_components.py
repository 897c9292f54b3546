"""Regions of a mask: neighbourhood, volumes kept and dropped, growth, boxes."""

import numpy as np
import pytest
from volumes import grid

from algorithms.toolbox.components import (
    bounding_box,
    connected_regions,
    grow,
    padded_box,
    paint_into,
    remove_small,
)
from dicom_node.domain.result import Region


def mask_of(shape, *voxels):
    mask = np.zeros(shape, dtype=bool)
    for voxel in voxels:
        mask[voxel] = True
    return mask


def test_voxels_that_share_a_corner_are_one_region():
    mask = mask_of((5, 6, 7), (1, 1, 1), (2, 2, 2), (4, 5, 6))
    found = connected_regions(mask, grid((5, 6, 7)))
    assert sorted(region.voxels for region in found) == [1, 2]
    assert sorted(region.origin for region in found) == [(1, 1, 1), (4, 5, 6)]


def test_regions_painted_back_are_the_mask():
    rng = np.random.default_rng(5)
    mask = rng.random((9, 11, 13)) < 0.15
    painted = np.zeros_like(mask)
    regions = connected_regions(mask, grid(mask.shape))
    for region in regions:
        assert not painted[region.slices][region.mask].any()
        region.paint(painted, True)
    assert len(regions) > 10
    assert np.array_equal(painted, mask)


@pytest.mark.parametrize("spacing_mm", [(5.0, 5.0, 5.0), (5.0 + 1e-12, 5.0 - 1e-12, 5.0)])
def test_a_region_of_exactly_the_least_volume_stays(spacing_mm):
    mask = mask_of((8, 8, 8), *((0, 0, i) for i in range(4)), *((5, 5, i) for i in range(3)))
    found = connected_regions(mask, grid(mask.shape, spacing_mm=spacing_mm), min_volume_ml=0.5)
    assert [region.voxels for region in found] == [4]


def test_small_regions_are_removed_and_large_ones_kept_as_they_are():
    mask = mask_of((8, 8, 8), (0, 0, 0), *((5, 5, i) for i in range(8)))
    kept = remove_small(mask, grid(mask.shape), min_volume_ml=0.3)
    assert np.count_nonzero(kept) == 8
    assert kept[5, 5].all()
    assert mask[0, 0, 0]


def test_an_empty_mask_has_no_region_and_no_box():
    mask = np.zeros((3, 4, 5), dtype=bool)
    assert connected_regions(mask, grid(mask.shape)) == ()
    assert bounding_box(mask) is None


def test_a_mask_of_another_grid_is_refused():
    with pytest.raises(ValueError, match="grid"):
        connected_regions(np.zeros((3, 4, 5), dtype=bool), grid((3, 4, 6)))


def test_growth_ends_where_nothing_is_allowed():
    allowed = np.ones((5, 5, 9), dtype=bool)
    allowed[:, :, 4] = False
    grown = grow(allowed, (2, 2, 1))
    assert grown[:, :, :4].all()
    assert not grown[:, :, 4:].any()


def test_growth_from_a_seed_that_is_not_allowed_is_refused():
    with pytest.raises(ValueError, match="seed"):
        grow(np.zeros((3, 3, 3), dtype=bool), (1, 1, 1))


def test_a_padded_box_ends_at_the_grid():
    region = Region(origin=(0, 4, 8), mask=np.ones((2, 2, 2), dtype=bool))
    box = padded_box(region, (1, 2, 3), (10, 10, 10))
    assert box == (slice(0, 3), slice(2, 8), slice(5, 10))


def test_painting_into_a_box_keeps_only_what_lies_in_it():
    region = Region(origin=(1, 1, 1), mask=np.ones((3, 3, 3), dtype=bool))
    far = Region(origin=(8, 8, 8), mask=np.ones((1, 1, 1), dtype=bool))
    target = np.zeros((2, 2, 2), dtype=bool)
    box = (slice(3, 5), slice(0, 2), slice(2, 4))
    paint_into(region, target, box)
    paint_into(far, target, box)
    assert np.argwhere(target).tolist() == [[0, 1, 0], [0, 1, 1]]
