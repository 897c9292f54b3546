"""DCMTK's archive as a peer, and archives on ports of the loopback as they are configured."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fake_pacs import free_port
from peers import stop

from dicom_node.domain.peer import Destination
from dicom_node.network.verification import echo


def archive_at(port: int, **changes: Any) -> Destination:
    configured: dict[str, Any] = {
        "name": "archive",
        "ae_title": "PACS",
        "host": "127.0.0.1",
        "port": port,
        "timeout_s": 10.0,
    }
    return Destination(**(configured | changes))


@contextmanager
def dcmqrscp(folder: Path, program: str, node_port: int) -> Iterator[Destination]:
    """DCMTK's archive, for the node at that port."""
    port = free_port()
    (folder / "db").mkdir(parents=True)
    config = folder / "dcmqrscp.cfg"
    config.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        "HostTable BEGIN\n"
        f"node = (DICOM_NODE, 127.0.0.1, {node_port})\n"
        "HostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\n"
        f"PACS {folder / 'db'} RW (100, 1024mb) ANY\nAETable END\n"
    )
    process = subprocess.Popen(
        [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    archive = archive_at(port)
    try:
        deadline = time.monotonic() + 20
        while not echo(archive).reachable:
            assert time.monotonic() < deadline, "dcmqrscp does not answer"
            time.sleep(0.1)
        yield archive
    finally:
        stop(process)
