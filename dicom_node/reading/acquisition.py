"""What decides whether two PET examinations may be compared, as far as headers tell it."""

from dicom_node.domain.volume import AcquisitionFacts
from dicom_node.reading.header import Header
from dicom_node.reading.series import ReadSeries
from dicom_node.reading.uptake import uptake_time_min

_BQ_PER_MBQ = 1e6


def acquisition_facts(read: ReadSeries) -> AcquisitionFacts:
    """Patient, scanner, reconstruction, activity and uptake time of a series.

    Nothing here changes a number: what a header lacks or garbles is None.
    """
    first = read.headers[0]
    return AcquisitionFacts(
        patient_digest=read.series.patient_digest,
        scanner=_joined(first, "Manufacturer", "ManufacturerModelName"),
        reconstruction=_joined(first, "ReconstructionMethod", "ConvolutionKernel"),
        injected_mbq=_injected_mbq(first) if read.series.modality == "PT" else None,
        uptake_min=uptake_time_min(read.headers) if read.series.modality == "PT" else None,
    )


def _joined(header: Header, *keywords: str) -> str | None:
    found = [text for keyword in keywords if (text := header.text(keyword))]
    return " ".join(found) or None


def _injected_mbq(header: Header) -> float | None:
    """Radionuclide Total Dose (0018,1074), which is in Bq in a PET image (PS3.3 C.8.9.2)."""
    items = header.items("RadiopharmaceuticalInformationSequence")
    if len(items) != 1:
        return None
    try:
        value = float(items[0].text("RadionuclideTotalDose") or "")
    except ValueError:
        return None
    return value / _BQ_PER_MBQ if value > 0 else None
