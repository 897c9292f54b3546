"""FDG: SUVbw of each organ 60 min after injection, lesions, and how often what is hot.

Values that `tissues.py` has are taken from there with their sources. [read]: looked up in abstract
or table; [recalled]: to be checked by a person before any clinical use.
"""

from collections.abc import Mapping
from types import MappingProxyType

from algorithms.simulation.tissues import FDG_UPTAKE, Uptake
from algorithms.simulation.wholebody.organs import Organ
from algorithms.simulation.wholebody.tracers import LesionUptake, TracerModel

_RECALLED = "[recalled]"
_WANG = "Wang et al., Mol Imaging Biol 2007;9:83, 98 patients [read]"

_OWN: Mapping[Organ, Uptake] = {
    Organ.MYOCARDIUM: Uptake(
        4.5, 3.4, 0.8, 16.0, "4.5 +- 2.7, Gonzalez 2001 [read]; from none to 16: fasting [recalled]"
    ),
    Organ.BLADDER: Uptake(
        13.8, 11.0, 3.0, 60.0, "13.8 +- 10.3, J Nucl Med 2015;56 suppl 3:1434 [read]", "urine"
    ),
    Organ.KIDNEY: Uptake(
        2.4,
        0.9,
        0.8,
        4.5,
        f"2.6 of `tissues.py`; late, no more than what lies around it {_RECALLED}",
    ),
    Organ.RENAL_PELVIS: Uptake(
        13.0,
        12.0,
        2.5,
        60.0,
        "urine in the kidney up to 22, Clin Nucl Med 2000;25:358 [read]; with stasis, or late, as "
        "in the bladder [recalled]",
        "urine",
    ),
    Organ.URETER: Uptake(
        8.0, 4.5, 2.5, 22.0, f"urine, as in the renal pelvis {_RECALLED}", "urine"
    ),
    Organ.BOWEL: Uptake(1.6, 0.8, 0.7, 6.0, f"small bowel {_RECALLED}"),
    Organ.COLON: Uptake(1.7, 1.1, 0.7, 9.0, f"to 10 and more under metformin {_RECALLED}"),
    Organ.STOMACH: Uptake(2.0, 0.8, 1.0, 5.0, f"wall, contracted or not {_RECALLED}"),
    Organ.DUODENUM: Uptake(1.8, 0.5, 1.0, 4.0, _RECALLED),
    Organ.GALLBLADDER: Uptake(0.7, 0.3, 0.3, 2.0, _RECALLED),
    Organ.PANCREAS: Uptake(1.3, 0.3, 0.7, 2.2, _RECALLED),
    Organ.ADRENAL: Uptake(1.5, 0.5, 0.8, 3.5, _RECALLED),
    Organ.OESOPHAGUS: Uptake(1.6, 0.5, 0.9, 3.5, _RECALLED),
    Organ.THYROID: Uptake(1.3, 0.4, 0.7, 2.5, _RECALLED),
    Organ.LARYNX: Uptake(2.4, 1.2, 1.0, 6.5, f"vocal cords, speech {_RECALLED}"),
    Organ.NASOPHARYNX: Uptake(2.9, 0.9, 1.3, 5.5, f"soft palate 2.92 +- 0.86, {_WANG}", "throat"),
    Organ.TONSIL: Uptake(3.45, 1.4, 1.4, 8.0, f"palatine 3.45 +- 1.4, {_WANG}", "throat"),
    Organ.SALIVARY_GLAND: Uptake(1.9, 0.7, 0.9, 4.5, f"parotid {_RECALLED}", "salivary"),
    Organ.SUBMANDIBULAR: Uptake(2.1, 0.7, 1.0, 4.5, f"above the parotid {_RECALLED}", "salivary"),
    Organ.SUBLINGUAL: Uptake(3.3, 1.5, 1.2, 7.0, f"3.3 +- 1.5, {_WANG}"),
    Organ.LACRIMAL: Uptake(1.4, 0.4, 0.8, 2.5, _RECALLED),
    Organ.EYE_MUSCLE: Uptake(3.5, 1.4, 1.5, 8.0, _RECALLED),
    Organ.BREAST: Uptake(0.9, 0.3, 0.4, 2.2, _RECALLED),
    Organ.PROSTATE: Uptake(1.6, 0.4, 0.9, 3.0, _RECALLED),
    Organ.TESTIS: Uptake(2.57, 0.56, 1.2, 4.5, f"2.57 +- 0.56, {_WANG}"),
    Organ.UTERUS: Uptake(1.9, 0.8, 0.9, 6.0, f"endometrium follows the cycle {_RECALLED}"),
    Organ.OVARY: Uptake(1.7, 0.9, 0.8, 6.0, f"follows the cycle {_RECALLED}"),
    Organ.MARROW: Uptake(
        1.4, 0.45, 0.7, 3.0, "1 to 1.6, more when stimulated: Mettler 2006 [read]; [recalled]"
    ),
    Organ.BROWN_FAT: Uptake(5.0, 3.0, 1.8, 16.0, f"to 10 and more {_RECALLED}"),
    Organ.ACTIVE_MUSCLE: Uptake(2.2, 1.0, 1.1, 6.5, f"strained or insulin {_RECALLED}"),
    Organ.GANGLION: Uptake(1.2, 0.2, 0.8, 1.8, _RECALLED),
    Organ.BENIGN_BONE: Uptake(2.4, 0.8, 1.2, 5.0, f"joints, healing fractures {_RECALLED}"),
    Organ.INJECTION_SITE: Uptake(12.0, 14.0, 2.0, 60.0, f"paravasation of the dose {_RECALLED}"),
}

FDG = TracerModel(
    key="FDG",
    uptake=MappingProxyType(
        {**{Organ(tissue.value): found for tissue, found in FDG_UPTAKE.items()}, **_OWN}
    ),
    lesion=LesionUptake(
        median=6.5,
        spread=0.55,
        low=2.3,
        high=35.0,
        source="range of solid tumours and lymphoma, our choice [recalled]",
    ),
    hot_suv=2.5,
    hot_per_liver=1.1,
    always=frozenset(
        {
            Organ.GREY_MATTER,
            Organ.WHITE_MATTER,
            Organ.CEREBELLUM,
            Organ.LIVER,
            Organ.SPLEEN,
            Organ.KIDNEY,
            Organ.RENAL_PELVIS,
            Organ.BLADDER,
        }
    ),
    sexes=("M", "F"),
)
