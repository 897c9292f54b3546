"""A node between two DICOMweb neighbours: images come by STOW-RS, results go by STOW-RS, once."""

import threading
from collections import Counter
from pathlib import Path

from factories import ct_series, pet_series, write_series
from peers import free_port, running_node, wait_until
from web_service import WebService, stow_answer

from dicom_node.domain.peer import Destination, WebAccess
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.stow_scu import store


def _config(folder: Path, *, dimse: int, web: int, service: int) -> Path:
    config = folder / "config"
    config.mkdir()
    (folder / "secret").write_text("battery-staple")
    (config / "who").write_text("PETCT1 correct-horse\n")
    (config / "node.toml").write_text(
        f'[listener]\nport = {dimse}\n[storage]\nfolder = "../var"\n[assembly]\nquiet_s = 5.0\n'
        f'[web]\nport = {web}\ncredentials_file = "who"\n'
        "[delivery]\nfirst_retry_s = 0.5\nlongest_retry_s = 1.0\n"
    )
    (config / "destinations.toml").write_text(
        f'[[destinations]]\nname = "pacs"\nkind = "dicomweb"\ntoken_file = "../secret"\n'
        f'url = "http://127.0.0.1:{service}"\ntimeout_s = 5.0\n'
    )
    shipped = Path(__file__).resolve().parents[2] / "config" / "routes.toml"
    (config / "routes.toml").write_text(shipped.read_text())
    return config


def test_results_reach_a_service_once_each_though_it_has_no_room_and_then_takes_some_only(tmp_path):
    scan = tmp_path / "scan"
    write_series(pet_series(slices=6), scan)
    write_series(ct_series(slices=6), scan / "ct")
    (tmp_path / "token").write_text("correct-horse")
    dimse, web = free_port(), free_port()
    taken: Counter[str] = Counter()
    lock, refusals = threading.Lock(), iter([503, 202])

    def answer(uids: list[str]) -> tuple[int, object]:
        """First no room, then one of them only, then all."""
        with lock:
            status = next(refusals, 200)
            kept = {503: [], 202: uids[:1], 200: uids}[status]
            taken.update(kept)
            left = dict.fromkeys(uids[len(kept) :], 0xA700)
            return status, stow_answer(stored=dict.fromkeys(kept, 0), failed=left)

    with WebService(answer) as service:
        config = _config(tmp_path, dimse=dimse, web=web, service=service.port)
        with running_node(config, dimse) as node:
            access = WebAccess(url=f"http://127.0.0.1:{web}", token_file=tmp_path / "token")
            to_node = Destination(
                name="node", ae_title="node", host="127.0.0.1", port=web, web=access
            )
            assert all(one.stored for one in store(outgoing_files(scan)[0], to_node))
            wait_until(
                "the result is delivered",
                lambda: node.states() == ["DELIVERED"],
                limit_s=180.0,
            )
            (job,) = node.jobs()
    made = {one["sop_instance_uid"] for one in job["objects"]}
    assert len(made) >= 2
    assert taken == Counter(dict.fromkeys(made, 1))
    assert set(job["inputs"]) == {"pet", "ct"}
    assert service.authorizations == {"Bearer battery-staple"}
    sent = {file.read_bytes() for file in (tmp_path / "var" / "results").rglob("*.dcm")}
    assert {file for files in service.requests for file in files} <= sent
