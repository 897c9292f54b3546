"""`scripts/train mpi-spect`: both heart networks from a seed to one file of weights."""

import argparse
import copy
import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.toolbox.heart_net.grid import OUTLINE_VOXELS, outline_scale
from algorithms.toolbox.heart_net.network import build, packed
from algorithms.training.averaging import average_weights
from algorithms.training.heart_examples import HeartExample, examples

Batch = tuple[torch.Tensor, torch.Tensor]
_FORGET = 0.998
_WARM_UP = 50
_SHARES = 255.0
_FIRST = 48  # examples with which training begins; more come while it runs


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartPlan:
    """How the networks are trained.

    Parameters
    ----------
    minutes : of the processor, for the network that outlines; the one that finds gets an eighth
    """

    seed: int = 1
    examples: int = 700
    minutes: float = 5.0
    batch: int = 4
    learning_rate: float = 3e-3


def train_heart(
    plan: HeartPlan,
    made: Sequence[HeartExample],
    *,
    tell: Callable[[str], object],
    keep: Callable[[dict[str, torch.nn.Module]], object] = lambda _: None,
) -> dict[str, torch.nn.Module]:
    """Both networks, trained; averages of their weights over the last steps.

    Parameters
    ----------
    made : it may grow while this runs
    keep : given both networks now and then, so that a run that is cut off leaves something
    """
    torch.manual_seed(plan.seed)
    nets: dict[str, torch.nn.Module] = {}
    for name, minutes, batch_of in (
        ("finder", plan.minutes / 8, _finding_batch),
        ("outliner", plan.minutes, _outline_batch),
    ):
        fitting = _fit(name, plan, minutes, batch_of, made)
        for step, done, loss, net in fitting:
            nets[name] = net
            tell(f"{name}: step {step}, {100 * done:.0f} %, {len(made)} examples, {loss:.4f}\n")
            if len(nets) == 2:
                keep(nets)
    return nets


def _fit(
    name: str,
    plan: HeartPlan,
    minutes: float,
    batch_of: Callable[[Sequence[HeartExample], np.random.Generator], Batch],
    made: Sequence[HeartExample],
) -> Iterator[tuple[int, float, float, torch.nn.Module]]:
    """AdamW with a learning rate that falls over the processor time given; tells how far it is."""
    random = np.random.default_rng((plan.seed, 5))
    net = build(name)
    averaged = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), plan.learning_rate, weight_decay=1e-4)
    started, step, done = time.process_time(), 0, 0.0
    while done < 1.0:
        chosen = [made[int(one)] for one in random.integers(len(made), size=plan.batch)]
        inputs, shares = batch_of(chosen, random)
        warm = min(1.0, (step + 1) / _WARM_UP)
        for group in optimiser.param_groups:
            group["lr"] = plan.learning_rate * warm * max(0.02, 0.5 * (1 + np.cos(np.pi * done)))
        loss = soft_loss(net(inputs), shares)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        optimiser.step()
        step += 1
        average_weights(averaged, net, min(_FORGET, (1 + step) / (10 + step)))
        done = (time.process_time() - started) / (60 * minutes)
        if step % 100 == 0 or done >= 1.0:
            yield step, done, loss.item(), averaged


def soft_loss(scores: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Overlap (Dice) of all classes but the first, and cross-entropy, both with shares of voxels.

    Parameters
    ----------
    scores, shares : (batch, classes, slices, rows, columns)
    """
    told = torch.softmax(scores, dim=1)
    over = (0, 2, 3, 4)
    # The squares make the best answer the share itself, not its rounding to 0 or 1.
    both = 2 * (told * shares).sum(over) / ((told**2).sum(over) + (shares**2).sum(over) + 1e-3)
    entropy = -(shares * torch.log_softmax(scores, dim=1)).sum(1).mean()
    value: torch.Tensor = (1 - both[1:]).mean() + entropy
    return value


def _outline_batch(chosen: Sequence[HeartExample], random: np.random.Generator) -> Batch:
    inputs, shares = [], []
    for example in chosen:
        spare = example.fine.shape[0] - OUTLINE_VOXELS
        first = random.integers(spare + 1, size=3)
        a, b, c = (slice(int(start), int(start) + OUTLINE_VOXELS) for start in first)
        image = outline_scale(example.fine[a, b, c].astype(np.float32))
        inputs.append(image * np.float32(random.uniform(0.85, 1.15)))
        shares.append([example.wall[a, b, c] / _SHARES, example.cavity[a, b, c] / _SHARES])
    return _tensors(inputs, shares)


def _finding_batch(chosen: Sequence[HeartExample], random: np.random.Generator) -> Batch:
    inputs = [
        example.coarse.astype(np.float32) * np.float32(random.uniform(0.9, 1.1))
        for example in chosen
    ]
    return _tensors(inputs, [[example.solid / _SHARES] for example in chosen])


def _tensors(
    inputs: Sequence[NDArray[np.float32]], shares: Sequence[Sequence[NDArray[np.floating]]]
) -> Batch:
    """Inputs with a channel, and shares with the rest as their first class."""
    given = torch.from_numpy(np.stack(inputs))[:, None]
    found = torch.from_numpy(np.array(shares, dtype=np.float32))
    rest = (1 - found.sum(dim=1, keepdim=True)).clamp(0, 1)
    return given.to(memory_format=torch.channels_last_3d), torch.cat([rest, found], dim=1)


def _simulate(plan: HeartPlan, workers: int, made: list[HeartExample]) -> None:
    made.extend(examples(plan.seed, plan.examples, workers=workers))


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as told on the command line and write the weights."""
    usual = HeartPlan()
    parser = argparse.ArgumentParser(prog="train mpi-spect", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="file of the weights")
    parser.add_argument("--examples", type=int, default=usual.examples)
    parser.add_argument("--minutes", type=float, default=usual.minutes, help="processor time")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)  # so that the same seed gives the same sums
    plan = HeartPlan(seed=given.seed, examples=given.examples, minutes=given.minutes)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    made: list[HeartExample] = []
    simulating = threading.Thread(target=_simulate, args=(plan, given.workers, made), daemon=True)
    simulating.start()
    while len(made) < min(_FIRST, plan.examples) and simulating.is_alive():
        time.sleep(0.2)
    train_heart(
        plan,
        made,
        tell=sys.stderr.write,
        keep=lambda nets: given.out.write_bytes(packed(nets)),
    )
    content = given.out.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    sys.stdout.write(f"mpi-spect: {len(content)} bytes, sha256 {digest}, {given.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
