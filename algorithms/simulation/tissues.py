"""What each tissue looks like on CT (Hounsfield units) and in FDG PET (SUVbw), with the source.

Sources marked [read] were looked up for these numbers (abstract, table or quotation); [recalled]
ones are common knowledge of the field that a person must check before a number is used clinically.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType

import numpy as np


class Tissue(StrEnum):
    """What a part of the phantom is made of."""

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


_BUZUG = "Buzug 2008 and Prokop 2003, table of HU at radclass.mudr.org [read]"
_RADGRAY = "table of HU at radgray.com, Hounsfield scale [read]"
_RECALLED = "[recalled]"


@dataclass(frozen=True, slots=True)
class Attenuation:
    """CT number of a tissue at 120 kV without contrast medium."""

    hounsfield: float
    source: str


ATTENUATION: Mapping[Tissue, Attenuation] = MappingProxyType(
    {
        Tissue.AIR: Attenuation(-1000, "definition of the scale"),
        Tissue.FAT: Attenuation(-100, f"-100 to -50, {_BUZUG}"),
        Tissue.VISCERAL_FAT: Attenuation(-90, f"-100 to -50, {_BUZUG}"),
        Tissue.MUSCLE: Attenuation(45, f"40 to 55 {_RECALLED}"),
        # Breath-hold values are -910 to -850; PET/CT is done in shallow breathing.
        Tissue.LUNG: Attenuation(-800, f"-910 to -850 in inspiration, {_BUZUG}"),
        Tissue.BLOOD: Attenuation(45, f"45 to 65, {_BUZUG}"),
        Tissue.MYOCARDIUM: Attenuation(50, f"40 to 100 (heart), {_RADGRAY}"),
        Tissue.LIVER: Attenuation(58, f"45 to 65, {_BUZUG}"),
        Tissue.SPLEEN: Attenuation(48, f"35 to 55, {_BUZUG}"),
        Tissue.KIDNEY: Attenuation(32, f"20 to 40, {_BUZUG}"),
        Tissue.RENAL_PELVIS: Attenuation(8, f"urine, near water {_RECALLED}"),
        Tissue.BLADDER: Attenuation(5, f"urine, near water {_RECALLED}"),
        Tissue.STOMACH: Attenuation(25, f"wall and watery content {_RECALLED}"),
        Tissue.BOWEL: Attenuation(25, f"wall and watery content {_RECALLED}"),
        Tissue.GREY_MATTER: Attenuation(39, f"37 to 45, {_BUZUG}"),
        Tissue.WHITE_MATTER: Attenuation(28, f"20 to 30, {_BUZUG}"),
        Tissue.CEREBELLUM: Attenuation(38, f"37 to 45 (grey matter), {_BUZUG}"),
        Tissue.CSF: Attenuation(8, f"0 to 15 {_RECALLED}"),
        Tissue.TONSIL: Attenuation(45, f"as muscle {_RECALLED}"),
        Tissue.SALIVARY_GLAND: Attenuation(20, f"parotid 0 to 40 {_RECALLED}"),
        Tissue.CORTICAL_BONE: Attenuation(800, f"250 to 1000 (compact bone), {_RADGRAY}"),
        Tissue.MARROW: Attenuation(170, f"50 to 200 (spongy bone), {_RADGRAY}"),
        Tissue.TUMOUR: Attenuation(40, f"soft tissue {_RECALLED}"),
    }
)


@dataclass(frozen=True, slots=True)
class Uptake:
    """SUVbw of a tissue 60 min after injection, as it varies between patients.

    Parameters
    ----------
    mean, sd : of a normal distribution, cut at low and high
    organ_system : tissues of one system vary together (a hot cortex comes with a hot cerebellum)
    """

    mean: float
    sd: float
    low: float
    high: float
    source: str
    organ_system: str = ""


_BOKTOR = "Boktor et al., J Nucl Med 2013;54:677, 132 patients [read]"
_WANG = "Wang et al., Mol Imaging Biol 2007;9:83, 98 patients [read]"
_METTLER = "Mettler and Guiberteau 2006, as quoted at roentgenrayreader 2009 [read]"
_GONZALEZ = "Gonzalez et al., Alasbimn J 2001;3(11), 31 patients [read]"
_URINE = "J Nucl Med 2015;56 suppl 3:1434, 76 patients [read]"
_RENAL = "Clin Nucl Med 2000;25:358: urine in the kidney up to 22 [read]"

FDG_UPTAKE: Mapping[Tissue, Uptake] = MappingProxyType(
    {
        Tissue.AIR: Uptake(0.0, 0.0, 0.0, 0.0, "nothing there"),
        Tissue.FAT: Uptake(0.3, 0.05, 0.2, 0.4, _RECALLED),
        Tissue.VISCERAL_FAT: Uptake(
            0.5,
            0.07,
            0.35,
            0.65,
            f"more than subcutaneous: Obesity 2015;23:286 [read]; {_RECALLED}",
        ),
        Tissue.MUSCLE: Uptake(0.7, 0.1, 0.5, 0.95, _RECALLED),
        Tissue.LUNG: Uptake(0.5, 0.08, 0.35, 0.7, f"maximum 0.7, {_METTLER}"),
        Tissue.BLOOD: Uptake(1.55, 0.3, 1.1, 2.1, f"1.55 +- 0.38, {_BOKTOR}", "blood and liver"),
        Tissue.MYOCARDIUM: Uptake(4.5, 2.7, 1.7, 10.8, f"4.5 +- 2.7, {_GONZALEZ}"),
        Tissue.LIVER: Uptake(2.17, 0.35, 1.6, 2.9, f"2.17 +- 0.44, {_BOKTOR}", "blood and liver"),
        Tissue.SPLEEN: Uptake(1.8, 0.25, 1.3, 2.3, f"maximum 1.9, {_METTLER}", "blood and liver"),
        Tissue.KIDNEY: Uptake(2.6, 0.4, 1.9, 3.4, f"below the medulla's maximum 5.5, {_URINE}"),
        Tissue.RENAL_PELVIS: Uptake(9.0, 4.0, 4.0, 18.0, _RENAL, "urine"),
        Tissue.BLADDER: Uptake(13.8, 8.0, 5.0, 35.0, f"13.8 +- 10.3, {_URINE}", "urine"),
        Tissue.STOMACH: Uptake(1.9, 0.4, 1.2, 2.8, _RECALLED),
        Tissue.BOWEL: Uptake(1.6, 0.4, 1.0, 2.6, _RECALLED),
        Tissue.GREY_MATTER: Uptake(
            9.0, 1.8, 5.5, 13.0, f"near the cerebellum {_RECALLED}", "brain"
        ),
        Tissue.WHITE_MATTER: Uptake(3.0, 0.6, 1.8, 4.3, f"a third of grey {_RECALLED}", "brain"),
        Tissue.CEREBELLUM: Uptake(8.0, 1.6, 5.0, 12.0, f"8.0 +- 2.2, {_WANG}", "brain"),
        Tissue.CSF: Uptake(0.6, 0.1, 0.4, 0.8, _RECALLED),
        Tissue.TONSIL: Uptake(3.45, 0.9, 2.0, 5.5, f"palatine 3.45 +- 1.4, {_WANG}"),
        Tissue.SALIVARY_GLAND: Uptake(1.8, 0.3, 1.2, 2.5, f"parotid and submandibular {_RECALLED}"),
        Tissue.CORTICAL_BONE: Uptake(0.5, 0.1, 0.3, 0.8, _RECALLED),
        Tissue.MARROW: Uptake(1.2, 0.2, 0.8, 1.6, f"maximum 1.0, {_METTLER}; 1 to 1.6 {_RECALLED}"),
    }
)


def draw_uptake(
    table: Mapping[Tissue, Uptake], random: np.random.Generator
) -> Mapping[Tissue, float]:
    """SUVbw of every tissue of one patient.

    Parameters
    ----------
    table : of one tracer
    random : the patient's own generator; always as many numbers are drawn
    """
    systems = sorted({found.organ_system or tissue for tissue, found in table.items()})
    deviations = dict(zip(systems, random.standard_normal(len(systems)), strict=True))
    drawn = {}
    for tissue, found in table.items():
        value = found.mean + found.sd * float(deviations[found.organ_system or tissue])
        drawn[tissue] = min(max(value, found.low), found.high)
    return MappingProxyType(drawn)
