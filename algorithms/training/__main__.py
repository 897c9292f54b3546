"""`scripts/train fdg-lesions|psma-lesions`: one command from seed to bundle."""

import argparse
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from algorithms.toolbox.lesion_net.bundle import save_bundle
from algorithms.toolbox.lesion_net.judge import Judge
from algorithms.toolbox.lesion_net.network import NetworkShape, best_device
from algorithms.training.card import TrainingFacts, facts_of, model_card
from algorithms.training.examples import ExamplePlan
from algorithms.training.judging import TooFewCandidates, judge_from, taught_by, told
from algorithms.training.trainer import Outcome, TrainingPlan, origin_of, plan_facts, train

_FAMILIES = {"fdg-lesions": "fdg", "psma-lesions": "psma"}
# A GPU takes the trunk of a large patient, arms up, in one piece. Of two CPU cores one simulates
# the next patient while the other makes a step: crops are such that both take about as long.
_CROP = {"cpu": (80, 64, 96), "cuda": (128, 96, 144)}
_BATCH = {"cpu": 1, "cuda": 3}
_PER_PATIENT = {"cpu": 2, "cuda": 2}
_VISITS = {"cpu": 3, "cuda": 1}
# Of the shipped weights: FDG's are the mean with two runs that went on (docs/training.md),
# PSMA's were begun with FDG's.
_STEPS = {"fdg": 7_600, "psma": 4_100}


def main(arguments: list[str] | None = None) -> int:
    """Train as told on the command line and write the bundle."""
    given = _parser().parse_args(arguments)
    device = best_device() if given.device == "auto" else torch.device(given.device)
    torch.set_num_threads(given.threads)
    torch.backends.cudnn.benchmark = device.type == "cuda"  # crops are all of one size
    plan = _plan(given, device)
    outcome = train(
        plan,
        workers=given.workers,
        minutes=given.minutes,
        folder=given.checkpoint,
        start=given.start,
        device=device,
        tell=sys.stderr.write,
    )
    if not outcome.finished and not given.start:
        sys.stderr.write("train: no step was done; give more time or steps\n")
        return 1
    try:
        sha256 = _write(given, plan, outcome, device)
    except TooFewCandidates as cause:
        sys.stderr.write(f"train: no judge of candidates: {cause}\n")
        return 1
    sys.stdout.write(
        f"{given.task} {given.version}: {outcome.step} of {plan.steps} steps in "
        f"{outcome.seconds / 60:.1f} min, loss {outcome.loss:.4f}, sha256 {sha256}, {given.out}\n"
    )
    return 0


def _plan(given: argparse.Namespace, device: torch.device) -> TrainingPlan:
    examples = ExamplePlan(
        family=_FAMILIES[given.task],
        seed=given.seed,
        crop=tuple(given.crop or _CROP[device.type]),
        per_patient=given.per_patient or _PER_PATIENT[device.type],
        visits=given.visits or _VISITS[device.type],
    )
    return TrainingPlan(
        examples=examples,
        shape=NetworkShape(channels=tuple(given.channels)),
        steps=_STEPS[_FAMILIES[given.task]] if given.steps is None else given.steps,
        patients_per_batch=given.patients_per_batch or _BATCH[device.type],
        learning_rate=given.learning_rate,
    )


def _write(
    given: argparse.Namespace, plan: TrainingPlan, outcome: Outcome, device: torch.device
) -> str:
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    judge, judged = _judge(given, outcome, device)
    facts = TrainingFacts(
        family=_FAMILIES[given.task],
        version=given.version,
        device=name,
        commit=_commit(),
        judge=told(judged),
        **({"begun_with": origin_of(given.start)} if given.start else {}),
    )
    return save_bundle(
        given.out,
        outcome.net,
        plan.shape,
        name=given.task,
        version=given.version,
        card=model_card(facts, plan, outcome),
        facts=facts_of(plan_facts(plan), outcome, facts) | {"judge": dict(judged)},
        judge=judge,
    )


def _judge(
    given: argparse.Namespace, outcome: Outcome, device: torch.device
) -> tuple[Judge | None, Mapping[str, object]]:
    """The judge of candidates, and what the metadata tell of it; none from no patients."""
    if given.judge_patients == 0:
        return None, {}
    family, tell = _FAMILIES[given.task], sys.stderr.write
    return judge_from(taught_by(outcome.net, device, family, given.judge_patients, tell))


def _commit() -> str:
    """Commit of the source, where it is a checkout."""
    asked = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603  fixed words
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="train", description="Train on simulated patients.")
    parser.add_argument("task", choices=sorted(_FAMILIES))
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--checkpoint", type=Path, help="folder; a run with it goes on from there")
    parser.add_argument(
        "--start", type=Path, nargs="+", default=(), help="checkpoints to begin with, or their mean"
    )
    parser.add_argument("--minutes", type=float, help="stop after so long and write what there is")
    parser.add_argument("--steps", type=int, help="of all runs together; 7,600 (FDG), 4,100 (PSMA)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--judge-patients", type=int, default=120, help="that teach the judge of candidates"
    )
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate")
    parser.add_argument("--threads", type=int, default=1, help="of the network on a CPU")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--crop", type=int, nargs=3, help="slices, rows, columns; multiples of 16")
    parser.add_argument("--per-patient", type=int, help="crops of each patient")
    parser.add_argument("--visits", type=int, help="times that each patient gives crops")
    parser.add_argument("--patients-per-batch", type=int)
    parser.add_argument("--channels", type=int, nargs="+", default=[16, 32, 64, 128, 256])
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
