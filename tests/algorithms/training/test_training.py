"""A miniature training learns, repeats itself from its seed, and its bundle loads as written."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from algorithms.toolbox.lesion_net.bundle import CARD, WEIGHTS, load_bundle
from algorithms.toolbox.lesion_net.network import NetworkShape, build, probabilities
from algorithms.training.__main__ import main
from algorithms.training.examples import ExamplePlan, Patients, patient_at
from algorithms.training.trainer import TrainingPlan, loss_of, rate_at, train
from dicom_node.domain.errors import ConfigError

CPU = torch.device("cpu")
SHAPE = NetworkShape(channels=(8, 16, 32), residual_units=1)
EXAMPLES = ExamplePlan(family="fdg", seed=383, crop=(32, 48, 64), per_patient=1, pool=1)
PLAN = TrainingPlan(
    examples=EXAMPLES,
    shape=SHAPE,
    steps=60,
    patients_per_batch=1,
    learning_rate=1e-2,
    warm_up=5,
    average=0.9,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Several threads on a loaded machine wait for each other more than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def miniature():
    torch.manual_seed(0)
    return train(PLAN, workers=0, device=CPU)


def lesion_dice(net):
    """Overlap with the lesions of crops of the pool that were no batch."""
    crops = Patients(EXAMPLES, 500, 10)
    hit = size = 0.0
    for number in range(0, 10, 2):
        inputs, labels, _ = crops[number]
        found = probabilities(net, inputs[0].float().numpy(), CPU).argmax(axis=0) == 2
        truth = labels[0].numpy() == 2
        hit += 2.0 * float((found & truth).sum())
        size += float(found.sum() + truth.sum())
    return hit / size


def test_loss_of_a_miniature_falls_and_its_lesions_are_better_than_an_untrained_nets(miniature):
    first, last = np.mean(miniature.losses[:6]), np.mean(miniature.losses[-6:])
    assert last < 0.8 * first
    torch.manual_seed(EXAMPLES.seed)
    assert lesion_dice(miniature.net) > lesion_dice(build(SHAPE)) + 0.05


def test_same_seed_gives_the_same_first_steps(miniature):
    again = TrainingPlan(**{f: getattr(PLAN, f) for f in PLAN.__dataclass_fields__})
    short = train(again, workers=0, device=CPU, minutes=0.0)
    assert np.allclose(short.losses, miniature.losses[: len(short.losses)], rtol=1e-4)


def test_crops_have_the_planned_size_and_small_lesions_weigh_more():
    small = replace(EXAMPLES, seed=386)  # two lesions of 3 and 41 mL
    inputs, labels, weights = Patients(small, 0, 1)[0]
    assert inputs.shape == (1, 2, 32, 48, 64)
    assert labels.shape == weights.shape == (1, 32, 48, 64)
    assert int(labels.max()) <= 2
    assert float(weights.min()) == 1.0
    assert 1.0 < float(weights[labels == 2].max()) <= 4.0


def test_a_patient_is_seen_three_times_with_other_crops_and_its_neighbours_between():
    plan = replace(EXAMPLES, pool=0, visits=3)
    shown = [patient_at(plan, place) for place in range(96)]
    assert [shown[n] for n in (0, 15, 16, 47, 48)] == [(0, 0), (15, 0), (0, 1), (15, 2), (16, 0)]
    assert sorted(set(shown)) == [(patient, visit) for patient in range(32) for visit in range(3)]
    patients = Patients(plan, 0, 96)
    first, second = patients[0], patients[16]
    assert not np.array_equal(first[0], second[0])
    assert np.array_equal(first[0], Patients(plan, 0, 1)[0][0])


def test_a_training_begins_with_the_averaged_weights_of_another(bundle, tmp_path):
    kept = bundle.parent / "kept"
    options = [
        *("fdg-lesions", "--out", str(tmp_path / "out"), "--start", str(kept), "--steps", "1"),
        *("--workers", "0", "--device", "cpu", "--channels", "4", "8", "--per-patient", "1"),
        *("--crop", "32", "48", "48", "--learning-rate", "1e-9", "--judge-patients", "0"),
    ]
    assert main(options) == 0
    began, now = (
        load_file(path / "models" / "model.safetensors") for path in (bundle, tmp_path / "out")
    )
    for name in (n for n in began if n.endswith("conv.weight")):
        assert np.allclose(began[name].float(), now[name].float(), atol=1e-4), name
    metadata = json.loads((tmp_path / "out" / "configs" / "metadata.json").read_text())
    assert "of kept, step 2, sha256 " in metadata["training"]["begun_with"]


def test_a_training_of_no_steps_gives_the_mean_of_the_checkpoints_that_it_begins_with(
    bundle, tmp_path
):
    kept = bundle.parent / "kept"
    tensors = load_file(kept / "checkpoint.safetensors")
    other = {k: 3 * v if v.is_floating_point() else v for k, v in tensors.items()}
    (tmp_path / "other").mkdir()
    facts = {"step": "5", "loss": "0.5", "seconds": "1.0"}
    save_file(other, tmp_path / "other" / "checkpoint.safetensors", metadata=facts)
    options = [
        *("fdg-lesions", "--out", str(tmp_path / "out"), "--start", str(kept)),
        *(str(tmp_path / "other"), "--steps", "0", "--workers", "0", "--device", "cpu"),
        *("--channels", "4", "8", "--crop", "32", "48", "48", "--judge-patients", "0"),
    ]
    assert main(options) == 0
    began, now = (
        load_file(path / "models" / "model.safetensors") for path in (bundle, tmp_path / "out")
    )
    weights = [name for name in began if name.endswith("conv.weight")]
    assert weights
    for name in weights:
        assert np.allclose(2 * began[name].float(), now[name].float(), rtol=2e-3), name
    metadata = json.loads((tmp_path / "out" / "configs" / "metadata.json").read_text())
    begun = metadata["training"]["begun_with"]
    assert metadata["training"]["loss"] is None
    assert begun.startswith("mean of the averaged weights of kept, step 2, sha256 ")
    assert "; other, step 5, sha256 " in begun


def test_loss_of_a_right_answer_is_near_zero():
    labels = torch.zeros((1, 8, 8, 8), dtype=torch.long)
    labels[:, 2:4] = 1
    labels[:, 6:] = 2
    scores = 20.0 * torch.nn.functional.one_hot(labels, 3).permute(0, 4, 1, 2, 3).float()
    assert float(loss_of(scores, labels, torch.ones(labels.shape))) < 0.01


def test_learning_rate_rises_then_falls_to_a_fiftieth():
    rates = [rate_at(PLAN, step) for step in range(PLAN.steps + 1)]
    assert rates[0] < rates[4] == pytest.approx(PLAN.learning_rate)
    assert rates[-1] == pytest.approx(0.02 * PLAN.learning_rate)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle of the command line, two steps old, resumed once."""
    folder = tmp_path_factory.mktemp("bundle")
    options = [
        *("psma-lesions", "--out", str(folder / "out"), "--checkpoint", str(folder / "kept")),
        *("--workers", "0", "--device", "cpu", "--channels", "4", "8", "--per-patient", "1"),
        *("--crop", "32", "48", "48", "--seed", "5", "--judge-patients", "0"),
    ]
    assert main([*options, "--steps", "1"]) == 0
    assert main([*options, "--steps", "2"]) == 0
    return folder / "out"


