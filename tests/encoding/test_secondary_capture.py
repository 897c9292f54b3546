"""The SC is a research page that belongs to the study and to no frame of reference."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from encoding.reports import EQUIPMENT, petct_report, report_of
from factories import pet_series
from pydicom import Dataset

from dicom_node.domain.report import Report
from dicom_node.encoding.page import draw_page
from dicom_node.encoding.secondary_capture import build_secondary_capture
from dicom_node.encoding.sources import read_source


def sc_of(report: Report) -> Dataset:
    buffer = BytesIO()
    made = build_secondary_capture(report, EQUIPMENT, read_source(report))
    made.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


def test_it_holds_the_page(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    made = sc_of(report)
    np.testing.assert_array_equal(made.pixel_array, draw_page(report, modality="PT"))
    assert (made.PhotometricInterpretation, made.PlanarConfiguration) == ("RGB", 0)
    assert (made.BitsAllocated, made.SamplesPerPixel) == (8, 3)


def test_it_says_what_kind_of_picture_it_is(tmp_path: Path) -> None:
    made = sc_of(petct_report(tmp_path))
    assert made.Modality == "OT"
    assert made.ConversionType == "SYN"
    assert made.BurnedInAnnotation == "YES"
    assert list(made.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert made.ContentQualification == "RESEARCH"
    assert made.SeriesNumber == 9003
    assert "RESEARCH ONLY" in made.DerivationDescription
    assert not made.PatientOrientation
    assert "FrameOfReferenceUID" not in made


def test_its_times_are_those_of_the_report(tmp_path: Path) -> None:
    made = sc_of(petct_report(tmp_path))
    for name in ("Content", "InstanceCreation", "Series"):
        assert (made[f"{name}Date"].value, made[f"{name}Time"].value) == ("20240305", "112233")
    assert (made.DateOfSecondaryCapture, made.TimeOfSecondaryCapture) == ("20240305", "112233")


def test_its_times_are_in_the_time_zone_that_the_source_names(tmp_path: Path) -> None:
    made = sc_of(report_of(tmp_path, pet_series(TimezoneOffsetFromUTC="-0500")))
    assert (made.ContentDate, made.ContentTime) == ("20240305", "052233")
    assert made.TimezoneOffsetFromUTC == "-0500"


@pytest.mark.parametrize(
    ("part", "side", "laterality"),
    [("CHEST", None, "absent"), (None, None, "empty"), ("BREAST", "L", "L"), (None, "R", "R")],
)
def test_body_part_and_side_are_those_of_the_source(
    part: str | None, side: str | None, laterality: str, tmp_path: Path
) -> None:
    made = sc_of(report_of(tmp_path, pet_series(BodyPartExamined=part, Laterality=side)))
    assert made.get("BodyPartExamined") == part
    found = "absent" if "Laterality" not in made else made.Laterality or "empty"
    assert found == laterality
