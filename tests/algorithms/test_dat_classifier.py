"""The classifier of binding ratios: the same as scikit-learn's, silent where it knows nothing."""

import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from sklearn.svm import SVC

from algorithms.dat_spect import CLASSIFIER, NORMALS, SPEC
from algorithms.dat_spect.classifier import (
    MIRRORED,
    fractions,
    read_classifier,
    to_json,
    worse_first,
)
from algorithms.dat_spect.normals import Normals, Range, fit_normals, read_normals
from algorithms.dat_spect.ratios import Ratios
from algorithms.dat_spect.regions import MEASURED
from algorithms.dat_spect.said import LIKE_DEFICIT, LIKE_NORMAL, UNKNOWN, said_of
from algorithms.dat_spect.training import (
    GAMMA,
    PENALTY,
    both_ways,
    fit_classifier,
    fit_machine,
    limit_of,
    platt,
    spread_of,
)
from algorithms.simulation.brain_uptake import Group, Population, draw_uptake
from algorithms.toolbox.striatum import Nucleus, Side
from dicom_node.domain.errors import WeightsError


def drawn(group, random, people, recovery=0.51, error=0.07):
    """Age, and what a camera would show of a person: recovery times binding, plus an error."""
    uptake = draw_uptake(group, random, people)
    binding = {
        part: recovery * getattr(uptake.binding[part[1]], str(part[0])) + random.normal(0, error)
        for part in MEASURED
    }
    return uptake.age_years, Ratios(binding=binding, total_counts=dict.fromkeys(Side, 5.0))


def people_of(seed, count, people=None, recovery=0.51):
    random = np.random.default_rng(seed)
    groups = np.arange(count) % 2 == 0
    scans = [
        drawn(Group.DEFICIT if sick else Group.CONTROL, random, people or Population(), recovery)
        for sick in groups
    ]
    return scans, groups


def seen(scans, normals):
    return np.array([fractions(ratios.features, normals, age) for age, ratios in scans])


def normals_from(scans, groups, name="drawn normals"):
    return fit_normals(
        name,
        "IOFLUPANE",
        [(ratios, age) for (age, ratios), sick in zip(scans, groups, strict=True) if not sick],
    )


@pytest.fixture(scope="module")
def cohort():
    scans, groups = people_of(1, 160)
    normals = normals_from(scans, groups)
    return seen(scans, normals), groups, normals


@pytest.fixture(scope="module")
def fitted(cohort):
    return fit_classifier(*cohort[:2], name="trained on drawn numbers")


@pytest.fixture(scope="module")
def shipped():
    return read_classifier(files("algorithms.dat_spect") / CLASSIFIER, SPEC.card)


@pytest.fixture(scope="module")
def simulated():
    return read_normals(files("algorithms.dat_spect") / NORMALS)


def made(caudate, putamen, normals, age=60.0):
    """Ratios that are such fractions of the normals' mean, (left, right) each."""
    told = {Nucleus.CAUDATE: caudate, Nucleus.PUTAMEN: putamen}
    binding = {
        (nucleus, side): told[nucleus][list(Side).index(side)]
        * normals.ranges[str(nucleus)].mean(age)
        for nucleus, side in MEASURED
    }
    return Ratios(binding=binding, total_counts=dict.fromkeys(Side, 5.0))


