"""`evaluate psma-references`: liver, spleen and parotids of PSMA PET against simulated organs."""

import sys

from algorithms.evaluation import references


def main() -> int:
    """Measure as the command line says."""
    return references.main(tell=sys.stdout.write)


if __name__ == "__main__":
    raise SystemExit(main())
