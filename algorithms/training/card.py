"""The model card of a trained bundle: what a user must know before anything else, first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from algorithms.simulation.wholebody.worlds import VERSION as SIMULATION_VERSION
from algorithms.toolbox.lesion_net.network import parameter_count
from algorithms.training.examples import patient_at
from algorithms.training.trainer import Outcome, TrainingPlan

_TITLES = {"fdg": "FDG PET/CT", "psma": "PSMA PET/CT"}
RESULTS_HEADING = "## Results"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """What the card tells of the run.

    Parameters
    ----------
    device : name of the processor
    commit : of the source, or ``unknown``
    begun_with : weights of the first step
    judge : what taught the judge of candidates
    """

    family: str
    version: str
    device: str
    commit: str
    begun_with: str = "random weights"
    judge: str = "none"


def model_card(facts: TrainingFacts, plan: TrainingPlan, outcome: Outcome) -> str:
    """Text of the card; its results say so where nothing was measured yet."""
    examples = plan.examples
    patients = patient_at(examples, outcome.step * plan.patients_per_batch)[0]
    rows = (
        ("name, version", f"{facts.family}-lesions {facts.version}"),
        ("network", f"MONAI UNet, {parameter_count(outcome.net):,} parameters, "
         f"features {'-'.join(str(c) for c in plan.shape.channels)}, batch normalisation"),
        ("classes", "background, physiological, lesion"),
        ("inputs", "PET in SUVbw at 4 mm, CT at 4 mm or none; the body's box in one piece"),
        ("training data", f"simulated patients, world `training`, seed {examples.seed}, "
         f"simulation {SIMULATION_VERSION}; {patients:,}, seen {examples.visits} times each"),
        ("steps", f"{outcome.step:,} of {plan.steps:,}, batches of "
         f"{plan.patients_per_batch * examples.per_patient} crops of "
         f"{' x '.join(str(n) for n in examples.crop)}"),
        ("begun with", facts.begun_with),
        ("judge of candidates", facts.judge),
        ("time", f"{outcome.seconds / 60:.1f} min on {facts.device}"),
        ("source", f"commit {facts.commit}"),
        ("last loss (running mean)", f"{outcome.loss:.4f}" if outcome.finished else "none"),
    )  # fmt: skip
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"""Trained on simulated data.

No patient was seen in training, and no clinical validity is claimed.

# Lesions apart from physiological uptake in {_TITLES[facts.family]}

| | |
|---|---|
{table}

## Use

A pre-segmentation for research and demonstration, to be corrected by a person. Not for diagnosis.
Ranges of anatomy, uptake, lesions and scanners are those of `algorithms/simulation/README.md`;
what is not modelled there, the network has never seen: inflammation, effusions, surgery, children,
diffuse disease, attenuation artefacts.

## Refused or flagged

PET without SUVbw is refused. Another tracer than those of the training is refused. Age under 18
and an uptake time far from the usual one are flagged.

{RESULTS_HEADING}

Not evaluated yet: run `scripts/evaluate {facts.family}-lesions --bundle FOLDER`.
"""


def with_results(card: str, lines: Sequence[str]) -> str:
    """The card with its results replaced."""
    kept, _, _ = card.partition(RESULTS_HEADING)
    return kept + RESULTS_HEADING + "\n\n" + "\n".join(lines) + "\n"


def facts_of(
    plan: Mapping[str, object], outcome: Outcome, facts: TrainingFacts
) -> dict[str, object]:
    """What the bundle's metadata keep of the training."""
    return {
        "data": "simulated",
        "simulation": SIMULATION_VERSION,
        "commit": facts.commit,
        "device": facts.device,
        "begun_with": facts.begun_with,
        "steps": outcome.step,
        "seconds": round(outcome.seconds, 1),
        "loss": round(outcome.loss, 5) if outcome.finished else None,  # JSON has no nan
        "plan": dict(plan),
    }
