"""`scripts/soak`: the long forms, told line by line."""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from postgresql import running_postgresql
from soak.bad_peers import plague_a_node
from soak.deliver import deliver_to_odd_destinations
from soak.kill_node import kill_while_studies_arrive
from soak.kill_worker import kill_a_worker
from soak.receive import receive_among_kills


def _kill(folder: Path, asked: argparse.Namespace, database: str = "") -> object:
    return kill_while_studies_arrive(
        folder,
        studies=10,
        slices=30,
        kills=asked.kills,
        senders=4,
        seed=asked.seed,
        longest_pause_s=15.0,
        database=database,
        with_orthanc=True,
    )


def _kill_shared(folder: Path, asked: argparse.Namespace) -> object:
    with running_postgresql() as server:
        return _kill(folder, asked, server.new_database())


def _worker(folder: Path, _: argparse.Namespace) -> object:
    with running_postgresql() as server:
        return kill_a_worker(folder, server.new_database(), studies=10, slices=30, senders=4)


def _receive(folder: Path, asked: argparse.Namespace) -> object:
    return receive_among_kills(
        folder, images=asked.images, associations=8, kills=asked.kills, seed=asked.seed
    )


def _deliver(folder: Path, _: argparse.Namespace) -> object:
    return deliver_to_odd_destinations(folder, results=500)


def _bad_peers(folder: Path, _: argparse.Namespace) -> object:
    return plague_a_node(folder)


def _bad_peers_fast(folder: Path, _: argparse.Namespace) -> object:
    return plague_a_node(folder, fast_path=True)


PROOFS: dict[str, Callable[[Path, argparse.Namespace], object]] = {
    "kill": _kill,
    "kill-shared": _kill_shared,
    "worker": _worker,
    "receive": _receive,
    "deliver": _deliver,
    "bad-peers": _bad_peers,
    "bad-peers-fast": _bad_peers_fast,
}


def main() -> None:
    """Run one proof; exit status 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("proof", choices=[*PROOFS])
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--images", type=int, default=100_000, help="of `receive`")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(PROOFS[asked.proof](Path(folder), asked))


if __name__ == "__main__":
    main()
