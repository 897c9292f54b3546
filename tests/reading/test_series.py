"""Facts of a series from its headers: kind, order, completeness, faults, and who made it."""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from factories import (
    ct_series,
    dynamic_pet,
    enhanced_pet,
    gated_pet,
    item,
    nm_projections,
    nm_recon_tomo,
    pet_series,
)
from pydicom import Dataset
from read_back import headers_of, series_of

from dicom_node.domain.equipment import MANUFACTURER, MODEL_NAME
from dicom_node.domain.series import ExamKind
from dicom_node.reading.series import group_by_series, read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS


def order_of(read: Any) -> list[float]:
    return [header.numbers("ImagePositionPatient")[2] for header in read.headers]


def test_a_pet_series_is_read_with_all_its_facts(tmp_path: Path) -> None:
    made = pet_series(StationName="PET1", SeriesDescription="AC")
    read = series_of(made, tmp_path)
    series = read.series
    assert (series.key.study_instance_uid, series.key.series_instance_uid) == (
        made[0].StudyInstanceUID,
        made[0].SeriesInstanceUID,
    )
    assert (series.modality, series.sop_class_uid) == ("PT", made[0].SOPClassUID)
    assert (series.tracer.tracer, series.exam.kind) == ("FDG", ExamKind.STATIC)
    assert (series.expected_instances, series.slices, series.stacked) == (6, 6, True)
    assert series.geometry_fault is None
    assert series.image_type == ("ORIGINAL", "PRIMARY")
    assert (series.description, series.unit) == ("AC", "BQML")
    assert series.frame_of_reference_uid == made[0].FrameOfReferenceUID
    assert (series.manufacturer, series.station_name) == ("Example Scanner", "PET1")
    assert series.acquired_at == datetime(2024, 3, 5, 10, 0)  # noqa: DTZ001  # scanner's clock
    assert not series.own_result
    assert [one.sop_instance_uid for one in series.instances] == [
        one.SOPInstanceUID for one in made
    ]
    assert [one.path for one in series.instances] == [one.path for one in read.headers]


@pytest.mark.parametrize("ascending", [True, False])
def test_headers_come_in_order_along_the_normal(tmp_path: Path, ascending: bool) -> None:
    made = pet_series(ascending=ascending)
    random.Random(1).shuffle(made)
    assert order_of(series_of(made, tmp_path)) == [40.0, 44.0, 48.0, 52.0, 56.0, 60.0]


def test_headers_of_a_dynamic_series_come_time_by_time(tmp_path: Path) -> None:
    made = dynamic_pet(time_slices=2, slices=3)
    random.Random(1).shuffle(made)
    read = series_of(made, tmp_path)
    assert order_of(read) == [40.0, 44.0, 48.0] * 2
    times = [header.number("FrameReferenceTime") for header in read.headers]
    assert times == [0.0] * 3 + [60000.0] * 3
    assert read.series.slices == 3


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (pet_series, 6),
        (lambda: pet_series(SeriesType=["WHOLE BODY", "IMAGE"]), 6),
        (lambda: pet_series(SeriesType=None), 6),
        (lambda: pet_series(NumberOfTimeSlices=7), 6),
        (lambda: pet_series(NumberOfSlices=None), None),
        (lambda: dynamic_pet(time_slices=3), 18),
        (lambda: dynamic_pet(time_slices=3, NumberOfTimeSlices=None), None),
        (lambda: gated_pet(time_slots=4), 24),
        (lambda: gated_pet(time_slots=4, NumberOfRRIntervals=2), 48),
        (ct_series, None),
        (lambda: [nm_recon_tomo()], 1),
        (lambda: [nm_projections()], 1),
        (lambda: [enhanced_pet()], 1),
        (lambda: [enhanced_pet(InConcatenationTotalNumber=3)], 3),
    ],
)
def test_the_number_of_instances_that_headers_promise(
    tmp_path: Path, made: Any, expected: int | None
) -> None:
    assert series_of(made(), tmp_path).series.expected_instances == expected


