"""Training of the heart networks: the loss prefers the share of a voxel, and weights come back."""

import hashlib

import torch

from algorithms.toolbox.heart_net.network import build, packed, read_net
from algorithms.training.heart import soft_loss


def test_the_loss_is_least_where_the_told_share_is_the_true_one():
    share = torch.full((1, 1, 4, 4, 4), 0.3)
    truth = torch.cat([1 - share, share], dim=1)
    told = {s: torch.log(torch.cat([1 - share * 0 - s, share * 0 + s], 1)) for s in (0.1, 0.3, 0.9)}
    losses = {s: soft_loss(scores, truth).item() for s, scores in told.items()}
    assert min(losses, key=losses.get) == 0.3


def test_weights_come_back_from_their_file(tmp_path):
    nets = {name: build(name).eval() for name in ("finder", "outliner")}
    content = packed(nets)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    again = read_net(path, hashlib.sha256(content).hexdigest(), name="mpi-spect", version="0.0.0")
    image = torch.rand(1, 1, 16, 16, 16)
    with torch.inference_mode():
        apart = again.outliner(image) - nets["outliner"](image)
    assert apart.abs().max() < 0.05
