"""The simulated ioflupane SPECT: what it shows, what its headers say, and that readers agree."""

import json
import subprocess

import numpy as np
import pydicom
import pytest
from peers import own_tool

from algorithms.simulation.brain_headers import HABITS
from algorithms.simulation.brain_scan import (
    SECOND,
    camera_grid,
    scan_person,
    true_masks,
    true_reference,
)
from algorithms.simulation.brain_uptake import Group, Population, draw_uptake
from algorithms.simulation.dat_spect import simulate
from algorithms.simulation.nm_headers import Way
from algorithms.toolbox.brain_template import read_brain_template
from algorithms.toolbox.striatum import Nucleus, Side
from dicom_node.domain.errors import ConfigError
from dicom_node.reading.header import read_header
from dicom_node.reading.series import read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.reading.volume import read_volume

GRID = camera_grid(matrix=60, pixel_mm=4.0, slices=48, slice_mm=4.0)


@pytest.fixture(scope="module")
def template():
    return read_brain_template()


@pytest.fixture(scope="module", params=tuple(Way))
def made(request, tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("dat"), seed=3, way=request.param), request.param


def test_every_makers_object_is_read_as_an_ioflupane_volume_with_the_head_up(made):
    study, way = made
    read = read_series([read_header(study.image)], NO_SITE_TRACERS)
    assert read.series.tracer.tracer == "IOFLUPANE"
    assert read.series.exam.kind.value == "static"
    found = read_volume(read, None)
    assert found.geometry.placed
    assert found.geometry.affine[2, 0] > 0
    spacing = float(pydicom.dcmread(study.image).SpacingBetweenSlices)
    assert spacing == HABITS[way].slice_mm  # of both signs among the makers
    middle = np.average(
        np.indices(found.array.shape).reshape(3, -1), axis=1, weights=found.array.ravel()
    )
    assert np.abs(found.geometry.index_to_lps(middle) - (0, 18, 8)).max() < 40


def test_slices_go_to_the_head_and_to_the_feet_among_the_makers():
    assert {habit.slice_mm > 0 for habit in HABITS.values()} == {True, False}


def test_every_makers_object_passes_the_validator(made):
    said = subprocess.run(
        [own_tool("dciodvfy"), str(made[0].image)],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert "NMImage" in said.stdout + said.stderr
    assert "Error" not in said.stdout + said.stderr


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_uids(tmp_path):
    one, same, other = (
        simulate(tmp_path / name, seed=seed, way=Way.PHILIPS)
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert one.image.read_bytes() == same.image.read_bytes()
    uids = {
        pydicom.dcmread(one.image).StudyInstanceUID,
        pydicom.dcmread(other.image).StudyInstanceUID,
    }
    assert len(uids) == 2
    assert json.loads(one.truth.read_text())["study_instance_uid"] in uids


def test_a_negative_seed_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="seed"):
        simulate(tmp_path, seed=-1)


def test_striata_of_controls_stand_out_and_a_deficit_begins_at_the_back_of_the_putamen(template):
    control = scan_person(Group.CONTROL, template, GRID, np.random.default_rng(1))
    patient = scan_person(Group.DEFICIT, template, GRID, np.random.default_rng(1), SECOND)
    measured = {}
    for scan in (control, patient):
        masks, reference = true_masks(scan), scan.image[true_reference(scan, template)].mean()
        measured[scan.uptake.group] = {
            key: scan.image[mask].mean() / reference - 1 for key, mask in masks.items()
        }
    assert min(measured[Group.CONTROL].values()) > 1.5
    worse = max(Side, key=lambda side: patient.uptake.loss[side])
    lost = measured[Group.DEFICIT]
    assert lost[Nucleus.PUTAMEN, worse] < lost[Nucleus.CAUDATE, worse]
    assert patient.uptake.binding[worse].putamen_back < patient.uptake.binding[worse].putamen_front


def test_groups_overlap_and_one_sided_and_mild_disease_are_among_them():
    random = np.random.default_rng(2)
    drawn = {
        group: [draw_uptake(group, random, Population()) for _ in range(400)] for group in Group
    }
    lowest = {
        group: np.array([min(b.putamen for b in one.binding.values()) for one in people])
        for group, people in drawn.items()
    }
    assert lowest[Group.DEFICIT].max() > np.quantile(lowest[Group.CONTROL], 0.05)
    losses = [sorted(one.loss.values()) for one in drawn[Group.DEFICIT]]
    assert any(better < 0.1 for better, _ in losses)
    assert min(worse for _, worse in losses) < 0.3
    assert all(one.loss[Side.LEFT] == 0 for one in drawn[Group.WITHOUT_DEFICIT])
