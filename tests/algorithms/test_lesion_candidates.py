"""Candidates of a lesion network are described by what a reader sees, and judged by it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lesion_bundles import SHAPE

from algorithms.toolbox.lesion_net.bundle import load_bundle, save_bundle
from algorithms.toolbox.lesion_net.candidates import FEATURES, candidates_of
from algorithms.toolbox.lesion_net.grid import channels, compressed
from algorithms.toolbox.lesion_net.judge import LEAF, Judge, Trees, certainty
from algorithms.toolbox.lesion_net.network import build
from algorithms.training.judging import (
    Taught,
    TooFewCandidates,
    boosted,
    judge_from,
    taught_by,
    told,
    trees_of,
)
from dicom_node.domain.errors import ConfigError

_BODY = (slice(2, 38), slice(4, 28), slice(4, 44))  # of 40 slices, 32 rows, 48 columns
_SHAPE = (40, 32, 48)


def seen(spots, *, physiological=(), density=None):
    """Shares and inputs of a body of SUV 1 with hot boxes that are candidates, and others."""
    suv = np.zeros(_SHAPE, dtype=np.float32)
    suv[_BODY] = 1
    shares = np.zeros((3, *_SHAPE), dtype=np.float32)
    shares[0] = 1
    for part, uptake, which in (
        *((p, u, 2) for p, u in spots),
        *((p, u, 1) for p, u in physiological),
    ):
        suv[part] = uptake
        shares[:, *part] = 0.1
        shares[which][part] = 0.8
    return shares, channels(suv, density)


def box(z, y, x, size=(3, 3, 3)):
    return tuple(slice(c - s // 2, c - s // 2 + s) for c, s in zip((z, y, x), size, strict=True))


def features_of(*given, **more):
    shares, inputs = seen(*given, **more)
    found = candidates_of(shares, least_ml=0.2).features(inputs)
    return [dict(zip(FEATURES, row, strict=True)) for row in found]


def test_a_spot_with_a_twin_on_the_other_side_is_told_from_one_without():
    (alone,) = features_of([(box(20, 16, 14), 8.0)])
    left, right = features_of([(box(20, 16, 14), 8.0), (box(20, 16, 33), 8.0)])
    assert left["log twin"] == pytest.approx(0)
    assert right["log twin"] == pytest.approx(0)
    assert alone["log twin"] == pytest.approx(np.log(1.1 / 8.1), abs=1e-4)


def test_a_twin_is_found_in_a_patient_who_lies_bent():
    suv = np.zeros((60, 32, 64), dtype=np.float32)
    for z in range(60):
        middle = 26 + z // 5  # 12 columns, 48 mm, from one end to the other
        suv[z, 4:28, middle - 18 : middle + 19] = 1
    shares = np.zeros((3, *suv.shape), dtype=np.float32)
    shares[0] = 1
    for z in (8, 50):
        for side in (-9, 9):
            part = box(z, 16, 26 + z // 5 + side)
            suv[part], shares[:, *part], shares[2][part] = 8, 0.1, 0.8
    found = candidates_of(shares, least_ml=0.2).features(channels(suv, None))
    assert len(found) == 4
    assert found[:, FEATURES.index("log twin")] == pytest.approx(0)


def test_a_tube_is_longer_than_a_ball():
    (ball,) = features_of([(box(20, 16, 14), 8.0)])
    (tube,) = features_of([(box(20, 16, 14, (15, 3, 3)), 8.0)])
    assert ball["elongation"] == pytest.approx(0)
    assert tube["elongation"] > 2


def test_uptake_volume_contrast_and_place_are_in_the_units_told():
    (one,) = features_of([(box(20, 16, 14), 8.0)])
    assert np.exp(one["log volume"]) == pytest.approx(27 * 0.064)
    assert np.exp(one["log SUVmax"]) == pytest.approx(8.1, abs=1e-3)
    assert one["log contrast"] == pytest.approx(np.log(8.1 / 1.1), abs=1e-3)
    assert one["off midline"] == pytest.approx((23.5 - 14) * 0.04)
    assert one["highest share"] == pytest.approx(0.8)


def test_normal_uptake_beside_a_spot_is_seen():
    (beside,) = features_of([(box(20, 16, 14), 8.0)], physiological=[(box(20, 16, 17), 9.0)])
    (alone,) = features_of([(box(20, 16, 14), 8.0)])
    assert beside["physiological border"] > 0.05 > alone["physiological border"]


def test_a_candidate_that_is_one_end_of_a_normal_hot_spot_is_told_from_one_of_its_own():
    """A calyx that is called a lesion, in a kidney that is called normal; both of SUV 8."""
    (part,) = features_of(
        [(box(20, 16, 12, (4, 4, 4)), 8.0)], physiological=[(box(20, 16, 17, (6, 6, 6)), 8.0)]
    )
    (alone,) = features_of([(box(20, 16, 12, (4, 4, 4)), 8.0)])
    assert alone["log hot spot over candidate"] == pytest.approx(0)
    assert alone["mean share of hot spot"] == pytest.approx(0.8)
    assert part["log hot spot over candidate"] > 1
    assert part["mean physiological share of hot spot"] > 0.5 > part["mean share of hot spot"]
    assert part["physiological rim"] > alone["physiological rim"] == 0
    normal_ml = 6**3 * 0.064
    assert np.exp(part["log physiological neighbour"]) == pytest.approx(normal_ml + 0.1)


def test_a_candidate_without_anything_colder_around_it_is_no_hot_spot():
    shares = np.zeros((3, *_SHAPE), dtype=np.float32)
    shares[2] = 1
    inputs = channels(np.full(_SHAPE, 3, dtype=np.float32), None)
    (one,) = candidates_of(shares, least_ml=0.2).features(inputs)
    found = dict(zip(FEATURES, one, strict=True))
    assert np.isnan(found["mean share of hot spot"])
    assert np.isfinite(found["log outlined volume"])


def test_without_ct_the_density_is_not_a_number_and_tells_nothing():
    (one,) = features_of([(box(20, 16, 14), 8.0)])
    assert np.isnan(one["density of shell"])
    water = np.zeros(_SHAPE, dtype=np.float32)
    (other,) = features_of([(box(20, 16, 14), 8.0)], density=water)
    assert other["density of shell"] == pytest.approx(1.0)
    judge = judge_with({"density of shell": 5.0})
    missing, known = np.array([list(one.values())]), np.array([list(other.values())])
    typical = missing.copy()
    typical[0, FEATURES.index("density of shell")] = judge.centre[
        FEATURES.index("density of shell")
    ]
    assert judge.certainty(missing) == judge.certainty(np.nan_to_num(typical))
    assert judge.certainty(known) == pytest.approx([1 / (1 + np.exp(-2.5))])


def test_a_body_without_candidates_has_no_features():
    shares, inputs = seen([])
    found = candidates_of(shares, least_ml=0.2)
    assert found.features(inputs).shape == (0, len(FEATURES))
    for judge in (judge_with({}), None):
        assert certainty(judge, found, inputs).shape == (0,)


def test_only_what_is_kept_keeps_its_share():
    shares, _ = seen(
        [(box(10, 16, 14), 8.0), (box(30, 16, 14), 8.0), (box(20, 9, 9, (1, 1, 1)), 9)]
    )
    before = shares.copy()
    found = candidates_of(shares, least_ml=0.2)
    assert found.count == 2  # a single voxel is noise
    left = found.only(np.array([False, True]))
    assert not left[2][box(10, 16, 14, (5, 5, 5))].any()
    assert not left[2][box(20, 9, 9)].any()
    np.testing.assert_array_equal(left[2][box(30, 16, 14)], before[2][box(30, 16, 14)])
    np.testing.assert_array_equal(left[:2], before[:2])
    np.testing.assert_array_equal(shares, before)


def test_a_bundle_without_a_judge_is_as_sure_as_its_surest_voxel():
    shares, inputs = seen([(box(10, 16, 14), 8.0), (box(30, 16, 14), 8.0)])
    shares[2, 30, 16, 14] = 0.95
    found = candidates_of(shares, least_ml=0.2)
    assert certainty(None, found, inputs) == pytest.approx([0.8, 0.95])


def judge_with(weights, intercept=0.0):
    """A stump for each weight: half of it above the centre, less half of it at most there."""
    asked = [(FEATURES.index(name), weight) for name, weight in weights.items()] or [(0, 0.0)]
    feature = np.array([[number, LEAF, LEAF] for number, _ in asked], dtype=np.int32)
    following = np.zeros((2, *feature.shape), dtype=np.int32)
    following[0, :, 0], following[1, :, 0] = 1, 2
    return Judge(
        centre=np.zeros(len(FEATURES)),
        trees=Trees(
            feature=feature,
            threshold=np.zeros(feature.shape),
            below=following[0],
            above=following[1],
            value=np.array([[0.0, -w / 2, w / 2] for _, w in asked]),
        ),
        intercept=intercept,
    )


def test_a_bundle_keeps_its_judge_and_its_hash_tells_it(tmp_path: Path):
    net = build(SHAPE)
    rows = np.random.default_rng(1).normal(size=(4, len(FEATURES)))
    judge = judge_with({"log volume": 0.3, "log twin": -1.5}, intercept=0.25)
    common = {"name": "x", "version": "0", "card": "Trained on simulated data.\n", "facts": {}}
    sums = [
        save_bundle(tmp_path / str(n), net, SHAPE, **common, judge=given)
        for n, given in enumerate((judge, None))
    ]
    assert sums[0] != sums[1]
    loaded = [load_bundle(tmp_path / str(n), torch.device("cpu")).judge for n in range(2)]
    np.testing.assert_array_equal(loaded[0].certainty(rows), judge.certainty(rows))
    assert loaded[1] is None


def test_a_judge_of_other_features_is_refused_by_name(tmp_path: Path):
    class Other(Judge):
        def tensors(self):
            found = super().tensors()
            found["judge.colour"] = found.pop("judge.log twin")
            return found

    judge = judge_with({})
    odd = Other(centre=judge.centre, trees=judge.trees, intercept=0.0)
    save_bundle(
        tmp_path, build(SHAPE), SHAPE, name="x", version="0", card="c\n", facts={}, judge=odd
    )
    with pytest.raises(ConfigError, match="colour, log twin"):
        load_bundle(tmp_path, torch.device("cpu"))


def test_a_judge_learns_what_tells_true_from_false_on_patients_left_out():
    random = np.random.default_rng(0)
    lesion = random.random(400) < 0.4
    features = random.normal(size=(400, len(FEATURES)))
    twin = FEATURES.index("log twin")
    features[:, twin] -= 2.5 * lesion
    features[::3, -1] = np.nan
    judge, facts = judge_from(
        Taught(features=features, lesion=lesion, patient=np.repeat(np.arange(40), 10))
    )
    asked = judge.trees.feature[:, 0]
    assert np.bincount(asked).argmax() == twin
    odd = np.tile(judge.centre, (2, 1))
    odd[:, twin] = -3, 1
    assert np.diff(judge.certainty(odd)) < -0.5
    assert facts["area under the curve"] > 0.9
    levels = facts["levels"]
    assert levels["0.50"]["true kept"] > 0.8
    assert levels["0.50"]["false per patient"] < levels["0.10"]["false per patient"]


def test_the_tables_of_the_judge_say_what_the_fitted_trees_say():
    random = np.random.default_rng(3)
    features = random.normal(size=(300, len(FEATURES)))
    lesion = features[:, 0] - features[:, 9] + features[:, 3] * features[:, 12] > 0
    model = boosted().fit(features, lesion)
    new = random.normal(size=(200, len(FEATURES)))
    begun = np.log(lesion.mean() / (1 - lesion.mean()))
    expected = model.decision_function(new) - begun
    np.testing.assert_allclose(trees_of(model).sums(new), expected, atol=1e-9)
    assert np.ptp(expected) > 1


def test_more_uptake_or_less_of_a_twin_never_makes_a_lesion_less_certain():
    random = np.random.default_rng(5)
    features = random.normal(size=(400, len(FEATURES)))
    lesion = random.random(400) < 0.5  # nothing to learn but noise
    judge, _ = judge_from(
        Taught(features=features, lesion=lesion, patient=np.repeat(np.arange(40), 10))
    )
    for name, sign in (("log SUVmax", 1), ("log contrast", 1), ("log twin", -1)):
        row = np.tile(random.normal(size=len(FEATURES)), (50, 1))
        row[:, FEATURES.index(name)] = sign * np.linspace(-9, 9, 50)
        assert (np.diff(judge.certainty(row)) >= 0).all()


def test_too_few_candidates_teach_nothing():
    taught = Taught(
        features=np.zeros((30, len(FEATURES))),
        lesion=np.arange(30) < 3,
        patient=np.arange(30),
    )
    with pytest.raises(TooFewCandidates, match="3 true and 27 false"):
        judge_from(taught)


class HotIsLesion(torch.nn.Module):
    """Takes SUV 6 or more for a lesion."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        level = float(compressed(np.array(6.0)))
        scores = torch.zeros((len(inputs), 3, *inputs.shape[2:]))
        scores[:, 2] = 100 * (inputs[:, 0] - level)
        return scores


def test_what_a_network_marks_is_true_where_it_meets_a_lesion_of_the_simulation():
    said = []
    taught = taught_by(HotIsLesion(), torch.device("cpu"), "fdg", 1, said.append)
    assert taught.features.shape == (len(taught.lesion), len(FEATURES))
    assert 0 < taught.lesion.sum() < len(taught.lesion)  # its brain and bladder are as hot
    assert (taught.patient == 0).all()
    assert f"{taught.lesion.sum()} of {len(taught.lesion)} true" in said[0]
    hottest = np.exp(taught.features[:, FEATURES.index("log SUVmax")])
    assert hottest.min() > 6


def test_the_card_tells_what_taught_the_judge():
    assert told({}) == "none"
    facts = {"patients": 3, "candidates": 70, "true": 30, "area under the curve": 0.9}
    assert "3 more patients: 70 candidates, 30 true; area under the curve 0.9" in told(facts)
