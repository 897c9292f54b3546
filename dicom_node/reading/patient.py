"""What quantification may need of the patient, each fact only where the header has it."""

import re
from collections.abc import Callable, Sequence

from dicom_node.domain.errors import InputRejected
from dicom_node.domain.volume import PatientFacts
from dicom_node.reading.header import Header
from dicom_node.reading.record import Record
from dicom_node.reading.subject import height_m, weight_kg

# PS3.5 6.2: three digits, then days, weeks, months or years.
_AGE = re.compile(r"(\d{3})([DWMY])")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


def patient_facts(header: Header) -> PatientFacts:
    """Weight, height, sex and age; None for what is absent or no value of a person."""
    return PatientFacts(
        weight_kg=_measure(weight_kg, header),
        size_m=_measure(height_m, header),
        sex=header.text("PatientSex"),
        age_years=_age_years(header.text("PatientAge")),
    )


def _measure(read: Callable[[Sequence[Header], Record], float], header: Header) -> float | None:
    try:
        return read([header], Record())
    except InputRejected:
        return None  # whoever needs it is told why by `units`


def _age_years(text: str | None) -> float | None:
    found = _AGE.fullmatch(text or "")
    return None if found is None else int(found[1]) * _YEARS[found[2]]
