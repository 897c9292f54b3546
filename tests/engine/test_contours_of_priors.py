"""A route that compares: contours on the earlier examination come along with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from dicom_parts import item, uid
from engine.house import SPEC, House, route
from factories import pet_series
from factories_contours import segmentation
from volumes import grid

from dicom_node.domain.result import Result
from dicom_node.domain.route import CompanionRule, ContourUse, PriorRule

COMPARING = replace(SPEC, load_comparing=lambda: lambda *_: Result())


def house_with(folder: Path) -> House:
    rule = CompanionRule(modality="PT", wait_s=0.0, prior=PriorRule())
    wanted = replace(route(), companions={"ct": rule}, contours=ContourUse.REQUIRED)
    return House(folder, routes=(wanted,), specs={"nothing": COMPARING})


def earlier():
    dates = {f"{what}Date": "20231201" for what in ("Study", "Series", "Acquisition")}
    return pet_series(study="before", series="pet-before", **dates)


def drawn_on(study: str, series: str):
    mask = np.zeros((4, 5, 6), bool)
    mask[1:3, 2:4, 2:4] = True
    return segmentation(
        {1: mask},
        grid(mask.shape),
        StudyInstanceUID=uid(study),
        SeriesInstanceUID=uid(study, "seg"),
        SOPInstanceUID=uid(study, "seg", 1),
        ReferencedSeriesSequence=[item(SeriesInstanceUID=uid(study, series))],
    )


def test_contours_on_the_prior_are_inputs_beside_those_on_the_later_one(tmp_path):
    house = house_with(tmp_path)
    house.receive(earlier())
    house.receive([drawn_on("before", "pet-before")])
    house.receive(pet_series())
    house.receive([drawn_on("study", "pet")])
    later, first = house.roles()
    assert later == {"pet", "ct", "contours", "contours of ct"}
    assert first == {"pet", "contours"}


def test_a_prior_without_contours_comes_without_them(tmp_path):
    house = house_with(tmp_path)
    house.receive(earlier())
    house.receive(pet_series())
    house.receive([drawn_on("study", "pet")])
    assert house.roles() == [{"pet", "ct", "contours"}]
