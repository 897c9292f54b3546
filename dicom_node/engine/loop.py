"""A thread that does one thing again and again until it is stopped."""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_STOP_LIMIT_S = 10.0


class Loop:
    """Calls `tick` until stopped; pauses when there was nothing to do.

    Parameters
    ----------
    name : str
        Of the thread, as the log names it.
    tick : callable
        Does one piece of work; returns whether there may be more at once.
    pause_s : float
        Pause after a tick without work, in seconds.
    """

    def __init__(self, name: str, tick: Callable[[], bool], *, pause_s: float) -> None:
        self._name, self._tick, self._pause_s = name, tick, pause_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """End the present pause: there is something to do."""
        self._wake.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopping.is_set()

    def ask_to_stop(self) -> None:
        """Let no further tick begin."""
        self._stopping.set()
        self._wake.set()

    def stop(self) -> None:
        """Let no further tick begin and wait, bounded, for the one that runs."""
        self.ask_to_stop()
        self._thread.join(_STOP_LIMIT_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                more = self._tick()
            except Exception:  # outermost frame of the thread: told with its traceback, tried again
                log.exception("loop.error", loop=self._name)
                more = False
            if not more:
                self._wake.wait(self._pause_s)
                self._wake.clear()
