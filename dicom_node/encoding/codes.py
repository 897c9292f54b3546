"""Codes that only result objects need, and the bridge from a domain Code to highdicom's."""

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept

from dicom_node.domain.coding import G_PER_ML_SUVBW, PRIVATE_SCHEME, Code, Unit
from dicom_node.domain.equipment import MANUFACTURER

# Titles (CID 7021, extensible) and the procedure reported (CID 100), by Modality of the source.
# OHIF takes (126000, DCM) for outlines on images and leaves the viewport black where there are
# none; so no report without outlines has this title, and NM and CT need one of their own.
IMAGING_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report")
REPORT_TITLES = {
    "PT": Code("126003", "DCM", "PET Measurement Report"),
    "NM": Code("nm-measurement-report", PRIVATE_SCHEME, "NM Measurement Report"),
    "CT": Code("ct-measurement-report", PRIVATE_SCHEME, "CT Measurement Report"),
}
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
AREA = Code("42798000", "SCT", "Area")
SQUARE_MILLIMETRE = Code("mm2", "UCUM", "square millimeter")
NO_UNITS = Code("1", "UCUM", "no units")
# A network's number is no probability of disease: CID codes that say so must not be used.
OUTPUT_SCORE = Code("output-score", PRIVATE_SCHEME, "Algorithm output score (uncalibrated)")

_UNIT_MEANINGS = {
    Unit.BQML: "Becquerels/milliliter",
    Unit.SUVLBM: "Standardized Uptake Value lean body mass (James)",
    Unit.SUVLBM_JAMES128: "Standardized Uptake Value lean body mass (James 128 multiplier)",
    Unit.SUVLBM_JANMA: "Standardized Uptake Value lean body mass (Janma)",
    Unit.SUVIBW: "Standardized Uptake Value ideal body weight",
    Unit.SUVBSA: "Standardized Uptake Value body surface area",
    Unit.COUNTS: "Counts",
    Unit.COUNTS_PER_SECOND: "Counts per second",
    Unit.PROPORTIONAL_TO_COUNTS: "Proportional to counts",
    Unit.PROPORTIONAL_TO_COUNTS_PER_SECOND: "Proportional to counts per second",
    Unit.HOUNSFIELD: "Hounsfield unit",
    Unit.UNITLESS: "no units",
    Unit.ARBITRARY: "arbitrary unit",
}


def concept(code: Code) -> CodedConcept:
    """A code as highdicom writes it."""
    return CodedConcept(code.value, code.scheme, code.meaning)


def unit_code(unit: Unit) -> Code:
    """Unit of a volume as the unit of a measurement (PS3.16 CID 84, 85)."""
    return G_PER_ML_SUVBW if unit is Unit.SUVBW else Code(unit, "UCUM", _UNIT_MEANINGS[unit])


def private_scheme() -> CodingSchemeIdentificationItem:
    """Who stands behind our private codes (PS3.3 C.12.1, Coding Scheme Identification)."""
    return CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME,
        name="Concepts of dicom_node for which PS3.16 has no code",
        responsible_organization=MANUFACTURER,
    )
