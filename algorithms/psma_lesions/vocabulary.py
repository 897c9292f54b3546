"""Codes of PSMA results; private, because no standard has any."""

from dicom_node.domain.coding import PRIVATE_SCHEME, Code

NUMBER_OF_LESIONS = Code("246206008", "SCT", "Number of lesions")
TOTAL_LESION_PSMA = Code("tl-psma", PRIVATE_SCHEME, "Total lesion PSMA")
TO_LIVER = Code("lesion-to-liver", PRIVATE_SCHEME, "SUVmean relative to liver")
TO_BLOOD_POOL = Code("lesion-to-blood-pool", PRIVATE_SCHEME, "SUVmean relative to blood pool")
TO_SPLEEN = Code("lesion-to-spleen", PRIVATE_SCHEME, "SUVmean relative to spleen")
TO_PAROTID = Code("lesion-to-parotid", PRIVATE_SCHEME, "SUVmean relative to parotid")
MIPSMA = Code("mipsma", PRIVATE_SCHEME, "miPSMA score suggested by SUVmean (PROMISE V2)")


def score(text: str) -> Code:
    """Code of a score such as ``0`` or ``2 or 3``."""
    return Code(f"mipsma-{text.replace(' ', '-')}", PRIVATE_SCHEME, f"miPSMA {text}")
