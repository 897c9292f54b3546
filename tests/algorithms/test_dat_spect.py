"""Striatal binding of simulated heads: near the truth, on the patient's grid, or refused."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pytest
from volumes import grid, places, value_of, volume

from algorithms.dat_spect import NORMALS_VARIABLE, SPEC, normals_file
from algorithms.dat_spect.algorithm import DatSpect
from algorithms.dat_spect.normals import fit_normals, read_normals, to_json
from algorithms.dat_spect.ratios import Ratios, measure
from algorithms.dat_spect.recalibration import make_normals
from algorithms.dat_spect.regions import MEASURED, Regions
from algorithms.dat_spect.registration import RegistrationFailed
from algorithms.simulation.brain_scan import (
    FIRST,
    camera_grid,
    scan_person,
    true_masks,
    true_reference,
)
from algorithms.simulation.brain_uptake import Group
from algorithms.toolbox.striatum import Nucleus, Side
from dicom_node.domain.coding import LEFT, RIGHT, Unit
from dicom_node.domain.errors import ConfigError, InputRejected, UnknownTracer

GRID = camera_grid(matrix=60, pixel_mm=4.0, slices=48, slice_mm=4.0, uid="1.2.3")
SIDES = {LEFT: Side.LEFT, RIGHT: Side.RIGHT}


@pytest.fixture(scope="module")
def algorithm():
    return SPEC.load()


@pytest.fixture(scope="module")
def patient(algorithm):
    random = np.random.default_rng(7)
    return scan_person(Group.DEFICIT, algorithm.atlas.template, GRID, random, FIRST)


@pytest.fixture(scope="module")
def result(algorithm, patient):
    return algorithm({"spect": spect(patient.image)})


def spect(image, geometry=GRID, *, tracer="IOFLUPANE", unit=Unit.COUNTS):
    return volume(image, geometry, unit=unit, tracer=tracer)


def test_ratios_and_regions_are_near_those_of_the_true_regions(algorithm, patient, result):
    truth = true_masks(patient)
    reference = patient.image[true_reference(patient, algorithm.atlas.template)].mean()
    for number, (part, segment) in enumerate(
        zip(MEASURED, result.segmentation.segments, strict=False), start=1
    ):
        assert SIDES[segment.laterality] is part[1]
        expected = patient.image[truth[part]].mean() / reference - 1
        assert value_of(result, "SBR", number) == pytest.approx(expected, abs=0.15)
        found = np.zeros(GRID.shape, dtype=bool)
        segment.region.paint(found, True)
        overlap = 2 * np.sum(found & truth[part]) / (found.sum() + truth[part].sum())
        assert overlap > 0.8


def test_segments_lie_on_exactly_the_grid_of_the_input_and_name_the_reference(result):
    assert result.segmentation.geometry is GRID
    assert [s.label for s in result.segmentation.segments] == [
        "Caudate left",
        "Caudate right",
        "Putamen left",
        "Putamen right",
        "Occipital reference",
    ]


def test_the_worse_side_is_told_by_every_number_of_sides(patient, result):
    worse = max(Side, key=lambda side: patient.uptake.loss[side])
    better = Side.RIGHT if worse is Side.LEFT else Side.LEFT
    of = {side: value_of(result, f"SBR by total counts, {side}") for side in Side}
    assert of[worse] < of[better]
    assert value_of(result, "Asymmetry of putamen") > 5


def test_ratios_do_not_depend_on_the_unit_or_scale_of_the_image(algorithm, patient, result):
    # Doubled, nothing is rounded otherwise; another factor moves the registration's last steps.
    doubled = algorithm.measured(spect(patient.image * 2.0)).ratios.features
    assert doubled == tuple(value_of(result, "SBR", number) for number in range(1, 5))
    scaled = algorithm({"spect": spect(patient.image * 137.0, unit=Unit.ARBITRARY)})
    for number in range(1, 5):
        assert value_of(scaled, "SBR", number) == pytest.approx(
            value_of(result, "SBR", number), abs=0.005
        )


def test_the_pattern_is_told_with_its_source_and_named_as_simulated(result):
    (said,) = result.classifications
    assert said.value.meaning == "like a simulated deficit"
    assert "SD below the mean of simulated normals" in said.explanation
    probability = value_of(result, "Probability of deficit pattern (simulated)")
    assert 0.5 <= probability < 1
    assert any("learnt from simulated scans" in warning for warning in result.warnings)


def test_without_orientation_numbers_come_and_no_side_is_named(algorithm, patient, result):
    for image in (patient.image, patient.image[::-1]):
        told = algorithm({"spect": spect(image, replace(GRID, placed=False))})
        found, expected = (
            sorted(value_of(one, "SBR", number) for number in range(1, 5)) for one in (told, result)
        )
        assert found == pytest.approx(expected, abs=0.12)
        assert all(segment.laterality is None for segment in told.segmentation.segments)
        assert "left" not in " ".join(m.label for m in told.measurements)
        assert any("no orientation" in warning for warning in told.warnings)


def test_another_tracer_is_refused_by_name(algorithm, patient):
    with pytest.raises(UnknownTracer, match="SESTAMIBI"):
        algorithm({"spect": spect(patient.image, tracer="SESTAMIBI")})


def test_what_is_no_head_with_ioflupane_is_refused(algorithm):
    geometry = grid((48, 60, 60))
    apart = np.linalg.norm(places(geometry), axis=-1)
    ball = (apart < 40).astype(np.float32) * 100 + 1
    hot_bar = ball * (1 + 8 * (np.abs(places(geometry)[..., 2]) < 10))
    with pytest.raises(RegistrationFailed, match=r"correlates|template's size"):
        algorithm({"spect": spect(hot_bar, geometry)})


def test_a_field_of_view_that_cuts_the_striata_is_refused(algorithm, patient):
    affine = GRID.affine.copy()
    affine[:3, 3] += affine[:3, 0] * 24
    half = replace(GRID, affine=affine, shape=(24, 60, 60))
    with pytest.raises(InputRejected, match=r"mm|lies within|correlates|size"):
        algorithm({"spect": spect(patient.image[24:], half)})


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.full(GRID.shape, np.nan, dtype=np.float32), "no finite"),
        (np.full(GRID.shape, 3.0, dtype=np.float32), "no image"),
    ],
)
def test_what_is_no_image_is_refused(algorithm, image, told):
    with pytest.raises(InputRejected, match=told):
        algorithm({"spect": spect(image)})


def test_total_counts_give_the_binding_of_a_blurred_striatum_back():
    """N = c (V + SBR V_s): blurring moves counts within the region and loses none."""
    shape = (20, 20, 20)
    everywhere, nucleus = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    nucleus[8:12, 8:12, 8:12] = True
    surround = np.zeros(shape, dtype=bool)
    surround[5:15, 5:15, 5:15] = True
    image = np.full(shape, 10.0, dtype=np.float32)
    image[5:15, 5:15, 5:15] += 10.0 * 3.0 * 64 / 1000  # binding 3 of 64 voxels, spread out
    regions = Regions(
        nuclei=dict.fromkeys(MEASURED, nucleus),
        reference=everywhere & ~surround,
        surround=dict.fromkeys(Side, surround),
        unspecific=everywhere & ~surround,
    )
    found = measure(image, regions, 0.1, striatum_ml=6.4)
    assert found.total_counts[Side.LEFT] == pytest.approx(3.0, rel=1e-4)
    assert found.binding[Nucleus.PUTAMEN, Side.LEFT] == pytest.approx(0.192, rel=1e-4)
    assert found.asymmetry_percent(Nucleus.PUTAMEN) == pytest.approx(0.0)
    assert found.caudate_to_putamen(Side.LEFT) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def trodat(algorithm, patient):
    return algorithm({"spect": spect(patient.image, tracer="TRODAT")})


def test_trodat_has_the_same_ratios_and_is_compared_with_no_range_of_another_tracer(trodat, result):
    for number in range(1, 5):
        assert value_of(trodat, "SBR", number) == value_of(result, "SBR", number)
    labels = {one.label for one in trodat.measurements}
    assert labels == {one.label for one in result.measurements} - {
        "z",
        "Probability of deficit pattern (simulated)",
        "Distance from training data",
    }
    assert trodat.classifications == ()
    told = " ".join(trodat.warnings)
    assert "No reference range of TRODAT is in use" in told
    assert "simulated normals" not in told
    assert trodat.figures[1].title == "SBR, compared with nothing"


def test_trodat_is_compared_with_normals_of_its_own(algorithm, patient, trodat):
    ours = replace(algorithm.normals["IOFLUPANE"], name="our TRODAT normals", tracer="TRODAT")
    known = replace(algorithm, normals={**algorithm.normals, "TRODAT": ours})
    found = known({"spect": spect(patient.image, tracer="TRODAT")})
    assert value_of(found, "z", 1) == pytest.approx(
        ours.ranges["caudate"].z(value_of(trodat, "SBR", 1), None)
    )
    assert found.warnings[0].startswith("Reference range in use: our TRODAT normals")
    assert found.classifications == ()


def made_ratios(level):
    return Ratios(
        binding={part: level * (1.1 if part[0] is Nucleus.PUTAMEN else 1) for part in MEASURED},
        total_counts=dict.fromkeys(Side, 2 * level),
    )


def test_normals_follow_age_and_are_the_same_after_a_file(tmp_path):
    random = np.random.default_rng(0)
    scans = [
        (made_ratios(3.0 - 0.015 * (age - 60) + random.normal(0, 0.2)), float(age))
        for age in range(40, 82)
    ]
    normals = fit_normals("ours", "IOFLUPANE", scans)
    assert normals.ranges["caudate"].mean(70) == pytest.approx(2.85, abs=0.1)
    assert normals.ranges["caudate"].sd == pytest.approx(0.2, rel=0.3)
    path = tmp_path / "normals.json"
    path.write_text(to_json(normals).replace('"sd": 0.0', '"sd": 1e-9'))
    found = read_normals(path)
    assert (found.name, found.tracer) == ("ours", "IOFLUPANE")
    assert found.ranges["putamen"] == normals.ranges["putamen"]


def test_the_command_refuses_too_few_scans_and_writes_nothing(patient, tmp_path):
    small = np.zeros(GRID.shape, dtype=np.float32)
    with pytest.raises(InputRejected, match="0 scans can be used"):
        make_normals([spect(small)], name="ours", out=tmp_path / "normals.json")
    assert not (tmp_path / "normals.json").exists()


def test_normals_are_of_the_tracer_of_the_first_scan(monkeypatch, tmp_path):
    measured = SimpleNamespace(ratios=made_ratios(3.0))
    monkeypatch.setattr(DatSpect, "measured", lambda *_: measured)
    image = np.zeros(GRID.shape, dtype=np.float32)
    scans = [spect(image, tracer=tracer) for tracer in ["TRODAT"] * 10 + ["IOFLUPANE"]]
    (left_out,) = make_normals(scans, name="ours", out=tmp_path / "normals.json")
    assert "normals are of one tracer" in left_out
    content = json.loads((tmp_path / "normals.json").read_text())
    assert (content["tracer"], content["subjects"]) == ("TRODAT", 10)


def test_normals_of_a_site_are_used_and_named_by_version_and_result(monkeypatch, tmp_path):
    path = tmp_path / "ours.json"
    shipped = (files("algorithms.dat_spect") / "normals.json").read_text()
    path.write_text(shipped.replace(json.loads(shipped)["name"], "our normals"))
    monkeypatch.setenv(NORMALS_VARIABLE, str(path))
    again = subprocess.run(
        [
            sys.executable,
            "-c",
            "from algorithms.dat_spect import SPEC; print(SPEC.card.version)",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert again.stdout.startswith("1.3.0+normals.")
    assert read_normals(normals_file()).name == "our normals"


def test_too_few_normals_and_a_file_for_other_regions_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 10"):
        fit_normals("few", "IOFLUPANE", [(made_ratios(3.0), 60.0)] * 9)
    path = tmp_path / "normals.json"
    path.write_text('{"format": 2, "regions": "another"}')
    with pytest.raises(ConfigError, match="regions"):
        read_normals(path)
