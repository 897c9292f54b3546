"""What the attributes of a header say of the tracer, once the nuclide is known or known missing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from dicom_node.domain.errors import ConflictingTracer
from dicom_node.reading.header import Header, named
from dicom_node.reading.radionuclides import RADIONUCLIDES, fits_modality
from dicom_node.reading.site_tracers import SiteTracers
from dicom_node.reading.tracer_evidence import DrugEvidence, Statement, places
from dicom_node.reading.tracer_table import RADIONUCLIDES_OF
from dicom_node.reading.tracer_text import nuclides_named, read_text

_DESCRIPTIONS = (
    "SeriesDescription",
    "ProtocolName",
    "StudyDescription",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
)

# What a word usually means that two tracers share and the nuclide does not settle: "Ga-68 PSMA" is
# PSMA-11 unless 617 is written, and FLT is the literature's fluorothymidine.
_USUAL = MappingProxyType(
    {
        frozenset({"PSMA-11", "PSMA-617"}): "PSMA-11",
        frozenset({"FLT", "FLUTEMETAMOL"}): "FLT",
    }
)

# Some amyloid sites write FLT for flutemetamol, so in a header that speaks of the brain the word
# is left undecided.
_BRAIN = re.compile(r"(?<![a-z])(?:brain|head|neuro|cereb|amyloid|alzheimer|dement)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A header with what has been read of it so far.

    Parameters
    ----------
    descriptions : tuple of (keyword, text)
        Empty for modalities that have no tracer of their own, such as the CT of a PET study.
    nuclides : frozenset of str or None
        What the nuclide may be; empty for one that the table does not hold, None where nothing
        tells.
    nuclide_sources : tuple of Statement
        What told it.
    """

    header: Header
    modality: str
    drug: DrugEvidence
    descriptions: tuple[tuple[str, str], ...]
    nuclides: frozenset[str] | None
    nuclide_sources: tuple[Statement, ...]

    def nuclide_story(self) -> str:
        """The nuclide with where it stands, for a sentence."""
        if self.nuclides is None:
            return "nothing tells the nuclide"
        names = " or ".join(sorted(self.nuclides)) or "unknown to this node"
        return f"nuclide {names} by {places(self.nuclide_sources)}"


def case_of(header: Header, drug: DrugEvidence, nuclides: frozenset[str] | None) -> Case:
    """Case of a header; where the drug's attributes tell no nuclide, descriptions may."""
    modality = header.text("Modality") or ""
    descriptions = tuple(_descriptions(header)) if modality in ("PT", "NM") else ()
    sources = drug.nuclides
    if nuclides is None:
        sources = tuple(_nuclides_of(descriptions))
        nuclides = frozenset().union(*(one.names for one in sources)) or None
    return Case(
        header=header,
        modality=modality,
        drug=drug,
        descriptions=descriptions,
        nuclides=nuclides,
        nuclide_sources=sources,
    )


def drug_statements(case: Case) -> Iterator[Statement]:
    """Tracers that Radiopharmaceutical (0018,0031) names; whatever it says there is meant.

    Raises
    ------
    ConflictingTracer
        Where it names several, or one that is not made with the nuclide.
    """
    for text in case.drug.texts:
        where = f"{named('Radiopharmaceutical')} = {text!r}"
        reading = read_text(text, case.nuclides, drug_field=True)
        if reading.misfits:
            raise _misfit(case, where, reading.misfits)
        statement = Statement(reading.candidates, where, reading.several)
        if statement.several:
            raise ConflictingTracer(str(statement))
        if statement.names:
            yield statement


def description_statements(case: Case, *, contradict_only: bool) -> tuple[Statement, ...]:
    """Tracers that descriptions name and the nuclide allows.

    With `contradict_only`, where code or drug have named a tracer, short words do not count and
    names that the nuclide rules out are passed over: it is a protocol used for another tracer.

    Raises
    ------
    ConflictingTracer
        Where they name only tracers that are not made with the nuclide.
    """
    fitting: list[Statement] = []
    misfits: list[ConflictingTracer] = []
    for keyword, text in case.descriptions:
        disproved = nuclides_named(text)
        if case.nuclides is None or not case.nuclides.isdisjoint(disproved):
            disproved = frozenset()
        reading = read_text(
            text,
            frozenset() if disproved else case.nuclides,
            drug_field=False,
            clear_only=contradict_only,
        )
        where = f"{named(keyword)} containing {' and '.join([reading.words, *sorted(disproved)])}"
        if reading.candidates:
            fitting.append(Statement(reading.candidates, where, reading.several))
        elif reading.misfits:
            misfits.append(_misfit(case, where, reading.misfits))
    if misfits and not fitting and not contradict_only:
        raise misfits[0]
    return tuple(fitting)


def site_statements(case: Case, site: SiteTracers) -> Iterator[Statement]:
    """Tracers that the site's rules name, in modality PT and NM.

    Raises
    ------
    ConflictingTracer
        Where one of them is not made with the nuclide.
    """
    if case.modality not in ("PT", "NM"):
        return
    for tracer, where in site.matching(case.header):
        if case.nuclides is not None and not RADIONUCLIDES_OF[tracer] & case.nuclides:
            raise _misfit(case, where, frozenset({tracer}))
        yield Statement(frozenset({tracer}), where)


def usual_meaning(case: Case, names: frozenset[str] | None) -> frozenset[str] | None:
    """The tracer that a word shared by two usually means; the names as they are for others."""
    usual = _USUAL.get(names or frozenset())
    if usual is None:
        return names
    texts = [text for _, text in case.descriptions]
    texts += case.header.texts("BodyPartExamined")
    if usual == "FLT" and any(_BRAIN.search(text) for text in texts):
        return names
    return frozenset({usual})


def check_modality(case: Case, nuclides: frozenset[str] | None) -> None:
    """Raise ConflictingTracer where no possible nuclide can give an image of this modality."""
    if not nuclides or any(fits_modality(RADIONUCLIDES[one], case.modality) for one in nuclides):
        return
    kind = "positron" if case.modality == "NM" else "single-photon"
    names = " or ".join(sorted(nuclides))
    source = case.nuclide_story() if case.nuclides else f"nuclide {names} by the tracer"
    raise ConflictingTracer(
        f"{named('Modality')} = {case.modality!r}, but {source}, a {kind} emitter"
    )


def _misfit(case: Case, where: str, tracers: frozenset[str]) -> ConflictingTracer:
    made = "; ".join(
        f"{name}, made with {' or '.join(sorted(RADIONUCLIDES_OF[name]))}"
        for name in sorted(tracers)
    )
    return ConflictingTracer(f"{made}, by {where}, but {case.nuclide_story()}")


def _descriptions(header: Header) -> Iterator[tuple[str, str]]:
    for keyword in _DESCRIPTIONS:
        text = " ".join(header.texts(keyword))
        if text:
            yield keyword, text


def _nuclides_of(descriptions: tuple[tuple[str, str], ...]) -> Iterator[Statement]:
    for keyword, text in descriptions:
        names = nuclides_named(text)
        if names:
            yield Statement(names, f"{named(keyword)} containing {' and '.join(sorted(names))}")
