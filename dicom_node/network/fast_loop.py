"""Threads that serve the fast paths of many associations, each of them many in one go.

A thread for each association fights with all others for the interpreter, at every call of the
system. One that reads what has come over all connections, stores it together and answers, fights
with nobody, and one sync is shared by all.
"""

import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from dicom_node.network.fast_path import Client, FastPath
from dicom_node.network.message_buffer import StoreMessage
from dicom_node.network.p_data import UnusualMessage
from dicom_node.network.wakeful import Doorbell

log = structlog.get_logger(__name__)

_LINGER_S = 0.05  # how long nothing may come before a path is taken back
_MOST_AT_ONCE = 16  # messages, which are held in memory until they are answered
_END_S = 2.0
# How long a batch waits for those who were in the last one, as a part of the time that one took:
# else the first to come back is synced alone while all others wait.
_PATIENCE, _LONGEST_PATIENCE_S = 0.25, 0.005

AnswerAll = Callable[[Sequence[tuple[Client, StoreMessage]]], Sequence[bytes]]
_Asked = tuple[FastPath, StoreMessage]


class FastLoop:
    """One such thread, which runs until it is closed.

    Nothing but this thread touches a path while it is lent; others ask for it and wait.

    Parameters
    ----------
    answer : callable
        Stores messages and gives the PDUs that answer them; does not raise.
    """

    def __init__(self, answer: AnswerAll) -> None:
        self._answer = answer
        self._lending, self._taking = deque[FastPath](), deque[FastPath]()  # what others ask for
        self._lent: dict[int, FastPath] = {}  # by the descriptor of the connection
        # Lent a moment ago, or holding bytes behind the message that was served: the next round's.
        self._unread: list[FastPath] = []
        self._poll, self._bell = select.epoll(), Doorbell()
        self._asked_last: Sequence[FastPath] = ()
        self._patience_s = 0.0
        self._closed = False
        self._poll.register(self._bell.descriptor, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="fast-loop", daemon=True)
        self._thread.start()

    @property
    def load(self) -> int:
        """Paths that it serves now."""
        return len(self._lent) + len(self._lending)

    def close(self) -> None:
        """End the thread; nothing may be served by it any more."""
        self._closed = True
        self._bell.ring()
        self._thread.join(_END_S)
        if self._thread.is_alive():  # a daemon, which does not keep the process alive
            log.error("fast_loop.stuck")
            return
        self._poll.close()
        self._bell.close()

    def serve(self, path: FastPath) -> None:
        """Like `FastPath.run`, by this thread; whoever calls waits meanwhile."""
        while self._has_slow_answer(path):
            # What came behind the message was read, and nothing may ever come after it.
            if path.interrupted() or not path.has_unread:
                return

    def _has_slow_answer(self, path: FastPath) -> bool:
        """Serve once; whether it ended because an answer had to be waited for."""
        if self._closed:
            raise ConnectionAbortedError("the fast path ended")
        path.is_lent = True
        self._lending.append(path)
        self._bell.ring()
        came, is_asked = -1, False
        while path.is_lent:
            if not self._thread.is_alive():  # it ended between the two looks
                raise ConnectionAbortedError("the fast path ended")
            if not is_asked and (path.interrupted() or path.came == came):
                is_asked = True
                self._taking.append(path)
                self._bell.ring()
            came = path.came
            path.bell.rest(_LINGER_S)
        return path.went_back()

    def _run(self) -> None:
        while not self._closed:
            events = self._poll.poll(0 if self._unread else None)
            ready = [descriptor for descriptor, _ in events]
            try:
                self._round(ready)
                if self._bell.descriptor in ready or self._taking:
                    self._lend_and_return()
            except Exception:  # outermost frame of the thread: whom it served is cut off
                log.exception("fast_loop.failed")
                self._abort_all()
        self._abort_all()

    def _abort_all(self) -> None:
        paths = [*self._lent.values()]
        while self._lending:
            paths.append(self._lending.popleft())
        for path in paths:
            self._hand_back(path, ConnectionAbortedError("the fast path ended"))

    def _lend_and_return(self) -> None:
        """Do what others ask for."""
        self._bell.hear()
        while self._lending:
            path = self._lending.popleft()
            path.descriptor = path.connection.fileno()
            try:
                self._poll.register(path.descriptor, select.EPOLLIN)
            except (OSError, ValueError) as cause:  # it was closed meanwhile
                self._hand_back(path, ConnectionAbortedError(str(cause)))
            else:
                self._lent[path.descriptor] = path
                self._unread.append(path)
        for _ in range(len(self._taking)):
            path = self._taking.popleft()
            if path in self._unread and not path.interrupted():
                self._taking.append(path)  # after its round: the disk may have been slow, not it
            else:
                self._hand_back(path, None)

    def _hand_back(self, path: FastPath, cause: Exception | None) -> None:
        """Serve a path no more."""
        if not path.is_lent:
            return
        if self._lent.get(path.descriptor) is path:  # else closed: another one has its number
            del self._lent[path.descriptor]
            with suppress(OSError, ValueError):  # closed meanwhile
                self._poll.unregister(path.descriptor)
        if path in self._unread:
            self._unread.remove(path)
        path.is_lent, path.failure = False, cause
        path.bell.ring()

    def _round(self, ready: Sequence[int]) -> None:
        """Read, store and answer what has come, and what comes in a moment."""
        asked: list[_Asked] = []
        unread, self._unread = self._unread, []
        for path in unread[:_MOST_AT_ONCE]:
            self._take(path, asked, read=False)
        self._unread += unread[_MOST_AT_ONCE:]
        deadline = time.monotonic() + self._patience_s
        while True:
            busy = {path for path, _ in asked}
            lent = [self._lent[one] for one in ready if one in self._lent]
            fresh = [path for path in lent if path not in busy][: _MOST_AT_ONCE - len(asked)]
            for path in fresh:
                self._take(path, asked, read=True)
            left_s = deadline - time.monotonic()
            if not fresh or left_s <= 0 or not 0 < len(asked) < self._expected(asked):
                break
            ready = [descriptor for descriptor, _ in self._poll.poll(left_s)]
        if asked:
            began_at = time.monotonic()
            self._serve(asked)
            took_s = time.monotonic() - began_at
            self._patience_s = min(_PATIENCE * took_s, _LONGEST_PATIENCE_S)
            self._asked_last = [path for path, _ in asked]

    def _expected(self, asked: Sequence[_Asked]) -> int:
        """How many are waited for: those who asked in the last round ask again, most likely."""
        paths = {path for path, _ in asked}
        paths.update(path for path in self._asked_last if path.is_lent)
        return min(len(paths), _MOST_AT_ONCE)

    def _serve(self, asked: Sequence[_Asked]) -> None:
        served = [(path, message) for path, message in asked if path.client.begin_serving()]
        answers: Sequence[bytes] = ()
        try:
            if served:
                answers = self._answer([(path.client, message) for path, message in served])
        finally:
            open_still = [path.client.end_serving() for path, _ in served]
        for (path, _), pdus, is_open in zip(served, answers, open_still, strict=True):
            self._send(path, pdus if is_open else b"")

    def _take(self, path: FastPath, asked: list[_Asked], *, read: bool) -> None:
        """The next message of a path, if it is whole."""
        try:
            message = path.next_message(read=read)
        except (UnusualMessage, OSError) as cause:
            self._hand_back(path, cause)
            return
        if message is not None:
            asked.append((path, message))

    def _send(self, path: FastPath, pdus: bytes) -> None:
        try:
            path.answer(pdus)
        except OSError as cause:
            self._hand_back(path, cause)
            return
        if path.unsent:  # who does not take answers is waited for by a thread of its own
            self._hand_back(path, None)
        elif path.has_unread:
            self._unread.append(path)


class FastLoops:
    """Several of them, of which the idlest serves.

    Parameters
    ----------
    answer : callable
        Of several threads at the same time; see `FastLoop`.
    count : int
        1 costs least; more do one's work while others wait for the disk.
    """

    def __init__(self, answer: AnswerAll, count: int) -> None:
        self._loops = [FastLoop(answer) for _ in range(count)]

    def serve(self, path: FastPath) -> None:
        """See `FastLoop.serve`."""
        min(self._loops, key=lambda one: one.load).serve(path)

    def close(self) -> None:
        """End their threads; nothing may be served by them any more."""
        for one in self._loops:
            one.close()
