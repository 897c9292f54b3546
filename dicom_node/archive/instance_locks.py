"""Who stores an instance is alone with its SOP Instance UID."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from dicom_node.archive.dicom_header import clean_text

_LOCKS = 1024  # more than threads, so that two instances rarely wait for each other


class InstanceLocks:
    """Locks of all UIDs, several of which share one; whoever takes many takes them in one order."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def one(self, sop_instance_uid: str) -> threading.Lock:
        """That of an instance."""
        return self._locks[_place_of(sop_instance_uid)]

    @contextmanager
    def several(self, sop_instance_uids: Iterable[str]) -> Iterator[None]:
        """A time alone with several instances."""
        with _held([self._locks[at] for at in sorted(set(map(_place_of, sop_instance_uids)))]):
            yield

    @contextmanager
    def every(self) -> Iterator[None]:
        """A time alone with all instances."""
        with _held(self._locks):
            yield


def _place_of(sop_instance_uid: str) -> int:
    return hash(clean_text(sop_instance_uid)) % _LOCKS


@contextmanager
def _held(locks: Sequence[threading.Lock]) -> Iterator[None]:
    held = 0
    try:
        for lock in locks:
            lock.acquire()
            held += 1
        yield
    finally:
        for lock in locks[:held]:
            lock.release()
