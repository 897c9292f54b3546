"""Progress of long work: a bar on a terminal, plain lines elsewhere; never on standard output."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_PLAIN_EVERY_S = 5.0


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """Function to call once for each piece of work that is done.

    Parameters
    ----------
    total : int or None
        Pieces in all; None where that is not known.
    """
    if sys.stderr.isatty():
        yield from _bar(what, total)
    else:
        yield from _lines(what, total)


def _bar(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=total)
        yield lambda: shown.advance(task)


def _lines(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    done, told_at = 0, time.monotonic()
    of = "" if total is None else f" of {total}"

    def advance() -> None:
        nonlocal done, told_at
        done += 1
        if time.monotonic() - told_at >= _PLAIN_EVERY_S:
            told_at = time.monotonic()
            print(f"{what}: {done}{of}", file=sys.stderr)

    yield advance
    if done:
        print(f"{what}: {done}{of}", file=sys.stderr)
