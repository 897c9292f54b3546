"""Uptake candidates of phantoms whose truth is a formula, and what is said of them."""

import math

import numpy as np
import pytest
from phantoms import sphere, sphere_volume_ml
from volumes import grid, places, regridded, value_of, volume, with_spheres

from algorithms.pet_threshold import SPEC
from dicom_node.domain import coding
from dicom_node.domain.coding import Unit

ALGORITHM = SPEC.load()
OBLIQUE = (0.8, 0.6, 0, -0.36, 0.48, 0.8)
FEET_FIRST = (-1, 0, 0, 0, 1, 0)


def run(array, geometry, *, ct=None, **given):
    inputs = {"pet": volume(array, geometry, **given)}
    return ALGORITHM(inputs if ct is None else {**inputs, "ct": ct})


def mask_of(result, number):
    painted = np.zeros(result.segmentation.geometry.shape, dtype=bool)
    result.segmentation.segments[number - 1].region.paint(painted, True)
    return painted


TWO = (((-40, 10, 20), 15, 12.0), ((45, -15, -30), 12, 8.0))


@pytest.mark.parametrize(
    ("spacing_mm", "orientation"),
    [
        ((2, 2, 2), (1, 0, 0, 0, 1, 0)),
        ((3.27, 2.5, 2.5), OBLIQUE),
        ((-4, 2, 3), FEET_FIRST),
        ((2.5, 3, 2), (0, 1, 0, 0, 0, -1)),
    ],
)
def test_spheres_of_known_size_and_suv_are_found_and_measured(spacing_mm, orientation):
    shape = tuple(round(180 / abs(step)) for step in spacing_mm)
    geometry = grid(shape, spacing_mm=spacing_mm, orientation=orientation)
    result = run(with_spheres(geometry, *TWO), geometry)
    assert [s.label for s in result.segmentation.segments] == [
        "Candidate 1 SUV>=4.0",
        "Candidate 1 41% of max",
        "Candidate 2 SUV>=4.0",
        "Candidate 2 41% of max",
    ]
    for first, (centre_mm, radius_mm, suv) in zip((1, 3), TWO, strict=True):
        truth = sphere(places(geometry), centre_mm=centre_mm, radius_mm=radius_mm)
        for number in (first, first + 1):
            assert np.array_equal(mask_of(result, number), truth)
            for label in ("SUVmax", "SUVmean", "SUVpeak"):
                assert value_of(result, label, number) == pytest.approx(suv, rel=1e-6)
            ideal = sphere_volume_ml(radius_mm)
            assert value_of(result, "Volume", number) == pytest.approx(ideal, rel=0.06)
            assert value_of(result, "TLG", number) == pytest.approx(
                suv * value_of(result, "Volume", number), rel=1e-6
            )
    assert value_of(result, "Number of candidates") == 2
    total = value_of(result, "Volume", 1) + value_of(result, "Volume", 3)
    assert value_of(result, "Total volume of candidates") == pytest.approx(total)
    product = value_of(result, "TLG", 1) + value_of(result, "TLG", 3)
    assert value_of(result, "Total SUVmean x volume of candidates") == pytest.approx(product)
    assert value_of(result, "SUVmax") == 12.0


def test_the_result_lies_on_exactly_the_grid_of_the_pet():
    geometry = grid((31, 37, 41), spacing_mm=(3.27, 4.1, 2.3), orientation=OBLIQUE)
    pet = volume(with_spheres(geometry, TWO[0]), geometry)
    before = pet.array.copy()
    result = ALGORITHM({"pet": pet})
    assert result.segmentation.geometry is pet.geometry
    assert result.segmentation.role == "pet"
    assert np.array_equal(pet.array, before)


@pytest.mark.parametrize(
    ("order", "flips"), [((0, 1, 2), (0,)), ((2, 1, 0), ()), ((1, 2, 0), (0, 2))]
)
def test_the_order_and_direction_of_slices_changes_nothing(order, flips):
    """The same voxels in the patient, the same numbers, for a noisy image with open contours."""
    geometry = grid((40, 44, 48), spacing_mm=(4, 3, 2.5))
    rng = np.random.default_rng(11)
    image = with_spheres(geometry, *TWO, ((0, 0, 0), 8, 5.0), background=2.4)
    image += rng.normal(0, 0.4, image.shape).astype(np.float32)
    turned, other = regridded(image, geometry, order=order, flips=flips)
    here, there = run(image, geometry), run(turned, other)
    assert here.warnings == there.warnings
    assert len(here.segmentation.segments) == len(there.segmentation.segments) >= 6
    for number in range(1, len(here.segmentation.segments) + 1):
        expected, _ = regridded(mask_of(here, number), geometry, order=order, flips=flips)
        assert np.array_equal(expected, mask_of(there, number))
    for one, two in zip(here.measurements, there.measurements, strict=True):
        assert (one.label, one.segment) == (two.label, two.segment)
        assert one.value == pytest.approx(two.value, rel=1e-9)


