"""A DICOMweb service in this process that answers STOW-RS as the test says."""

import io
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeAlias

from dicom_node.network.multipart import parts_of
from dicom_node.network.part10_in import split_part10

Answer: TypeAlias = Callable[[list[str]], tuple[int, object]]
"""Given SOP Instance UIDs: the status, and the content, as bytes or to be put as JSON."""


class WebService:
    """A context manager.

    Attributes
    ----------
    requests : list of list of bytes
        Part 10 files, as they came, by request.
    authorizations : set of str
        What was shown.
    """

    def __init__(self, answer: Answer) -> None:
        self.requests: list[list[bytes]] = []
        self.authorizations: set[str] = set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                boundary = self.headers["Content-Type"].rpartition("boundary=")[2]
                read = io.BytesIO(body).read
                parts = parts_of(read, boundary, most_parts=99, most_bytes=2**30)
                files = [content for _, content in parts]
                service.requests.append(files)
                service.authorizations.add(self.headers["Authorization"])
                status, told = answer([split_part10(one).sop_instance_uid for one in files])
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/dicom+json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Be away."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def stow_answer(**sequences: dict[str, int]) -> dict[str, Any]:
    """Data set of an answer: UIDs (`stored`, `failed`) with their reasons, 0 for none."""
    tags = {"stored": ("00081199", "00081196"), "failed": ("00081198", "00081197")}
    answer: dict[str, Any] = {}
    for kind, items in sequences.items():
        sequence, reason = tags[kind]
        answer[sequence] = {
            "vr": "SQ",
            "Value": [
                {"00081155": {"vr": "UI", "Value": [uid]}}
                | ({reason: {"vr": "US", "Value": [code]}} if code else {})
                for uid, code in items.items()
            ],
        }
    return answer
