"""What comes over an association that we asked for, in any order: answers and requests of its peer.

pynetdicom serves an N-EVENT-REPORT in a thread of its own as soon as it is read. That thread also
takes down the flag by which pynetdicom knows that its reactor stands still, and the next release
would wait for the flag for ever. Here such a request waits in line with the answers instead.
"""

import queue
import time

from pynetdicom.association import Association
from pynetdicom.dimse_primitives import DimseServiceType
from pynetdicom.pdu_primitives import A_RELEASE

from dicom_node.network.requestor import is_over

_LOOK_EVERY_S = 0.1  # whether a message can still come


class Messages:
    """Messages of an association whose reactor stands still, as `association_with` gives it."""

    def __init__(self, association: Association) -> None:
        self._association = association
        self._queue = association.dimse.msg_queue
        # There is no other way to have a request before it is served.
        association._serve_request = self._keep  # type: ignore[method-assign]

    def _keep(self, msg: DimseServiceType, context_id: int) -> None:
        self._queue.put((context_id, msg))

    @property
    def ended_by_peer(self) -> bool:
        """Whether the peer has aborted, closed the connection or asked for release."""
        return is_over(self._association) or isinstance(
            self._association.dul.peek_next_pdu(), A_RELEASE
        )

    def next(self, deadline: float) -> "DimseServiceType | None":
        """The next message; None where none came until `deadline` or can come any more.

        Parameters
        ----------
        deadline : float
            Of `time.monotonic`.
        """
        while (left_s := deadline - time.monotonic()) > 0:
            ended = self.ended_by_peer
            try:
                return self._queue.get(timeout=0.0 if ended else min(left_s, _LOOK_EVERY_S))[1]
            except queue.Empty:
                if ended:
                    return None
        return None

    def rest(self) -> list[DimseServiceType]:
        """What came and was not taken yet; it can be read, but not answered, after the release."""
        found: list[DimseServiceType] = []
        for _ in range(self._queue.qsize()):
            _, message = self._queue.get_nowait()
            if message is not None:
                found.append(message)
        return found

    def end(self, *, in_good_order: bool) -> None:
        """Release the association, whoever of both asks for it, or abort it."""
        association = self._association
        if is_over(association):
            return
        if not in_good_order:
            association.abort()
        elif association.acse.is_release_requested():
            association.acse.send_release(is_response=True)
            association.is_released, association.is_established = True, False
            association.kill()
        else:
            association.acse.negotiate_release()
