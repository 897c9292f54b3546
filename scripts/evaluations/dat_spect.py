"""How good dat-spect is on simulated heads, and what four classifiers make of its ratios.

Two of three pairs of heads of the first world make the normals and train the classifiers; the third
and all of the second world are held out. There the ranges are different: poorer resolution, fewer
counts, scatter, heads and striata that differ more; each is classified by the first world's
normals, and by those of the other heads of its own. Intervals are 95 %, by bootstrap over heads.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from dat_classifiers import (
    normals_of,
    table_by_own_normals,
    table_of,
    tell_cross_validated,
    tell_held_out,
    tell_shipped,
)
from dat_cohort import Case, cohort, read_cases
from intervals import with_interval
from numpy.typing import NDArray

from algorithms.dat_spect import CLASSIFIER, NORMALS
from algorithms.dat_spect.classifier import Classifier
from algorithms.dat_spect.classifier import to_json as classifier_json
from algorithms.dat_spect.normals import Normals, to_json
from algorithms.dat_spect.regions import MEASURED
from algorithms.dat_spect.training import fit_classifier
from algorithms.simulation.brain_uptake import Group

Floats = NDArray[np.float64]

SIMULATED = "simulated normals"
_OWN = "its own normals"
_FOLDER = Path("algorithms/dat_spect")


def main() -> None:
    """Print the figures; cases are kept in a file, so that a second run adds to them."""
    parser = argparse.ArgumentParser(prog="evaluate dat-spect", description=__doc__)
    parser.add_argument("--cases", type=int, default=480, help="heads of the first world")
    parser.add_argument("--second", type=int, default=120, help="heads of the second world")
    parser.add_argument("--file", type=Path, default=Path("build/evaluate/dat-spect.jsonl"))
    parser.add_argument("--kept", action="store_true", help="only cases of the file, make none")
    parser.add_argument(
        "--write", action="store_true", help="replace normals.json and classifier.json"
    )
    given = parser.parse_args()
    wanted = {"first": given.cases, "second": given.second}
    cases = read_cases(given.file) if given.kept else cohort(given.file, wanted)
    first, second = ([c for c in cases if c.world == world] for world in ("first", "second"))
    train, held_out = _parted(first)
    _tell_training(train)
    _tell_measuring("first world (measuring learns nothing, so all of it)", first)
    _tell_measuring("second world", second)
    tell_cross_validated(first)
    normals = normals_of(train, SIMULATED)
    learnt = table_of(train, normals)
    name = (
        f"trained on {len(learnt.deficit)} simulated scans, {np.sum(learnt.deficit)} with deficit"
    )
    classifier = fit_classifier(learnt.fractions, learnt.deficit, name=name)
    tests = {
        "held out, first world": (held_out, table_of(held_out, normals)),
        f"second world by {SIMULATED}": (second, table_of(second, normals)),
        f"second world by {_OWN}": (second, table_by_own_normals(second, _OWN)),
    }
    for title, (heads, table) in tests.items():
        tell_held_out(title, learnt, table)
        tell_shipped(title, classifier, heads, table)
    if given.write:
        _write(normals, classifier)


def _parted(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Heads that are learnt from, and the others; a patient and a control go together."""
    parts: tuple[list[Case], list[Case]] = ([], [])
    for case in cases:
        parts[case.seed // 2 % 3 == 0].append(case)
    return parts


def _tell_training(train: Sequence[Case]) -> None:
    groups = {group: sum(c.group == group for c in train) for group in Group}
    shown = ", ".join(f"{count} {group}" for group, count in groups.items())
    print(f"training: {len(train)} heads of the first world ({shown})")


def _tell_measuring(name: str, cases: Sequence[Case]) -> None:
    """Overlap of regions and error of ratios."""
    done = [c for c in cases if not c.refused]
    print(f"\n{name}: {len(cases)} heads, {len(cases) - len(done)} refused")
    if len(done) < 3:
        return
    dice = np.array([c.dice for c in done])
    print(f"  Dice, mean of the four regions      {with_interval(dice.mean(axis=1), np.mean)}")
    print(f"  Dice, 5th percentile                {np.percentile(dice, 5):.3f}")
    error = np.array([np.subtract(c.measured, c.by_true_regions) for c in done])
    for index, (nucleus, side) in enumerate(MEASURED):
        bias = with_interval(error[:, index], np.mean)
        limits = with_interval(error[:, index], _limits)
        print(f"  SBR {nucleus} {side:5} - true regions: bias {bias}, limits +-{limits}")
    put_in = np.array([c.put_in for c in done])
    measured = np.array([c.measured for c in done])
    recovery = (measured / put_in).ravel()
    print(f"  recovery SBR / binding put in       {recovery.mean():.3f} (sd {recovery.std():.3f})")
    total = np.array([c.total_counts for c in done])
    whole = np.array([(np.array(c.put_in[:2]) + np.array(c.put_in[2:])) / 2 for c in done])
    print(f"  total counts / mean binding put in  {(total / whole).mean():.3f}", end=" ")
    print(f"(correlation {np.corrcoef(total.ravel(), whole.ravel())[0, 1]:.3f})")
    print(f"  CPU seconds a scan, median          {np.median([c.cpu_s for c in done]):.2f}")


def _limits(error: Floats) -> float:
    """Half width of the limits of agreement (Bland and Altman)."""
    return float(1.96 * np.std(error, ddof=1))


def _write(normals: Normals, classifier: Classifier) -> None:
    (_FOLDER / NORMALS).write_text(to_json(normals), encoding="utf-8")
    content = classifier_json(classifier).encode()
    (_FOLDER / CLASSIFIER).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print(f"\nwritten: {NORMALS} ({normals.subjects} controls), {CLASSIFIER}, sha256 {digest}")


if __name__ == "__main__":
    main()
