"""The evaluation prints a row per figure and a column per method, and fills the card."""

import pytest
import torch

from algorithms.evaluation import table
from algorithms.evaluation.__main__ import main
from algorithms.evaluation.methods import above, fraction_of_maximum, network
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_net.bundle import CARD, load_bundle, save_bundle
from algorithms.toolbox.lesion_net.network import NetworkShape, build
from algorithms.toolbox.lesion_net.segmented import LesionLimits, LesionNetwork

SHAPE = NetworkShape(channels=(4, 8), residual_units=1)


@pytest.fixture(scope="module")
def found():
    patient = draw_patient(world("fdg", "usual"), 12)
    return scan(patient, patient.plan.axes)


def test_thresholds_keep_what_they_say(found):
    hot = above(4.0)(found).lesion
    assert found.suv[hot].min() >= 4.0
    inner = fraction_of_maximum()(found).lesion
    assert found.suv[inner].min() >= 2.5
    assert 0 < inner.sum() < (found.suv >= 2.5).sum()


def test_network_answers_on_the_grid_of_the_scan(found):
    torch.manual_seed(0)
    net = LesionNetwork(net=build(SHAPE), device=torch.device("cpu"))
    answer = network(net, LesionLimits(least_ml=0.2, least_certainty=0.0))(found)
    assert answer.lesion.shape == answer.physiological.shape == found.suv.shape
    assert not (answer.lesion & answer.physiological).any()


def test_command_writes_the_table_into_the_card_of_the_bundle(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(table, "FIRST_SEED", 12)
    torch.manual_seed(0)
    card = "Trained on simulated data.\n\n## Results\n\nNot evaluated yet.\n"
    save_bundle(tmp_path, build(SHAPE), SHAPE, name="x", version="0", card=card, facts={})
    arguments = ("fdg-lesions", "--bundle", str(tmp_path), "--patients", "1")
    assert main([*arguments, "--worlds", "held-out"]) == 0
    printed = capsys.readouterr().out
    text = (tmp_path / CARD).read_text()
    for title, _ in table.FIGURES:
        assert f"| {title} |" in printed
        assert f"| {title} |" in text
    assert text.startswith("Trained on simulated data.\n")
    assert "Not evaluated yet" not in text
    assert load_bundle(tmp_path, torch.device("cpu")).sha256
