"""The destination of a soak: a fake one that keeps what came, or Orthanc."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

import pydicom
from fake_pacs import FakePacs
from peers import Orthanc, running_orthanc


class Pacs(Protocol):
    """Where results go."""

    @property
    def port(self) -> int:
        """DICOM port on the loopback."""

    @property
    def ae_title(self) -> str:
        """How it is called."""

    def has_each_once(self, made: Mapping[str, Path]) -> bool:
        """Whether it holds exactly these objects, each with the content of its file."""


@dataclass(frozen=True)
class FakeOne:
    """`FakePacs`: also what came twice is seen, and must have been the same."""

    pacs: FakePacs

    @property
    def port(self) -> int:
        return self.pacs.port

    @property
    def ae_title(self) -> str:
        return self.pacs.ae_title

    def has_each_once(self, made: Mapping[str, Path]) -> bool:
        came = {(one.sop_instance_uid, one.dataset) for one in self.pacs.received}
        return came == {(uid, data_set(path)) for uid, path in made.items()}


@dataclass(frozen=True)
class RealOne:
    """Orthanc, asked by its REST interface."""

    orthanc: Orthanc
    ae_title: str = "PACS"

    @property
    def port(self) -> int:
        return self.orthanc.dicom_port

    def has_each_once(self, made: Mapping[str, Path]) -> bool:
        held = [self.orthanc.file(one) for one in self.orthanc.get("/instances")]
        read = [pydicom.dcmread(BytesIO(file)) for file in held]
        if Counter(str(one.SOPInstanceUID) for one in read) != Counter(made.keys()):
            return False
        return all(one == pydicom.dcmread(made[str(one.SOPInstanceUID)]) for one in read)


@contextmanager
def pacs_of(folder: Path, node_port: int, *, orthanc: bool) -> Iterator[Pacs]:
    """A running destination."""
    if not orthanc:
        with FakePacs() as pacs:
            yield FakeOne(pacs)
        return
    with running_orthanc(folder / "orthanc", node_port=node_port) as running:
        yield RealOne(running)


def data_set(path: Path) -> bytes:
    """Bytes of a Part 10 file after the File Meta Information."""
    content = path.read_bytes()
    meta = pydicom.filereader.read_file_meta_info(path)
    return content[132 + 12 + meta.FileMetaInformationGroupLength :]
