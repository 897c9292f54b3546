"""What a sender is told whose instance has a UID that is known with other content."""

from pathlib import Path
from typing import Any

import pytest
from factories import pet_series, write_series

from dicom_node.domain.peer import ConflictAnswer, Destination, StoreOutcome
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send

STATUSES = {ConflictAnswer.SUCCESS: 0x0000, ConflictAnswer.DUPLICATE: 0x0111}


@pytest.mark.parametrize("fast_path", [False, True])
@pytest.mark.parametrize("conflict", STATUSES)
def test_the_status_of_a_conflict_is_the_configured_one(
    tmp_path: Path, serve: Any, inbox: Any, conflict: ConflictAnswer, fast_path: bool
) -> None:
    inbox.answer = lambda _: StoreOutcome.CONFLICT
    scp = serve(conflict=conflict, fast_path=fast_path)
    write_series(pet_series(slices=1), tmp_path / "pet")
    to = Destination(name="node", ae_title="NODE", host="127.0.0.1", port=scp.port)
    (report,) = send(outgoing_files(tmp_path / "pet")[0], to)
    assert report.status == STATUSES[conflict]
    assert len(inbox.instances) == 1
