"""Which contours of others belong to a series, and which jobs a route makes of them."""

from collections.abc import Sequence

from dicom_node.domain.route import ContourUse, Route
from dicom_node.domain.series import Instance, Series

CONTOUR_MODALITIES = ("SEG", "RTSTRUCT")


def contours_on(primary: Series, study: Sequence[Series]) -> tuple[Instance, ...]:
    """SEG and RTSTRUCT instances that say that they were drawn on the series.

    Those that this node made are none, and neither are those of another patient. A contour that was
    drawn on the CT of the same examination names that CT, and belongs to it alone: organs that
    somebody outlined there must not be taken for lesions on the PET.
    """
    return tuple(
        instance
        for candidate in sorted(study, key=lambda one: one.key.series_instance_uid)
        if is_drawn_on(candidate, primary)
        for instance in candidate.instances
    )


def is_drawn_on(candidate: Series, primary: Series) -> bool:
    """Whether a series holds contours of the primary one, by others."""
    return (
        candidate.modality in CONTOUR_MODALITIES
        and candidate.key.study_instance_uid == primary.key.study_instance_uid
        and primary.key.series_instance_uid in candidate.drawn_on
        and candidate.patient_digest == primary.patient_digest
        and candidate.geometry_fault is None
        and not candidate.own_result
    )


def contours_of_companion(
    companion: Series, candidates: Sequence[Series], *, like: Instance
) -> tuple[Instance, ...]:
    """Contours on a companion, to be compared with those on the primary series.

    Of several those of the same modality, then those whose series has the same description, as far
    as that leaves any. More than one is more than can be chosen from.

    Parameters
    ----------
    like : Instance
        The contours on the primary series, which are among the candidates.
    """
    found = [one for one in candidates if is_drawn_on(one, companion)]
    for own in (one for one in candidates if one.key == like.key):
        found = [one for one in found if one.modality == own.modality] or found
        found = [one for one in found if one.description == own.description] or found
    return tuple(instance for one in found for instance in one.instances)


def jobs_wanted(route: Route, contours: Sequence[Instance]) -> tuple[Instance | None, ...]:
    """Contours for which a route makes a job each; None among them is the job without any."""
    if route.contours is ContourUse.IGNORED:
        return (None,)
    if route.contours is ContourUse.TAKEN and not contours:
        return (None,)
    return tuple(contours)
