"""Small file systems that are full or read-only; skips by name where this user may mount none."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the program mount says."""
    program = shutil.which("mount") or "mount"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@contextmanager
def mounted_disk(folder: Path, *, mib: int) -> Iterator[Path]:
    """A file system of its own in a folder."""
    folder.mkdir()
    try:
        done = mount("-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder))
    except OSError:
        pytest.skip(f"mounting a tmpfs of {mib} MiB needs the program mount")
    if done.returncode != 0:
        pytest.skip(f"mounting a tmpfs of {mib} MiB is refused to this user")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A time in which nothing can be written into a folder."""
    assert mount("--bind", str(folder), str(folder)).returncode == 0
    try:
        assert mount("-o", "remount,bind,ro", str(folder)).returncode == 0
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the space there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler
