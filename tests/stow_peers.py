"""What STOW-RS is tested with: an inbox behind an endpoint, a destination, raw requests."""

import http.client
import json
from collections.abc import Callable
from typing import Any

from dicom_node.domain.peer import (
    Destination,
    ReceivedInstance,
    RefusedPeer,
    StoreOutcome,
    TlsFiles,
    WebAccess,
)
from dicom_node.network.stow_handler import WebSeams


class Inbox:
    """What stands behind the endpoint."""

    def __init__(self) -> None:
        self.instances: list[ReceivedInstance] = []
        self.ended: list[str] = []
        self.refused: list[RefusedPeer] = []
        self.unproved: list[RefusedPeer] = []
        self.is_full = False
        self.answer: Callable[[ReceivedInstance], StoreOutcome] = lambda _: StoreOutcome.STORED

    def store(self, instance: ReceivedInstance) -> StoreOutcome:
        outcome = self.answer(instance)
        self.instances.append(instance)
        return outcome

    @property
    def seams(self) -> WebSeams:
        return WebSeams(
            store=self.store,
            ended=self.ended.append,
            full=lambda: self.is_full,
            refused=self.refused.append,
            not_authenticated=self.unproved.append,
        )


def at(port: int, *, tls: TlsFiles | None = None, **web: Any) -> Destination:
    """A DICOMweb destination on the loopback."""
    scheme = "http" if tls is None else "https"
    access = WebAccess(url=f"{scheme}://127.0.0.1:{port}", **web)
    return Destination(
        name="web", ae_title="web", host="127.0.0.1", port=port, timeout_s=5.0, tls=tls, web=access
    )


def request_of(
    files: list[bytes], *, boundary: str = "xyz", kind: str = "application/dicom"
) -> bytes:
    parts = [f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + one for one in files]
    return b"\r\n".join([*parts, f"--{boundary}--\r\n".encode()])


def post(
    port: int, body: bytes, *, path: str = "/studies", chunked: bool = False, **headers: str
) -> tuple[int, Any]:
    given = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=xyz'}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    if chunked:
        pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
        connection.request("POST", path, iter(pieces), given, encode_chunked=True)
    else:
        connection.request("POST", path, body, given)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    is_json = response.headers.get_content_type() == "application/dicom+json"
    return response.status, json.loads(content) if is_json else content


def uids(answer: Any, sequence: str) -> list[str]:
    return [item["00081155"]["Value"][0] for item in answer[sequence]["Value"]]
