"""Parts of a multipart/related message (RFC 2387), one at a time, as they come."""

from collections.abc import Callable, Iterator
from email.message import Message
from email.parser import HeaderParser

_READ_BYTES = 256 * 1024
_HEADER_BYTES = 16 * 1024  # of a part, and of what may stand before the first one


class MalformedMultipart(Exception):
    """A message is no multipart message, or ends in the middle of one."""


class MultipartTooLarge(Exception):
    """A message has more parts, or longer ones, than are taken."""


def content_type_of(header: str) -> tuple[str, dict[str, str]]:
    """Media type in lower case, and its parameters without quotes, of a Content-Type header."""
    message = Message()
    message["Content-Type"] = header
    found = message.get_params() or [("", "")]
    return found[0][0].lower(), {name.lower(): value for name, value in found[1:]}


def parts_of(
    read: Callable[[int], bytes], boundary: str, *, most_parts: int, most_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """Content-Type (empty where it has none) and content of each part.

    Parameters
    ----------
    read : callable
        Gives at most so many bytes; none at the end of the message.
    most_parts, most_bytes : int
        Number of parts, and bytes of one part.

    Raises
    ------
    MalformedMultipart
        Where the message is none, or ends too early; parts before it were given.
    MultipartTooLarge
        Where there are more or longer ones.
    """
    buffer = _Buffer(read)
    delimiter = b"\r\n--" + boundary.encode("latin-1")
    buffer.data += b"\r\n"  # the first delimiter may stand at the very beginning
    buffer.until(delimiter, most=_HEADER_BYTES)
    for number in range(most_parts + 1):
        if buffer.starts_with(b"--"):
            return
        if number == most_parts:
            raise MultipartTooLarge(f"more than {most_parts} instances in one request")
        buffer.until(b"\r\n", most=_HEADER_BYTES)  # padding behind the delimiter
        buffer.data[:0] = b"\r\n"  # so that a part without headers has an empty line, too
        head = buffer.until(b"\r\n\r\n", most=_HEADER_BYTES)
        headers = HeaderParser().parsestr(head.decode("latin-1").lstrip("\r\n"))
        yield str(headers.get("Content-Type", "")), buffer.until(delimiter, most=most_bytes)


class _Buffer:
    """What was read and is not used yet."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.data = bytearray()
        self._read = read

    def until(self, mark: bytes, *, most: int) -> bytes:
        """Everything before a mark, which is used up with it."""
        searched = 0
        while (found := self.data.find(mark, searched)) < 0:
            searched = max(0, len(self.data) - len(mark) + 1)
            if searched > most:
                raise MultipartTooLarge(f"a part of more than {most} bytes")
            self._more()
        if found > most:
            raise MultipartTooLarge(f"a part of more than {most} bytes")
        content = bytes(memoryview(self.data)[:found])
        del self.data[: found + len(mark)]
        return content

    def starts_with(self, start: bytes) -> bool:
        """Whether what follows begins so."""
        while len(self.data) < len(start):
            self._more()
        return self.data.startswith(start)

    def _more(self) -> None:
        came = self._read(_READ_BYTES)
        if not came:
            raise MalformedMultipart("the message ends before its last delimiter")
        self.data += came
