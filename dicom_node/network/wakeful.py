"""Threads of pynetdicom that are woken by what they wait for, instead of looking every millisecond.

Its two threads of an association sleep for 1 ms between two looks at their queues, which costs each
message two to four of these sleeps, and twenty idle associations a good part of a processor.
"""

import os
import queue
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Item = TypeVar("Item")


class WakingQueue(queue.Queue[Item]):
    """A queue that rings when something is put into it."""

    def __init__(self, ring: Callable[[], None]) -> None:
        super().__init__()
        self._ring = ring

    def put(self, item: Item, block: bool = True, timeout: float | None = None) -> None:
        """Put an item, then ring."""
        super().put(item, block, timeout)
        self._ring()


class Checkpoint:
    """Takes the place of the event at which an association's reactor stands before each look.

    It is let through when something was put for it, and at the latest after `longest_s`.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._rung, self._open = threading.Event(), threading.Event()
        self._open.set()

    def ring(self) -> None:
        """There is something to look at."""
        self._rung.set()

    def set(self) -> None:
        """Let the reactor through, now and from now on."""
        self._open.set()
        self._rung.set()

    def clear(self) -> None:
        """Let the reactor stand here until `set`."""
        self._open.clear()

    def wait(self) -> None:
        """Stand here until there is something to look at; called by the reactor."""
        self._rung.wait(self._longest_s)
        self._rung.clear()
        self._open.wait()


class Doorbell:
    """Lets a thread wait for a connection and for a ring of another thread at the same time."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._descriptor: int | None = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._resting, self._waiting = select.poll(), select.poll()
        self._resting.register(self._descriptor, select.POLLIN)
        self._awaited: int | None = None  # the connection's descriptor

    def ring(self) -> None:
        """Wake who waits, or the next who does."""
        with self._guard:
            if self._descriptor is not None:
                os.eventfd_write(self._descriptor, 1)

    def rest(self, longest_s: float) -> None:
        """Wait for a ring alone, for so long; see `wait`."""
        if self._resting.poll(longest_s * 1000):
            self.hear()

    def wait(self, connection: socket.socket, longest_s: float) -> bool:
        """Whether the connection can be read, by now or within the time; less where it rang.

        Only the thread that closes the bell may wait at it. Raises OSError or ValueError where
        the connection was closed.
        """
        if connection.fileno() != self._awaited or self._descriptor is None:
            self._await(connection)
        comes = False
        for found, _ in self._waiting.poll(longest_s * 1000):
            if found == self._descriptor:
                self.hear()
            else:
                comes = True
        return comes

    def hear(self) -> None:
        """Forget the rings so far."""
        if self._descriptor is not None:
            with suppress(BlockingIOError):
                os.eventfd_read(self._descriptor)

    def _await(self, connection: socket.socket) -> None:
        """Look for this connection from now on, and for rings until they are in vain."""
        self._waiting, self._awaited = select.poll(), None
        self._waiting.register(connection, select.POLLIN)
        if self._descriptor is not None:
            self._waiting.register(self._descriptor, select.POLLIN)
        self._awaited = connection.fileno()

    @property
    def descriptor(self) -> int:
        """Readable from a ring on until it is heard; only before `close`."""
        assert self._descriptor is not None
        return self._descriptor

    def close(self) -> None:
        """Give the descriptor back; rings are in vain from now on."""
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
