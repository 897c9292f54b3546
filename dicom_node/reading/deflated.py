"""A limit for deflated data sets: some kilobytes of one may hold more than a host has memory."""

import zlib
from pathlib import Path

from dicom_node.domain.errors import UnreadableInstance

# PS3.5 A.5, and the two JPIP syntaxes: the whole data set is one raw deflate stream.
DEFLATED = frozenset(
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)
_LARGEST_BYTES = 512 * 1024 * 1024
_STEP_BYTES = 64 * 1024


def check_inflates(path: Path, start: int, *, largest_bytes: int = _LARGEST_BYTES) -> None:
    """Refuse a file whose data set would take more memory than an image may.

    Parameters
    ----------
    start : int
        Offset of the data set in the file.

    Raises
    ------
    UnreadableInstance
        Where it is larger than `largest_bytes`, or no deflate stream.
    """
    engine, found = zlib.decompressobj(-zlib.MAX_WBITS), 0
    with path.open("rb") as file:
        file.seek(start)
        try:
            while not engine.eof and (given := engine.unconsumed_tail or file.read(_STEP_BYTES)):
                found += len(engine.decompress(given, _STEP_BYTES))
                if found > largest_bytes:
                    limit = largest_bytes // 2**20
                    raise UnreadableInstance(f"its deflated data set has more than {limit} MiB")
        except zlib.error as cause:
            raise UnreadableInstance("its data set is no valid deflate stream") from cause
