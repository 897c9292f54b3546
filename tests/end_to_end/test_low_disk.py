"""A node whose disk is nearly full says so to senders, as something that passes."""

from factories import pet_series, write_series
from peers import free_port, running_node, write_config

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send


def test_a_node_below_its_watermark_refuses_and_goes_on_serving_its_commands(tmp_path):
    port = free_port()
    config = write_config(tmp_path, node_port=port, pacs_port=free_port())
    file = config / "node.toml"
    told = f"[storage]\nrefuse_below_free_mib = {2**40}"
    file.write_text(file.read_text().replace("[storage]", told))
    write_series(pet_series(slices=2), tmp_path / "pet")
    to_node = Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port)
    with running_node(config, port) as node:
        reports = send(outgoing_files(tmp_path / "pet")[0], to_node)
        assert not any(one.stored for one in reports)
        assert all(one.transient for one in reports)
        assert "local limit exceeded" in reports[0].cause
        assert node.jobs() == []
        storage = next(
            one for one in node.command("check")["findings"] if one["what"].startswith("storage")
        )
        assert storage["ok"] is False
        assert "nothing is received below" in storage["message"]
