"""Which tracer a series was made with, by evidence that agrees, or why that cannot be said.

Order of trust: radiopharmaceutical code, Radiopharmaceutical (0018,0031), descriptions, site rules.
The nuclide alone names no tracer; it only has to agree with whatever does.
"""

from collections.abc import Sequence

from dicom_node.domain.errors import ConflictingTracer, UnknownTracer
from dicom_node.domain.tracer import PHANTOM_RADIONUCLIDES, TracerFinding
from dicom_node.reading.header import Header, named
from dicom_node.reading.radionuclides import RADIONUCLIDES
from dicom_node.reading.site_tracers import NO_SITE_TRACERS, SiteTracers
from dicom_node.reading.tracer_evidence import Statement, drug_evidence, narrowed, places
from dicom_node.reading.tracer_naming import (
    Case,
    case_of,
    check_modality,
    description_statements,
    drug_statements,
    site_statements,
    usual_meaning,
)
from dicom_node.reading.tracer_table import RADIONUCLIDES_OF


def find_tracer(header: Header, site: SiteTracers = NO_SITE_TRACERS) -> TracerFinding:
    """Tracer and nuclide of a series, with the evidence that decided.

    Without a tracer the finding is a reason to hold the series: `conflict` names both values where
    two pieces of evidence disagree, else `evidence` says what is missing. A Ge-68 source has no
    tracer: ask `TracerFinding.of_phantom`. A single-photon emitter in Modality PT is a conflict
    whose `radionuclide` is known: ask `is_single_photon`.

    Notes
    -----
    * Nuclide code, half-life (within 2 %), nuclide of the tracer's code and nuclide written in
      (0018,0031) must agree; a half-life of 0 is not filled in. All items of the sequence must
      agree, too.
    * Code and (0018,0031) must not name different tracers, nor one that is not made with the
      nuclide. Descriptions must not contradict them, either, unless the nuclide rules out what the
      description says.
    * Without code and (0018,0031) the descriptions decide, in modality PT and NM; if they name only
      tracers that the nuclide rules out, that is a conflict.
    * Where nothing tells the nuclide, a clear word decides for a tracer made with one nuclide.
    * A public code that the tracer table does not hold names another tracer: descriptions and site
      rules are not asked.
    * Site rules are asked where all that leaves the tracer open, and must not contradict it.
    """
    drug = drug_evidence(header)
    try:
        nuclides = narrowed(drug.nuclides)
    except ConflictingTracer as conflict:
        return _contradiction(conflict, None)
    case = case_of(header, drug, nuclides)
    try:
        return _found(case, _decide(case, site))
    except ConflictingTracer as conflict:
        return _contradiction(conflict, case.nuclides)
    except UnknownTracer as unknown:
        return TracerFinding(
            tracer=None, evidence=str(unknown), radionuclide=_single(case.nuclides)
        )


def require_agreeing_half_life(header: Header) -> None:
    """Refuse a half-life that other evidence of the nuclide contradicts.

    A nuclide code, the nuclide of the radiopharmaceutical code and a nuclide that is written out
    must agree with RadionuclideHalfLife (0018,1075) within 2 %. Where it stands alone, the tracer
    of Radiopharmaceutical (0018,0031) must be made with its nuclide.

    Raises
    ------
    ConflictingTracer
        With both values.
    """
    drug = drug_evidence(header)
    nuclides = narrowed(drug.nuclides)
    if len(drug.nuclides) == 1:
        tuple(drug_statements(case_of(header, drug, nuclides)))


def is_single_photon(finding: TracerFinding) -> bool:
    """Whether the nuclide is known to be seen by SPECT only, whatever the modality says."""
    nuclide = RADIONUCLIDES.get(finding.radionuclide or "")
    return nuclide is not None and not nuclide.positron_emitter


def _decide(case: Case, site: SiteTracers) -> tuple[Statement, ...]:
    """The statements that leave one tracer possible; each of them names that tracer only."""
    check_modality(case, case.nuclides)
    statements = case.drug.tracers + tuple(drug_statements(case))
    names = narrowed(statements)
    if case.nuclides and case.nuclides <= PHANTOM_RADIONUCLIDES:
        raise UnknownTracer(f"a quality-control phantom, not a patient: {case.nuclide_story()}")
    if not case.drug.unknown_codes:
        statements += description_statements(case, contradict_only=bool(statements))
        names = narrowed(statements)
    names = usual_meaning(case, names)
    if not case.drug.unknown_codes and _open(case, names):
        ruled = tuple(site_statements(case, site))
        if ruled:
            return _deciding(statements + ruled, narrowed(statements + ruled))
    if not names or _open(case, names):
        raise _undecided(case, names, statements)
    return _deciding(statements, names)


def _open(case: Case, names: frozenset[str] | None) -> bool:
    """Whether the names leave a choice, of the tracer or of its nuclide."""
    if names is None or len(names) != 1:
        return True
    return case.nuclides is None and any(len(RADIONUCLIDES_OF[one]) > 1 for one in names)


def _deciding(
    statements: tuple[Statement, ...], names: frozenset[str] | None
) -> tuple[Statement, ...]:
    """The most trusted statement that decides alone, else all of them."""
    assert names is not None  # there are statements
    alone = tuple(one for one in statements if one.names == names)[:1]
    return tuple(Statement(names, one.where) for one in alone or statements)


def _found(case: Case, deciding: Sequence[Statement]) -> TracerFinding:
    (tracer,) = deciding[0].names
    made_with = RADIONUCLIDES_OF[tracer]
    nuclides = made_with if case.nuclides is None else made_with & case.nuclides
    try:
        check_modality(case, nuclides)
    except ConflictingTracer as conflict:
        return _contradiction(conflict, nuclides)
    return TracerFinding(
        tracer=tracer,
        evidence=f"{places(deciding)}; {case.nuclide_story()}",
        radionuclide=_single(nuclides),
    )


def _contradiction(conflict: ConflictingTracer, nuclides: frozenset[str] | None) -> TracerFinding:
    return TracerFinding(
        tracer=None,
        evidence="pieces of evidence disagree, so none of them is believed",
        radionuclide=_single(nuclides),
        conflict=str(conflict),
    )


def _undecided(
    case: Case, names: frozenset[str] | None, statements: Sequence[Statement]
) -> ConflictingTracer | UnknownTracer:
    """Why there is no tracer; a conflict where one text names several side by side."""
    if not names:
        return UnknownTracer(_nothing_named(case))
    several = [one for one in statements if one.several]
    if len(names) > 1 and several:
        return ConflictingTracer(str(several[0]))
    if len(names) > 1:
        return UnknownTracer(f"{places(statements)} may mean any of {', '.join(sorted(names))}")
    (name,) = names
    made = " or ".join(sorted(RADIONUCLIDES_OF[name]))
    return UnknownTracer(
        f"{name}, made with {made}, by {places(statements)}, but {case.nuclide_story()}"
    )


def _nothing_named(case: Case) -> str:
    said = [f"{where}, which the tracer table does not hold" for where in case.drug.unknown_codes]
    said += [f"{named('Radiopharmaceutical')} = {text!r}" for text in case.drug.texts]
    seen = f" ({'; '.join(said)})" if said else ""
    return f"no attribute names a known tracer{seen}; {case.nuclide_story()}"


def _single(names: frozenset[str] | None) -> str | None:
    return next(iter(names)) if names is not None and len(names) == 1 else None
