"""PSMA ligands: SUVbw of each organ at the usual time of imaging, and lesions.

Three ligands: PSMA-11 and DCFPyL leave by the kidneys, PSMA-1007 by the liver. [read]: looked up in
the abstract; [recalled]: to be checked by a person before any clinical use. Where a source gives
SUVmax of a small organ, the value here is lower, for the maximum of a noisy image lies above the
organ's own uptake.
"""

from collections.abc import Mapping
from types import MappingProxyType

from algorithms.simulation.tissues import Uptake
from algorithms.simulation.wholebody.organs import Organ
from algorithms.simulation.wholebody.tracers import LesionUptake, TracerModel

_RECALLED = "[recalled]"
_KIT = "Kurash et al., Sci Rep 2020;10:3109, 80 patients [read]"
_TWO = "EJNMMI Res 2024, s13550-024-01097-3, 50 patients with both ligands [read]"
_MANY = "Tragardh et al., Clin Physiol Funct Imaging 2025, cpf.70016, 1086 patients [read]"
_PYL = "semiquantitative parameters of DCFPyL, J Nucl Med, PMC5450367, 65 scans [read]"
_HURDLES = "interpretation hurdles, 55 men, Clin Nucl Med 2017, PMID 28481787 [read]"
_GANGLIA = "Rischpler et al., J Nucl Med 2018;59:1406, 407 patients [read]"

_COMMON: Mapping[Organ, Uptake] = {
    Organ.AIR: Uptake(0.0, 0.0, 0.0, 0.0, "nothing there"),
    Organ.FAT: Uptake(0.3, 0.08, 0.15, 0.5, _RECALLED),
    Organ.VISCERAL_FAT: Uptake(0.4, 0.1, 0.2, 0.7, _RECALLED),
    Organ.MUSCLE: Uptake(0.6, 0.15, 0.35, 1.0, f"gluteal, from ratios to ganglia {_RECALLED}"),
    Organ.LUNG: Uptake(0.4, 0.1, 0.2, 0.7, _RECALLED),
    Organ.BLOOD: Uptake(1.6, 0.4, 0.8, 2.8, _RECALLED, "blood"),
    Organ.MYOCARDIUM: Uptake(1.7, 0.4, 0.9, 3.0, f"perfusion {_RECALLED}", "blood"),
    Organ.GREY_MATTER: Uptake(0.4, 0.1, 0.2, 0.8, f"does not pass into the brain {_RECALLED}"),
    Organ.WHITE_MATTER: Uptake(0.3, 0.1, 0.1, 0.6, f"does not pass into the brain {_RECALLED}"),
    Organ.CEREBELLUM: Uptake(0.4, 0.1, 0.2, 0.8, f"does not pass into the brain {_RECALLED}"),
    Organ.CSF: Uptake(0.2, 0.05, 0.1, 0.4, _RECALLED),
    Organ.CORTICAL_BONE: Uptake(0.5, 0.1, 0.3, 0.9, _RECALLED),
    Organ.MARROW: Uptake(0.9, 0.25, 0.5, 1.8, _RECALLED),
    Organ.PANCREAS: Uptake(2.2, 0.6, 1.0, 4.0, _RECALLED),
    Organ.ADRENAL: Uptake(3.5, 1.2, 1.5, 7.0, _RECALLED),
    Organ.OESOPHAGUS: Uptake(1.6, 0.4, 0.8, 3.0, _RECALLED),
    Organ.THYROID: Uptake(1.6, 0.9, 0.8, 5.0, f"22 % show it, SUVmax 4.5 +- 1.2, {_HURDLES}"),
    Organ.STOMACH: Uptake(2.5, 1.0, 1.0, 6.0, _RECALLED),
    Organ.LARYNX: Uptake(4.0, 1.7, 1.5, 9.0, f"vocal cords SUVmax 8.4 +- 3, {_HURDLES}"),
    Organ.NASOPHARYNX: Uptake(5.0, 2.2, 2.0, 12.0, f"Waldeyer SUVmax 10.4 +- 4.3, {_HURDLES}"),
    Organ.TONSIL: Uptake(4.0, 1.8, 1.5, 10.0, f"Waldeyer SUVmax 10.4 +- 4.3, {_HURDLES}"),
    Organ.EYE_MUSCLE: Uptake(0.9, 0.2, 0.5, 1.5, _RECALLED),
    Organ.PROSTATE: Uptake(2.4, 0.9, 1.2, 5.0, f"normal 2.4, {_KIT}"),
    Organ.TESTIS: Uptake(1.0, 0.2, 0.6, 1.8, _RECALLED),
    Organ.GANGLION: Uptake(5.0, 1.6, 2.5, 9.0, f"SUVmax of thin bands 2.9 +- 0.8, {_GANGLIA}"),
    Organ.BROWN_FAT: Uptake(0.5, 0.1, 0.3, 0.8, _RECALLED),
    Organ.ACTIVE_MUSCLE: Uptake(0.8, 0.2, 0.4, 1.5, _RECALLED),
    Organ.BENIGN_BONE: Uptake(3.0, 1.0, 1.5, 6.0, _RECALLED),
    Organ.INJECTION_SITE: Uptake(8.0, 8.0, 2.0, 40.0, _RECALLED),
}

_PSMA_11: Mapping[Organ, Uptake] = {
    Organ.LIVER: Uptake(5.4, 1.7, 2.5, 11.0, f"5.4 +- 1.7, {_TWO}", "liver"),
    Organ.SPLEEN: Uptake(8.1, 3.5, 2.5, 20.0, f"8.1 +- 3.5, {_TWO}"),
    Organ.KIDNEY: Uptake(41.7, 12.0, 18.0, 85.0, f"41.7, {_KIT}", "kidney"),
    Organ.RENAL_PELVIS: Uptake(35.0, 20.0, 8.0, 110.0, f"urine {_RECALLED}", "urine"),
    Organ.URETER: Uptake(18.0, 12.0, 4.0, 60.0, f"urine {_RECALLED}", "urine"),
    Organ.BLADDER: Uptake(30.0, 25.0, 4.0, 150.0, f"urine {_RECALLED}", "urine"),
    Organ.SALIVARY_GLAND: Uptake(14.5, 4.0, 6.0, 30.0, f"parotid 14.5, {_KIT}", "salivary"),
    Organ.SUBMANDIBULAR: Uptake(13.0, 3.8, 6.0, 30.0, f"13.02, {_KIT}", "salivary"),
    Organ.SUBLINGUAL: Uptake(5.0, 2.0, 2.0, 12.0, _RECALLED, "salivary"),
    Organ.LACRIMAL: Uptake(9.0, 3.5, 3.0, 20.0, f"SUVmax 15.7 +- 7.2, {_HURDLES}", "lacrimal"),
    Organ.DUODENUM: Uptake(11.0, 5.0, 3.5, 26.0, f"SUVmax 17.6 +- 8.9, {_HURDLES}", "bowel"),
    Organ.BOWEL: Uptake(5.5, 3.0, 1.5, 15.0, f"jejunum above ileum {_RECALLED}", "bowel"),
    Organ.COLON: Uptake(2.5, 1.8, 0.8, 10.0, f"65 %: SUVmax 10.6 +- 9.2, {_HURDLES}"),
    Organ.GALLBLADDER: Uptake(4.0, 3.0, 1.0, 15.0, _RECALLED),
}

_PSMA_1007: Mapping[Organ, Uptake] = {
    Organ.LIVER: Uptake(11.7, 3.9, 5.0, 24.0, f"11.7 +- 3.9, {_TWO}", "liver"),
    Organ.SPLEEN: Uptake(11.2, 3.5, 4.0, 25.0, f"11.2 +- 3.5, {_TWO}"),
    Organ.KIDNEY: Uptake(
        13.5, 3.8, 6.0, 28.0, f"median 13.1, quartiles 4.6 apart, {_MANY}", "kidney"
    ),
    Organ.RENAL_PELVIS: Uptake(6.0, 3.0, 1.5, 18.0, f"little urine {_RECALLED}", "urine"),
    Organ.URETER: Uptake(3.5, 1.5, 1.2, 9.0, f"little urine {_RECALLED}", "urine"),
    Organ.BLADDER: Uptake(3.5, 2.2, 1.0, 15.0, f"low urinary clearance {_RECALLED}", "urine"),
    Organ.SALIVARY_GLAND: Uptake(18.9, 5.2, 8.0, 38.0, f"parotid median 18.6, {_MANY}", "salivary"),
    Organ.SUBMANDIBULAR: Uptake(18.0, 5.0, 8.0, 38.0, _RECALLED, "salivary"),
    Organ.SUBLINGUAL: Uptake(8.0, 3.0, 3.0, 18.0, _RECALLED, "salivary"),
    Organ.LACRIMAL: Uptake(9.0, 3.5, 3.0, 22.0, _RECALLED, "lacrimal"),
    Organ.DUODENUM: Uptake(11.0, 4.0, 4.0, 24.0, _RECALLED, "bowel"),
    Organ.BOWEL: Uptake(6.0, 3.0, 1.5, 16.0, f"excreted with bile {_RECALLED}", "bowel"),
    Organ.COLON: Uptake(2.0, 1.2, 0.8, 7.0, _RECALLED),
    Organ.GALLBLADDER: Uptake(35.0, 25.0, 4.0, 120.0, f"excreted with bile {_RECALLED}"),
    Organ.MARROW: Uptake(1.2, 0.3, 0.7, 2.2, _RECALLED),
    Organ.BENIGN_BONE: Uptake(5.0, 2.0, 2.0, 11.0, f"unspecific bone uptake {_RECALLED}"),
    Organ.PANCREAS: Uptake(3.2, 0.9, 1.5, 6.0, _RECALLED),
}

