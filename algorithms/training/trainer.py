"""The training loop: seeded, bounded by steps or minutes, resumable, with averaged weights."""

import copy
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from monai.losses import DiceLoss  # type: ignore[attr-defined]  # exported at run time
from safetensors.torch import load_file, save_file

from algorithms.toolbox.lesion_net.network import NetworkShape, autocast, best_device, build, ready
from algorithms.training.averaging import average_weights
from algorithms.training.examples import ExamplePlan, batches

_CLASS_WEIGHTS = (0.5, 1.0, 1.0)
_MOST_PATIENTS = 5_000_000  # of one stream
_LOG_EVERY = 50
_SAVE_EVERY_S = 120.0
_CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What decides the weights.

    Parameters
    ----------
    steps : total of all runs, over which the learning rate falls to 2 %
    patients_per_batch : a batch has this times `examples.per_patient` crops
    average : share of the running average of weights that is kept at each step
    """

    examples: ExamplePlan
    shape: NetworkShape
    steps: int
    patients_per_batch: int = 2
    learning_rate: float = 1.5e-3
    warm_up: int = 100
    average: float = 0.999


@dataclass(slots=True)
class State:
    """A training in progress."""

    net: torch.nn.Module
    averaged: torch.nn.Module
    optimiser: torch.optim.AdamW
    step: int = 0
    loss: float = float("nan")
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A network and how it came to be: steps done, running loss, wall time, loss of each step."""

    net: torch.nn.Module
    step: int
    loss: float
    seconds: float
    losses: tuple[float, ...]

    @property
    def finished(self) -> bool:
        """Whether anything was learnt at all."""
        return self.step > 0


def train(
    plan: TrainingPlan,
    *,
    workers: int,
    minutes: float | None = None,
    folder: Path | None = None,
    start: Sequence[Path] = (),
    device: torch.device | None = None,
    clock: Callable[[], float] = time.monotonic,
    tell: Callable[[str], object] = len,
) -> Outcome:
    """Train until the plan's steps are done or the minutes are over.

    Parameters
    ----------
    workers : processes that simulate patients; the result does not depend on them
    minutes : of this run; the next run with the same folder goes on where it stopped
    folder : where the checkpoint is kept; none is written without
    start : folders of checkpoints, of another tracer say, with the mean of whose averaged weights a
        fresh run begins
    tell : is called with a line of progress now and then; by default nobody listens
    """
    device = best_device() if device is None else device
    state = _resumed(plan, folder, device)
    if start and state.step == 0:
        _begin_with(start, state)
    tell(f"from step {state.step} on\n")
    began, saved = clock(), clock()
    before = state.seconds
    losses: list[float] = []
    loader = batches(
        plan.examples,
        patients_per_batch=plan.patients_per_batch,
        first=state.step * plan.patients_per_batch,
        count=_MOST_PATIENTS,
        workers=workers,
    )
    for batch in loader:
        if state.step >= plan.steps or _over(minutes, clock() - began):
            break
        losses.append(_step(plan, state, batch, device))
        state.seconds = before + clock() - began
        if state.step % _LOG_EVERY == 0:
            tell(f"step {state.step}: loss {state.loss:.4f}, {state.seconds:.0f} s\n")
        if folder is not None and clock() - saved > _SAVE_EVERY_S:
            save_state(folder, state)
            saved = clock()
    if folder is not None:
        save_state(folder, state)
    return _outcome(state, losses)


def _outcome(state: State, losses: list[float]) -> Outcome:
    return Outcome(
        net=state.averaged,
        step=state.step,
        loss=state.loss,
        seconds=state.seconds,
        losses=tuple(losses),
    )


def _over(minutes: float | None, seconds: float) -> bool:
    return minutes is not None and seconds > 60 * minutes


def rate_at(plan: TrainingPlan, step: int) -> float:
    """Learning rate: a linear start, then half a cosine down to 2 %."""
    if step < plan.warm_up:
        return plan.learning_rate * (step + 1) / plan.warm_up
    share = min(1.0, (step - plan.warm_up) / max(1, plan.steps - plan.warm_up))
    return float(plan.learning_rate * max(0.02, 0.5 * (1 + np.cos(np.pi * share))))


def _step(
    plan: TrainingPlan,
    state: State,
    batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    device: torch.device,
) -> float:
    """One step of the optimiser; gives the loss."""
    inputs, labels, weights = (part.to(device) for part in batch)
    inputs, labels, weights = inputs.float(), labels.long(), weights.float()
    for group in state.optimiser.param_groups:
        group["lr"] = rate_at(plan, state.step)
    state.net.train()
    with autocast(device):
        scores = state.net(inputs.contiguous(memory_format=torch.channels_last_3d))
    loss = loss_of(scores.float(), labels, weights)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # of torch
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), 2.0)
    state.optimiser.step()
    state.step += 1
    _average(state, plan.average)
    value = float(loss.detach())
    state.loss = value if not np.isfinite(state.loss) else 0.98 * state.loss + 0.02 * value
    return value


