"""The measurements SR is what OHIF can list: outlines first, numbers of the slice in its order."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from encoding.reports import EQUIPMENT, petct_report, spect_report
from encoding.tools import run
from pydicom import Dataset

from dicom_node.domain.coding import Unit
from dicom_node.domain.forms import ResultForms, SrForm, SrTracking
from dicom_node.domain.report import Report
from dicom_node.encoding.codes import unit_code
from dicom_node.encoding.encode import encode_report, write_objects
from dicom_node.encoding.uids import Role, tracking_uid


def measurements_of(report: Report, tracking: SrTracking = SrTracking.PLAIN) -> Dataset:
    forms = ResultForms(sr_forms=(SrForm.MEASUREMENTS,), sr_tracking=tracking)
    made = encode_report(report, EQUIPMENT, {"viewer": forms})
    assert [one.role for one in made] == [Role.SEG, Role.MEASUREMENTS, Role.SC]
    return pydicom.dcmread(BytesIO(made[1].encoded))


def groups_of(sr: Dataset) -> list[list[Dataset]]:
    """Content items of each measurement group."""
    (measurements,) = (one for one in sr.ContentSequence if meaning(one) == "Imaging Measurements")
    return [list(group.ContentSequence) for group in measurements.ContentSequence]


def meaning(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning)


def named(group: list[Dataset], name: str) -> Dataset:
    (found,) = (one for one in group if meaning(one) == name)
    return found


def bright(report: Report) -> Report:
    """The report on a volume whose voxels all differ."""
    shape = report.source.geometry.shape
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return replace(report, source=replace(report.source, array=array))


def test_outlines_come_first_then_the_measurements_of_the_same_tracking_uids(
    tmp_path: Path,
) -> None:
    report = petct_report(tmp_path)
    groups = groups_of(measurements_of(report))
    uids = [named(group, "Tracking Unique Identifier").UID for group in groups]
    ids = [f"candidate-{number} 41%" for number in (1, 2)]
    assert uids == [tracking_uid(report.result_id, one) for one in ids] * 2
    numbers = [len([one for one in group if one.ValueType == "NUM"]) for group in groups]
    assert numbers == [3, 3, 5, 5]


def test_every_group_of_an_outline_has_coordinates_or_viewers_show_nothing(tmp_path: Path) -> None:
    for group in groups_of(measurements_of(petct_report(tmp_path)))[:2]:
        for number in (one for one in group if one.ValueType == "NUM"):
            (coordinates,) = (one for one in number.ContentSequence if one.ValueType == "SCOORD")
            assert coordinates.GraphicType == "POLYLINE"
            assert coordinates.GraphicData[:2] == coordinates.GraphicData[-2:]


def test_numbers_are_area_maximum_and_mean_of_the_slice_of_the_hottest_voxel(
    tmp_path: Path,
) -> None:
    report = bright(petct_report(tmp_path))
    found = report.result.segmentation
    assert found is not None
    region = found.segments[0].region
    index = region.origin[0] + region.mask.shape[0] - 1  # voxels grow with the slice
    pixels = report.source.array[index][whole(region, report)[index]]
    _, row_mm, column_mm = report.source.geometry.spacing_mm
    (group, *_) = groups_of(measurements_of(report))
    numbers = [
        (meaning(one), float(one.MeasuredValueSequence[0].NumericValue), unit(one))
        for one in group
        if one.ValueType == "NUM"
    ]
    assert numbers == [
        ("Area", pytest.approx(pixels.size * row_mm * column_mm), "mm2"),
        ("Maximum", pytest.approx(pixels.max()), "g/ml{SUVbw}"),
        ("Mean", pytest.approx(pixels.mean()), "g/ml{SUVbw}"),
    ]
    (coordinates,) = (
        one for one in named(group, "Area").ContentSequence if one.ValueType == "SCOORD"
    )
    (image,) = coordinates.ContentSequence
    (reference,) = image.ReferencedSOPSequence
    frame = report.source.frames[index]
    assert reference.ReferencedSOPInstanceUID == frame.sop_instance_uid


def unit(item: Dataset) -> str:
    return str(item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue)


def whole(region, report: Report):
    mask = np.zeros(report.source.geometry.shape, bool)
    region.paint(mask, True)
    return mask


def test_the_name_of_the_drawing_tool_is_a_matter_of_the_destination(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    found = {
        tracking: named(
            groups_of(measurements_of(report, tracking))[0], "Tracking Identifier"
        ).TextValue
        for tracking in SrTracking
    }
    assert found == {
        SrTracking.PLAIN: "candidate-1 41%",
        SrTracking.CORNERSTONE: "Cornerstone3DTools@^0.1.0:PlanarFreehandROI:candidate-1 41%",
    }


def test_the_row_has_the_name_of_the_segment(tmp_path: Path) -> None:
    (group, *_) = groups_of(measurements_of(petct_report(tmp_path)))
    assert named(group, "Comment").TextValue == "Uptake candidate 1 (41 % of maximum)"


def test_an_outline_on_a_multi_frame_object_names_its_frame(tmp_path: Path) -> None:
    report = bright(spect_report(tmp_path))
    (group, *_) = groups_of(measurements_of(report))
    assert unit(named(group, "Mean")) == "{counts}"
    (coordinates,) = (
        one for one in named(group, "Area").ContentSequence if one.ValueType == "SCOORD"
    )
    (reference,) = coordinates.ContentSequence[0].ReferencedSOPSequence
    found = report.result.segmentation
    assert found is not None
    box = found.segments[0].region.slices[0]
    assert reference.ReferencedFrameNumber == report.source.frames[box.stop - 1].frame_number


@pytest.mark.parametrize("one", Unit)
def test_every_unit_of_a_volume_has_a_code(one: Unit) -> None:
    code = unit_code(one)
    assert (code.value, code.scheme) == (one.value, "UCUM")
    assert code.meaning


def test_dcmtk_and_dcmqi_read_it(tmp_path: Path) -> None:
    forms = ResultForms(sr_forms=(SrForm.MEASUREMENTS,))
    made = encode_report(petct_report(tmp_path), EQUIPMENT, {"viewer": forms})
    path = write_objects(made, tmp_path / "out")[1].path
    done = run("dsrdump", "+Pl", path)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("E:")]
    told = tmp_path / "sr.json"
    assert run("tid1500reader", "--inputDICOM", path, "--outputMetadata", told).returncode == 0
