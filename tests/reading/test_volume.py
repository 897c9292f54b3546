"""Volumes: values at millimetres by formula, units slice by slice, refusals by name."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from factories import (
    ct_series,
    dynamic_pet,
    enhanced_pet,
    gated_pet,
    nm_projections,
    nm_recon_tomo,
    pet_series,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from orientations import CORONAL, FEET_UP, orientations
from phantoms import axes_mm, gradient, points_mm, soft_sphere
from read_back import series_of

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import (
    ConflictingTracer,
    IncompleteSeries,
    InconsistentGeometry,
    NotCalibrated,
    UnsupportedObject,
)
from dicom_node.domain.volume import PatientFacts, Volume
from dicom_node.reading.volume import read_volume, read_volumes

BECQUEREL_PER_SUV = 370e6 * 2 ** (-3600 / 6586.2) / 75000


def test_a_half_life_in_doubt_gives_no_volume_in_suv_but_one_in_its_own_unit(tmp_path):
    given = {"RadionuclideHalfLife": 4062.6}  # Ga-68, beside the code of F-18
    read = series_of(pet_series(radiopharmaceutical=given), tmp_path)
    with pytest.raises(ConflictingTracer, match=r"4062\.6 s"):
        read_volume(read, Unit.SUVBW)
    assert read_volume(read, None).unit is Unit.BQML


def truth_on(volume: Volume) -> NDArray[np.float64]:
    """What the gradient is at the millimetres that the volume gives for its voxels."""
    return gradient(points_mm(volume.geometry.shape, volume.geometry.affine))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    orientation=orientations,
    spacing=st.tuples(*[st.floats(0.5, 8)] * 3),
    slices=st.integers(1, 12),
    ascending=st.booleans(),
    seed=st.integers(0, 100),
)
def test_a_value_is_found_at_the_millimetres_it_was_put(
    tmp_path: Path,
    *,
    orientation: tuple[float, ...],
    spacing: tuple[float, float, float],
    slices: int,
    ascending: bool,
    seed: int,
) -> None:
    made = pet_series(
        slices=slices,
        rows=5,
        columns=4,
        orientation=orientation,
        spacing_mm=spacing,
        ascending=ascending,
    )
    random.Random(seed).shuffle(made)
    volume = read_volume(series_of(made, tmp_path), None)
    steps = np.abs(volume.array).max() / 32000
    np.testing.assert_allclose(volume.array, truth_on(volume), atol=steps + 0.01)
    assert volume.geometry.spacing_mm == pytest.approx(spacing, rel=1e-6)


def test_a_sphere_is_found_at_its_centre(tmp_path: Path) -> None:
    shape, centre = (20, 24, 22), (12.0, 40.0, 78.0)
    affine = axes_mm(spacing_mm=(4, 3, 2), origin_mm=(-10, 5, 40), orientation=FEET_UP)
    affine[:3, 3] = (-10.0, 75.0, 116.0)
    hot = soft_sphere(points_mm(shape, affine), centre_mm=centre, radius_mm=14.0, peak=8000.0)
    made = pet_series(
        slices=20, rows=24, columns=22, orientation=FEET_UP, origin_mm=affine[:3, 3], values=hot
    )
    volume = read_volume(series_of(made[::-1], tmp_path), None)
    peak = np.unravel_index(int(volume.array.argmax()), shape)
    assert np.abs(volume.geometry.index_to_lps(peak) - centre).max() <= 2.0
    weights = volume.array / volume.array.sum()
    points = points_mm(shape, volume.geometry.affine)
    np.testing.assert_allclose((points * weights[..., None]).sum((0, 1, 2)), centre, atol=0.1)


def test_a_volume_knows_where_it_comes_from(tmp_path: Path) -> None:
    made = pet_series(ascending=False)
    read = series_of(made, tmp_path)
    volume = read_volume(read, None)
    assert volume.unit is Unit.BQML
    assert (volume.key, volume.tracer) == (read.series.key, read.series.tracer)
    assert [one.sop_instance_uid for one in volume.frames] == [
        one.SOPInstanceUID for one in made[::-1]
    ]
    assert {one.frame_number for one in volume.frames} == {None}
    assert volume.acquired_at == read.series.acquired_at
    assert volume.patient == PatientFacts(weight_kg=75.0, size_m=1.75, sex="M", age_years=64.0)
    assert not volume.array.flags.writeable
    assert volume.array.dtype == np.float32


def test_suv_is_computed_on_every_slice(tmp_path: Path) -> None:
    made = pet_series(values=np.full((6, 16, 12), 2 * BECQUEREL_PER_SUV))
    volume = read_volume(series_of(made, tmp_path), Unit.SUVBW)
    assert volume.unit is Unit.SUVBW
    np.testing.assert_allclose(volume.array, 2.0, rtol=1e-4)


@pytest.mark.parametrize("ascending", [True, False])
def test_factors_that_differ_meet_their_own_slices(tmp_path: Path, ascending: bool) -> None:
    made = pet_series(
        values=np.full((6, 16, 12), 2 * BECQUEREL_PER_SUV),
        ascending=ascending,
        DecayCorrection="NONE",
        CorrectedImage=["ATTN", "SCAT", "DTIM", "RAN", "NORM"],
        AcquisitionTime=lambda index: f"10{5 * index:02}00",
    )
    volume = read_volume(series_of(made, tmp_path), Unit.SUVBW)
    per_slice = volume.array[:, 0, 0]
    later = 2 ** (5 * 60 / 6586.2)
    np.testing.assert_allclose(per_slice[1:] / per_slice[:-1], later, rtol=1e-4)


def test_ct_is_in_hounsfield_units(tmp_path: Path) -> None:
    volume = read_volume(series_of(ct_series(), tmp_path), Unit.HOUNSFIELD)
    assert volume.unit is Unit.HOUNSFIELD
    np.testing.assert_allclose(volume.array, truth_on(volume) - 5000, atol=0.51)


@pytest.mark.parametrize("step", [4.0, -4.0])
@pytest.mark.parametrize("orientation", [FEET_UP, CORONAL])
def test_nm_values_lie_where_the_signed_spacing_puts_them(
    tmp_path: Path, step: float, orientation: tuple[float, ...]
) -> None:
    made = nm_recon_tomo(spacing_mm=(step, 3.0, 2.0), orientation=orientation)
    volume = read_volume(series_of([made], tmp_path), None)
    np.testing.assert_allclose(volume.array, truth_on(volume), atol=0.51)
    assert volume.unit is Unit.COUNTS
    numbers = [one.frame_number for one in volume.frames]
    assert numbers == ([1, 2, 3, 4, 5, 6] if step > 0 else [6, 5, 4, 3, 2, 1])


def test_nm_without_orientation_gives_counts_but_no_place(tmp_path: Path) -> None:
    volume = read_volume(series_of([nm_recon_tomo(orientation=None)], tmp_path), None)
    assert not volume.geometry.placed
    assert volume.geometry.voxel_volume_ml == pytest.approx(0.024)
    assert volume.array.max() > 0


def test_a_thickness_that_stands_in_for_a_spacing_is_told(tmp_path: Path) -> None:
    made = nm_recon_tomo(SpacingBetweenSlices=None)
    volume = read_volume(series_of([made], tmp_path), None)
    assert any("SliceThickness" in one for one in volume.unit_provenance.warnings)


def test_gates_of_nm_come_in_order_and_are_no_single_volume(tmp_path: Path) -> None:
    read = series_of([nm_recon_tomo(gates=3, spacing_mm=(-4.0, 3.0, 2.0))], tmp_path)
    volumes = read_volumes(read, None)
    for gate, volume in enumerate(volumes):
        np.testing.assert_allclose(volume.array, truth_on(volume) + 1000 * gate, atol=0.51)
    with pytest.raises(UnsupportedObject, match="3 volumes in one series, which is gated"):
        read_volume(read, None)


@pytest.mark.parametrize("kind", ["dynamic", "gated"])
def test_time_slices_and_gates_of_pet_come_in_order(tmp_path: Path, kind: str) -> None:
    made = dynamic_pet(time_slices=3) if kind == "dynamic" else gated_pet(time_slots=3)
    for index, one in enumerate(made):
        one.RescaleSlope = (1 + index // 6) * 1.0
    random.Random(3).shuffle(made)
    read = series_of(made, tmp_path)
    volumes = read_volumes(read, None)
    means = [float(volume.array.mean()) for volume in volumes]
    assert means == pytest.approx([means[0], 2 * means[0], 3 * means[0]])
    assert len({volume.frames for volume in volumes}) == 3
    with pytest.raises(UnsupportedObject, match=f"3 volumes in one series, which is {kind}"):
        read_volume(read, None)


@pytest.mark.parametrize("orientation", [FEET_UP, CORONAL])
def test_enhanced_frames_take_slope_and_place_from_their_groups(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    read = series_of([enhanced_pet(slope=0.25, orientation=orientation)], tmp_path)
    volume = read_volume(read, None)
    assert volume.unit is Unit.BQML
    np.testing.assert_allclose(volume.array, 0.25 * truth_on(volume), atol=0.13)
    assert [one.frame_number for one in volume.frames] == [1, 2, 3, 4, 5, 6]


def test_time_points_of_enhanced_pet_are_split(tmp_path: Path) -> None:
    volumes = read_volumes(series_of([enhanced_pet(time_points=2, slope=1.0)], tmp_path), None)
    later = volumes[1].array - volumes[0].array
    np.testing.assert_array_equal(later, 1000.0)


def test_a_series_with_a_fault_is_refused_with_its_sentence(tmp_path: Path) -> None:
    made = pet_series()
    del made[2]
    read = series_of(made, tmp_path)
    with pytest.raises(IncompleteSeries) as caught:
        read_volume(read, None)
    assert str(caught.value) == read.series.geometry_fault


def test_a_mixed_orientation_is_refused(tmp_path: Path) -> None:
    made = pet_series()
    made[2].ImageOrientationPatient = list(CORONAL)
    with pytest.raises(InconsistentGeometry, match="mixed ImageOrientationPatient"):
        read_volume(series_of(made, tmp_path), None)


@pytest.mark.parametrize(
    "made",
    [
        lambda: [nm_projections()],
        lambda: ct_series(slices=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
        lambda: pet_series(SeriesType=["STATIC", "REPROJECTION"]),
        lambda: ct_series(slices=1, SOPClassUID="1.2.840.10008.5.1.4.1.1.7"),
    ],
)
def test_what_is_no_volume_is_refused(tmp_path: Path, made: Any) -> None:
    with pytest.raises(UnsupportedObject):
        read_volume(series_of(made(), tmp_path), None)


def test_a_unit_that_cannot_be_had_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotCalibrated):
        read_volume(series_of(pet_series(Units="PROPCNTS"), tmp_path), Unit.SUVBW)


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"PatientAge": "018M"}, {"age_years": 1.5}),
        ({"PatientAge": "old"}, {"age_years": None}),
        ({"PatientSize": 175}, {"size_m": 1.75}),
        ({"PatientWeight": 0}, {"weight_kg": None}),
        ({"PatientSex": None}, {"sex": None}),
    ],
)
def test_patient_facts_are_read_or_left_out(
    tmp_path: Path, change: dict[str, Any], facts: dict[str, Any]
) -> None:
    volume = read_volume(series_of(pet_series(slices=2, **change), tmp_path), None)
    for name, value in facts.items():
        assert getattr(volume.patient, name) == value


@pytest.mark.parametrize("orientation", [FEET_UP, CORONAL, (0.8, 0.6, 0, 0, 0, -1)])
def test_simpleitk_reads_the_same_numbers_at_the_same_millimetres(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    read = series_of(pet_series(orientation=orientation), tmp_path)
    volume = read_volume(read, None)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(header.path) for header in read.headers])
    assert_agrees(volume, reader.Execute())


def assert_agrees(volume: Volume, image: SimpleITK.Image) -> None:
    values = SimpleITK.GetArrayFromImage(image)
    np.testing.assert_allclose(volume.array, values, rtol=2e-7, atol=1e-6)
    directions = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    np.testing.assert_allclose(volume.geometry.affine[:3, :3], directions[:, ::-1], atol=1e-5)
    np.testing.assert_allclose(volume.geometry.affine[:3, 3], image.GetOrigin(), atol=1e-5)