def loss_of(scores: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Dice of both foreground classes over the batch, plus weighted cross-entropy.

    Parameters
    ----------
    scores : (batch, classes, slices, rows, columns)
    labels, weights : (batch, slices, rows, columns)
    """
    dice = DiceLoss(to_onehot_y=True, softmax=True, include_background=False, batch=True)
    by_class = torch.tensor(_CLASS_WEIGHTS, device=scores.device)
    entropy = torch.nn.functional.cross_entropy(scores, labels, weight=by_class, reduction="none")
    value: torch.Tensor = dice(scores, labels[:, None]) + (entropy * weights).mean()
    return value


def _average(state: State, keep: float) -> None:
    """Running average of weights; it forgets faster at the start."""
    keep = min(keep, (1 + state.step) / (10 + state.step))
    average_weights(state.averaged, state.net, keep)


def _fresh(plan: TrainingPlan, device: torch.device) -> State:
    torch.manual_seed(plan.examples.seed)
    net = ready(build(plan.shape), device)
    averaged = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), plan.learning_rate, weight_decay=1e-4)
    return State(net=net, averaged=averaged, optimiser=optimiser)


def save_state(folder: Path, state: State) -> None:
    """Checkpoint of one file; the moments of the optimiser are kept in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"net.{k}": v for k, v in state.net.state_dict().items()}
    tensors |= {f"avg.{k}": v for k, v in state.averaged.state_dict().items()}
    for number, moments in state.optimiser.state_dict()["state"].items():
        for name in ("exp_avg", "exp_avg_sq"):
            tensors[f"opt.{number}.{name}"] = moments[name].bfloat16()
    facts = {"step": str(state.step), "loss": repr(state.loss), "seconds": repr(state.seconds)}
    unsaved = folder / "checkpoint.tmp"
    save_file({k: v.contiguous().cpu() for k, v in tensors.items()}, unsaved, metadata=facts)
    unsaved.replace(folder / _CHECKPOINT)


def _resumed(plan: TrainingPlan, folder: Path | None, device: torch.device) -> State:
    """The checkpoint of the folder where there is one, else a fresh start."""
    state = _fresh(plan, device)
    path = None if folder is None else folder / _CHECKPOINT
    if path is None or not path.is_file():
        return state
    facts = _facts(path.parent)
    tensors = load_file(path, device=str(device))
    for prefix, net in (("net.", state.net), ("avg.", state.averaged)):
        net.load_state_dict(
            {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        )
    _restore_moments(state.optimiser, tensors, int(facts["step"]))
    state.step, state.loss = int(facts["step"]), float(facts["loss"])
    state.seconds = float(facts["seconds"])
    return state


def _begin_with(folders: Sequence[Path], state: State) -> None:
    """Mean of averaged weights: of runs that go on from one another it errs less than the last.

    Wortsman et al., ICML 2022 ("model soups") [recalled].
    """
    found = [load_file(folder / _CHECKPOINT) for folder in folders]
    mean = {
        key.removeprefix("avg."): value
        if not value.is_floating_point()
        else torch.stack([one[key].double() for one in found]).mean(dim=0).to(value.dtype)
        for key, value in found[0].items()
        if key.startswith("avg.")
    }
    for net in (state.net, state.averaged):
        net.load_state_dict(mean)


def origin_of(folders: Sequence[Path]) -> str:
    """What checkpoints are, for the card of a training that begins with them."""
    told = []
    for folder in folders:
        sha256 = hashlib.sha256((folder / _CHECKPOINT).read_bytes()).hexdigest()
        told.append(f"{folder.name}, step {_facts(folder)['step']}, sha256 {sha256}")
    mean = "mean of the " if len(told) > 1 else ""
    return f"{mean}averaged weights of {'; '.join(told)}"


def _facts(folder: Path) -> dict[str, str]:
    from safetensors import safe_open  # noqa: PLC0415  only a resumed run reads the header

    with safe_open(folder / _CHECKPOINT, "pt") as opened:
        found: dict[str, str] = opened.metadata()
    return found


def _restore_moments(
    optimiser: torch.optim.AdamW, tensors: dict[str, torch.Tensor], step: int
) -> None:
    loaded = optimiser.state_dict()
    count = sum(len(group["params"]) for group in loaded["param_groups"])
    loaded["state"] = {
        number: {
            "step": torch.tensor(float(step)),
            **{name: tensors[f"opt.{number}.{name}"].float() for name in ("exp_avg", "exp_avg_sq")},
        }
        for number in range(count)
        if f"opt.{number}.exp_avg" in tensors
    }
    optimiser.load_state_dict(loaded)


def plan_facts(plan: TrainingPlan) -> dict[str, object]:
    """The plan as plain values, for metadata and card."""
    return asdict(plan)
