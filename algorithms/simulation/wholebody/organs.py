"""The organs of the whole-body patients and their CT numbers.

Values that `tissues.py` has are taken from there with their sources. Sources marked [recalled] are
common knowledge of the field that a person must check before a number is used clinically.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType

from algorithms.simulation.tissues import ATTENUATION, Attenuation, Tissue

_RECALLED = "[recalled]"


class Organ(StrEnum):
    """What a piece of a patient is; names shared with Tissue mean the same."""

    AIR = auto()
    FAT = auto()
    VISCERAL_FAT = auto()
    MUSCLE = auto()
    LUNG = auto()
    BLOOD = auto()
    MYOCARDIUM = auto()
    LIVER = auto()
    SPLEEN = auto()
    KIDNEY = auto()
    RENAL_PELVIS = auto()
    BLADDER = auto()
    STOMACH = auto()
    BOWEL = auto()
    GREY_MATTER = auto()
    WHITE_MATTER = auto()
    CEREBELLUM = auto()
    CSF = auto()
    TONSIL = auto()
    SALIVARY_GLAND = auto()
    CORTICAL_BONE = auto()
    MARROW = auto()
    TUMOUR = auto()
    # What the analytic man of `fdg_petct` does not have.
    URETER = auto()
    COLON = auto()
    DUODENUM = auto()
    GALLBLADDER = auto()
    PANCREAS = auto()
    ADRENAL = auto()
    OESOPHAGUS = auto()
    THYROID = auto()
    LARYNX = auto()
    NASOPHARYNX = auto()
    SUBMANDIBULAR = auto()
    SUBLINGUAL = auto()
    LACRIMAL = auto()
    EYE_MUSCLE = auto()
    BREAST = auto()
    PROSTATE = auto()
    TESTIS = auto()
    UTERUS = auto()
    OVARY = auto()
    BROWN_FAT = auto()
    ACTIVE_MUSCLE = auto()
    GANGLION = auto()
    BENIGN_BONE = auto()
    INJECTION_SITE = auto()


_OTHERS: Mapping[Organ, Attenuation] = {
    Organ.URETER: Attenuation(8, f"urine, near water {_RECALLED}"),
    Organ.COLON: Attenuation(15, f"wall, stool and gas mixed {_RECALLED}"),
    Organ.DUODENUM: Attenuation(25, f"wall and watery content {_RECALLED}"),
    Organ.GALLBLADDER: Attenuation(8, f"bile, 0 to 20 {_RECALLED}"),
    Organ.PANCREAS: Attenuation(38, f"30 to 50 {_RECALLED}"),
    Organ.ADRENAL: Attenuation(30, f"20 to 40 {_RECALLED}"),
    Organ.OESOPHAGUS: Attenuation(35, f"soft tissue {_RECALLED}"),
    Organ.THYROID: Attenuation(100, f"80 to 120 for its iodine {_RECALLED}"),
    Organ.LARYNX: Attenuation(45, f"muscle {_RECALLED}"),
    Organ.NASOPHARYNX: Attenuation(45, f"soft tissue {_RECALLED}"),
    Organ.SUBMANDIBULAR: Attenuation(40, f"denser than the parotid {_RECALLED}"),
    Organ.SUBLINGUAL: Attenuation(40, f"as the submandibular gland {_RECALLED}"),
    Organ.LACRIMAL: Attenuation(35, f"soft tissue {_RECALLED}"),
    Organ.EYE_MUSCLE: Attenuation(40, f"muscle {_RECALLED}"),
    Organ.BREAST: Attenuation(-20, f"gland and fat mixed {_RECALLED}"),
    Organ.PROSTATE: Attenuation(40, f"30 to 50 {_RECALLED}"),
    Organ.TESTIS: Attenuation(35, f"soft tissue {_RECALLED}"),
    Organ.UTERUS: Attenuation(45, f"muscle {_RECALLED}"),
    Organ.OVARY: Attenuation(30, f"soft tissue with follicles {_RECALLED}"),
    Organ.BROWN_FAT: Attenuation(-80, f"fat, a little denser {_RECALLED}"),
    Organ.ACTIVE_MUSCLE: Attenuation(50, f"muscle {_RECALLED}"),
    Organ.GANGLION: Attenuation(30, f"soft tissue {_RECALLED}"),
    Organ.BENIGN_BONE: Attenuation(350, f"bone without a correlate on CT {_RECALLED}"),
    Organ.INJECTION_SITE: Attenuation(20, f"soft tissue and vein {_RECALLED}"),
}

HOUNSFIELD: Mapping[Organ, Attenuation] = MappingProxyType(
    {**{Organ(tissue.value): ATTENUATION[tissue] for tissue in Tissue}, **_OTHERS}
)
NUMBER: Mapping[Organ, int] = MappingProxyType({organ: n for n, organ in enumerate(Organ)})