_DCFPYL: Mapping[Organ, Uptake] = {
    Organ.LIVER: Uptake(5.0, 0.9, 2.8, 8.5, f"5.0 +- 0.7, {_PYL}", "liver"),
    Organ.SPLEEN: Uptake(4.0, 1.5, 1.5, 10.0, f"4.0 +- 1.5, {_PYL}"),
    Organ.KIDNEY: Uptake(19.8, 4.6, 9.0, 36.0, f"19.4 and 20.1 +- 4.6, {_PYL}", "kidney"),
    Organ.RENAL_PELVIS: Uptake(30.0, 18.0, 6.0, 100.0, f"urine {_RECALLED}", "urine"),
    Organ.URETER: Uptake(16.0, 11.0, 4.0, 60.0, f"urine {_RECALLED}", "urine"),
    Organ.BLADDER: Uptake(40.0, 35.0, 5.0, 180.0, f"urine {_RECALLED}", "urine"),
    Organ.SALIVARY_GLAND: Uptake(9.1, 2.0, 4.5, 16.0, f"parotid 9.1 +- 2.0, {_PYL}", "salivary"),
    Organ.SUBMANDIBULAR: Uptake(9.5, 2.2, 4.5, 17.0, f"9.4 and 9.6 +- 2.3, {_PYL}", "salivary"),
    Organ.SUBLINGUAL: Uptake(4.0, 1.5, 1.5, 9.0, _RECALLED, "salivary"),
    Organ.LACRIMAL: Uptake(6.5, 1.8, 3.0, 12.0, f"6.4 and 6.6 +- 1.8, {_PYL}", "lacrimal"),
    Organ.DUODENUM: Uptake(9.0, 4.0, 3.0, 20.0, _RECALLED, "bowel"),
    Organ.BOWEL: Uptake(5.0, 2.5, 1.2, 13.0, _RECALLED, "bowel"),
    Organ.COLON: Uptake(1.8, 1.0, 0.7, 6.0, _RECALLED),
    Organ.GALLBLADDER: Uptake(8.0, 8.0, 1.0, 40.0, _RECALLED),
}

_LESION = LesionUptake(
    median=10.0,
    spread=0.7,
    low=2.8,
    high=70.0,
    source=f"SUVmax: prostate 11.3 +- 7.5, nodes 14.6, {_KIT}; nodes 13.4 to 18.0, {_GANGLIA}",
)


def _ligand(key: str, own: Mapping[Organ, Uptake]) -> TracerModel:
    return TracerModel(
        key=key,
        uptake=MappingProxyType({**_COMMON, **own}),
        lesion=_LESION,
        hot_suv=2.5,
        hot_per_liver=0.0,  # liver uptake of these ligands says nothing about what is hot
        always=frozenset(
            {Organ.LIVER, Organ.SPLEEN, Organ.KIDNEY, Organ.RENAL_PELVIS, Organ.BLADDER}
        ),
        sexes=("M",),
    )


PSMA_11 = _ligand("PSMA-11", _PSMA_11)
PSMA_1007 = _ligand("PSMA-1007", _PSMA_1007)
DCFPYL = _ligand("DCFPYL", _DCFPYL)
