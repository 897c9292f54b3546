"""Codes of FDG results that the domain's table does not have; private where no standard has any."""

from dicom_node.domain.coding import PRIVATE_SCHEME, Code

NUMBER_OF_LESIONS = Code("246206008", "SCT", "Number of lesions")
PER_METRE = Code("/m", "UCUM", "per meter")
DMAX = Code("dmax", PRIVATE_SCHEME, "Largest distance between lesions")
SDMAX = Code("sdmax", PRIVATE_SCHEME, "Largest distance between lesions per body surface")
QPET = Code("qpet", PRIVATE_SCHEME, "qPET")
DEAUVILLE = Code(
    "qpet-deauville",
    PRIVATE_SCHEME,
    "Deauville category suggested by qPET (Hasenclever 2014)",
)
PERCIST_THRESHOLD = Code("percist-threshold", PRIVATE_SCHEME, "PERCIST threshold of SULpeak")


def deauville_category(category: str) -> Code:
    """Code of a category such as ``4`` or ``1 or 2``."""
    return Code(f"deauville-{category.replace(' ', '-')}", PRIVATE_SCHEME, f"Deauville {category}")
