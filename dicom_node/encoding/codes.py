"""Codes that only result objects need, and the bridge from a domain Code to highdicom's."""

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept

from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.equipment import MANUFACTURER

# Titles of a report (CID 7021) and the procedure reported (CID 100), by Modality of the source.
PET_MEASUREMENT_REPORT = Code("126003", "DCM", "PET Measurement Report")
IMAGING_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report")
PROCEDURES = {
    "PT": Code("44136-0", "LN", "PET unspecified body region"),
    "NM": Code("49118-3", "LN", "NM unspecified body region"),
    "CT": Code("25045-6", "LN", "CT unspecified body region"),
}

COMMENT = Code("121106", "DCM", "Comment")
SEGMENTATION = Code("113076", "DCM", "Segmentation")
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")
ACQUISITION_EQUIPMENT = Code("109101", "DCM", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")
DEVICE = Code("121007", "DCM", "Device")
NO_UNITS = Code("1", "UCUM", "no units")
# A network's number is no probability of disease: CID codes that say so must not be used.
OUTPUT_SCORE = Code("output-score", PRIVATE_SCHEME, "Algorithm output score (uncalibrated)")


def concept(code: Code) -> CodedConcept:
    """A code as highdicom writes it."""
    return CodedConcept(code.value, code.scheme, code.meaning)


def private_scheme() -> CodingSchemeIdentificationItem:
    """Who stands behind our private codes (PS3.3 C.12.1, Coding Scheme Identification)."""
    return CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME,
        name="Concepts of dicom_node for which PS3.16 has no code",
        responsible_organization=MANUFACTURER,
    )
