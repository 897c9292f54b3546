"""`scripts/soak`: the long forms, told line by line."""

import argparse
import tempfile
from pathlib import Path

from soak.kill_node import kill_while_studies_arrive


def main() -> None:
    """Run one proof; exit status 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("proof", choices=["kill"])
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = kill_while_studies_arrive(
            Path(folder), studies=10, slices=30, kills=asked.kills, senders=4, seed=asked.seed
        )
    print(report)


if __name__ == "__main__":
    main()
