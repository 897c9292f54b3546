"""A bundle whose behaviour is known: lesion above SUV 5, physiological from 2.5, background below.

It is trained in some seconds on random fields, through the same functions as a real one, so that it
keeps fitting whatever the network looks like inside.
"""

from pathlib import Path

import torch

from algorithms.toolbox.lesion_net.bundle import save_bundle
from algorithms.toolbox.lesion_net.grid import compressed
from algorithms.toolbox.lesion_net.network import NetworkShape, build

PHYSIOLOGICAL_SUV, LESION_SUV = 2.5, 5.0
SHAPE = NetworkShape(channels=(8, 16), residual_units=1)


def write_threshold_bundle(folder: Path, *, name: str = "fdg-lesions", steps: int = 300) -> Path:
    """Train a small network to compare with two levels, and write its bundle."""
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more of them wait for each other while other tests run
    net = build(SHAPE)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    net.train()
    for _ in range(steps):
        inputs, labels = _batch()
        loss = torch.nn.functional.cross_entropy(net(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    torch.set_num_threads(threads)
    card = "Trained on simulated data.\n\nRandom fields; for tests only.\n"
    save_bundle(folder, net.eval(), SHAPE, name=name, version="0.0.1", card=card, facts={})
    return folder


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Blocks of constant uptake up to SUV 20 in air and soft tissue."""
    coarse = torch.rand(1, 1, 4, 4, 4)
    coarse = torch.where(coarse < 0.5, 2.0 * coarse, 20.0 * (coarse - 0.5) * 2.0)
    suv = torch.nn.functional.interpolate(coarse, scale_factor=4.0, mode="nearest")
    suv = suv + 0.1 * torch.randn_like(suv)
    uptake = torch.from_numpy(compressed(suv.numpy()))
    density = torch.rand(1, 1, 1, 1, 1).expand_as(uptake)
    labels = (suv >= PHYSIOLOGICAL_SUV).long() + (suv >= LESION_SUV).long()
    return torch.cat([uptake, density], dim=1), labels[:, 0]
