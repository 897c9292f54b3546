"""A bundle gives back the network that was put in, or refuses what is none."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lesion_bundles import SHAPE

from algorithms.toolbox.lesion_net.bundle import SUMS, WEIGHTS, load_bundle, save_bundle
from algorithms.toolbox.lesion_net.network import build, probabilities
from dicom_node.domain.errors import ConfigError

CPU = torch.device("cpu")


def saved(folder: Path, net: torch.nn.Module) -> Path:
    card = "Trained on simulated data.\n"
    save_bundle(folder, net, SHAPE, name="x", version="0", card=card, facts={})
    return folder


def deep_network(scale: float) -> torch.nn.Module:
    """A network whose normalised features are so many times larger, and its answers the same."""
    torch.manual_seed(1)
    net = build(SHAPE)
    net.train()
    with torch.no_grad():
        for _ in range(20):
            net(torch.rand(2, 2, 16, 16, 16))
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                module.running_mean.mul_(scale)
                module.running_var.mul_(scale**2)
        for name, weight in net.named_parameters():
            if "conv" in name and weight.dim() == 5 and "model.2" not in name:
                weight.mul_(scale)
    return net.eval()


def test_variances_beyond_half_precision_come_back_as_they_were(tmp_path: Path):
    net = deep_network(1000.0)
    statistics = {name: value.clone() for name, value in net.named_buffers()}
    assert max(float(v.max()) for n, v in statistics.items() if n.endswith("_var")) > 65504
    loaded = load_bundle(saved(tmp_path, net), CPU).net
    for name, value in loaded.named_buffers():
        torch.testing.assert_close(value, statistics[name], rtol=0, atol=0)
    inputs = np.random.default_rng(1).random((2, 16, 16, 16), dtype=np.float32)
    expected, found = (probabilities(one, inputs, CPU) for one in (net, loaded))
    np.testing.assert_allclose(found, expected, atol=5e-3)  # of weights in half precision


def test_weights_that_are_no_numbers_are_not_written(tmp_path: Path):
    net = build(SHAPE)
    with torch.no_grad():
        next(net.parameters()).view(-1)[0] = 1e6  # infinite in half precision
    with pytest.raises(ConfigError, match=r"weights.*finite numbers only"):
        saved(tmp_path, net)
    assert not (tmp_path / WEIGHTS).exists()


def test_weights_that_are_no_numbers_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    net = build(SHAPE)
    name = next(name for name, _ in net.named_buffers() if name.endswith("running_var"))
    net.get_buffer(name)[0] = torch.inf
    with monkeypatch.context() as patched:
        patched.setattr("algorithms.toolbox.lesion_net.bundle._require_numbers", lambda *_: None)
        saved(tmp_path, net)  # as earlier versions did
    assert (tmp_path / SUMS).is_file()
    with pytest.raises(ConfigError, match=name):
        load_bundle(tmp_path, CPU)
