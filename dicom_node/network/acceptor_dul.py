"""The thread that reads an accepted connection: pynetdicom's, woken by events, with a fast path."""

import ssl
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import structlog
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider

from dicom_node.network.connection import PduSocket
from dicom_node.network.fast_loop import FastLoops
from dicom_node.network.fast_path import Client, FastPath
from dicom_node.network.message_buffer import MessageBuffer
from dicom_node.network.p_data import UnusualMessage
from dicom_node.network.wakeful import Doorbell, WakingQueue

log = structlog.get_logger(__name__)

_ESTABLISHED = "Sta6"  # PS3.8 9.2.2: ready for data transfer
_CLOSING = "Sta13"
_LOOK_EVERY_S = 0.05  # at timers; everything else rings
_TURN_S = 0.001  # in states that are over in a moment


def frames_of(cause: BaseException) -> str:
    """Traceback without the message, which may quote what a data set holds."""
    return "".join(traceback.format_tb(cause.__traceback__))


class AcceptorDul(DULServiceProvider):
    """Upper layer of one accepted connection, whose failure ends its association and no more.

    Parameters
    ----------
    ring : callable
        Tells the association's own thread that there is something for it.
    buffer : callable or None
        Buffer for the contexts of the association, once it is established; None for no fast path.
    client : Client
        The association, for the fast path.
    loops : FastLoops or None
        Which serve the fast path without TLS; None: this thread does.
    """

    def __init__(
        self,
        association: Association,
        *,
        ring: Callable[[], None],
        buffer: Callable[[], MessageBuffer] | None,
        client: Client,
        loops: FastLoops | None = None,
    ) -> None:
        super().__init__(association)
        # A thread that hangs in a peer's socket must not keep the process alive.
        self.daemon = True
        self.is_serving = False
        self._run_loop_delay = 0  # it waits for events instead
        self._bell = Doorbell()
        self._ring = ring
        self.to_provider_queue = WakingQueue(self._bell.ring)
        self.to_user_queue = WakingQueue(ring)
        self._new_buffer, self._client, self._loops = buffer, client, loops
        self._fast: FastPath | None = None

    def run_reactor(self) -> None:
        """Run until the connection ends; outermost frame of this thread.

        Some sequences of invalid PDUs bring pynetdicom's state machine to a step that it does not
        know, which it tells by an exception (pynetdicom #806).
        """
        try:
            super().run_reactor()
        except Exception as cause:  # outermost frame of the thread: an odd peer ends its own only
            log.warning(
                "association.protocol_error",
                error=type(cause).__name__,
                state=self.state_machine.current_state,
                frames=frames_of(cause),
            )
        finally:
            self._bell.close()
            # An association that still waits to be asked would wait for its whole time-out.
            self.to_user_queue.put(cast("Any", None))  # no primitive: read as nothing came

    def kill_dul(self) -> None:
        """End the thread, also while it waits, and what it has where it never began."""
        super().kill_dul()
        self._bell.ring()
        if self.ident is None:
            self._bell.close()

    def idle_timer_expired(self) -> bool:
        """Whether the sender was silent for too long; not while it waits for our disk."""
        is_waiting = self.is_serving or (self._fast is not None and self._fast.is_lent)
        return not is_waiting and super().idle_timer_expired()

    def _has_duties(self) -> bool:
        return self._kill_thread or bool(self.to_provider_queue.queue)

    def _is_transport_event(self) -> bool:
        self._wait()
        return not self._is_too_early() and super()._is_transport_event()

    def _wait(self) -> None:
        """Wait until something comes, from whichever side; not where something is at hand."""
        held = self._held()
        if self.state_machine.current_state == _CLOSING or not self.event_queue.empty():
            return
        if held.socket is None or self._is_too_early():
            time.sleep(_TURN_S)
        elif not held.ready and self.event_queue.empty():
            with suppress(OSError, ValueError):  # closed meanwhile, which `ready` tells next
                self._bell.wait(held.socket, _LOOK_EVERY_S)

    def _is_too_early(self) -> bool:
        """Whether the association was accepted by a thread that is just about to say so."""
        return (
            self._new_buffer is not None
            and self.state_machine.current_state == _ESTABLISHED
            and not self.assoc.is_established
        )

    def _read_pdu_data(self) -> None:
        if self.state_machine.current_state == _ESTABLISHED:
            self._begin_fast()
            if self._fast is not None and self._run_fast(self._fast):
                return
        super()._read_pdu_data()

    def _begin_fast(self) -> None:
        """Make the fast path, once; it ends for good where it hands back."""
        connection = self._held().socket
        if self._new_buffer is None or connection is None:
            return
        self._fast = FastPath(
            connection,
            self._new_buffer(),
            bell=self._bell,
            interrupted=self._has_duties,
            alive=self._idle_timer.restart,
            client=self._client,
        )
        self._new_buffer = None

    def _run_fast(self, fast: FastPath) -> bool:
        """Whether nothing is left to do for pynetdicom."""
        try:
            if self._loops is None or isinstance(fast.connection, ssl.SSLSocket):
                fast.run()
            else:
                self._loops.serve(fast)
        except UnusualMessage:
            self._held().give_back(fast.unread())
            self._fast = None
            return False
        except OSError as cause:
            log.info("association.connection_lost", cause=type(cause).__name__)
            self._fast = None
            self.event_queue.put("Evt17")  # PS3.8 9.2.3: transport connection closed
        return True

    def _held(self) -> PduSocket:
        assert isinstance(self.socket, PduSocket)
        return self.socket
