"""Volume at 41 % of the maximum is a lesion's own, and a contour that runs out is cut and named."""

import numpy as np
import pytest
from volumes import volume

from algorithms.fdg_lesions.relative_volume import relative_volume
from algorithms.toolbox.components import connected_regions
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

_SHAPE, _VOXEL_ML = (24, 24, 24), 0.064
_GEOMETRY = Geometry(
    affine=np.array(
        [[0, 0, 4.0, 0.0], [0, 4.0, 0, 0.0], [4.0, 0, 0, 0.0], [0, 0, 0, 1.0]], dtype=float
    ),
    shape=_SHAPE,
    frame_of_reference_uid="1.2.3",
)


def body(background: float) -> np.ndarray:
    return np.full(_SHAPE, background, dtype=np.float32)


def with_cube(array: np.ndarray, at: int, *, half: int, suv: float) -> np.ndarray:
    part = slice(at - half, at + half + 1)
    array[part, part, part] = suv
    return array


def contour(array: np.ndarray, level: float) -> tuple[Region, ...]:
    return connected_regions(array >= level, _GEOMETRY)


def test_a_hot_lesion_has_all_at_41_percent_even_beyond_a_tight_contour():
    array = with_cube(with_cube(body(1), 12, half=2, suv=6), 12, half=1, suv=10)
    found = relative_volume(volume(array, _GEOMETRY), contour(array, 9), None)
    assert found.volume_ml == pytest.approx(5**3 * _VOXEL_ML)
    assert found.warnings == ()


def test_a_faint_lesion_counts_with_its_contour_and_is_named():
    array = with_cube(with_cube(body(2), 12, half=2, suv=3), 12, half=0, suv=4)
    found = relative_volume(volume(array, _GEOMETRY), contour(array, 3), None)
    assert found.volume_ml == pytest.approx(5**3 * _VOXEL_ML)
    assert found.ran_out == (1,)
    assert "lesion 1" in found.warnings[0]


def test_only_the_lesion_that_ran_out_is_named():
    array = with_cube(with_cube(body(2), 5, half=1, suv=4), 17, half=1, suv=10)
    hot, faint = sorted(contour(array, 4), key=lambda region: -region.origin[0])
    found = relative_volume(volume(array, _GEOMETRY), [hot, faint], None)
    assert found.ran_out == (2,)
    assert found.volume_ml == pytest.approx(2 * 3**3 * _VOXEL_ML)


def test_physiological_uptake_is_never_a_part_of_a_lesion():
    array = with_cube(body(1), 8, half=2, suv=8)
    array[6:11, 6:11, 11:16] = 9  # an organ beside it, as hot
    organ = Region(origin=(6, 6, 11), mask=np.ones((5, 5, 5), dtype=bool))
    lesion = Region(origin=(6, 6, 6), mask=np.ones((5, 5, 5), dtype=bool))
    found = relative_volume(volume(array, _GEOMETRY), [lesion], organ)
    assert found.volume_ml <= 5**3 * _VOXEL_ML + 1e-6
