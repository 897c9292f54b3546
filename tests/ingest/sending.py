"""Senders that are compared: ours, stock pynetdicom, and DCMTK's storescu, each timed whole."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from ingest.made import EXPLICIT, PET
from peers import tool
from pydicom import dcmread
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import build_context

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import Outgoing
from dicom_node.network.storage_scu import send

Sending = Callable[[Path, int], None]


class LostAnswer(Exception):
    """Stock pynetdicom lost an answer that came: its own reactor took it (see network.reactor)."""


def by_us(folder: Path, port: int) -> None:
    """What delivery does with the objects that are due, whose UIDs its database knows."""
    to = Destination(name="there", ae_title="NODE", host="127.0.0.1", port=port)
    due = [
        Outgoing(path=path, sop_class_uid=PET, sop_instance_uid=path.stem)
        for path in sorted(folder.iterdir())
    ]
    reports = send(due, to)
    assert all(one.stored for one in reports)


def by_pynetdicom(folder: Path, port: int) -> None:
    """Stock pynetdicom as its documentation shows it."""
    entity = ApplicationEntity("SENDER")
    entity.dimse_timeout = 5
    contexts = [build_context(PET, [EXPLICIT])]
    association = entity.associate("127.0.0.1", port, contexts, ae_title="NODE")
    assert association.is_established
    for path in sorted(folder.iterdir()):
        answered = association.send_c_store(dcmread(path))
        if "Status" not in answered:
            raise LostAnswer
        assert answered.Status == 0x0000
    association.release()


def by_storescu(folder: Path, port: int) -> None:
    """DCMTK's storescu as Debian builds it: Nagle's algorithm is on."""
    command = [tool("storescu"), "-R", "-aec", "NODE", "+sd", "127.0.0.1", str(port), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def per_second(sending: Sending, folder: Path, port: int) -> float:
    """Instances per second of one sender, from its start to the release."""
    count = sum(1 for _ in folder.iterdir())
    began_at = time.perf_counter()
    sending(folder, port)
    return count / (time.perf_counter() - began_at)