def test_bundle_is_in_monai_layout_without_pickle_and_its_card_says_simulated_first(bundle):
    assert {p.name for p in (bundle / "configs").iterdir()} == {"metadata.json", "inference.json"}
    card = (bundle / CARD).read_text()
    assert card.splitlines()[0] == "Trained on simulated data."
    assert "| judge of candidates | none |" in card
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text())
    assert metadata["training"]["steps"] == 2
    assert metadata["name"] == "psma-lesions"
    assert not [p for p in bundle.rglob("*") if p.suffix in {".pt", ".pth", ".pkl"}]


def test_loaded_bundle_has_the_weights_in_half_precision(bundle):
    found = load_bundle(bundle, CPU)
    again = load_bundle(bundle, CPU)
    inputs = np.random.default_rng(0).random((2, 32, 32, 32), dtype=np.float32)
    one, other = (probabilities(b.net, inputs, CPU) for b in (found, again))
    assert np.array_equal(one, other)
    assert one.shape == (3, 32, 32, 32)
    assert np.allclose(one.sum(axis=0), 1, atol=1e-2)
    assert found.sha256 in (bundle / "SHA256SUMS").read_text()


def test_changed_weights_are_refused_by_name(bundle, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    (copy / WEIGHTS).write_bytes((copy / WEIGHTS).read_bytes() + b"x")
    with pytest.raises(ConfigError, match=r"model\.safetensors"):
        load_bundle(copy, CPU)
