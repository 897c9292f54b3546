"""Codes of change; PS3.16 has none for PERCIST, RECIP and a quantity of an earlier day."""

from dicom_node.domain.coding import PRIVATE_SCHEME, Code

SUL_PEAK = Code("sul-peak", PRIVATE_SCHEME, "SULpeak of the hottest lesion")
SUL_PEAK_BEFORE = Code("sul-peak-before", PRIVATE_SCHEME, "SULpeak of the hottest lesion, before")
SUV_PEAK_BEFORE = Code("suv-peak-before", PRIVATE_SCHEME, "SUVpeak in the earlier examination")
VOLUME_BEFORE = Code("volume-before", PRIVATE_SCHEME, "Volume in the earlier examination")
PRODUCT_BEFORE = Code("product-before", PRIVATE_SCHEME, "SUVmean times volume, before")
NUMBER_BEFORE = Code("lesions-before", PRIVATE_SCHEME, "Number of lesions, before")
NUMBER_NOW = Code("246206008", "SCT", "Number of lesions")
NEW_LESIONS = Code("new-lesions", PRIVATE_SCHEME, "Number of new lesions")
GONE_LESIONS = Code("gone-lesions", PRIVATE_SCHEME, "Number of lesions that are gone")
CHANGE_OF_PEAK = Code("change-of-peak", PRIVATE_SCHEME, "Change of peak uptake")
CHANGE_OF_VOLUME = Code("change-of-volume", PRIVATE_SCHEME, "Change of volume")
CHANGE_OF_PRODUCT = Code("change-of-product", PRIVATE_SCHEME, "Change of SUVmean times volume")
LIVER_BEFORE = Code("liver-before", PRIVATE_SCHEME, "SUVmean of the liver, before")
PERCIST_THRESHOLD = Code("percist-threshold", PRIVATE_SCHEME, "PERCIST threshold of SULpeak")
PERCIST = Code("percist-category", PRIVATE_SCHEME, "PERCIST category suggested")
RECIP = Code("recip-category", PRIVATE_SCHEME, "RECIP category suggested")
LIVER = Code("10200004", "SCT", "Liver")
SUL = Code("g/ml{SUVlbm(Janma)}", "UCUM", "SUV lean body mass (Janmahasatian)")


def category(short: str, meaning: str) -> Code:
    """Code of a category such as ``PMR``."""
    return Code(short.lower(), PRIVATE_SCHEME, f"{short}: {meaning}")
