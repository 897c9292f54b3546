"""What a result says of itself in words: source, unit and its rule, warnings, limits of use."""

from collections import Counter
from collections.abc import Sequence

from dicom_node.domain.report import Report
from dicom_node.domain.result import Result, Segment
from dicom_node.domain.volume import UnitProvenance, Volume
from dicom_node.encoding.provenance import RESEARCH_ONLY, scan_words
from dicom_node.encoding.uids import Role, instance_uid

NOTHING_MARKED = "The algorithm marked no region in this series."
NO_PLACE = "The source tells no orientation and position; no segmentation object was written."

# How the names of parameters end that have a unit.
_UNIT_WORDS = {
    **{unit: unit for unit in ("mm", "cm", "ml", "s", "min", "h")},
    "suvbw": "SUVbw",
    "mm3": "mm³",
    "percent": "%",
    "hu": "HU",
    "kev": "keV",
    "mbq": "MBq",
    "kg": "kg",
    "years": "years",
}


def segments_of(result: Result) -> tuple[Segment, ...]:
    """Segments of a result, none where it has no segmentation."""
    return () if result.segmentation is None else result.segmentation.segments


def parameter_text(name: str, value: str) -> str:
    """A parameter of a card in words: ``minimum_volume_ml`` 0.5 is "minimum volume 0.5 ml"."""
    *words, last = name.split("_")
    if words and last in _UNIT_WORDS:
        return f"{' '.join(words)} {value} {_UNIT_WORDS[last]}"
    return f"{name.replace('_', ' ')} {value}"


def run_statements(report: Report) -> tuple[str, ...]:
    """Sentences of the report, the most important first; none names the patient."""
    card = report.card
    return (
        RESEARCH_ONLY,
        f"Algorithm: {card.title} ({card.name} {card.version}). {card.summary}",
        f"Training data: {card.training_data}",
        f"Source: {source_line(report.source)}; {len(report.source.frames)} slices",
        *unit_lines(report.source),
        *_predecessor_line(report),
        *(f"Warning: {warning}" for warning in all_warnings(report)),
        *definitions(report),
    )


def _predecessor_line(report: Report) -> tuple[str, ...]:
    """Which earlier report this one takes the place of."""
    if report.predecessor is None:
        return ()
    earlier = instance_uid(report.predecessor, Role.SR)
    return (f"This result takes the place of an earlier one: report {earlier}",)


def source_line(source: Volume) -> str:
    """State of the scan, tracer with its evidence, and the time of acquisition."""
    when = source.acquired_at
    acquired = "" if when is None else f"; acquired {when:%Y-%m-%d %H:%M:%S}"
    evidence = f", by {source.tracer.evidence}" if source.tracer.tracer else ""
    return f"{scan_text(source)}{evidence}{acquired}"


def scan_text(source: Volume) -> str:
    """State of the scan, and tracer and nuclide, as far as they are known."""
    tracer = source.tracer.tracer or "tracer not named"
    nuclide = source.tracer.radionuclide
    named = tracer if nuclide is None else f"{tracer} ({nuclide})"
    return f"{scan_words(source)} {named}".lstrip()


def unit_lines(source: Volume) -> tuple[str, ...]:
    """The unit of the numbers, the rule that gave it, and every value that the rule used."""
    provenance = source.unit_provenance
    lines = [f"Unit: {source.unit}, from {provenance.stored_unit} by the rule: {provenance.rule}"]
    if provenance.factors:
        lines.append(f"Unit factor: {factor_text(provenance)}")
    lines += [f"Unit input: {name} = {value}" for name, value in provenance.values.items()]
    return tuple(lines)


def factor_text(provenance: UnitProvenance) -> str:
    """The factor, or the range of those of the instances."""
    low, high = min(provenance.factors), max(provenance.factors)
    if low == high:
        return f"{low:.6g}"
    return f"{low:.6g} to {high:.6g} ({len(provenance.factors)} instances)"


def all_warnings(report: Report) -> tuple[str, ...]:
    """Warnings of the geometry, of the algorithm, then of the unit conversion, each once."""
    placed = report.source.geometry.placed
    geometry = () if placed else (NO_PLACE,)
    said = (*geometry, *report.result.warnings, *report.source.unit_provenance.warnings)
    return tuple(dict.fromkeys(said))


def definitions(report: Report) -> tuple[str, ...]:
    """How each kind of measurement is defined, where its name alone does not tell.

    Where one name is defined in several ways, each says for which segments.
    """
    where: dict[tuple[str, str], list[int | None]] = {}
    for one in report.result.measurements:
        if one.source:
            where.setdefault((one.label, one.source), []).append(one.segment)
    ways = Counter(label for label, _ in where)
    return tuple(
        f"Definition of {label}{_among(segments) if ways[label] > 1 else ''}: {source}"
        for (label, source), segments in where.items()
    )


def _among(segments: Sequence[int | None]) -> str:
    """Which segments, or the whole study, something is said of."""
    named = ", ".join("study" if number is None else str(number) for number in segments)
    return f" (segment {named})"
