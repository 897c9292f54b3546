"""The Storage SCP towards a thousand mutated requests and messages: the others are served."""

import gc
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories import pet_series
from mutants import mutants
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import build_context

from dicom_node.network.storage_scp import StorageScp

MUTANTS = 500  # of each kind
SEED = 20260613
HEADER_BYTES = 6  # type, reserved, length (PS3.8 9.3)


@pytest.fixture(scope="module")
def sound() -> tuple[bytes, list[bytes]]:
    """What a sound sender sends: its request for an association, then the PDUs of a C-STORE."""
    sent: list[bytes] = []
    entity = ApplicationEntity("SENDER")
    peer = ApplicationEntity("NODE")
    peer.add_supported_context(PositronEmissionTomographyImageStorage, ExplicitVRLittleEndian)
    server = peer.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda _: 0x0000)]
    )
    assert server is not None
    association = entity.associate(
        "127.0.0.1",
        server.server_address[1],
        contexts=[build_context(PositronEmissionTomographyImageStorage, [ExplicitVRLittleEndian])],
        ae_title="NODE",
        evt_handlers=[(evt.EVT_DATA_SENT, lambda event: sent.append(bytes(event.data)))],
    )
    (image,) = pet_series(slices=1)
    assert association.send_c_store(image).Status == 0x0000
    before_release = list(sent)
    association.release()
    server.shutdown()
    return before_release[0], before_release[1:]


def _send_and_hang_up(scp: StorageScp, *pieces: bytes, after_answer: bool = False) -> None:
    with socket.create_connection(("127.0.0.1", scp.port), timeout=5) as connection:
        try:
            for number, piece in enumerate(pieces):
                connection.sendall(piece)
                if after_answer and number == 0:
                    _read_pdu(connection)
        except OSError:
            pass  # the node was quicker to hang up: just as well


def _read_pdu(connection: socket.socket) -> None:
    header = connection.recv(HEADER_BYTES, socket.MSG_WAITALL)
    connection.recv(int.from_bytes(header[2:], "big"), socket.MSG_WAITALL)


def _resources() -> tuple[int, int]:
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc to count descriptors in")
@pytest.mark.parametrize("kind", ["request", "data"])
def test_mutated_pdus_end_their_own_association_and_leave_nothing_behind(
    serve: Any, ask: Any, sound: Any, eventually: Callable[..., None], kind: str
) -> None:
    request, data = sound
    scp = serve()
    before = _resources()
    if kind == "request":
        for mutant in mutants(request, MUTANTS, SEED):
            _send_and_hang_up(scp, mutant)
    else:
        whole = b"".join(data)
        for mutant in mutants(whole, MUTANTS, SEED + 1):
            _send_and_hang_up(scp, request, mutant, after_answer=True)
    eventually(
        lambda: all(now <= then for now, then in zip(_resources(), before, strict=True)),
        what=f"threads and descriptors are {before} again",
        timeout_s=30.0,
    )
    healthy = ask(scp, [build_context(PositronEmissionTomographyImageStorage)])
    assert healthy.is_established
    (image,) = pet_series(slices=1)
    image.file_meta.TransferSyntaxUID = healthy.accepted_contexts[0].transfer_syntax[0]
    assert healthy.send_c_store(image).Status == 0x0000
