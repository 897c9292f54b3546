"""All tracers that the node knows by name, and the tracer of a code."""

from collections.abc import Mapping
from types import MappingProxyType

from dicom_node.domain.tracer import Tracer
from dicom_node.reading.radionuclides import canonical_scheme
from dicom_node.reading.tracer_entry import TracerEntry
from dicom_node.reading.tracer_table_pet import PET_TRACERS
from dicom_node.reading.tracer_table_spect import SPECT_TRACERS

ENTRIES: tuple[TracerEntry, ...] = PET_TRACERS + SPECT_TRACERS

TRACERS: Mapping[str, Tracer] = MappingProxyType(
    {
        entry.name: Tracer(
            name=entry.name,
            radionuclides=entry.radionuclides,
            codes=tuple(one.code for one in entry.codes),
            text_patterns=entry.clear + entry.short + entry.drug_field,
        )
        for entry in ENTRIES
    }
)

RADIONUCLIDES_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {entry.name: frozenset(entry.radionuclides) for entry in ENTRIES}
)

# (value, canonical scheme) to (tracer, nuclide).
_BY_CODE: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        (one.code.value, canonical_scheme(one.code.scheme)): (entry.name, one.radionuclide)
        for entry in ENTRIES
        for one in entry.codes
    }
)


def tracer_of_code(value: str, scheme: str) -> tuple[str, str] | None:
    """Tracer and nuclide that a radiopharmaceutical code names; None where the table has it not.

    The code's value and scheme decide; its meaning is not looked at, because vendors write their
    own.
    """
    return _BY_CODE.get((value.strip(), canonical_scheme(scheme)))
