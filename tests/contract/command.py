"""The command line called in this process, as a program that reads its JSON would call it."""

import io
import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dicom_node.cli import main

SHIPPED_CONFIG = Path(__file__).resolve().parents[2] / "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Exit status, and what came on both outputs."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON value; ValueError where anything else stands there."""
        return json.loads(self.out, parse_constant=_no_number)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def call(*arguments: object) -> Answer:
    """Run `dicom-node` with these arguments; an exception that leaves it fails the test."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with _argv([str(one) for one in arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Answer(status=status, out=out.getvalue(), err=err.getvalue())


@contextmanager
def _argv(arguments: list[str]) -> Iterator[None]:
    """These arguments, and warnings as a program shows them: on standard error, raised never."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(sys, "argv", ["dicom-node", *arguments])
        patch.setenv("DICOM_NODE_CONFIG", str(SHIPPED_CONFIG))
        yield


def explained(path: Path) -> dict[str, Any]:
    """Answer of `explain --json` on a path, which must succeed."""
    answer = call("explain", "--json", path)
    assert answer.status == 0, answer.err
    found: dict[str, Any] = answer.json
    return found


def only_series(path: Path) -> dict[str, Any]:
    """The one series that `explain --json` finds below a path."""
    (series,) = explained(path)["series"]
    return dict(series)


def codes_of(series: dict[str, Any]) -> list[str]:
    """Codes of the reasons of a series, in their order."""
    return [reason["code"] for reason in series["reasons"]]
