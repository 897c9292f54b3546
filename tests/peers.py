"""Real peers for the tests: Orthanc as the PACS, DCMTK's tools, and the node as its own process.

Everything listens and talks on the loopback, on free ports, and is stopped by its own handle.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from contract.command import call

from dicom_node.settings import read_settings
from dicom_node.stores import Archive, open_archive

_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 20.0


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tool(name: str) -> str:
    """Path of a program of the system; the test is skipped by name where it is absent.

    Looked for outside the virtual environment, where pynetdicom puts a `storescu` of its own.
    """
    outside = [
        folder
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if Path(folder).resolve() != Path(sys.executable).parent
    ]
    found = shutil.which(name, path=os.pathsep.join([*outside, "/usr/bin", "/usr/sbin"]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def own_tool(name: str) -> str:
    """Path of a program of the virtual environment (dciodvfy, dcmqi, dicom-node)."""
    found = Path(sys.executable).parent / name
    if not found.exists():
        pytest.skip(f"{name} is not installed in the environment")
    return str(found)


def wait_until(what: str, ready: Callable[[], Any], *, limit_s: float, every_s: float = 0.1) -> Any:
    """First true value of a function; a failure names what was waited for."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(every_s)
    raise AssertionError(f"{what}: not within {limit_s:g} s")


def dicomweb_plugin() -> Path:
    """Orthanc's DICOMweb plugin; the test is skipped by name where it is absent."""
    found = next(Path("/usr/share/orthanc/plugins").glob("*DicomWeb.so"), None)
    if found is None:
        pytest.skip("orthanc-dicomweb is not installed")
    return found


class Orthanc:
    """A running Orthanc, by its REST interface."""

    def __init__(self, http_port: int, dicom_port: int) -> None:
        self.http_port, self.dicom_port = http_port, dicom_port

    def get(self, path: str) -> Any:
        """Answer to a GET request, as JSON."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.http_port}{path}", timeout=30
        ) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        try:
            return bool(self.get("/system"))
        except OSError:
            return False

    def file(self, instance: str) -> bytes:
        """Part 10 file of an instance, by Orthanc's own id."""
        url = f"http://127.0.0.1:{self.http_port}/instances/{instance}/file"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bytes(answer.read())

    def put(self, file: bytes) -> None:
        """Store a Part 10 file."""
        url = f"http://127.0.0.1:{self.http_port}/instances"
        with urllib.request.urlopen(url, data=file, timeout=60) as answer:
            answer.read()

    def instances(self, modality: str) -> list[str]:
        """Orthanc's ids of the instances of a modality."""
        return [
            instance
            for series in self.get("/series")
            for instance in self._instances_of(series, modality)
        ]

    def _instances_of(self, series: str, modality: str) -> list[str]:
        told = self.get(f"/series/{series}")
        return list(told["Instances"]) if told["MainDicomTags"]["Modality"] == modality else []


@contextmanager
def running_orthanc(
    folder: Path, *, node_port: int = 11112, plugins: Sequence[Path] = (), lua: str = ""
) -> Iterator[Orthanc]:
    """Orthanc on free ports of the loopback, with its database in a folder of the test.

    It reports storage commitment to the node at `node_port`. `lua` is a script that it runs.
    """
    program = tool("Orthanc")
    orthanc = Orthanc(free_port(), free_port())
    folder.mkdir(parents=True, exist_ok=True)
    settings = _orthanc_settings(folder, orthanc, node_port, plugins)
    if lua:
        (folder / "rules.lua").write_text(lua)
        settings["LuaScripts"] = [str(folder / "rules.lua")]
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "orthanc.log").open("wb") as told:
        process = subprocess.Popen(
            [program, str(folder / "orthanc.json")], stdout=told, stderr=subprocess.STDOUT
        )
        try:
            wait_until("Orthanc answers", orthanc.answers, limit_s=_START_LIMIT_S)
            yield orthanc
        finally:
            stop(process)


