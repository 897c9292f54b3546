"""An endpoint for STOW-RS with an inbox, and files to send."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from factories import pet_series, write_series
from stow_peers import Inbox

from dicom_node.domain.web import WebListener
from dicom_node.network.outgoing import Outgoing, outgoing_files
from dicom_node.network.stow_scp import StowScp


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def serve(inbox: Inbox) -> Iterator[Callable[..., StowScp]]:
    """Starts an endpoint in front of the inbox; keywords are those of WebListener."""
    running: list[StowScp] = []

    def _serve(**changes: Any) -> StowScp:
        settings = {"address": "127.0.0.1", "port": 0, "ae_title": "NODE"} | changes
        scp = StowScp(WebListener(**settings), inbox.seams)
        scp.start()
        running.append(scp)
        return scp

    yield _serve
    for one in running:
        one.stop()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Outgoing, ...]:
    write_series(pet_series(slices=3), tmp_path / "pet")
    return outgoing_files(tmp_path / "pet")[0]
