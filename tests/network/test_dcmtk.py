"""Against DCMTK's own tools, as hospitals run them; skipped where DCMTK is not installed."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from factories import pet_series, write_series
from fake_pacs import free_port
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless
from pynetdicom.dsutils import split_dataset

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send
from dicom_node.network.verification import echo


def data_set_of(path: Path) -> bytes:
    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]


def run(tool: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [tool, *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def store(tool: str, scp: StorageScp, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run(tool, "-aec", "NODE", "127.0.0.1", scp.port, *arguments)


@contextmanager
def storescp(tool: str, folder: Path) -> Iterator[Destination]:
    """DCMTK's receiver, which keeps the bytes as they come; ended by its own handle."""
    folder.mkdir()
    port = free_port()
    command = [tool, "+B", "-od", str(folder), "-aet", "DCMTK", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        destination = Destination(
            name="dcmtk", ae_title="DCMTK", host="127.0.0.1", port=port, timeout_s=5
        )
        try:
            deadline = time.monotonic() + 10
            while not echo(destination).reachable:
                assert time.monotonic() < deadline, "storescp did not start"
                time.sleep(0.1)
            yield destination
        finally:
            server.terminate()


def test_compressed_images_arrive_byte_for_byte_as_on_disk(
    shared_data: Path, dcmtk: Callable[[str], str], serve: Any, inbox: Any
) -> None:
    folder = next((shared_data / "petct-fdg-ge").glob("PT_PET_AC*"))
    paths = sorted(folder.glob("*.dcm"))[:20]
    done = store(dcmtk("storescu"), serve(), "-R", "-xt", *paths)
    assert done.returncode == 0, done.stderr
    assert {one.transfer_syntax_uid for one in inbox.instances} == {str(JPEGLSLossless)}
    assert [one.dataset for one in inbox.instances] == [data_set_of(one) for one in paths]


def test_a_whole_study_with_value_maps_and_segmentations_is_taken_in_one_push(
    shared_data: Path, dcmtk: Callable[[str], str], serve: Any, inbox: Any
) -> None:
    series = (one for one in (shared_data / "petct-fdg-ge").iterdir() if one.is_dir())
    paths = [sorted(one.glob("*.dcm"))[0] for one in series]
    done = store(dcmtk("storescu"), serve(), "-R", "-xt", *paths)
    assert done.returncode == 0, done.stderr
    assert len(inbox.instances) == len(paths)
    assert {"1.2.840.10008.5.1.4.1.1.67", "1.2.840.10008.5.1.4.1.1.66.4"} < {
        one.sop_class_uid for one in inbox.instances
    }


def test_uncompressed_images_arrive_byte_for_byte(
    tmp_path: Path, dcmtk: Callable[[str], str], serve: Any, inbox: Any
) -> None:
    paths = write_series(pet_series(slices=3), tmp_path)
    done = store(dcmtk("storescu"), serve(), *paths)
    assert done.returncode == 0, done.stderr
    assert [one.dataset for one in inbox.instances] == [data_set_of(one) for one in paths]
    assert inbox.instances[0].transfer_syntax_uid == ExplicitVRLittleEndian


def test_the_called_ae_title_decides(dcmtk: Callable[[str], str], serve: Any) -> None:
    scp, tool = serve(), dcmtk("echoscu")
    assert run(tool, "-aec", "NODE", "127.0.0.1", scp.port).returncode == 0
    refused = run(tool, "-aec", "OTHER", "127.0.0.1", scp.port)
    assert refused.returncode != 0
    assert "Called AE Title Not Recognized" in refused.stderr


def test_a_full_disk_is_told_to_storescu(
    tmp_path: Path, dcmtk: Callable[[str], str], serve: Any, inbox: Any
) -> None:
    from dicom_node.domain.errors import ArchiveError

    def _full(_: object) -> None:
        raise ArchiveError("no space left on device")

    inbox.answer = _full
    paths = write_series(pet_series(slices=1), tmp_path)
    done = store(dcmtk("storescu"), serve(), "-v", *paths)
    assert "OutOfResources" in f"{done.stdout}{done.stderr}"


def test_storescp_takes_what_we_send_byte_for_byte(
    tmp_path: Path, dcmtk: Callable[[str], str]
) -> None:
    paths = write_series(pet_series(slices=40), tmp_path / "sent")
    outgoing, _ = outgoing_files(tmp_path / "sent")
    with storescp(dcmtk("storescp"), tmp_path / "got") as destination:
        reports = send(outgoing, destination)
    assert all(one.stored for one in reports), reports[0].cause
    got = sorted(data_set_of(one) for one in (tmp_path / "got").iterdir())
    assert got == sorted(data_set_of(one) for one in paths)
