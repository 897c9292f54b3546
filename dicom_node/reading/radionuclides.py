"""Radionuclides of nuclear medicine: half-life, codes, and which modality can see them."""

from collections.abc import Mapping
from types import MappingProxyType

from dicom_node.domain.coding import Code
from dicom_node.domain.tracer import Radionuclide

# How far the half-life in a file may lie from the table. Vendors round (F-18 6588 s, Rb-82 75 s,
# Tc-99m 21600 s); the widest of those differs by 1.8 %.
HALF_LIFE_TOLERANCE = 0.02

# 99SDM and SNM3 are older names of one coding scheme, SNOMED RT (PS3.16 8.1, SRT), and DICOM
# compares scheme designators as they stand, while files write NCIt in every case.
_SCHEME_SYNONYMS: Mapping[str, str] = MappingProxyType({"SNM3": "SRT", "99SDM": "SRT"})


def canonical_scheme(scheme: str) -> str:
    """Coding scheme designator in capitals, with the legacy names of SNOMED RT as ``SRT``."""
    capitals = scheme.strip().upper()
    return _SCHEME_SYNONYMS.get(capitals, capitals)


def _nuclide(
    name: str, half_life_s: float, *, sct: str, srt: str, meaning: str, positron: bool = False
) -> Radionuclide:
    codes = (Code(sct, "SCT", meaning), Code(srt, "SRT", meaning))
    return Radionuclide(name=name, half_life_s=half_life_s, codes=codes, positron_emitter=positron)


# Half-lives: ICRP Publication 107 and NUBASE, as tabulated by radioactivedecay 0.6.1. They check a
# file, they never replace the value in it. Codes: PS3.16 CID 18 and CID 4020 (SCT), with the SNOMED
# RT identifiers of PS3.16 Annex O. Y-90 counts as a positron emitter because CID 4020 lists it: PET
# images its internal pair production.
_NUCLIDES = (
    _nuclide("F-18", 6586.2, sct="77004003", srt="C-111A1", meaning="^18^Fluorine", positron=True),
    _nuclide("C-11", 1223.4, sct="40565003", srt="C-105A1", meaning="^11^Carbon", positron=True),
    _nuclide("N-13", 597.9, sct="21576001", srt="C-107A1", meaning="^13^Nitrogen", positron=True),
    _nuclide("O-15", 122.24, sct="129504001", srt="C-B1038", meaning="^15^Oxygen", positron=True),
    _nuclide("Ga-68", 4062.6, sct="35337001", srt="C-131A3", meaning="^68^Gallium", positron=True),
    _nuclide(
        "Ge-68", 23_410_080, sct="53315004", srt="C-128A2", meaning="^68^Germanium", positron=True
    ),
    _nuclide("Rb-82", 76.38, sct="79197006", srt="C-159A2", meaning="^82^Rubidium", positron=True),
    _nuclide("Cu-64", 45_720, sct="3932008", srt="C-127A2", meaning="^64^Copper", positron=True),
    _nuclide(
        "Zr-89", 282_276, sct="63360001", srt="C-168A4", meaning="^89^Zirconium", positron=True
    ),
    _nuclide("I-124", 360_806, sct="40937006", srt="C-114A5", meaning="^124^Iodine", positron=True),
    _nuclide("Y-90", 230_760, sct="14691008", srt="C-162A7", meaning="^90^Yttrium", positron=True),
    _nuclide("Tc-99m", 21_654, sct="72454006", srt="C-163A8", meaning="^99m^Technetium"),
    _nuclide("I-123", 47_772, sct="21572004", srt="C-114A4", meaning="^123^Iodine"),
    _nuclide("I-131", 692_988, sct="1368003", srt="C-114B1", meaning="^131^Iodine"),
    _nuclide("Tl-201", 262_483, sct="60057003", srt="C-138A9", meaning="^201^Thallium"),
    _nuclide("In-111", 242_326, sct="56609000", srt="C-145A4", meaning="^111^Indium"),
    _nuclide("Ga-67", 281_768, sct="2008008", srt="C-131A2", meaning="^67^Gallium"),
    _nuclide("Lu-177", 574_301, sct="447553000", srt="C-101ED", meaning="^177^Lutetium"),
    _nuclide("Xe-133", 452_995, sct="80751004", srt="C-172A8", meaning="^133^Xenon"),
    _nuclide("Kr-81m", 13.1, sct="61716009", srt="C-173A5", meaning="^81m^Krypton"),
    _nuclide("Sm-153", 167_400, sct="419804008", srt="C-B1134", meaning="^153^Samarium"),
    _nuclide("Ra-223", 987_552, sct="24853006", srt="C-136A2", meaning="^223^Radium"),
)

RADIONUCLIDES: Mapping[str, Radionuclide] = MappingProxyType({one.name: one for one in _NUCLIDES})

_BY_CODE: Mapping[tuple[str, str], Radionuclide] = MappingProxyType(
    {(code.value, code.scheme): one for one in _NUCLIDES for code in one.codes}
)

# Positron emitters that CID 18 foresees on a gamma camera: 511 keV collimators, coincidence heads,
# the gamma line of Cu-64, the bremsstrahlung of Y-90.
_POSITRON_EMITTERS_ON_GAMMA_CAMERAS = frozenset({"F-18", "Cu-64", "Y-90"})


def by_code(value: str, scheme: str) -> Radionuclide | None:
    """Nuclide of a code in SCT, SRT, SNM3 or 99SDM; None where the table does not hold it."""
    return _BY_CODE.get((value.strip(), canonical_scheme(scheme)))


def half_life_agrees(nuclide: Radionuclide, seconds: float) -> bool:
    """Whether a half-life in seconds is that of the nuclide, within 2 %."""
    return abs(seconds - nuclide.half_life_s) <= HALF_LIFE_TOLERANCE * nuclide.half_life_s


def by_half_life(seconds: float) -> tuple[Radionuclide, ...]:
    """Nuclides whose half-life lies within 2 % of this one.

    Zr-89 and Ga-67 differ by 0.2 % only: a half-life cannot tell them apart, so both are given.
    """
    return tuple(one for one in _NUCLIDES if half_life_agrees(one, seconds))


def fits_modality(nuclide: Radionuclide, modality: str) -> bool:
    """Whether an image of this nuclide can be of this modality.

    PT needs a positron emitter (CID 4020). NM needs a single-photon emitter, or a positron emitter
    that CID 18 lists. Other modalities are not judged.
    """
    if modality == "PT":
        return nuclide.positron_emitter
    if modality == "NM":
        return not nuclide.positron_emitter or nuclide.name in _POSITRON_EMITTERS_ON_GAMMA_CAMERAS
    return True
