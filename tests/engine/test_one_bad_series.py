"""One series that cannot be understood stops no other."""

from pathlib import Path

import pytest
from engine.house import House, route
from factories import ct_series, pet_series

from dicom_node.domain.job import JobState


@pytest.mark.parametrize("place", [["nan", "0", "0"], ["inf", "0", "0"]])
def test_a_place_that_is_no_number_keeps_no_healthy_pet_from_its_job(tmp_path: Path, place):
    house = House(tmp_path, routes=(route(wait_s=0.0),))
    house.receive(ct_series(slices=3, ImagePositionPatient=place))
    house.receive(pet_series(study="healthy"))
    house.wait(31.0)
    assert house.states() == [JobState.QUEUED]


def test_a_bug_of_ours_in_one_series_is_told_and_the_others_go_on(tmp_path: Path, monkeypatch):
    house = House(tmp_path, routes=(route(wait_s=0.0),))
    sane = house.assembler._look_at

    def _broken(key, now):
        if house.index.instances_of(key)[0].sop_class_uid == "1.2.840.10008.5.1.4.1.1.2":
            raise ZeroDivisionError("a bug")
        sane(key, now)

    monkeypatch.setattr(house.assembler, "_look_at", _broken)
    house.receive(ct_series(slices=3))
    house.receive(pet_series(study="healthy"))
    assert house.states() == [JobState.QUEUED]
    (status,) = [one for one in house.index.statuses() if one.state == "refused"]
    assert (status.reasons[0].code, status.reasons[0].message) == (
        "internal-error",
        "ZeroDivisionError",
    )
