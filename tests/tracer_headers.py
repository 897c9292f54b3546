"""Headers with radiopharmaceutical attributes as vendors write them, and what to expect of them."""

from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from dicom_node.domain.series import Exam
from dicom_node.reading.exam import find_exam
from dicom_node.reading.header import Header

# Nuclides as (code value, scheme), in the dialects that scanners write.
F18 = ("77004003", "SCT")
F18_SIEMENS = ("C-111A1", "SRT")
F18_PHILIPS = ("C-111A1", "SNM3")
F18_GE = ("C-111A1", "99SDM")
C11 = ("40565003", "SCT")
N13 = ("21576001", "SCT")
O15 = ("C-B1038", "SRT")
GA68 = ("35337001", "SCT")
GA68_SIEMENS = ("C-131A3", "SRT")
CU64 = ("3932008", "SCT")
RB82 = ("C-159A2", "SRT")
ZR89 = ("63360001", "SCT")
GE68 = ("C-128A2", "99SDM")
TC99M = ("72454006", "SCT")
TC99M_GE = ("C-163A8", "SNM3")
I123 = ("21572004", "SCT")
I131 = ("1368003", "SCT")
TL201 = ("60057003", "SCT")
IN111 = ("56609000", "SCT")
GA67 = ("2008008", "SCT")
LU177 = ("447553000", "SCT")


@dataclass(frozen=True, slots=True)
class Row:
    """A header and what the node has to say of it.

    Parameters
    ----------
    tracer : str or None
        None where the series has to be held.
    conflict : bool
        Whether it is held because evidence disagrees.
    said : tuple of str
        Parts of the evidence, or of the conflict.
    """

    name: str
    header: Header
    tracer: str | None
    conflict: bool
    said: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def found(name: str, tracer: str, header: Header, *said: str) -> Row:
    """A header that names its tracer."""
    return Row(name, header, tracer, conflict=False, said=said)


def hold(name: str, header: Header, *said: str) -> Row:
    """A header that does not tell the tracer."""
    return Row(name, header, None, conflict=False, said=said)


def clash(name: str, header: Header, *said: str) -> Row:
    """A header that contradicts itself; both values must be said."""
    return Row(name, header, None, conflict=True, said=said)


def code_item(value: str, scheme: str, meaning: str = "of no interest") -> Dataset:
    """Item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def drug_item(
    *,
    drug: str | None = None,
    code: tuple[str, str] | None = None,
    nuclide: tuple[str, str] | None = None,
    half_life: float | None = None,
) -> Dataset:
    """Item of Radiopharmaceutical Information Sequence; no code gives an empty sequence."""
    item = Dataset()
    if drug is not None:
        item.Radiopharmaceutical = drug
    if half_life is not None:
        item.RadionuclideHalfLife = half_life
    item.RadionuclideCodeSequence = [] if nuclide is None else [code_item(*nuclide)]
    item.RadiopharmaceuticalCodeSequence = [] if code is None else [code_item(*code)]
    return item


def header_of(modality: str, items: list[Dataset], attributes: dict[str, Any]) -> Header:
    """Header with these sequence items and DICOM keywords."""
    dataset = Dataset()
    dataset.Modality = modality
    dataset.RadiopharmaceuticalInformationSequence = items
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return Header(dataset)


def pet(
    drug: str | None = None,
    *,
    code: tuple[str, str] | None = None,
    nuclide: tuple[str, str] | None = None,
    half_life: float | None = None,
    **attributes: Any,
) -> Header:
    """Header of a PET with one item; further arguments are DICOM keywords."""
    item = drug_item(drug=drug, code=code, nuclide=nuclide, half_life=half_life)
    return header_of("PT", [item], attributes)


def nm(
    drug: str | None = None,
    *,
    code: tuple[str, str] | None = None,
    nuclide: tuple[str, str] | None = None,
    **attributes: Any,
) -> Header:
    """Header of an NM object with one item; NM has no half-life (PS3.3 C.8.4.10)."""
    return header_of("NM", [drug_item(drug=drug, code=code, nuclide=nuclide)], attributes)


def exam_of(modality: str | None, **attributes: Any) -> Exam:
    """Exam of a header with these DICOM keywords."""
    dataset = Dataset()
    if modality is not None:
        dataset.Modality = modality
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return find_exam(Header(dataset))
