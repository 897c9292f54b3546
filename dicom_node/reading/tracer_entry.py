"""One row of the tracer table: what codes and words name a radiopharmaceutical."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from dicom_node.domain.coding import Code

_DESIGNATORS: Mapping[str, str] = MappingProxyType(
    {"sct": "SCT", "srt": "SRT", "dcm": "DCM", "ncit": "NCIt", "umls": "UMLS", "msh": "MSH"}
)


class WordUse(StrEnum):
    """How much a word proves."""

    CLEAR = "clear"  # names the tracer wherever it stands
    SHORT = "short"  # means other things, too: counts only beside evidence of a fitting nuclide
    DRUG_FIELD = "drug-field"  # as SHORT, and in a description it most often is something else


@dataclass(frozen=True, slots=True)
class TracerCode:
    """A code of a radiopharmaceutical with the nuclide that its meaning states."""

    code: Code
    radionuclide: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracerEntry:
    """A tracer with everything that names it.

    Words are regular expressions for lower-case text; ``~`` stands for up to three separators
    (space, hyphen, bracket, caret, ...) or none. They are matched between non-letters. A word that
    several entries hold names a family, and the nuclide decides within it.

    Parameters
    ----------
    name : str
        Key of the tracer, as routes and algorithms name it.
    radionuclides : tuple of str
        Nuclides it is made with.
    clear, short, drug_field : tuple of str
        Words, by what they prove (`WordUse`).
    """

    name: str
    radionuclides: tuple[str, ...]
    codes: tuple[TracerCode, ...] = ()
    clear: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    drug_field: tuple[str, ...] = ()


def codes(radionuclide: str, meaning: str, **values: str) -> tuple[TracerCode, ...]:
    """Codes of one concept: ``codes("F-18", "Fluorodeoxyglucose F^18^", sct="35321007")``.

    Parameters
    ----------
    radionuclide : str
        The nuclide that the meaning states.
    meaning : str
        Code meaning of the context group.
    **values : str
        Code value by coding scheme designator, in lower case.
    """
    return tuple(
        TracerCode(Code(value, _DESIGNATORS[scheme], meaning), radionuclide)
        for scheme, value in values.items()
    )