def test_the_same_image_gives_the_same_result_bit_for_bit():
    geometry = grid((30, 30, 30))
    image = with_spheres(geometry, *TWO) + np.random.default_rng(2).random(
        geometry.shape, dtype=np.float32
    )
    first, second = run(image, geometry), run(image, geometry)
    assert first.measurements == second.measurements
    assert first.warnings == second.warnings
    for one, two in zip(first.segmentation.segments, second.segmentation.segments, strict=True):
        assert (one.label, one.tracking_id, one.display_rgb) == (
            two.label,
            two.tracking_id,
            two.display_rgb,
        )
        assert np.array_equal(mask_of(first, one.number), mask_of(second, two.number))
    for one, two in zip(first.figures, second.figures, strict=True):
        assert np.array_equal(one.pixels, two.pixels)


def test_the_contour_of_a_gaussian_source_has_the_radius_of_the_formula():
    geometry = grid((50, 50, 50), spacing_mm=(1.5, 1.5, 1.5))
    apart = np.linalg.norm(places(geometry), axis=-1)
    image = 9.0 * np.exp(-4 * math.log(2) * (apart / 20.0) ** 2)
    result = run(image, geometry)
    radius = 10.0 * math.sqrt(math.log(float(image.max()) / (0.41 * image.max())) / math.log(2))
    assert value_of(result, "Volume", 2) == pytest.approx(sphere_volume_ml(radius), rel=0.03)
    assert not any("bound" in warning for warning in result.warnings)


def test_two_near_candidates_keep_apart_and_an_open_contour_is_told():
    geometry = grid((30, 30, 50), spacing_mm=(2, 2, 2))
    image = with_spheres(geometry, ((-12, 0, 0), 8, 6.0), ((12, 0, 0), 8, 5.5), background=2.6)
    result = run(image, geometry)
    assert value_of(result, "Number of candidates") == 2
    assert not (mask_of(result, 2) & mask_of(result, 4)).any()
    (told,) = [warning for warning in result.warnings if "bound" in warning]
    assert told.startswith("All candidates: the 41% contour")
    (volume_2,) = [m for m in result.measurements_of(2) if m.label == "Volume"]
    assert "bound" in volume_2.source


def test_spots_below_half_a_millilitre_are_no_candidates():
    geometry = grid((20, 20, 20), spacing_mm=(5, 5, 5))
    image = np.full(geometry.shape, 1.0, dtype=np.float32)
    image[4, 4, 4:7] = 9.0  # 0.375 mL
    image[12, 12, 4:8] = 5.0  # 0.5 mL
    result = run(image, geometry)
    assert value_of(result, "Number of candidates") == 1
    assert value_of(result, "SUVmax", 1) == 5.0
    assert value_of(result, "SUVmax") == 9.0
    assert any("smaller than 1 mL" in warning for warning in result.warnings)


def test_beyond_the_twentieth_candidate_only_totals_and_a_warning_remain():
    geometry = grid((8, 60, 60), spacing_mm=(5, 5, 5))
    image = np.full(geometry.shape, 1.0, dtype=np.float32)
    corners = [(2, 2 + 9 * i, 2 + 9 * j) for i in range(6) for j in range(4)]
    for rank, (a, b, c) in enumerate(corners):
        image[a : a + 2, b : b + 2, c : c + 2] = 30.0 - rank
    result = run(image, geometry)
    assert len(result.segmentation.segments) == 40
    assert value_of(result, "Number of candidates") == 24
    assert value_of(result, "Total volume of candidates") == pytest.approx(24.0)
    assert [value_of(result, "SUVmax", 2 * k - 1) for k in (1, 20)] == [30.0, 11.0]
    (told,) = [warning for warning in result.warnings if "more candidates" in warning]
    assert told.startswith("4 more candidates (4.0 mL together, SUVmax up to 10.0)")


def test_nothing_above_the_threshold_is_a_result_as_well():
    geometry = grid((20, 22, 24))
    result = run(with_spheres(geometry, ((0, 0, 0), 20, 3.9)), geometry)
    assert result.segmentation is None
    assert value_of(result, "Number of candidates") == 0
    assert value_of(result, "Total volume of candidates") == 0
    assert value_of(result, "SUVmax") == pytest.approx(3.9)
    assert any(warning.startswith("No uptake candidate") for warning in result.warnings)
    assert len(result.figures) == 2


