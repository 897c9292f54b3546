"""Odd, broken and exotic files: whatever a sender sends is kept, and the store goes on."""

from io import BytesIO

from pydicom import dcmread
from received import dataset_bytes, received

from dicom_node.domain.peer import StoreOutcome


def as_sent(content: bytes) -> dict[str, object]:
    """Fields of the C-STORE by which a sender that trusts the file's own header would send it."""
    start, meta = 0, None
    if content[128:132] == b"DICM" and content[132:136] == b"\x02\x00\x00\x00":
        start = 144 + int.from_bytes(content[140:144], "little")
    try:
        meta = dcmread(BytesIO(content), force=True, specific_tags=[], stop_before_pixels=True)
        meta = meta.file_meta
    except Exception:  # a broken file; the sender then names something
        meta = None
    return {
        "dataset": content[start:],
        "sop_class_uid": str(getattr(meta, "MediaStorageSOPClassUID", "1.2.3")),
        "sop_instance_uid": str(getattr(meta, "MediaStorageSOPInstanceUID", "1.2.3.4")),
        "transfer_syntax_uid": str(getattr(meta, "TransferSyntaxUID", "1.2.840.10008.1.2")),
    }


def test_every_odd_file_is_stored_or_lies_aside_and_a_healthy_one_follows(
    archive, now, shared_data
):
    files = [file for file in sorted(shared_data.glob("robustness/**/*")) if file.is_file()]
    outcomes: dict[StoreOutcome, int] = dict.fromkeys(StoreOutcome, 0)
    sent = []
    for file in files:
        fields = as_sent(file.read_bytes())
        outcomes[archive.store.store(received(**fields), now)] += 1
        sent.append(fields["dataset"])

    assert sum(outcomes.values()) == len(files) > 100
    assert outcomes[StoreOutcome.STORED] > 50
    kept = {dataset_bytes((archive.folder / one).read_bytes()) for one in archive.files()}
    assert set(sent) == kept
    assert all(one.reason.message for one in archive.index.unreadable())
    assert archive.store.store(received(), now) is StoreOutcome.STORED
