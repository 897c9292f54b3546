"""Pose, polar map, function, limits and sentences of hearts whose numbers are known by formula."""

import json
from dataclasses import replace

import numpy as np
import pytest

from algorithms.mpi_spect.function import function_of
from algorithms.mpi_spect.limits import fit_limits, read_limits, scored, to_json
from algorithms.mpi_spect.polar import low_depth, low_share, matched, percent, polar_map
from algorithms.mpi_spect.pose import VentricleNotFound, posed
from algorithms.mpi_spect.vessels import ANY, NAMES, VesselModel, features, read_vessel_model
from algorithms.mpi_spect.vessels import to_json as model_json
from algorithms.simulation.heart.truth import true_shares
from algorithms.simulation.heart.ventricle import HeartRange, draw_ventricle
from algorithms.toolbox.heart_net.grid import cube_grid, outline_grid
from algorithms.toolbox.heart_net.network import Outline
from algorithms.toolbox.heart_segments import RINGS, SECTORS, Vessel, map_places, segment_means
from dicom_node.domain.errors import ConfigError

FLAT = np.full((RINGS, SECTORS), 80.0)


@pytest.fixture(scope="module", params=[1, 5, 8])
def heart(request):
    return draw_ventricle(np.random.default_rng(request.param), HeartRange())


def outlined(heart):
    grid = outline_grid(heart.base_mm + 0.5 * heart.length_mm * heart.direction + 4.0)
    wall, cavity = true_shares([heart], grid)
    return Outline(wall=wall.astype(np.float32), cavity=cavity.astype(np.float32), grid=grid)


def test_the_axis_of_a_known_shape_is_found_with_its_ends(heart):
    found = posed(outlined(heart))
    truth = heart.axis
    assert np.degrees(np.arccos(found.axis.direction @ truth.direction)) < 3.0
    assert abs((found.axis.base_mm - truth.base_mm) @ truth.direction) < 4.0
    assert found.axis.length_mm == pytest.approx(truth.length_mm, abs=4.0)
    assert found.axis.radius_mm == pytest.approx(truth.radius_mm, abs=4.0)
    assert found.cavity_ml == pytest.approx(heart.cavity_ml, rel=0.06)


def test_the_polar_map_shows_the_uptake_of_the_wall_where_it_is(heart):
    outline = outlined(heart)
    found = posed(outline)
    grid = cube_grid(heart.base_mm + 0.5 * heart.length_mm * heart.direction, 3.0, (54, 54, 54))
    wall, _ = true_shares([heart], grid)
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    _, angle = heart.axis.on_map(grid.index_to_lps(index))
    image = (wall * np.where(np.abs(angle - 180) < 40, 50.0, 100.0)).astype(np.float32)
    means = segment_means(polar_map(image, grid, found))
    assert means[9] == pytest.approx(50.0, abs=8.0)  # mid inferior
    assert means[6] == pytest.approx(100.0, abs=8.0)  # mid anterior


@pytest.mark.parametrize("change", [{"wall": 0.0}, {"cavity": 0.0}])
def test_what_has_no_wall_or_no_cavity_is_refused_by_name(heart, change):
    outline = outlined(heart)
    part = next(iter(change))
    empty = replace(outline, **{part: getattr(outline, part) * 0})
    if part == "wall":
        empty = replace(empty, cavity=empty.cavity * 0.4)
    with pytest.raises(VentricleNotFound):
        posed(empty)


def test_a_heart_on_the_right_side_is_refused(heart):
    mirrored = outlined(replace(heart, direction=-heart.direction, base_mm=-heart.base_mm))
    with pytest.raises(VentricleNotFound, match=r"left and right|long|apart|axis"):
        posed(mirrored)


def test_percent_low_share_and_scale_follow_their_definitions():
    polar = percent(np.where(map_places()[0] < 0.5, 30.0, 60.0), hottest_percent=5)
    assert polar.max() == pytest.approx(100.0)
    assert 0 < low_share(polar, 70.0) < 50
    assert low_share(polar, 70.0, map_places()[0] > 0.5) == 0
    assert low_depth(polar, 70.0, map_places()[0] < 0.5) == pytest.approx(20.0)
    stress = FLAT + np.linspace(0, 10, SECTORS)
    assert matched(0.5 * stress, stress) == pytest.approx(stress)