def _orthanc_settings(
    folder: Path, orthanc: Orthanc, node_port: int, plugins: Sequence[Path]
) -> dict[str, Any]:
    return {
        "Name": "TEST",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "Plugins": [str(plugin) for plugin in plugins],
        "HttpPort": orthanc.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": "PACS",
        "DicomPort": orthanc.dicom_port,
        "DicomCheckCalledAet": True,
        # Debian's Orthanc cannot bind its DICOM port to one address: so it takes only the node, and
        # only from the loopback.
        "DicomModalities": {"node": ["DICOM_NODE", "127.0.0.1", node_port]},
        "DicomCheckModalityHost": True,
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowStore": False,
        "OverwriteInstances": True,  # a second delivery would show as a changed instance
        "StableAge": 1,
        # "Full": every attribute, as functional groups and content trees have them.
        "DicomWeb": {"Enable": True, "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
    }


class RunningNode:
    """`dicom-node serve` as a process of its own."""

    def __init__(self, config: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.config, self.port, self.process = config, port, process

    def command(self, *arguments: str) -> Any:
        """JSON answer of a `dicom-node` command on this node's configuration.

        Beside the node, in the process of the test: to start another one takes longer than most
        commands (tests/cli starts them as a user does).
        """
        return call(*arguments, "--config", self.config, "--json").json

    def jobs(self) -> list[dict[str, Any]]:
        """Jobs of the node, newest first."""
        return list(self.command("jobs")["jobs"])

    @cached_property
    def archive(self) -> Archive:
        """Its stores, opened here: what is asked again and again is no new process each time."""
        return open_archive(read_settings(self.config))

    def states(self) -> list[str]:
        """States of its jobs, newest first, as its database has them."""
        return [str(job.state) for job in self.archive.jobs.list()]


def write_config(
    folder: Path,
    *,
    node_port: int,
    pacs_port: int,
    pacs_ae_title: str = "PACS",
    forms: str = "",
    database: str = "",
) -> Path:
    """Configuration folder of a node that sends to one PACS on the loopback.

    `forms` are further lines of its table; `database` is the URL of one that processes share.
    """
    shared = f'database = "{database}"\n' if database else ""
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "node.toml").write_text(
        f'[listener]\nport = {node_port}\n[storage]\nfolder = "../var"\n{shared}'
        "[executors]\nbeat_s = 0.5\ndead_after_s = 4.0\n"
        "[assembly]\nquiet_s = 5.0\n[jobs]\nfirst_retry_s = 0.5\n"
        "[delivery]\nfirst_retry_s = 0.5\nlongest_retry_s = 2.0\n"
    )
    (config / "destinations.toml").write_text(
        f'[[destinations]]\nname = "pacs"\nae_title = "{pacs_ae_title}"\n'
        f'host = "127.0.0.1"\nport = {pacs_port}\n{forms}'
    )
    shipped = Path(__file__).resolve().parents[1] / "config" / "routes.toml"
    (config / "routes.toml").write_text(shipped.read_text())
    return config


@contextmanager
def running_node(config: Path, port: int, *, ahead: bool = False) -> Iterator[RunningNode]:
    """The node as its own process; its log lies beside the configuration.

    `ahead` of what other tests compute, where this user may say so: its own delays are measured.
    """
    precedence = ["nice", "-n", "-10"] if ahead and os.geteuid() == 0 else []
    with (config.parent / "node.log").open("ab") as told:
        process = subprocess.Popen(
            [*precedence, own_tool("dicom-node"), "serve", "--config", str(config)],
            stdout=told,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until("the node listens", lambda: listens(port, process), limit_s=_START_LIMIT_S)
            yield RunningNode(config, port, process)
        finally:
            stop(process)


def listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether a process that was started listens by now."""
    assert process.poll() is None, "the process ended at its start; see its log"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process by its handle: asked first, killed when it does not listen."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_LIMIT_S)


def storescu(port: int, folder: Path, *, calling: str = "SCANNER") -> None:
    """Send a folder with DCMTK's storescu, JPEG-LS and uncompressed files as they are on disk."""
    subprocess.run(
        [
            *(tool("storescu"), "-R", "-xt", "-aet", calling, "-aec", "DICOM_NODE"),
            *("+sd", "+r", "127.0.0.1", str(port), str(folder)),
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
