"""Small PET instances by the hundred: encoded once, then told apart by UIDs of the same length."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from factories import pet_series
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage
from received import encoded

from dicom_node.archive.part10 import FileMeta, encode_file_head

PET = str(PositronEmissionTomographyImageStorage)
EXPLICIT = str(ExplicitVRLittleEndian)
_ROOT = "1.2.826.0.1.3680043.8.498"
_SIZE = 168  # pixels, as many PET scanners have; 56 kB


@dataclass(frozen=True, slots=True)
class Made:
    """One instance, encoded in Explicit VR Little Endian."""

    sop_instance_uid: str
    data_set: bytes


def uids(batch: int, number: int) -> tuple[str, str, str]:
    """Study, series and SOP Instance UID; those of all batches and numbers are equally long."""
    study = f"{_ROOT}.{1000 + batch}"
    return study, f"{study}.1", f"{study}.1.{100_000 + number}"


def templates(size: int = _SIZE, slices: int = 8) -> tuple[bytes, ...]:
    """Encoded slices of batch 0, with noise in place of an image."""
    noise = np.random.default_rng(1).gamma(1.0, 3000.0, (slices, size, size))
    made = pet_series(slices=slices, values=np.minimum(noise, 32767).astype(np.int16))
    return tuple(encoded(_named(dataset, number)) for number, dataset in enumerate(made))


def _named(dataset: Dataset, number: int) -> Dataset:
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = uids(0, number)
    return dataset


def instances(slices: Sequence[bytes], batch: int, count: int) -> list[Made]:
    """A new series of one study, made of copies of the templates."""
    made = []
    for number in range(count):
        kind = number % len(slices)
        data_set = slices[kind]
        *_, sop_instance = uids(batch, number)
        # The longest first: the shorter ones are its beginning.
        for old, new in reversed(list(zip(uids(0, kind), uids(batch, number), strict=True))):
            data_set = data_set.replace(old.encode(), new.encode())
        made.append(Made(sop_instance, data_set))
    return made


def write_files(made: Sequence[Made], folder: Path) -> None:
    """The instances as Part 10 files."""
    folder.mkdir(parents=True)
    for one in made:
        meta = FileMeta(
            sop_class_uid=PET,
            sop_instance_uid=one.sop_instance_uid,
            transfer_syntax_uid=EXPLICIT,
            calling_ae="SENDER",
            called_ae="NODE",
        )
        (folder / f"{one.sop_instance_uid}.dcm").write_bytes(encode_file_head(meta) + one.data_set)
