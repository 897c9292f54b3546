"""What is injected for each tracer of the whole-body studies: codes, activity, uptake time."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from algorithms.simulation.fdg_petct import F18, FDG
from dicom_node.domain.coding import Code
from dicom_node.domain.tracer import Radionuclide, Tracer

GA68 = Radionuclide(
    name="Ga-68",
    half_life_s=4062.6,  # 67.71 min, ICRP 107
    codes=(Code("35337001", "SCT", "^68^Gallium"),),  # PS3.16 CID 4020
    positron_emitter=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pharmaceutical:
    """A tracer as it is given.

    Parameters
    ----------
    mbq_per_kg : lowest and highest activity over body mass
    uptake_min : lowest and highest time from injection to the PET
    """

    tracer: Tracer
    nuclide: Radionuclide
    mbq_per_kg: tuple[float, float]
    uptake_min: tuple[float, float]


def _psma(name: str, nuclide: Radionuclide, code: Code) -> Tracer:
    return Tracer(name=name, radionuclides=(nuclide.name,), codes=(code,))


# Activities and times as the usual procedures have them [recalled]; codes are those of PS3.16 CID
# 4021 and of the NCI Thesaurus.
PHARMACEUTICALS: Mapping[str, Pharmaceutical] = MappingProxyType(
    {
        "FDG": Pharmaceutical(tracer=FDG, nuclide=F18, mbq_per_kg=(3.0, 4.2), uptake_min=(56, 68)),
        "PSMA-11": Pharmaceutical(
            tracer=_psma("PSMA-11", GA68, Code("C118961", "NCIt", "PSMA-11 Ga^68^")),
            nuclide=GA68,
            mbq_per_kg=(1.8, 2.2),
            uptake_min=(55, 70),
        ),
        "PSMA-1007": Pharmaceutical(
            tracer=_psma("PSMA-1007", F18, Code("126758", "DCM", "PSMA-1007 F^18^")),
            nuclide=F18,
            mbq_per_kg=(3.6, 4.4),
            uptake_min=(90, 120),
        ),
        "DCFPYL": Pharmaceutical(
            tracer=_psma("DCFPYL", F18, Code("C116352", "NCIt", "Piflufolastat F^18^")),
            nuclide=F18,
            mbq_per_kg=(3.6, 4.6),
            uptake_min=(60, 120),
        ),
    }
)
