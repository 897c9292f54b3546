"""One examination measured: lesions as drawn, their uptake and burden, and the liver."""

from dataclasses import dataclass

from algorithms.toolbox.body_size import lean_body_mass_kg
from algorithms.toolbox.burden import Burden, burden_of
from algorithms.toolbox.fdg_criteria import percist_threshold
from algorithms.toolbox.lesions import Lesion, drawn
from algorithms.toolbox.liver_reference import FDG_LIVER, PSMA_LIVER, liver_ball
from algorithms.toolbox.reference_region import ReferenceRegion
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.volume import PatientFacts, Volume

FDG = "FDG"
PSMA = frozenset({"PSMA-11", "PSMA-617", "DCFPYL", "PSMA-1007", "RHPSMA-7.3"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examination:
    """What was measured on one day.

    Parameters
    ----------
    pet : in SUVbw
    lesions : in the order of the contours
    burden : their numbers, in the same order
    liver : None where no even one was found, or the tracer has no place for it
    lean_share : lean body mass over weight, which makes SUL of SUVbw; None without size or sex
    said : what a reader has to know of its contours
    """

    pet: Volume
    lesions: tuple[Lesion, ...]
    burden: Burden
    liver: ReferenceRegion | None
    lean_share: float | None
    said: tuple[str, ...]

    @property
    def peak_sul(self) -> float | None:
        """SULpeak of the hottest lesion; None without lesions or lean body mass."""
        if self.lean_share is None or not self.lesions:
            return None
        return self.lean_share * max(one.peak for one in self.burden.lesions)

    @property
    def liver_sul(self) -> float | None:
        """Mean SUL of the liver."""
        if self.lean_share is None or self.liver is None:
            return None
        return self.lean_share * self.liver.mean

    @property
    def percist_threshold(self) -> float | None:
        """Least SULpeak of a measurable lesion."""
        if self.lean_share is None or self.liver is None:
            return None
        share = self.lean_share
        return percist_threshold(liver_mean=share * self.liver.mean, liver_sd=share * self.liver.sd)


def examine(pet: Volume, contours: ContourSet) -> Examination:
    """Measure the lesions that were drawn on a PET in SUVbw."""
    lesions, said = drawn(contours)
    regions = [one.region for one in lesions]
    limits = {FDG: FDG_LIVER, **dict.fromkeys(PSMA, PSMA_LIVER)}.get(pet.tracer.tracer or "")
    return Examination(
        pet=pet,
        lesions=lesions,
        burden=burden_of(pet.array, pet.geometry, regions),
        liver=None
        if limits is None
        else liver_ball(pet.array, pet.geometry, limits, lesions=regions),
        lean_share=_lean_share(pet.patient),
        said=said,
    )


def _lean_share(patient: PatientFacts | None) -> float | None:
    if patient is None or not patient.weight_kg or not patient.size_m:
        return None
    if patient.sex not in {"M", "F"}:
        return None
    lean = lean_body_mass_kg(
        weight_kg=patient.weight_kg, height_m=patient.size_m, sex=str(patient.sex)
    )
    return lean / patient.weight_kg
