"""A file whose elements have been found but not decoded, and its data set when one is needed."""

from pathlib import Path

from pydicom.charset import convert_encodings
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
# Pixel data in any of its three forms (PS3.3 C.7.6.3, C.7.6.24, C.7.6.25) end a header: only
# padding and signatures of the data set may follow.
PIXEL_TAGS = frozenset({PIXEL_DATA, 0x7FE00008, 0x7FE00009})
TRANSFER_SYNTAX = 0x00020010
_CHARACTER_SET = 0x00080005


# Where the value of an element lies: VR (None with implicit VR), offset and length. A bare tuple,
# because some eighty are made for every file.
Place = tuple[str | None, int, int]
Index = dict[int, Place]


class ScannedFile:
    """Elements of one file, up to its pixel data.

    Parameters
    ----------
    head : bytes
        The file from its start to the value of the pixel data at least.
    index, meta : mapping
        Places of the elements of the data set, and of the file meta information.
    file_size : int
        In bytes, to notice pixel data that are cut off.

    Attributes
    ----------
    texts : dict
        Values that were decoded before, by keyword.
    """

    __slots__ = ("_dataset", "file_size", "head", "implicit", "index", "meta", "path", "texts")

    def __init__(
        self, *, path: Path, head: bytes, meta: Index, index: Index, implicit: bool, file_size: int
    ) -> None:
        self.path, self.head, self.meta, self.index = path, head, meta, index
        self.implicit, self.file_size = implicit, file_size
        self.texts: dict[str, tuple[str, ...]] = {}
        self._dataset: FileDataset | None = None

    def stored(self, tag: int) -> bytes | None:
        """Value as stored; None where the element is absent or is pixel data."""
        place = self.index.get(tag)
        if place is None or tag in PIXEL_TAGS:
            return None
        _, offset, length = place
        return self.head[offset : offset + length]

    def lacks(self, keyword: str) -> bool:
        """Whether the file has no element of a keyword."""
        return tag_for_keyword(keyword) not in self.index

    @property
    def transfer_syntax_uid(self) -> str:
        """Transfer Syntax UID (0002,0010)."""
        return uid_at(self.head, self.meta[TRANSFER_SYNTAX])

    @property
    def dataset(self) -> FileDataset:
        """The same elements for pydicom; pixel data are read from the file when asked for."""
        if self._dataset is None:
            meta = FileMetaDataset(self._raw_elements(self.meta, implicit=False))
            elements = Dataset(self._raw_elements(self.index, implicit=self.implicit))
            made = FileDataset(
                self.path, elements, self.head[:128], meta, self.implicit, is_little_endian=True
            )
            made.set_original_encoding(self.implicit, True, self._encodings())
            self._dataset = made
        return self._dataset

    def _raw_elements(
        self, index: Index, *, implicit: bool
    ) -> dict[BaseTag, DataElement | RawDataElement]:
        raw: dict[BaseTag, DataElement | RawDataElement] = {}
        for number, (vr, offset, length) in index.items():
            tag = BaseTag(number)
            value = None if number in PIXEL_TAGS else self.head[offset : offset + length]
            if length == 0:
                value = b""
            raw[tag] = RawDataElement(tag, vr, length, value, offset, implicit, True)
        return raw

    def _encodings(self) -> list[str] | None:
        stored = self.stored(_CHARACTER_SET)
        if not stored:
            return None
        terms = stored.decode("ascii", errors="replace").rstrip("\0 ").split("\\")
        return convert_encodings([term.strip() for term in terms])


def uid_at(head: bytes, place: Place) -> str:
    """UID at a place."""
    _, offset, length = place
    stored = head[offset : offset + length]
    return str(UID(stored.decode("ascii", errors="replace").rstrip("\0 ")))
