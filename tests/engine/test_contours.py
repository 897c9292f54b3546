"""Contours of others: which jobs they make, whenever they come."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dicom_parts import item, uid
from engine.house import SPEC, House, route
from engine.test_runner import Worker, runner_of
from factories import ct_series, pet_series
from factories_contours import segmentation
from volumes import grid

from dicom_node.domain.equipment import MANUFACTURER, MODEL_NAME
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.job import JobState
from dicom_node.domain.result import Result
from dicom_node.domain.route import ContourUse
from dicom_node.registry import Registry

TAKING = replace(SPEC, load_contoured=lambda: lambda *_: Result())


def house_with(folder: Path, use: ContourUse, spec=TAKING) -> House:
    routes = (replace(route(wait_s=0.0), contours=use),)
    return House(folder, routes=routes, specs={"nothing": spec})


def drawn_on(series: str = "pet", **attributes):
    """A SEG of another product that names a series of the study."""
    mask = np.zeros((4, 5, 6), bool)
    mask[1:3, 2:4, 2:4] = True
    reference = [item(SeriesInstanceUID=uid("study", series))]
    given = {"ReferencedSeriesSequence": reference, **attributes}
    return segmentation({1: mask}, grid(mask.shape), **given)


def test_contours_that_come_later_make_a_job_beside_that_of_the_series(tmp_path):
    house = house_with(tmp_path, ContourUse.TAKEN)
    house.receive(pet_series())
    assert house.roles() == [{"pet"}]
    house.receive([drawn_on()])
    assert house.roles() == [{"pet", "contours"}, {"pet"}]
    (later, first) = house.jobs.list()
    assert later.job_id != first.job_id
    assert later.predecessor is None


def test_contours_that_were_there_before_take_the_place_of_the_network(tmp_path):
    house = house_with(tmp_path, ContourUse.TAKEN)
    house.receive([drawn_on()])
    assert house.roles() == []
    house.receive(pet_series())
    assert house.roles() == [{"pet", "contours"}]


def test_a_route_that_requires_contours_does_nothing_without_them(tmp_path):
    house = house_with(tmp_path, ContourUse.REQUIRED)
    house.receive(pet_series())
    house.wait(100.0)
    assert house.states() == []
    house.receive([drawn_on()])
    assert house.states() == [JobState.QUEUED]


def test_contours_twice_or_after_a_restart_make_no_second_job(tmp_path):
    house = house_with(tmp_path, ContourUse.REQUIRED)
    house.receive(pet_series())
    house.receive([drawn_on()])
    house.receive([drawn_on()], association="a2")
    house.restart()
    house.wait(100.0)
    assert len(house.states()) == 1


def test_each_of_two_contour_objects_gets_its_own_job(tmp_path):
    house = house_with(tmp_path, ContourUse.TAKEN)
    house.receive(pet_series())
    house.receive([drawn_on()])
    names = {"SeriesInstanceUID": uid("other"), "SOPInstanceUID": uid("other", 1)}
    house.receive([drawn_on(**names)])
    assert house.roles() == [{"pet", "contours"}] * 2 + [{"pet"}]


def test_a_job_on_contours_waits_for_its_ct_like_any_other(tmp_path):
    routes = (replace(route(wait_s=60.0), contours=ContourUse.REQUIRED),)
    house = House(tmp_path, routes=routes, specs={"nothing": TAKING})
    house.receive(pet_series())
    house.receive([drawn_on()])
    assert house.states() == [JobState.WAITING]
    house.receive(ct_series())
    house.wait(2.0)
    assert house.states() == [JobState.QUEUED]
    assert house.roles() == [{"pet", "ct", "contours"}]


@pytest.mark.parametrize(
    "attributes",
    [
        {"PatientID": "somebody-else"},
        {"Manufacturer": MANUFACTURER, "ManufacturerModelName": MODEL_NAME},
    ],
)
def test_contours_of_another_patient_and_our_own_make_no_job(tmp_path, attributes):
    house = house_with(tmp_path, ContourUse.REQUIRED)
    house.receive(pet_series())
    house.receive([drawn_on(**attributes)])
    assert house.states() == []


def test_contours_on_the_ct_are_not_measured_on_the_pet(tmp_path):
    house = house_with(tmp_path, ContourUse.REQUIRED)
    house.receive(pet_series())
    house.receive(ct_series())
    house.wait(2.0)
    house.receive([drawn_on("ct")])
    assert house.states() == []


def test_a_route_that_ignores_contours_makes_no_job_of_them(tmp_path):
    house = house_with(tmp_path, ContourUse.IGNORED)
    house.receive(pet_series())
    house.receive([drawn_on()])
    assert house.roles() == [{"pet"}]


def test_who_measures_contours_stands_in_their_reasons(tmp_path):
    house = house_with(tmp_path, ContourUse.TAKEN)
    house.receive(pet_series())
    contours = drawn_on()
    house.receive([contours])
    (key,) = [
        one
        for one in house.index.series_of_study(contours.StudyInstanceUID)
        if one.series_instance_uid == contours.SeriesInstanceUID
    ]
    told = house.index.status(key)
    assert told.state == "routed"
    assert [reason.code for reason in told.reasons] == ["complete", "contours"]


def test_an_algorithm_without_weights_runs_on_required_contours_only():
    lacking = replace(TAKING, lacks="the bundle is missing")
    registry = Registry(specs={"nothing": lacking}, broken={})
    wanted = replace(route(), contours=ContourUse.REQUIRED)
    assert registry.spec_of(wanted) is lacking
    with pytest.raises(ConfigError, match="the bundle is missing"):
        registry.spec_of(replace(wanted, contours=ContourUse.TAKEN))


def test_a_route_cannot_give_contours_or_options_to_who_takes_none():
    registry = Registry(specs={"nothing": SPEC}, broken={})
    with pytest.raises(ConfigError, match="takes no contours"):
        registry.spec_of(replace(route(), contours=ContourUse.TAKEN))
    with pytest.raises(ConfigError, match="no options"):
        registry.spec_of(replace(route(), options={"bundle": "/somewhere"}))


def test_the_options_of_a_route_are_in_the_version_and_reach_the_run(tmp_path):
    def configured(options):
        return replace(SPEC, card=replace(SPEC.card, version=f"1.0.0+{options['bundle']}"))

    spec = replace(SPEC, configure=configured)
    routes = (replace(route(wait_s=0.0), options={"bundle": "own"}),)
    house = House(tmp_path, routes=routes, specs={"nothing": spec})
    house.receive(pet_series())
    assert house.jobs.list()[0].version == "1.0.0+own"
    worker = Worker()
    runner_of(house, worker).tick()
    assert worker.asked[0].options == {"bundle": "own"}
