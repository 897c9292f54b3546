"""Files whose pixel data are fragments, valid or not, in any transfer syntax."""

from pathlib import Path

from factories import ct_series, write_series
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import HTJ2KLossless


def encapsulated(one: Dataset, syntax: str, *frames: bytes) -> Dataset:
    """The data set with the frames as its pixel data, each one fragment."""
    one.PixelData = encapsulate(list(frames))
    one["PixelData"].VR, one["PixelData"].is_undefined_length = "OB", True
    one.file_meta.TransferSyntaxUID = syntax
    return one


def with_syntax(syntax: str, frame: bytes, folder: Path) -> Path:
    """A file of one fragment that claims a transfer syntax."""
    made = encapsulated(ct_series(slices=1)[0], HTJ2KLossless, frame)
    (path,) = write_series([made], folder / "series")
    known = HTJ2KLossless.encode().ljust(24, b"\0")
    path.write_bytes(path.read_bytes().replace(known, syntax.encode().ljust(24, b"\0")))
    return path