def test_our_decision_is_that_of_scikit_learn(cohort):
    features, deficit, _ = cohort
    ours = fit_machine(features, deficit)
    x, y = both_ways(features, deficit)
    theirs = SVC(C=PENALTY, gamma=GAMMA, tol=1e-6).fit(ours.scale.whitened(x), y)
    others = np.random.default_rng(5).uniform(0.1, 1.6, (50, 4))
    expected = theirs.decision_function(ours.scale.whitened(others))
    found = [ours.decision(row) for row in others]
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_classifier_is_the_same_after_its_file(fitted, tmp_path):
    path = tmp_path / "classifier.json"
    path.write_text(to_json(fitted), encoding="utf-8")
    import hashlib

    card = replace(SPEC.card, weights_sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    again = read_classifier(path, card)
    features = np.array([0.9, 0.8, 0.7, 0.5])
    assert again.judged(features) == fitted.judged(features)
    with pytest.raises(WeightsError, match="SHA-256"):
        read_classifier(path, replace(card, weights_sha256="0" * 64))
    with pytest.raises(WeightsError, match="cannot be read"):
        read_classifier(tmp_path / "none.json", card)


def test_left_and_right_weigh_the_same(fitted):
    features = np.array([0.95, 0.85, 0.9, 0.6])
    mirrored = features[list(MIRRORED)]
    assert fitted.probability(mirrored) == pytest.approx(fitted.probability(features), abs=1e-4)
    assert worse_first(features).tolist() == [0.85, 0.95, 0.6, 0.9]
    assert worse_first(mirrored).tolist() == [0.85, 0.95, 0.6, 0.9]


def test_probabilities_are_calibrated_on_people_not_seen(fitted, cohort):
    scans, groups = people_of(2, 600)
    features = seen(scans, cohort[2])
    told = np.array([fitted.probability(row) for row in features])
    assert np.mean((told >= 0.5) == groups) > 0.95
    assert told.mean() == pytest.approx(groups.mean(), abs=0.04)
    unsure = (told > 0.2) & (told < 0.8)
    assert groups[unsure].mean() == pytest.approx(told[unsure].mean(), abs=0.25)


def test_no_probability_is_surer_than_the_number_of_scans_allows(fitted):
    low, high = fitted.ends
    assert (low, high) == (1 / 82, 81 / 82)
    assert fitted.probability(np.array([0.4, 0.4, 0.2, 0.2])) <= high


def test_platt_gives_back_the_odds_that_were_put_in():
    random = np.random.default_rng(3)
    decisions = random.normal(0, 2, 4000)
    truth = random.random(4000) < 1 / (1 + np.exp(-(1.5 * decisions - 0.5)))
    slope, intercept = platt(decisions, truth)
    assert slope == pytest.approx(1.5, abs=0.15)
    assert intercept == pytest.approx(-0.5, abs=0.15)


def test_ninety_nine_of_a_hundred_new_scans_lie_within_the_limit():
    random = np.random.default_rng(4)
    within = []
    for _ in range(60):
        spread = spread_of(random.normal(0, 1, (40, 4)))
        new = random.normal(0, 1, (200, 4))
        within.append(np.mean(np.linalg.norm(spread.whitened(new), axis=1) <= limit_of(40)))
    assert np.mean(within) == pytest.approx(0.99, abs=0.005)


def test_normals_of_another_camera_bring_its_scans_to_the_same_scale(fitted, cohort):
    """Three fifths of the recovery and other people: judged by its own normals, not by ours."""
    other = Population(normal=6.0, spread=1.0)
    scans, groups = people_of(6, 400, other, recovery=0.30)
    own = normals_from(*people_of(7, 40, other, recovery=0.30), name="own")
    right = {
        name: np.mean(
            [
                (fitted.probability(row) >= 0.5) == sick
                for row, sick in zip(rows, groups, strict=True)
            ]
        )
        for name, rows in (("own", seen(scans, own)), ("ours", seen(scans, cohort[2])))
    }
    assert right["own"] > 0.95
    assert right["ours"] < right["own"] - 0.03


def test_a_dozen_normals_scale_better_by_their_mean_than_by_their_deviation_too(cohort):
    other = Population(normal=6.0, spread=1.0)
    scans, groups = people_of(6, 300, other, recovery=0.38)

    def standardised(scans, normals):
        """What the ratios would be in standard deviations, the usual way."""
        ranges = [normals.ranges[str(nucleus)] for nucleus, _ in MEASURED]
        return np.array(
            [
                [r.z(v, age) for r, v in zip(ranges, ratios.features, strict=True)]
                for age, ratios in scans
            ]
        )

    learnt, learnt_groups = people_of(1, 160)
    right = {}
    for name, scaled in (("mean", seen), ("deviation", standardised)):
        machine = fit_machine(scaled(learnt, cohort[2]), learnt_groups)
        right[name] = []
        for seed in range(20, 32):
            own = normals_from(*people_of(seed, 24, other, recovery=0.38))
            told = np.array([machine.decision(row) > 0 for row in scaled(scans, own)])
            right[name].append(np.mean(told == groups))
    assert np.mean(right["mean"]) > np.mean(right["deviation"]) + 0.005
    assert min(right["mean"]) > min(right["deviation"]) + 0.02


def test_the_shipped_classifier_knows_its_normals_and_a_plain_deficit(shipped, simulated):
    for age in (45.0, 60.0, 80.0):
        normal = made((1, 1), (1, 1), simulated, age)
        said = said_of(normal, shipped, normals=simulated, age_years=age, placed=True)
        assert said.classifications[0].value == LIKE_NORMAL
        sick = made((0.85, 0.75), (0.65, 0.4), simulated, age)
        said = said_of(sick, shipped, normals=simulated, age_years=age, placed=True)
        assert said.classifications[0].value == LIKE_DEFICIT
        probability = next(m for m in said.measurements if "Probability" in m.label)
        assert probability.value > 0.9
        assert simulated.name in probability.source
        assert "simulated" in probability.source
        assert "SD below" in said.classifications[0].explanation


def test_what_it_was_not_trained_on_gets_no_probability(shipped, simulated):
    """A caudate that is lost before the putamen, binding twice the normal, none at all below."""
    for caudate, putamen in (
        ((0.3, 1.0), (1.0, 1.0)),
        ((2.2, 2.2), (2.2, 2.2)),
        ((-0.3, -0.3), (1.0, 1.0)),
    ):
        ratios = made(caudate, putamen, simulated)
        said = said_of(ratios, shipped, normals=simulated, age_years=60, placed=True)
        assert said.classifications[0].value == UNKNOWN
        assert [m.label for m in said.measurements] == ["Distance from training data"]
        assert "no probability" in said.warnings[0]


def test_a_deficit_of_any_severity_is_told_or_nothing(shipped, simulated):
    """No hole between the severities that were learnt: an RBF machine forgets far from them."""
    random = np.random.default_rng(8)
    for loss in np.linspace(0.45, 0.95, 11):
        back = float(np.clip(1.15 * loss, 0, 0.93))
        putamen = 1 - (0.85 * loss + back) / 2
        other = 0.5 + 0.5 * putamen
        caudate = 1 - 0.52 * loss
        ratios = made((caudate, (1 + caudate) / 2), (putamen, other), simulated)
        jitter = {part: v * (1 + random.normal(0, 0.01)) for part, v in ratios.binding.items()}
        judged = shipped.judged(
            fractions(replace(ratios, binding=jitter).features, simulated, 60.0)
        )
        assert judged.probability is None or judged.probability > 0.9


def test_no_word_of_the_result_is_a_diagnosis(shipped, simulated):
    for caudate, putamen in (((1, 1), (1, 1)), ((0.8, 0.7), (0.5, 0.3)), ((3, 1), (1, 1))):
        said = said_of(
            made(caudate, putamen, simulated),
            shipped,
            normals=simulated,
            age_years=None,
            placed=False,
        )
        words = " ".join(
            (
                said.classifications[0].name.meaning,
                said.classifications[0].value.meaning,
                said.classifications[0].explanation,
                *said.warnings,
                *(m.label + m.name.meaning + m.source for m in said.measurements),
            )
        ).lower()
        assert not any(word in words for word in ("parkinson", "diagnos", "positive", "abnormal"))
        assert "left" not in words
        assert all(len(m.name.meaning) <= 64 for m in said.measurements)


def test_normals_whose_line_ends_below_zero_give_no_probability(shipped, simulated):
    falling = Range(at_60=1.0, per_year=-0.05, sd=0.3)
    broken = Normals(
        name="broken",
        tracer="IOFLUPANE",
        subjects=10,
        ranges={**simulated.ranges, "putamen": falling},
    )
    ratios = made((1, 1), (1, 1), simulated)
    said = said_of(ratios, shipped, normals=broken, age_years=82, placed=True)
    assert said.classifications[0].value == UNKNOWN
    assert said.measurements == ()
    assert "broken" in said.warnings[0]


def test_a_run_needs_no_scikit_learn():
    code = "import sys, algorithms.dat_spect.algorithm; print('sklearn' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "False"
