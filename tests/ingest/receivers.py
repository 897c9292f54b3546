"""Starts the receivers that are compared, each on a free port with a folder of its own."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers import free_port, listens, stop, tool, wait_until

ROUTER = "DICOM_AI_ROUTER"
"""Variable with the path of the command of dicom-ai-router, in an environment of its own."""
OURS = (
    "durable-fast",
    "durable-alone",  # each association in a thread of its own
    "durable-stock",
    "synced-fast",
    "files-fast",
    "files-stock",
)
_START_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver that listens."""

    kind: str
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def receiving(kind: str, folder: Path) -> Iterator[Receiver]:
    """A receiver of one kind, stopped at the end; skips where its program is not installed."""
    port, there = free_port(), folder / f"{kind}-{os.urandom(4).hex()}"
    there.mkdir(parents=True)
    own = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with (there / "log").open("wb") as told:
        process = subprocess.Popen(_command(kind, port, there), stdout=told, stderr=told, env=own)
    try:
        wait_until(f"{kind} listens", lambda: listens(port, process), limit_s=_START_LIMIT_S)
        yield Receiver(kind, port, process)
    finally:
        stop(process)


def _command(kind: str, port: int, folder: Path) -> list[str]:
    if kind in (*OURS, "pynetdicom"):
        return [sys.executable, "-m", "ingest.serve", kind, str(port), str(folder / "var")]
    if kind == "dicom-ai-router":
        settings = str(_router_settings(folder, port))
        return [os.environ[ROUTER], "serve", "--config", settings]
    if kind == "orthanc":
        return [tool("Orthanc"), str(_orthanc_settings(folder, port))]
    received = folder / "received"
    received.mkdir()
    storescp = [tool("storescp"), "--fork", "-od", str(received)]
    if kind == "storescp":
        return [*storescp, str(port)]
    assert kind == "storescp+B", kind
    return [*storescp, "+B", "-pdu", "131072", str(port)]


def _router_settings(folder: Path, port: int) -> Path:
    """dicom-ai-router that only receives: no study is ever complete."""
    written = folder / "router.json"  # YAML holds JSON
    settings = {
        "router": {
            "ae_title": "NODE",
            "port": port,
            "bind_address": "127.0.0.1",
            "study_quiet_seconds": 36000,
            "workdir": str(folder / "data"),
        },
        "pacs": {"ae_title": "PACS", "host": "127.0.0.1", "port": 1},
        "ai_endpoints": {},
        "rules": [],
        "deid": {"salt": secrets.token_hex(32)},
    }
    written.write_text(json.dumps(settings))
    return written


def _orthanc_settings(folder: Path, port: int) -> Path:
    """Orthanc that syncs what it stores, and takes as many associations as it is asked for."""
    written = folder / "orthanc.json"
    settings = {
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "SyncStorageArea": True,
        "HttpServerEnabled": False,
        "DicomAet": "NODE",
        "DicomPort": port,
        "DicomThreadsCount": 16,
        "DicomAlwaysAllowStore": True,
        "DicomCheckCalledAet": False,
        "StorageCompression": False,
    }
    written.write_text(json.dumps(settings))
    return written
