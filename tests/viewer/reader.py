"""A reader at the screen: OHIF in headless Chromium, driven by driver.mjs."""

import colorsys
import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from peers import stop, tool

DRIVER = Path(__file__).with_name("driver.mjs")
PACKAGES = Path(__file__).resolve().parents[2] / "build" / "viewer"
_ANSWER_LIMIT_S = 120.0


def packages() -> Path:
    """Folder with OHIF and the browser's driver; the test is skipped by name where one is absent.

    `scripts/test` fills it; the environment variable DICOM_NODE_VIEWER names another one.
    """
    folder = Path(os.environ.get("DICOM_NODE_VIEWER", PACKAGES))
    for name, file in (
        ("OHIF (@ohif/app)", folder / "ohif" / "dist" / "index.html"),
        ("playwright-core", folder / "node_modules" / "playwright-core" / "package.json"),
    ):
        if not file.is_file():
            pytest.skip(f"{name} is not in {folder.name}; scripts/test installs it")
    return folder


class Reader:
    """Opens studies and tells what is on the page; each method waits until it is there."""

    def __init__(self, process: subprocess.Popen[str], shots: Path) -> None:
        self._process, self._shots = process, shots
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._asked = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, request: str, **values: Any) -> Any:
        """Answer of the driver; an AssertionError tells what it could not do, with a picture."""
        answer = self._answer(request, **values)
        if "error" in answer:
            self._answer("shot", file=str(self._shots / f"failed-{request}.png"))
            raise AssertionError(f"{request} {values}: {answer['error']}")
        return answer["value"]

    def _answer(self, request: str, **values: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._asked += 1
        asked = {"request": request, "number": self._asked, **values}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        while True:  # an answer that came too late for an earlier question is passed over
            try:
                answer = self._answers.get(timeout=_ANSWER_LIMIT_S)
            except queue.Empty:
                raise AssertionError(f"{request}: no answer of the browser") from None
            if answer["number"] == self._asked:
                return answer

    def shot(self, name: str) -> None:
        """Keep a picture of the screen."""
        self.ask("shot", file=str(self._shots / f"{name}.png"))

    def colour(self, point_mm: Sequence[float]) -> "Colour":
        """Colour on the screen at a point of the patient (LPS), on the slice that is shown."""
        return Colour(self.ask("colour", point=list(point_mm)))

    def scroll_to(self, point_mm: Sequence[float]) -> None:
        """Turn the wheel until the slice through a point is shown."""
        off = self.ask("scroll", point=list(point_mm))
        assert off == 0, f"{off} slices away from the one through {list(point_mm)}"

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(json.loads(line))


class Colour:
    """A colour on the screen, 0 to 255."""

    def __init__(self, rgb: Sequence[float]) -> None:
        self.rgb = tuple(rgb)

    @property
    def strength(self) -> float:
        """0 for any grey, 1 for a full colour."""
        return (max(self.rgb) - min(self.rgb)) / 255

    def like(self, other: Sequence[float], *, within_degrees: float = 25.0) -> bool:
        """Whether it is a colour, and of the same hue."""
        hues = [colorsys.rgb_to_hsv(*(v / 255 for v in one))[0] * 360 for one in (self.rgb, other)]
        apart = abs(hues[0] - hues[1])
        return self.strength > 0.12 and min(apart, 360 - apart) <= within_degrees

    def __repr__(self) -> str:
        return f"Colour({[round(v) for v in self.rgb]})"


@contextmanager
def reading(address: str, *, shots: Path, work: Path) -> Iterator[Reader]:
    """A browser for OHIF at an address; its profile and its log lie in a folder of the test."""
    command = [
        *(tool("node"), str(DRIVER), address, str(packages()), tool("chromium")),
        str(work / "profile"),
    ]
    with (work / "browser.log").open("wb") as told:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, text=True
        )
        try:
            yield Reader(process, shots)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # the driver then closes the browser and ends
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                stop(process)
