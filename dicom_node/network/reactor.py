"""Keeps pynetdicom's reactor thread from taking answers that somebody else waits for.

pynetdicom pauses its reactor by an event and a flag. The flag is still up for a moment after the
reactor was let go, so that a second pause soon after believes it to stand when it is on its way to
the message queue, where it takes the answer: once in some hundred exchanges when threads compete
for the interpreter. A gate that knows under its own lock who stands at it has no such moment.
"""

import threading
from typing import cast

from pynetdicom.association import Association

_LOOK_EVERY_S = 0.05  # whether the reactor is alive at all


class ReactorGate:
    """Takes the place of an association's checkpoint event (`set`, `clear`, `wait`)."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = True
        self._standing = False

    @classmethod
    def install(cls, association: Association) -> "ReactorGate":
        """Gate of an association whose reactor runs."""
        gate = cls()
        association._reactor_checkpoint = cast("threading.Event", gate)
        return gate

    def set(self) -> None:
        """Let the reactor pass."""
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Let the reactor come to a stand here."""
        with self._changed:
            self._open = False

    def wait(self) -> None:
        """Stand here until the gate is open; called by the reactor."""
        with self._changed:
            while not self._open:
                self._standing = True
                self._changed.notify_all()
                self._changed.wait()
            self._standing = False

    def hold(self, association: Association) -> None:
        """Close the gate and return when the reactor stands at it, or has ended."""
        self.clear()
        with self._changed:
            while not self._standing and not self._open and association.is_alive():
                self._changed.wait(_LOOK_EVERY_S)
