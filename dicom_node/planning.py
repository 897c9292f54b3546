"""A series becomes a job, and a job a request to the worker: values and paths, no pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dicom_node.domain.algorithm import CONTOURS, AlgorithmSpec, contours_role
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.forms import ResultForms
from dicom_node.domain.job import Job, job_id_of, result_id_of
from dicom_node.domain.route import Route
from dicom_node.domain.series import Instance, Series
from dicom_node.policy.contoured import contours_of_companion
from dicom_node.policy.routing import find_companion
from dicom_node.reading.site_tracers import SiteTracers


def plan(
    primary: Series,
    study: Sequence[Series],
    *,
    route: Route,
    spec: AlgorithmSpec,
    created_at: datetime,
    contours: Instance | None = None,
) -> Job:
    """Job of a route on a series, with those companions that are in the study now.

    Parameters
    ----------
    study : sequence of Series
        Complete series of the same study, and of the patient's earlier ones where a route takes
        priors.
    contours : Instance or None
        SEG or RTSTRUCT that the algorithm measures in the place of its own contours.
    """
    inputs = {spec.primary.role: primary.instances}
    drawn = () if contours is None else (contours,)
    for role, rule in route.companions.items():
        companion = find_companion(primary, study, rule)
        if companion is None:
            continue
        inputs[role] = companion.instances
        if contours is not None and spec.load_comparing is not None:
            others = contours_of_companion(companion, study, like=contours)
            inputs |= {contours_role(role): others} if others else {}
    if drawn:
        inputs[CONTOURS] = drawn
    algorithm, version = spec.card.name, spec.card.version
    return Job(
        job_id=job_id_of(
            route=route.name,
            algorithm=algorithm,
            version=version,
            primary=primary.instances,
            contours=drawn,
        ),
        result_id=result_id_of(algorithm=algorithm, version=version, inputs=inputs),
        route=route.name,
        algorithm=algorithm,
        version=version,
        inputs=inputs,
        destinations=route.result_destinations,
        created_at=created_at,
        priority=route.priority,
        gate=route.gate,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What a worker needs to run a job: values and paths only, no arrays.

    Parameters
    ----------
    folder : Path
        Where the result objects are written.
    predecessor : str or None
        `result_id` of the report that this one takes the place of.
    forms : mapping
        Name of a destination to the forms that suit it; empty for one set of the default forms.
    options : mapping
        Of the route, for the algorithm.
    """

    job: Job
    folder: Path
    site_tracers: SiteTracers
    equipment: Equipment
    predecessor: str | None = None
    forms: Mapping[str, ResultForms] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