def test_physiology_is_never_called_disease():
    geometry = grid((24, 24, 24))
    result = run(with_spheres(geometry, ((0, 0, 0), 20, 9.0)), geometry)
    assert "not separated from disease" in result.warnings[0]
    said = [
        *(segment.label for segment in result.segmentation.segments),
        *(segment.tracking_id for segment in result.segmentation.segments),
        *(segment.type.meaning for segment in result.segmentation.segments),
        *(text for m in result.measurements for text in (m.label, m.source)),
        *(figure.title for figure in result.figures),
        *result.warnings,
    ]
    assert not any("lesion" in text.lower() or "tumo" in text.lower() for text in said)
    for segment in result.segmentation.segments:
        assert segment.category == coding.SPATIAL_CONCEPT
        assert segment.type == coding.UPTAKE_CANDIDATE


@pytest.mark.parametrize(
    ("tracer", "label", "code"),
    [
        ("FDG", "TLG", coding.TOTAL_LESION_GLYCOLYSIS),
        ("PSMA-11", "SUVmean x volume", coding.UPTAKE_VOLUME_PRODUCT),
        (None, "SUVmean x volume", coding.UPTAKE_VOLUME_PRODUCT),
    ],
)
def test_only_fdg_shows_glycolysis(tracer, label, code):
    geometry = grid((24, 24, 24))
    result = run(with_spheres(geometry, ((0, 0, 0), 20, 9.0)), geometry, tracer=tracer)
    (product,) = [m for m in result.measurements_of(1) if m.unit == coding.GRAM]
    assert (product.label, product.name) == (label, code)
    (total,) = [m for m in result.measurements_of(None) if m.unit == coding.GRAM]
    assert total.name == coding.UPTAKE_VOLUME_PRODUCT
    assert any("proposed for FDG" in w for w in result.warnings) == (tracer != "FDG")


def test_every_number_has_its_code_unit_and_derivation():
    geometry = grid((24, 24, 24))
    result = run(with_spheres(geometry, ((0, 0, 0), 20, 9.0)), geometry)
    found = {m.label: (m.name, m.derivation, m.unit) for m in result.measurements_of(1)}
    suv = coding.G_PER_ML_SUVBW
    assert found == {
        "SUVmax": (coding.SUVBW, coding.MAXIMUM, suv),
        "SUVmean": (coding.SUVBW, coding.MEAN, suv),
        "SUVpeak": (coding.SUVBW, coding.PEAK, suv),
        "Volume": (coding.VOLUME, None, coding.MILLILITRE),
        "TLG": (coding.TOTAL_LESION_GLYCOLYSIS, None, coding.GRAM),
    }
    assert all(m.source for m in result.measurements)


def test_a_candidate_at_the_border_of_the_image_is_told():
    geometry = grid((20, 24, 24))
    result = run(with_spheres(geometry, ((0, 0, 38), 15, 9.0)), geometry)
    assert any("at the border of the image" in warning for warning in result.warnings)


def test_the_ct_is_shown_where_its_frame_of_reference_is_that_of_the_pet():
    geometry = grid((24, 24, 24))
    image = with_spheres(geometry, ((0, 0, 0), 20, 9.0))
    ct_grid = grid((30, 60, 60), spacing_mm=(3, 2, 2))
    soft = np.where(sphere(places(ct_grid), centre_mm=(0, 0, 0), radius_mm=40), 40, -1000)
    ct = volume(soft, ct_grid, unit=Unit.HOUNSFIELD, tracer=None)
    plain, fused = run(image, geometry), run(image, geometry, ct=ct)
    assert [f.title for f in fused.figures][2] == "Axial PET/CT, hottest candidates"
    assert [f.title for f in plain.figures][2] == "Axial PET, hottest candidates"
    assert plain.measurements == fused.measurements
    elsewhere = grid((30, 60, 60), spacing_mm=(3, 2, 2), frame_of_reference_uid="9.9")
    ct = volume(soft, elsewhere, unit=Unit.HOUNSFIELD, tracer=None)
    refused = run(image, geometry, ct=ct)
    assert any("another frame of reference" in warning for warning in refused.warnings)
    assert np.array_equal(refused.figures[2].pixels, plain.figures[2].pixels)


def test_a_slice_that_already_shows_a_candidate_is_not_shown_twice():
    geometry = grid((40, 40, 40))
    image = with_spheres(
        geometry, ((-30, 0, 0), 12, 20.0), ((30, 0, 0), 12, 15.0), ((0, 0, 50), 12, 9.0)
    )
    wide = run(image, geometry).figures[2].pixels.shape[1]
    single = run(with_spheres(geometry, ((-30, 0, 0), 12, 20.0)), geometry)
    assert single.figures[2].pixels.shape[1] < 1100
    assert wide > 1500
