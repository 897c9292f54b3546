"""What the radiopharmaceutical attributes of a header say, one statement for each attribute."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from dicom_node.domain.errors import ConflictingTracer
from dicom_node.reading.converted import converted_items
from dicom_node.reading.header import Header, named
from dicom_node.reading.radionuclides import by_code, by_half_life, canonical_scheme
from dicom_node.reading.tracer_table import tracer_of_code
from dicom_node.reading.tracer_text import nuclides_named

# Coding schemes whose codes are public: a value that the tables do not hold names something else.
_PUBLIC_SCHEMES = frozenset({"SCT", "SRT", "DCM", "NCIT", "UMLS", "MSH"})

# "Diagnostic radioisotope" and "Therapeutic radioisotope" (CID 25) name nothing.
_GENERIC_CODES = frozenset({"17600005", "C-B1000", "439007", "C-B1010"})

_CODE_KEYWORDS = ("RadionuclideCodeSequence", "RadiopharmaceuticalCodeSequence")


@dataclass(frozen=True, slots=True)
class Statement:
    """What one piece of evidence says.

    Parameters
    ----------
    names : frozenset of str
        Tracers, or nuclides, that it leaves possible; empty where it names one that the node's
        tables do not hold.
    where : str
        Keyword, tag and value, for people.
    several : bool
        Whether it names all of them side by side, and not one out of them.
    """

    names: frozenset[str]
    where: str
    several: bool = False

    def __str__(self) -> str:
        said = (" and " if self.several else " or ").join(sorted(self.names))
        return f"{said or 'one unknown to this node'} by {self.where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugEvidence:
    """All that RadiopharmaceuticalInformationSequence (0054,0016) says (PS3.3 C.8.9.2, C.8.4.10).

    Parameters
    ----------
    nuclides, tracers : tuple of Statement
        Of codes, half-life and text; the words of the text are not read for tracers here.
    unknown_codes : tuple of str
        Public radiopharmaceutical codes that the tracer table does not hold.
    texts : tuple of str
        Values of Radiopharmaceutical (0018,0031).
    """

    nuclides: tuple[Statement, ...]
    tracers: tuple[Statement, ...]
    unknown_codes: tuple[str, ...]
    texts: tuple[str, ...]


def drug_evidence(header: Header) -> DrugEvidence:
    """Statements of every item of the sequence; of the root where there is no item.

    The root is looked at because the retired NM objects hold the attributes there.
    """
    items = converted_items(header, "RadiopharmaceuticalInformationSequence") or (header,)
    nuclides: list[Statement] = []
    tracers: list[Statement] = []
    unknown: list[str] = []
    for value, scheme, keyword in _codes(items):
        where = f"{named(keyword)} = {value} {scheme}"
        tracer, nuclide = tracer_of_code(value, scheme), by_code(value, scheme)
        if tracer is not None:
            tracers.append(Statement(frozenset({tracer[0]}), where))
            nuclides.append(Statement(frozenset({tracer[1]}), where))
        elif nuclide is not None:
            nuclides.append(Statement(frozenset({nuclide.name}), where))
        elif not _is_public(value, scheme):
            continue
        elif keyword == "RadionuclideCodeSequence":
            nuclides.append(Statement(frozenset(), where))
        else:
            unknown.append(where)
    return DrugEvidence(
        nuclides=(*nuclides, *_half_lives(items), *_written_nuclides(items)),
        tracers=tuple(tracers),
        unknown_codes=tuple(unknown),
        texts=tuple(filter(None, (_line(item, "Radiopharmaceutical") for item in items))),
    )


def narrowed(statements: Sequence[Statement]) -> frozenset[str] | None:
    """What all statements leave possible; None where there is no statement.

    Raises
    ------
    ConflictingTracer
        Where two of them exclude each other; the message holds both.
    """
    for one, other in combinations(statements, 2):
        if one.names.isdisjoint(other.names) and (one.names or other.names):
            raise ConflictingTracer(f"{one}, but {other}")
    if not statements:
        return None
    common = frozenset.intersection(*(one.names for one in statements))
    if not common and any(one.names for one in statements):
        raise ConflictingTracer("; ".join(str(one) for one in statements))
    return common


def places(statements: Iterable[Statement]) -> str:
    """Where the statements stand, in one phrase."""
    return " and ".join(dict.fromkeys(one.where for one in statements))


def _codes(items: Sequence[Header]) -> Iterator[tuple[str, str, str]]:
    for item in items:
        for keyword in _CODE_KEYWORDS:
            for code in item.items(keyword):
                value = code.text("CodeValue") or code.text("LongCodeValue")
                scheme = code.text("CodingSchemeDesignator")
                if value is not None and scheme is not None:
                    yield value, scheme, keyword


def _is_public(value: str, scheme: str) -> bool:
    canonical = canonical_scheme(scheme)
    if canonical not in _PUBLIC_SCHEMES or value in _GENERIC_CODES:
        return False
    # SNOMED RT keeps chemicals on axis C; vendors fill 99SDM with codes of their own on others.
    return canonical != "SRT" or value.startswith("C-")


def _half_lives(items: Sequence[Header]) -> Iterator[Statement]:
    for item in items:
        seconds = item.number("RadionuclideHalfLife")
        if seconds is None or not math.isfinite(seconds) or seconds <= 0:
            continue  # 0 is how some scanners write "not filled in"
        names = frozenset(one.name for one in by_half_life(seconds))
        yield Statement(names, f"{named('RadionuclideHalfLife')} = {seconds:.10g} s")


def _written_nuclides(items: Sequence[Header]) -> Iterator[Statement]:
    for item in items:
        for keyword in ("Radiopharmaceutical", "Radionuclide"):  # the second is retired
            text = _line(item, keyword)
            names = nuclides_named(text)
            if names:
                yield Statement(names, f"{named(keyword)} = {text!r}")


def _line(item: Header, keyword: str) -> str:
    return " ".join(item.texts(keyword)).strip()