def test_documents_come_alone(tmp_path: Path) -> None:
    (report,) = ct_series(slices=1, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR")
    for keyword in ("Rows", "Columns", "PixelData"):
        delattr(report, keyword)
    series = series_of([report], tmp_path).series
    assert (series.expected_instances, series.slices, series.stacked) == (1, 0, False)
    assert series.geometry_fault is None


@pytest.mark.parametrize(
    ("made", "stacked", "slices"),
    [
        (ct_series, True, 6),
        (lambda: [nm_recon_tomo(slices=5, gates=2)], False, 5),
        (lambda: [enhanced_pet(slices=4, time_points=2)], False, 4),
        (lambda: [nm_projections()], False, 0),
        (lambda: ct_series(slices=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), False, 0),
    ],
)
def test_slices_are_those_of_one_volume(
    tmp_path: Path, made: Any, stacked: bool, slices: int
) -> None:
    series = series_of(made(), tmp_path).series
    assert (series.stacked, series.slices) == (stacked, slices)
    assert series.geometry_fault is None


def test_a_missing_slice_is_the_fault_of_a_series(tmp_path: Path) -> None:
    made = pet_series()
    del made[2]
    read = series_of(made, tmp_path)
    assert read.series.geometry_fault == "5 of 6 slices, gap at z = 48 mm"
    assert order_of(read) == [40.0, 44.0, 52.0, 56.0, 60.0]
    assert read.stacks == ()


def test_a_ct_without_a_promise_still_shows_its_gap(tmp_path: Path) -> None:
    made = ct_series()
    del made[2]
    series = series_of(made, tmp_path).series
    assert (series.expected_instances, series.stacked) == (None, True)
    assert series.geometry_fault == "5 of 6 slices, gap at z = 48 mm"


def test_a_gap_in_one_time_slice_names_it(tmp_path: Path) -> None:
    made = dynamic_pet(time_slices=3, slices=4)
    del made[5]
    fault = series_of(made, tmp_path).series.geometry_fault
    assert fault == "volume 2 of 3: 3 of 4 slices, gap at z = 44 mm"


def test_a_missing_time_slice_is_named(tmp_path: Path) -> None:
    made = dynamic_pet(time_slices=3, slices=4)[:8]
    fault = series_of(made, tmp_path).series.geometry_fault
    assert fault == "2 of 3 volumes (time slices or gates)"


def test_time_slices_on_different_grids_are_named(tmp_path: Path) -> None:
    made = dynamic_pet(time_slices=2, slices=3)
    for one in made[3:]:
        one.ImagePositionPatient[0] += 1
    fault = series_of(made, tmp_path).series.geometry_fault
    assert fault == "volume 2 of 2 lies on another grid than the first"


def test_one_broken_slice_among_good_ones_is_named(tmp_path: Path) -> None:
    made = pet_series()
    made[3].ImagePositionPatient = None
    series = series_of(made, tmp_path).series
    assert series.geometry_fault is not None
    assert series.geometry_fault.startswith("ImagePositionPatient (0020,0032) is absent")
    assert "instance number 4" in series.geometry_fault
    assert (series.slices, series.stacked, len(series.instances)) == (6, True, 6)


def test_one_series_uid_in_two_studies_is_two_series(tmp_path: Path) -> None:
    made = ct_series()
    for one in made[3:]:
        one.StudyInstanceUID = "1.2.3"
    groups = group_by_series(headers_of(made, tmp_path))
    assert [len(one) for one in groups.values()] == [3, 3]
    assert len({key.study_instance_uid for key in groups}) == 2


def test_headers_of_several_series_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    headers = headers_of(ct_series(slices=1) + pet_series(slices=1), tmp_path)
    with pytest.raises(ValueError, match="headers of one series"):
        read_series(headers, NO_SITE_TRACERS)
    with pytest.raises(ValueError, match="at least one"):
        read_series([], NO_SITE_TRACERS)


def equipment(**change: str) -> Dataset:
    facts = {"Manufacturer": MANUFACTURER, "ManufacturerModelName": MODEL_NAME, **change}
    return item(**facts)


def test_what_this_node_made_is_known(tmp_path: Path) -> None:
    own = {"Manufacturer": MANUFACTURER, "ManufacturerModelName": MODEL_NAME}
    assert series_of(ct_series(**own), tmp_path).series.own_result
    contributed = ct_series(ContributingEquipmentSequence=[equipment()])
    assert series_of(contributed, tmp_path).series.own_result


@pytest.mark.parametrize("other", [{"Manufacturer": "Else"}, {"ManufacturerModelName": "Else"}])
def test_equipment_that_shares_half_a_name_is_another(tmp_path: Path, other: Any) -> None:
    made = ct_series(ContributingEquipmentSequence=[equipment(**other)])
    assert not series_of(made, tmp_path).series.own_result


def test_the_earliest_acquisition_is_the_time_of_a_series(tmp_path: Path) -> None:
    made = pet_series(AcquisitionTime=lambda index: f"10{index:02}00")
    assert series_of(made[::-1], tmp_path).series.acquired_at == datetime(2024, 3, 5, 10, 0)  # noqa: DTZ001


def test_a_malformed_time_is_no_time(tmp_path: Path) -> None:
    made = pet_series(AcquisitionTime="9 o'clock")
    assert series_of(made, tmp_path).series.acquired_at is None


@pytest.mark.parametrize(
    ("made", "unit"),
    [
        (lambda: [enhanced_pet()], "Bq/ml"),
        (lambda: [nm_recon_tomo()], None),
        (ct_series, None),
        (lambda: pet_series(Units="GML"), "GML"),
    ],
)
def test_the_unit_is_told_as_stored(tmp_path: Path, made: Any, unit: str | None) -> None:
    assert series_of(made(), tmp_path).series.unit == unit
