"""Numbers and units as people write them, for the page and for the text of the report."""

from collections.abc import Sequence

from dicom_node.domain.coding import COUNT, Code
from dicom_node.domain.result import Measurement


def number_text(value: float, unit: Code) -> str:
    """A number for people: three digits that count, never in powers of ten; counts are whole."""
    size = abs(value)
    if unit == COUNT and value == round(value):
        return f"{value:.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def unit_text(unit: Code) -> str:
    """UCUM unit for people: ``g/ml{SUVbw}`` is g/ml, ``{ratio}`` ratio, 1 nothing."""
    plain, name = _unit_parts(unit.value)
    return "" if unit == COUNT else plain or name


def unit_name(unit: str) -> str:
    """UCUM unit of a volume for people: ``g/ml{SUVbw}`` is SUVbw (g/ml)."""
    plain, name = _unit_parts(unit)
    return f"{name} ({plain})" if plain and name else plain or name


def _unit_parts(unit: str) -> tuple[str, str]:
    """The unit itself, and the annotation in braces (UCUM 2.3.1)."""
    plain, _, annotation = unit.partition("{")
    return plain, annotation.rstrip("}")


def values_line(name: str, values: Sequence[Measurement]) -> str:
    """Measurements in one line: ``Candidate 1: SUVmax 14.8 g/ml, Volume 123 ml``."""
    told = (
        f"{m.label} {number_text(m.value, m.unit)} {unit_text(m.unit)}".rstrip() for m in values
    )
    return f"{name}: {', '.join(told)}"
