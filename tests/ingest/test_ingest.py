"""The short form of `scripts/benchmark ingest`: what it sends arrives, on both paths."""

from pathlib import Path

import pytest
from ingest.blast import blast, resident_mib
from ingest.made import instances, templates
from ingest.receivers import receiving
from received import dataset_bytes


@pytest.mark.parametrize("kind", ["durable-fast", "durable-stock"])
def test_what_several_associations_bring_is_on_the_disk(tmp_path: Path, kind: str) -> None:
    made = instances(templates(size=32, slices=2), batch=1, count=24)
    with receiving(kind, tmp_path) as receiver:
        assert blast(receiver.port, made[:16], associations=4).not_stored == 0
        assert blast(receiver.port, made[16:], associations=2, each=1).not_stored == 0
        assert resident_mib(receiver.process.pid) < 300
    stored = {path.stem: path for path in tmp_path.glob("*/var/instances/*/*/*.dcm")}
    assert set(stored) == {one.sop_instance_uid for one in made}
    for one in made:
        assert dataset_bytes(stored[one.sop_instance_uid].read_bytes()) == one.data_set
