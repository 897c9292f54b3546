"""The same again, something else under a known UID, two studies, two patients: never mixed."""

from pathlib import Path

import pytest
from engine.house import House
from factories import ct_series, pet_series

from dicom_node.domain.job import JobState


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def queued(house: House) -> None:
    house.receive(ct_series(slices=6))
    house.wait(1.0)
    house.receive(pet_series(slices=6))
    assert house.states() == [JobState.QUEUED]


def test_other_content_under_known_uids_changes_no_job_and_is_shown(house):
    queued(house)
    (job,) = house.jobs.list()
    before = {one.path: one.path.read_bytes() for one in job.input_instances["pet"]}
    house.receive(pet_series(slices=6, SeriesDescription="sent again, changed"))
    house.wait(61.0)
    assert [one.job_id for one in house.jobs.list()] == [job.job_id]
    assert {path: path.read_bytes() for path in before} == before
    assert len(house.index.conflicts(job.input_instances["pet"][0].key)) == 6


def test_instances_of_one_series_that_come_under_another_start_nothing(house):
    queued(house)
    uids = [one.SOPInstanceUID for one in pet_series(slices=6)]
    other = pet_series(slices=6, series="other", SOPInstanceUID=lambda index: uids[index])
    house.receive(other)
    house.wait(61.0)
    assert len(house.jobs.list()) == 1
    assert len(house.index.conflicts()) == 6
    assert len(house.index.statuses()) == 2  # the other series has no instance, and so no row


def test_two_studies_of_one_patient_on_one_day_stay_two(house):
    house.receive(ct_series(slices=6, study="morning", series="ct-morning"))
    house.wait(1.0)
    house.receive(pet_series(slices=6, study="evening"))
    house.wait(61.0)
    assert house.roles() == [{"pet"}]
    house.receive(pet_series(slices=6, study="morning", series="pet-morning"))
    assert house.roles()[0] == {"pet", "ct"}
    studies = [
        {one.key.study_instance_uid for several in job.input_instances.values() for one in several}
        for job in house.jobs.list()
    ]
    assert [len(one) for one in studies] == [1, 1]
    assert studies[0] != studies[1]


@pytest.mark.parametrize(
    "identity",
    [
        {"PatientID": "PH-2"},
        {"PatientName": "Another^One"},
        {"PatientBirthDate": "19010101"},
        {"IssuerOfPatientID": "elsewhere"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_patient_who_changes_within_a_study_is_not_mixed(house, identity):
    house.receive(ct_series(slices=6, **identity))
    house.wait(1.0)
    house.receive(pet_series(slices=6))
    house.wait(61.0)
    assert house.roles() == [{"pet"}]


def test_two_patients_in_one_series_are_rejected_by_name(house):
    house.receive([*pet_series(slices=6)[:5], pet_series(slices=6, PatientID="PH-2")[5]])
    house.wait(61.0)
    assert house.states() == [JobState.REJECTED]
    reason = house.jobs.list()[0].reason
    assert reason.startswith("several-patients")
    assert "PH-2" not in reason
