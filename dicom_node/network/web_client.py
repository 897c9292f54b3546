"""One HTTP request to a DICOMweb service: TLS, credentials from files, limits, and what went wrong.

The standard library's client: nothing is decoded or kept that need not be. A library for DICOMweb
decodes what it sends and takes, and hides the answer of a request that failed in part.
"""

import base64
import http.client
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

from dicom_node.domain.errors import ConfigError, DeliveryFailed
from dicom_node.domain.peer import Destination, WebAccess
from dicom_node.network.tls import client_context

_MOST_ANSWER_BYTES = 32 * 2**20  # of an answer that is not made of instances
_SUCCESS = range(200, 300)


@contextmanager
def exchange(
    destination: Destination,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    body: Iterable[bytes] = (),
) -> Iterator[http.client.HTTPResponse]:
    """The answer to a request, to be read within the block.

    Parameters
    ----------
    path : str
        Behind the URL of the service, with its query.
    headers : mapping
        With Content-Length where there is a body.

    Raises
    ------
    DeliveryFailed
        Where there is no answer, also within the block.
    """
    web = destination.web
    assert web is not None
    try:
        with closing(_connection(destination, web)) as connection:
            target = urlsplit(web.url).path.rstrip("/") + path
            given = {**_credentials(web), **headers}
            # A service that refuses early may hang up while we send; its answer is there, though.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body=body or None, headers=given)
            yield connection.getresponse()
    except ssl.SSLError as cause:
        raise _failed(destination, f"TLS with {web.url}: {cause}", untrusted=True) from cause
    except (OSError, http.client.HTTPException, ConfigError) as cause:
        told = str(cause) or type(cause).__name__
        raise _failed(destination, f"{web.url} gave no answer: {told}") from cause


def read_answer(destination: Destination, response: http.client.HTTPResponse) -> bytes:
    """Content of an answer; DeliveryFailed where it is longer than any answer should be."""
    content = response.read(_MOST_ANSWER_BYTES + 1)
    if len(content) > _MOST_ANSWER_BYTES:
        raise _failed(destination, f"an answer of more than {_MOST_ANSWER_BYTES} bytes")
    return content


def need_success(destination: Destination, response: http.client.HTTPResponse) -> None:
    """Raise DeliveryFailed where the status of an answer is none of success."""
    if response.status not in _SUCCESS:
        cause = f"{response.status} {response.reason}"
        good = response.status in (400, 406, 415)  # about the question itself
        raise _failed(destination, f"HTTP status {cause}", transient=not good)


def _connection(destination: Destination, web: WebAccess) -> http.client.HTTPConnection:
    parts = urlsplit(web.url)
    assert parts.hostname is not None
    if parts.scheme == "http":
        return http.client.HTTPConnection(
            parts.hostname, parts.port or 80, timeout=destination.timeout_s
        )
    assert destination.tls is not None  # see settings
    context = client_context(destination.tls, _ignored)
    connection = _Secured(
        parts.hostname, parts.port or 443, timeout=destination.timeout_s, context=context
    )
    connection.certificate_name = destination.certificate_name or parts.hostname
    return connection


class _Secured(http.client.HTTPSConnection):
    """Looks for a name of its own in the certificate, as other connections of the node do."""

    certificate_name = ""

    def connect(self) -> None:
        """Connect and shake hands."""
        http.client.HTTPConnection.connect(self)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]  # of the class above
        self.sock = context.wrap_socket(self.sock, server_hostname=self.certificate_name)


def _ignored(_: str) -> None:
    """Where TLS fails, the error that follows tells the reason, too."""


def _credentials(web: WebAccess) -> dict[str, str]:
    """Header that proves who asks; files are read each time, so that they can be replaced."""
    if web.token_file is not None:
        return {"Authorization": f"Bearer {web.token_file.read_text(encoding='utf-8').strip()}"}
    if web.password_file is not None:
        password = web.password_file.read_text(encoding="utf-8").strip()
        shown = base64.b64encode(f"{web.user}:{password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {shown}"}
    return {}


def _failed(
    destination: Destination, cause: str, *, transient: bool = True, untrusted: bool = False
) -> DeliveryFailed:
    return DeliveryFailed(
        destination=destination.name,
        status=None,
        cause=cause,
        transient=transient,
        untrusted=untrusted,
    )
