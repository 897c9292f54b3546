"""A small three-dimensional network on the image, beside the classifiers of ratios.

It sees the image round the striata, over the occipital reference and over the normal putamen at
the age, brought to the template by the pose that the simulation knows: better than any
registration, so its figure is the most that such a network reaches here. It is cross-validated in
the folds of the first round of `evaluate dat-spect`, on the same heads.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from dat_classifiers import FOLDS, counted, normals_of, tell_figures
from dat_cohort import GROUPS, Case, generator, read_cases
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from torch import nn

from algorithms.simulation.brain_anatomy import Head
from algorithms.simulation.brain_scan import FIRST, camera_grid, scan_person, true_reference
from algorithms.simulation.brain_uptake import Group
from algorithms.toolbox.brain_template import (
    BrainTemplate,
    places_mm,
    read_brain_template,
    sampled,
)
from algorithms.toolbox.heart_net.grid import cube_grid

Image = NDArray[np.float32]
_BOX = cube_grid(np.array([0.0, -2.0, 6.0]), 4.0, (16, 16, 24))  # slices, rows, columns
_EPOCHS, _BATCH, _RATE = 60, 16, 3e-3
_NOISE, _SCALE = 0.05, 0.08  # of the images of training


def main() -> None:
    """Simulate the heads of a file anew, train in folds, and print the figures."""
    parser = argparse.ArgumentParser(prog="evaluate dat-network", description=__doc__)
    parser.add_argument("--file", type=Path, default=Path("build/evaluate/dat-spect.jsonl"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    cases = [c for c in read_cases(given.file) if c.world == "first" and not c.refused]
    template = read_brain_template()
    images = np.stack([_image(case, template) for case in cases])
    truth = np.array([c.group == Group.DEFICIT for c in cases])
    scores = np.zeros((len(cases), 1))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=100)
    for train, test in folds.split(truth[:, None], truth):
        normal = normals_of([cases[i] for i in train], "fold").ranges["putamen"]
        means = np.array([normal.mean(c.age_years) for c in cases], dtype=np.float32)
        scaled = images / means[:, None, None, None]
        scores[test, 0] = _said(scaled[train], truth[train], scaled[test])
    print(f"cross-validated, {FOLDS}-fold once, first world: {counted(truth)}")
    tell_figures("network of the image", truth, (scores >= 0).astype(float), scores)


def _image(case: Case, template: BrainTemplate) -> Image:
    """Binding ratio of each voxel of the box, of the head that the seed gives."""
    random = generator(FIRST, case.seed)
    grid = camera_grid(matrix=72, pixel_mm=3.3, slices=64, slice_mm=3.3)
    group = GROUPS[case.seed % len(GROUPS)]
    scan = scan_person(group, template, grid, random, FIRST)
    reference = float(scan.image[true_reference(scan, template)].mean())
    box = sampled(scan.image, grid, _in_scanner(scan.head))
    return np.asarray(box / reference - 1, dtype=np.float32)


def _in_scanner(head: Head) -> NDArray[np.float64]:
    """Places of the box in the scanner, but for what bends the head."""
    return np.asarray((places_mm(_BOX) - head.offset_mm) @ np.linalg.inv(head.inverse).T)


def _said(train: Image, truth: NDArray[np.bool_], test: Image) -> NDArray[np.float32]:
    """Scores of the test images; above 0 is told to be a deficit."""
    torch.manual_seed(0)
    net = _network()
    optimiser = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _EPOCHS)
    given, wanted = torch.from_numpy(train)[:, None], torch.from_numpy(truth).float()
    for _ in range(_EPOCHS):
        for part in torch.randperm(len(given)).split(_BATCH):
            if len(part) < 2:
                continue  # too few for a mean over the batch
            loss = nn.functional.binary_cross_entropy_with_logits(
                net(_varied(given[part]))[:, 0], wanted[part]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    net.eval()
    with torch.inference_mode():
        both = [net(one)[:, 0] for one in (_tensor(test), _tensor(test).flip(-1))]
    return np.asarray(torch.stack(both).mean(0).numpy())


def _tensor(images: Image) -> torch.Tensor:
    return torch.from_numpy(images)[:, None]


def _varied(images: torch.Tensor) -> torch.Tensor:
    """Mirrored by chance, moved by up to a voxel, brighter or darker, with noise."""
    turned = images.flip(-1) if torch.rand(()) < 0.5 else images
    moved = torch.roll(turned, torch.randint(-1, 2, (3,)).tolist(), (2, 3, 4))
    level = 1 + _SCALE * torch.randn(len(images), 1, 1, 1, 1)
    return moved * level + _NOISE * torch.randn(images.shape)


def _network() -> nn.Sequential:
    """Three steps of convolution, then one sum over what is where; 11,000 weights."""
    steps: list[nn.Module] = []
    for before, after in ((1, 8), (8, 16), (16, 16)):
        steps += [
            nn.Conv3d(before, after, 3, padding=1),
            nn.BatchNorm3d(after),
            nn.ReLU(),
            nn.MaxPool3d(2),
        ]
    return nn.Sequential(*steps, nn.Flatten(), nn.Dropout(0.5), nn.Linear(16 * 2 * 2 * 3, 1))


if __name__ == "__main__":
    main()
