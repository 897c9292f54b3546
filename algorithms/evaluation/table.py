"""Runs every method over the worlds, and prints the table of the card."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from algorithms.evaluation.methods import Method
from algorithms.evaluation.scores import (
    PatientScore,
    estimate,
    false_positive_ml,
    false_positives,
    found_of_any_size,
    found_over_1_ml,
    mean_dice,
    mean_physiological_dice,
    score_patient,
)
from algorithms.simulation.wholebody.patient import PHYSIOLOGICAL, Scan, draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.training.examples import geometry_of

WORLDS = ("held-out", "other scanner", "other biodistribution")
FIRST_SEED = 1_000_000_000  # beyond every patient of a training
FIGURES = (
    ("lesion Dice per patient, mean", mean_dice),
    ("lesions found (over 1 mL)", found_over_1_ml),
    ("lesions found (any size)", found_of_any_size),
    ("false positives per patient", false_positives),
    ("false-positive volume, mL", false_positive_ml),
    ("physiological Dice", mean_physiological_dice),
)
_SIZES_ML = ((0.0, 1.0), (1.0, 5.0), (5.0, 20.0), (20.0, float("inf")))


def score_world(
    family: str,
    name: str,
    methods: Mapping[str, Method],
    count: int,
    *,
    tell: Callable[[str], object],
) -> dict[str, tuple[PatientScore, ...]]:
    """Scores of each method over the first patients of a world's evaluation; tells its progress."""
    scores: dict[str, list[PatientScore]] = {method: [] for method in methods}
    for number in range(count):
        patient = draw_patient(world(family, name), FIRST_SEED + number)
        found = scan(patient)
        sites = [lesion.site for lesion in patient.lesions]
        for method, predict in methods.items():
            scores[method].append(_score(predict, found, sites))
        tell(f"{name}: patient {number + 1} of {count}\n")
    return {method: tuple(of_method) for method, of_method in scores.items()}


def _score(predict: Method, found: Scan, sites: Sequence[str]) -> PatientScore:
    answer = predict(found)
    physiological = None
    if answer.physiological is not None:
        physiological = (answer.physiological, found.labels == PHYSIOLOGICAL)
    return score_patient(
        answer.lesion,
        found.lesion,
        sites,
        voxel_ml=geometry_of(found).voxel_volume_ml,
        physiological=physiological,
    )


def table_lines(
    scores: Mapping[str, Mapping[str, Sequence[PatientScore]]],
) -> list[str]:
    """Markdown: one table per world, a row per figure, a column per method.

    Parameters
    ----------
    scores : by world, then by method
    """
    lines: list[str] = []
    for name, by_method in scores.items():
        count = len(next(iter(by_method.values())))
        lines += [
            f"World `{name}`, {count} patients; 95 % intervals by resampled patients.",
            "",
            f"| | {' | '.join(by_method)} |",
            f"|---|{'---|' * len(by_method)}",
        ]
        for title, figure in FIGURES:
            cells = (str(estimate(patients, figure)) for patients in by_method.values())
            lines.append(
                f"| {title} | {' | '.join(c.replace('nan (nan to nan)', '-') for c in cells)} |"
            )
        lines.append("")
    return lines


def detail_lines(patients: Sequence[PatientScore]) -> list[str]:
    """Markdown: share of lesions found by size and by site, for one method in one world."""
    lesions = [one for patient in patients for one in patient.lesions]
    lines = ["| lesions | number | found |", "|---|---|---|"]
    for low, high in _SIZES_ML:
        chosen = [o for o in lesions if low <= o.volume_ml < high]
        lines.append(_detail(f"{low:g} to {high:g} mL", [o.found for o in chosen]))
    for site in sorted({one.site for one in lesions}):
        lines.append(_detail(site, [o.found for o in lesions if o.site == site]))
    return [*lines, ""]


def _detail(title: str, found: Iterable[bool]) -> str:
    hits = list(found)
    share = f"{sum(hits) / len(hits):.2f}" if hits else "-"
    return f"| {title} | {len(hits)} | {share} |"
