"""Coded concepts and units, each value once.

Source of the codes: DICOM PS3.16 2024 context groups (CID named beside each group); UCUM for units.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 8.8): value and scheme decide equality, the meaning is for people."""

    value: str
    scheme: str
    meaning: str = field(compare=False)


# Concepts for which PS3.16 has none; the scheme is registered in every object that we write.
PRIVATE_SCHEME = "99DCMNODE"


class Unit(StrEnum):
    """What the numbers of a volume are, as UCUM spelling (PS3.16 CID 84, 85)."""

    BQML = "Bq/ml"
    SUVBW = "g/ml{SUVbw}"
    SUVLBM = "g/ml{SUVlbm}"
    SUVLBM_JAMES128 = "g/ml{SUVlbm(James128)}"
    SUVLBM_JANMA = "g/ml{SUVlbm(Janma)}"
    SUVIBW = "g/ml{SUVibw}"
    SUVBSA = "cm2/ml{SUVbsa}"
    COUNTS = "{counts}"
    COUNTS_PER_SECOND = "{counts}/s"
    PROPORTIONAL_TO_COUNTS = "{propcounts}"
    PROPORTIONAL_TO_COUNTS_PER_SECOND = "{propcounts}/s"
    HOUNSFIELD = "[hnsf'U]"
    UNITLESS = "1"
    ARBITRARY = "[arb'U]"  # the file tells no unit; ratios within one volume still hold


# Units of measurements.
G_PER_ML_SUVBW = Code(Unit.SUVBW, "UCUM", "Standardized Uptake Value body weight")
MILLILITRE = Code("ml", "UCUM", "milliliter")
GRAM = Code("g", "UCUM", "gram")
MILLIMETRE = Code("mm", "UCUM", "millimeter")
RATIO = Code("{ratio}", "UCUM", "ratio")
PERCENT = Code("%", "UCUM", "Percent")
COUNT = Code("1", "UCUM", "no units")

# What is measured.
SUVBW = Code("126401", "DCM", "SUVbw")
METABOLIC_VOLUME = Code("126032", "DCM", "Metabolic Volume")
TOTAL_LESION_GLYCOLYSIS = Code("126033", "DCM", "Total Lesion Glycolysis")
VOLUME = Code("118565006", "SCT", "Volume")
# PS3.16 has Total Lesion Glycolysis for FDG lesions only; a threshold candidate of any tracer is
# neither a lesion nor always glycolysis.
UPTAKE_VOLUME_PRODUCT = Code("suvmean-x-volume", PRIVATE_SCHEME, "SUVmean times volume")
NUMBER_OF_CANDIDATES = Code("candidate-count", PRIVATE_SCHEME, "Number of uptake candidates")

# How it was derived (cid 7464 and 7465).
MAXIMUM = Code("56851009", "SCT", "Maximum")
MEAN = Code("373098007", "SCT", "Mean")
STANDARD_DEVIATION = Code("386136009", "SCT", "Standard Deviation")
TOTAL = Code("255619001", "SCT", "Total")
PEAK = Code("126031", "DCM", "Peak Value Within ROI")
SUVBW_METHOD = Code("126410", "DCM", "SUV body weight calculation method")

# What a segment is (cid 7150, 7151).
ANATOMICAL_STRUCTURE = Code("91723000", "SCT", "Anatomical Structure")
TISSUE = Code("85756007", "SCT", "Tissue")
MORPHOLOGICALLY_ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
SPATIAL_CONCEPT = Code("309825002", "SCT", "Spatial and Relational Concept")
UPTAKE_CANDIDATE = Code("uptake-candidate", PRIVATE_SCHEME, "Uptake above threshold (candidate)")
REFERENCE_REGION = Code("C94970", "NCIt", "Reference Region")

# Algorithm families (cid 7162).
HISTOGRAM_ANALYSIS = Code("123105", "DCM", "Histogram Analysis")

# Places.
LEFT = Code("7771000", "SCT", "Left")
RIGHT = Code("24028007", "SCT", "Right")
