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

# Names of content items (TID 1001 to 1004, 1204, 1411, 1419, 1500, 1501, 4019, 4108).
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Code("en-US", "RFC5646", "English (United States)")
OBSERVER_TYPE = Code("121005", "DCM", "Observer Type")
DEVICE_UID = Code("121012", "DCM", "Device Observer UID")
DEVICE_NAME = Code("121013", "DCM", "Device Observer Name")
DEVICE_MANUFACTURER = Code("121014", "DCM", "Device Observer Manufacturer")
DEVICE_MODEL = Code("121015", "DCM", "Device Observer Model Name")
DEVICE_SERIAL_NUMBER = Code("121016", "DCM", "Device Observer Serial Number")
PROCEDURE_REPORTED = Code("121058", "DCM", "Procedure reported")
IMAGING_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
MEASUREMENT_GROUP = Code("125007", "DCM", "Measurement Group")
TRACKING_IDENTIFIER = Code("112039", "DCM", "Tracking Identifier")
TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier")
FINDING_CATEGORY = Code("276214006", "SCT", "Finding category")
FINDING = Code("121071", "DCM", "Finding")
FINDING_SITE = Code("363698007", "SCT", "Finding Site")
LATERALITY = Code("272741003", "SCT", "Laterality")
ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name")
ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version")
ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")
ALGORITHM_FAMILY = Code("111000", "DCM", "Algorithm Family")
MEASUREMENT_METHOD = Code("370129005", "SCT", "Measurement Method")
DERIVATION = Code("121401", "DCM", "Derivation")
REFERENCED_SEGMENT = Code("121191", "DCM", "Referenced Segment")
SOURCE_SERIES = Code("121232", "DCM", "Source Series for Segmentation")
SOURCE = Code("260753009", "SCT", "Source")

OF_INTEREST = Code("113000", "DCM", "Of Interest")  # CID 7010
KEY_OBJECT_DESCRIPTION = Code("113012", "DCM", "Key Object Description")
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