@pytest.mark.parametrize("gates", [8, 16])
def test_volumes_of_a_cosine_give_its_ejection_fraction(gates):
    at = (np.arange(gates) + 0.5) / gates
    found = function_of([80.0 + 40.0 * np.cos(2 * np.pi * x) for x in at])
    assert found.end_diastolic_ml == pytest.approx(120.0, abs=0.5)
    assert found.end_systolic_ml == pytest.approx(40.0, abs=0.5)
    assert found.ejection_percent == pytest.approx(66.7, abs=0.5)


def test_too_few_gates_or_an_empty_cavity_give_no_function():
    assert function_of([100.0] * 4) is None
    assert function_of([100.0] * 7 + [0.0]) is None


def limits():
    random = np.random.default_rng(0)
    maps = [FLAT + random.normal(0, 4.0, FLAT.shape) for _ in range(20)]
    return fit_limits("ours", {"stress": maps, "rest": maps[:3]})


def test_limits_give_no_score_to_a_normal_and_four_to_a_hole():
    found = limits()
    assert not found.has("rest")
    normal = scored(FLAT, found, "stress")
    assert normal.total == 0
    assert normal.deficit_percent == pytest.approx(0.0, abs=0.2)
    radius, angle = map_places()
    hole = np.where((radius > 0.5) & (np.abs(angle - 180) < 30), 15.0, FLAT)
    score = scored(hole, found, "stress")
    assert score.by_segment[3] == score.by_segment[9] == 4
    assert score.total == 8
    assert scored(np.full(FLAT.shape, 10.0), found, "stress").deficit_percent > 95


def test_limits_are_the_same_after_a_file_and_a_wrong_file_is_refused(tmp_path):
    path = tmp_path / "limits.json"
    path.write_text(to_json(limits()))
    again = read_limits(path)
    assert again.name == "ours"
    assert again.subjects == {"stress": 20}
    assert np.allclose(again.means["stress"], limits().means["stress"], atol=0.01)
    path.write_text(path.read_text().replace("20 rings", "10 rings"))
    with pytest.raises(ConfigError, match="sampling"):
        read_limits(path)
    with pytest.raises(ValueError, match="at least 10"):
        fit_limits("few", {"stress": [FLAT] * 9})


def test_a_vessel_model_scores_by_its_weights_names_its_drivers_and_survives_a_file(tmp_path):
    weights = np.zeros(len(NAMES))
    weights[3] = -2.0
    model = VesselModel(
        name="made up",
        means=features(FLAT),
        sds=np.full(len(NAMES), 10.0),
        weights=dict.fromkeys((*Vessel, ANY), weights),
        offsets=dict.fromkeys((*Vessel, ANY), 0.0),
    )
    assert model.score(FLAT, Vessel.RCA) == pytest.approx(0.5)
    radius, angle = map_places()
    low = np.where((radius > 0.75) & (np.abs(angle - 180) <= 30), 40.0, FLAT)
    assert model.score(low, ANY) > 0.99
    assert model.drivers(low, ANY) == ("segment 4",)
    path = tmp_path / "model.json"
    path.write_text(model_json(model))
    assert read_vessel_model(path).score(low, ANY) == pytest.approx(model.score(low, ANY), abs=1e-4)
    path.write_text(json.dumps({"format": 1, "features": ["others"]}))
    with pytest.raises(ConfigError):
        read_vessel_model(path)


def test_a_stroke_factor_enlarges_the_stroke_and_leaves_end_diastole():
    at = (np.arange(8) + 0.5) / 8
    found = function_of(100.0 + 20.0 * np.cos(2 * np.pi * at), stroke_factor=1.5)
    assert found.end_diastolic_ml == pytest.approx(120.0, abs=0.5)
    assert found.ejection_percent == pytest.approx(100 * 60 / 120, abs=0.5)
