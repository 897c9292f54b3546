"""Readers and validators by other hands, run as programs; a missing one is skipped by name."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Output of a program of the environment or of the system."""
    beside = Path(sys.executable).parent / name
    program = str(beside) if beside.is_file() else shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not on this machine")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


# As dciodvfy calls what it was given: whatever else it calls an object, it does not know it.
_KINDS = frozenset(
    {
        *("Segmentation", "RTStructureSet", "ParametricMap", "EncapsulatedPDF"),
        *("Comprehensive3DSR", "ComprehensiveSR", "EnhancedSR", "KeyObjectSelectionDocument"),
        *("SCImage", "MultiframeTrueColorSCImage"),
    }
)


def errors_of(path: Path) -> list[str]:
    """Errors that dciodvfy finds in an object; fails where it does not know the object's kind."""
    done = run("dciodvfy", "-new", path)
    lines = (done.stdout + done.stderr).splitlines()
    assert any(line in _KINDS for line in lines), lines
    return [line for line in lines if line.startswith("Error")]


def study_errors_of(paths: Sequence[Path]) -> list[str]:
    """Errors that dcentvfy finds between the objects of a study."""
    done = run("dcentvfy", *paths)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
