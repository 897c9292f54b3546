"""The time from administration to scan, and when it is worth a warning."""

from pathlib import Path
from typing import Any

import pytest
from factories import dynamic_pet, pet_series
from read_back import series_of

from dicom_node.domain.series import Exam, ExamKind
from dicom_node.reading.uptake import uptake_warning
from dicom_node.reading.volume import read_volume, read_volumes

STATIC = Exam(kind=ExamKind.STATIC)


@pytest.mark.parametrize(
    ("tracer", "minutes", "warned"),
    [
        ("FDG", 60.0, False),
        ("FDG", 54.9, True),
        ("FDG", 75.1, True),
        ("FLORBETABEN", 50.0, True),
        ("FLORBETAPIR", 50.0, False),
        ("IOFLUPANE", 60.0, True),
        ("IOFLUPANE", 240.0, False),
        ("FDG", None, False),
        ("WATER", 5.0, False),
        (None, 5.0, False),
    ],
)
def test_a_scan_outside_the_window_of_its_tracer_is_warned(
    tracer: str | None, minutes: float | None, warned: bool
) -> None:
    assert (uptake_warning(minutes, tracer, STATIC) is not None) is warned


@pytest.mark.parametrize("kind", [ExamKind.DYNAMIC, ExamKind.GATED, ExamKind.PLANAR])
def test_a_scan_that_is_not_static_has_no_window(kind: ExamKind) -> None:
    assert uptake_warning(0.0, "FDG", Exam(kind=kind)) is None


def late(clock: str) -> dict[str, Any]:
    return {"SeriesTime": clock, "AcquisitionTime": clock}


def test_the_volume_of_a_late_scan_carries_the_warning(tmp_path: Path) -> None:
    volume = read_volume(series_of(pet_series(**late("113800")), tmp_path), None)
    (warning,) = volume.unit_provenance.warnings
    assert "158 min after the administration of FDG" in warning
    assert "EANM" in warning


def test_a_scan_in_time_and_a_dynamic_one_carry_none(tmp_path: Path) -> None:
    made = {"plain": pet_series(), "dynamic": dynamic_pet(**late("090000"))}
    for name, datasets in made.items():
        (tmp_path / name).mkdir()
        volumes = read_volumes(series_of(datasets, tmp_path / name), None)
        assert all(one.unit_provenance.warnings == () for one in volumes)
