"""`evaluate psma-lesions`: thresholds and a network on simulated patients of three worlds."""

import sys

from algorithms.evaluation import __main__ as evaluation


def main() -> int:
    """Score as the command line says; `--bundle` names the network."""
    return evaluation.main(["psma-lesions", *sys.argv[1:]])


if __name__ == "__main__":
    raise SystemExit(main())
