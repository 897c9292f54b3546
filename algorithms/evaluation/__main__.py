"""`scripts/evaluate fdg-lesions|psma-lesions`: the table of the card, with baselines."""

import argparse
import sys
from importlib.resources import files
from pathlib import Path

import torch

from algorithms.evaluation.methods import Method, above, fraction_of_maximum, network
from algorithms.evaluation.table import WORLDS, detail_lines, score_world, table_lines
from algorithms.toolbox.card import FILE_NAME, read_card
from algorithms.toolbox.lesion_net.bundle import write_card
from algorithms.toolbox.lesion_net.layout import CARD
from algorithms.toolbox.lesion_net.segmented import LesionLimits, LesionNetwork
from algorithms.toolbox.lesion_run import Parameters
from algorithms.training.card import with_results

_FAMILIES = {"fdg-lesions": "fdg", "psma-lesions": "psma"}


def main(arguments: list[str] | None = None) -> int:
    """Score as told on the command line; with a bundle, write the results into its card."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    family = _FAMILIES[given.task]
    methods: dict[str, Method] = {
        "SUV 4": above(4.0),
        "SUV 2.5": above(2.5),
        "41 % of maximum": fraction_of_maximum(),
    }
    if given.bundle is not None:
        net = LesionNetwork.of_bundle(given.bundle)
        limits = _limits(given.task)
        methods["network"] = network(net, limits)
        methods["network without CT"] = network(net, limits, with_ct=False)
    scores = {
        name: score_world(family, name, methods, given.patients, tell=sys.stderr.write)
        for name in given.worlds
    }
    lines = table_lines(scores)
    if given.bundle is not None:
        first = next(iter(scores))
        lines += [f"Network by size and site, world `{first}`.", ""]
        lines += detail_lines(scores[first]["network"])
        card = (given.bundle / CARD).read_text(encoding="utf-8")
        write_card(given.bundle, with_results(card, lines))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _limits(task: str) -> LesionLimits:
    """What the algorithm that ships with the node takes for a lesion."""
    card = read_card(files(f"algorithms.{task.replace('-', '_')}") / FILE_NAME)
    return Parameters.from_card(card).limits


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate", description="Score a bundle and thresholds on simulated patients."
    )
    parser.add_argument("task", choices=sorted(_FAMILIES))
    parser.add_argument("--bundle", type=Path, help="of `scripts/train`; its card gets the table")
    parser.add_argument("--patients", type=int, default=100, help="of each world")
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--threads", type=int, default=2, help="of the network on a CPU")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
