"""Simulated hearts: shape and beat by formula, perfusion by territory, objects."""

import json
import subprocess

import numpy as np
import pydicom
import pytest
from peers import own_tool

from algorithms.simulation.brain_scan import camera_grid
from algorithms.simulation.heart.headers import Drug
from algorithms.simulation.heart.patient import State, draw_patient, scan
from algorithms.simulation.heart.perfusion import Defect, PerfusionRange, draw_perfusion
from algorithms.simulation.heart.study import simulate
from algorithms.simulation.heart.truth import true_axis, true_shares
from algorithms.simulation.heart.ventricle import HeartRange, beat, draw_ventricle
from algorithms.simulation.heart.worlds import WORLD_NAMES, world
from algorithms.simulation.nm_headers import Way
from algorithms.toolbox.heart_segments import Vessel
from dicom_node.domain.errors import ConfigError
from dicom_node.reading.header import read_header
from dicom_node.reading.series import read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.reading.volume import read_volume

SCANS = (
    (Way.SIEMENS, Drug.SESTAMIBI, 8, False),
    (Way.GE, Drug.THALLIUM, 1, False),
    (Way.PHILIPS, Drug.TETROFOSMIN, 8, True),
)


@pytest.fixture(scope="module")
def heart():
    return draw_ventricle(np.random.default_rng(3), HeartRange())


@pytest.fixture(scope="module", params=SCANS, ids=[str(one[0]) for one in SCANS])
def made(request, tmp_path_factory):
    way, drug, gates, short_axis = request.param
    folder = tmp_path_factory.mktemp("mpi")
    study = simulate(folder, seed=4, way=way, drug=drug, gates=gates, short_axis=short_axis)
    return study, request.param


def test_painted_cavity_and_muscle_have_the_volumes_of_their_formulas(heart):
    grid = camera_grid(matrix=120, pixel_mm=1.6, slices=120, slice_mm=1.6)
    middle = heart.base_mm + 0.5 * heart.length_mm * heart.direction
    affine = grid.affine.copy()
    affine[:3, 3] += middle - (0.0, 18.0, 8.0)
    grid = type(grid)(affine=affine, shape=grid.shape, frame_of_reference_uid=None)
    _, cavity = true_shares([heart], grid)
    assert cavity.sum() * grid.voxel_volume_ml == pytest.approx(heart.cavity_ml, rel=0.03)


def test_a_beat_ejects_the_fraction_and_keeps_muscle_and_apex(heart):
    hearts = beat(heart, 16)
    volumes = [one.cavity_ml for one in hearts]
    assert 1 - min(volumes) / max(volumes) == pytest.approx(heart.ejection, abs=0.05)
    apex = heart.base_mm + heart.length_mm * heart.direction
    squeezed = hearts[int(np.argmin(volumes))]
    assert np.allclose(squeezed.base_mm + squeezed.length_mm * squeezed.direction, apex)
    assert squeezed.wall_mm > heart.wall_mm


@pytest.mark.parametrize("vessel", tuple(Vessel))
def test_a_defect_lowers_its_territory_at_stress_and_what_stays_at_rest(vessel):
    angle = {Vessel.LAD: 0.0, Vessel.LCX: 100.0, Vessel.RCA: 200.0}[vessel]
    defect = Defect(
        vessel=vessel,
        radius=0.6,
        angle_deg=angle,
        extent=0.2,
        width_deg=35.0,
        severity=0.5,
        fixed=0.4,
    )
    there, opposite = np.array([0.6]), np.array([(angle + 180) % 360])
    assert defect.loss(there, np.array([angle]), stress=True) == pytest.approx(0.5)
    assert defect.loss(there, np.array([angle]), stress=False) == pytest.approx(0.2)
    assert defect.loss(there, opposite, stress=True) < 0.02


def test_defects_shadows_and_healthy_hearts_are_all_drawn():
    drawn = [draw_perfusion(np.random.default_rng(k), PerfusionRange()) for k in range(300)]
    healthy = np.mean([not one.defects for one in drawn])
    assert 0.3 < healthy < 0.5
    assert all(any(one.diseased(vessel) for one in drawn) for vessel in Vessel)
    assert any(one.shadows and not one.defects for one in drawn)


def test_the_image_is_bright_in_the_wall_and_dark_in_the_cavity():
    patient = draw_patient(world("held-out"), 2)
    grid = camera_grid(matrix=64, pixel_mm=6.0, slices=40, slice_mm=6.0)
    found = scan(patient, State.STRESS, grid)
    wall, cavity = true_shares([patient.hearts[State.STRESS]], grid)
    assert found.image[wall > 0.8].mean() > 2.0 * found.image[cavity > 0.8].mean()
    axis = true_axis(patient, State.STRESS)
    assert axis.direction @ axis.anterior == pytest.approx(0.0, abs=1e-9)
    assert axis.lateral[0] > 0  # the free wall is on the patient's left


def test_worlds_share_no_patient_and_an_unknown_one_is_refused():
    sizes = [draw_patient(world(name), 1).hearts[State.REST].radius_mm for name in WORLD_NAMES]
    assert len(set(sizes)) == len(WORLD_NAMES)
    with pytest.raises(ConfigError, match="other camera"):
        world("elsewhere")


def test_every_makers_object_is_read_with_its_state_tracer_and_gates(made):
    study, (_, drug, gates, _) = made
    for state, path in study.images.items():
        read = read_series([read_header(path)], NO_SITE_TRACERS)
        assert read.series.tracer.tracer == drug
        assert read.series.exam.phase == state
        assert read.series.exam.target == "heart"
        volume = read_volume(read, None, gated=True)
        assert len(volume.gates) == (0 if gates == 1 else gates)
        hottest = volume.geometry.index_to_lps(
            np.unravel_index(volume.array.argmax(), volume.array.shape)
        )
        assert np.linalg.norm(hottest) < 160


def test_every_makers_object_passes_the_validator(made):
    for path in made[0].files:
        said = subprocess.run(
            [own_tool("dciodvfy"), str(path)],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert "NMImage" in said.stdout + said.stderr
        assert "Error" not in said.stdout + said.stderr


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_uids(tmp_path):
    one, same, other = (
        simulate(tmp_path / name, seed=seed, way=Way.GE, gates=1)
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    for state in State:
        assert one.images[state].read_bytes() == same.images[state].read_bytes()
    uids = {pydicom.dcmread(s.images[State.REST]).StudyInstanceUID for s in (one, other)}
    assert len(uids) == 2
    assert json.loads(one.truth.read_text())["study_instance_uid"] in uids


def test_slices_of_both_directions_are_among_the_makers(tmp_path):
    signs = {
        float(
            pydicom.dcmread(
                simulate(tmp_path / way, seed=4, way=way, gates=1).images[State.REST]
            ).SpacingBetweenSlices
        )
        > 0
        for way in (Way.SIEMENS, Way.GE)
    }
    assert signs == {True, False}


def test_a_negative_seed_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="seed"):
        simulate(tmp_path, seed=-1)
