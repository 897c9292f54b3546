"""The body of an HTTP request as it comes: with a length, or in chunks; within limits."""

import time
from io import BufferedIOBase

# A sender may be slow, but not so slow that it holds a place for ever.
_GRACE_S, _LEAST_BYTES_PER_S = 60.0, 16 * 1024
_MOST_CHUNK_HEAD = 1024


class BodyTooLarge(Exception):
    """More bytes than a request may have."""


class MalformedBody(Exception):
    """A body without a length, or with chunks that are none."""


class Body:
    """Reads a body; OSError where the connection is lost or too slow.

    Parameters
    ----------
    length : int or None
        None: in chunks (RFC 9112 7.1).

    Attributes
    ----------
    at_end : bool
        Whether all of it was read.
    """

    def __init__(self, stream: BufferedIOBase, length: int | None, *, most_bytes: int) -> None:
        if length is not None and length > most_bytes:
            raise BodyTooLarge(f"a request of {length} bytes; at most {most_bytes} are taken")
        self._stream, self._most_bytes = stream, most_bytes
        self._chunked = length is None
        self._left = 0 if length is None else length
        self._read = 0
        self._began_at = time.monotonic()
        self.at_end = length == 0

    def read(self, number: int) -> bytes:
        """At most so many bytes; none at the end."""
        if self._chunked and self._left == 0 and not self.at_end:
            self._next_chunk()
        if self.at_end:
            return b""
        came = self._stream.read1(min(number, self._left))
        if not came:
            raise ConnectionError("the connection was closed in the middle of the request")
        self._left -= len(came)
        self._count(len(came))
        if self._left == 0:
            if self._chunked:
                self._stream.readline(_MOST_CHUNK_HEAD)  # the end of a chunk
            else:
                self.at_end = True
        return came

    def _next_chunk(self) -> None:
        head = self._stream.readline(_MOST_CHUNK_HEAD)
        try:
            self._left = int(head.partition(b";")[0].strip(), 16)
        except ValueError as cause:
            raise MalformedBody("a chunk without its length") from cause
        if self._left < 0:
            raise MalformedBody("a chunk with a negative length")
        if self._left == 0:
            while self._stream.readline(_MOST_CHUNK_HEAD).strip():
                self._count(1)  # trailers are passed over
            self.at_end = True

    def _count(self, number: int) -> None:
        self._read += number
        if self._read > self._most_bytes:
            raise BodyTooLarge(f"a request of more than {self._most_bytes} bytes")
        took_s = time.monotonic() - self._began_at
        if took_s > _GRACE_S + self._read / _LEAST_BYTES_PER_S:
            raise TimeoutError(f"{self._read} bytes in {took_s:.0f} s")
