"""The `--json` contract: fields here may be added to, and never go or change their meaning."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from dicom_node.domain.algorithm import AlgorithmSpec
from dicom_node.domain.delivery import Delivery, DeliveryState, DestinationStatus
from dicom_node.domain.job import Job, JobOutcome
from dicom_node.domain.peer import SendReport
from dicom_node.domain.records import History, JobRecord, SeriesStatus, SetAside

Json: TypeAlias = "str | float | int | bool | list[Json] | dict[str, Json] | None"


def job_form(job: Job, outcome: JobOutcome) -> dict[str, Json]:
    """One element of `jobs` of `run`."""
    return {
        "job_id": job.job_id,
        "route": job.route,
        "algorithm": job.algorithm,
        "version": job.version,
        "inputs": {
            role: instances[0].key.series_instance_uid for role, instances in job.inputs.items()
        },
        **outcome_form(outcome),
    }


def outcome_form(outcome: JobOutcome) -> dict[str, Json]:
    """State, reason and everything a job gave."""
    return {
        "state": str(outcome.state),
        "reason": outcome.reason,
        "objects": [
            {
                "path": str(made.path),
                "sop_class_uid": made.sop_class_uid,
                "sop_instance_uid": made.sop_instance_uid,
                "modality": made.modality,
            }
            for made in outcome.objects
        ],
        "measurements": _rows(
            {"name": m.name, "value": m.value, "unit": m.unit, "segment": m.segment}
            for m in outcome.measurements
        ),
        "classifications": _rows(
            {"name": c.name, "value": c.value, "probability": c.probability}
            for c in outcome.classifications
        ),
        "warnings": list(outcome.warnings),
    }


def record_form(record: JobRecord) -> dict[str, Json]:
    """One job of `jobs`: like a job of `run`, with its history in short."""
    outcome = JobOutcome(
        state=record.state,
        reason=record.reason,
        objects=record.objects,
        measurements=record.measurements,
        classifications=record.classifications,
        warnings=record.warnings,
    )
    return {
        "job_id": record.job_id,
        "route": record.route,
        "algorithm": record.algorithm,
        "version": record.version,
        "inputs": dict(record.inputs),
        **outcome_form(outcome),
        "destinations": list(record.destinations),
        "attempts": record.attempts,
        "priority": record.priority,
        "gate": record.gate,
        "predecessor": record.predecessor,
        "not_before": None if record.not_before is None else record.not_before.isoformat(),
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
    }


def history_form(history: History) -> dict[str, Json]:
    """The answer of `jobs show`: a job with everything that happened to it."""
    last_input_at = history.last_input_at
    return {
        **record_form(history.record),
        "waits": history.waits,
        "successors": list(history.successors),
        "last_input_at": None if last_input_at is None else last_input_at.isoformat(),
        "fetches": [
            {
                "role": one.role,
                "archive": one.archive,
                "state": str(one.state),
                "told": one.told,
                "asked_at": None if one.asked_at is None else one.asked_at.isoformat(),
                "next_attempt_at": None if one.ended else one.next_attempt_at.isoformat(),
            }
            for one in history.fetches
        ],
        "events": [
            {
                "at": event.at.isoformat(),
                "old": None if event.old is None else str(event.old),
                "new": str(event.new),
                "reason": event.reason,
            }
            for event in history.events
        ],
        "deliveries": [
            {
                "destination": one.destination,
                "sop_instance_uid": one.sop_instance_uid,
                "state": str(one.state),
                "attempts": one.attempts,
                "next_attempt_at": one.next_attempt_at.isoformat(),
                "last_error": one.last_error,
                "commitment_open": one.commitment_open,
            }
            for one in history.deliveries
        ],
    }


def destination_form(one: DestinationStatus) -> dict[str, Json]:
    """A destination: whether it answers, and the number of objects in each state."""
    health = one.health
    return {
        "name": health.name,
        "address": one.address,
        "state": one.state,
        "failures": health.failures,
        "silent_since": None if health.opened_at is None else health.opened_at.isoformat(),
        "next_probe_at": None if health.next_probe_at is None else health.next_probe_at.isoformat(),
        "last_error": health.last_error,
        "uncommitted": one.uncommitted,
        "commitment_overdue": one.overdue,
        "objects": {str(state).lower(): one.counts.get(state, 0) for state in DeliveryState},
    }


def dead_letter_form(one: Delivery) -> dict[str, Json]:
    """An object that a destination refused for good."""
    return {
        "job_id": one.job_id,
        "destination": one.destination,
        "sop_instance_uid": one.sop_instance_uid,
        "path": str(one.path),
        "attempts": one.attempts,
        "last_error": one.last_error,
    }


def status_form(status: SeriesStatus) -> dict[str, Json]:
    """A series that started no job, and why."""
    return {
        "series_instance_uid": status.key.series_instance_uid,
        "study_instance_uid": status.key.study_instance_uid,
        "state": status.state,
        "reasons": [{"code": one.code, "message": one.message} for one in status.reasons],
        "updated_at": status.updated_at.isoformat(),
    }


def set_aside_form(one: SetAside) -> dict[str, Json]:
    """An instance that was kept but is part of no series, and why."""
    return {
        "sop_instance_uid": one.sop_instance_uid,
        "path": str(one.path),
        "code": one.reason.code,
        "reason": one.reason.message,
        "received_at": one.received_at.isoformat(),
        "calling_ae": one.calling_ae,
    }


def send_form(reports: Sequence[SendReport], unreadable: Mapping[str, str]) -> dict[str, Json]:
    """The answer of `send`."""
    return {
        "sent": [
            {
                "sop_instance_uid": one.sop_instance_uid,
                "stored": one.stored,
                "status": one.status,
                "cause": one.cause,
            }
            for one in reports
        ],
        "unreadable": unreadable_form(unreadable),
    }


def algorithm_form(spec: AlgorithmSpec) -> dict[str, Json]:
    """One algorithm of `algorithms`."""
    return {
        "name": spec.card.name,
        "version": spec.card.version,
        "summary": spec.card.summary,
        "training_data": spec.card.training_data,
        "weights_sha256": spec.card.weights_sha256,
        "inputs": [
            {
                "role": one.role,
                "modalities": list(one.modalities),
                "unit": None if one.unit is None else str(one.unit),
                "tracers": list(one.tracers),
                "required": one.required,
            }
            for one in spec.inputs
        ],
    }


def unreadable_form(refused: Mapping[str, str]) -> list[Json]:
    """The list `unreadable` of `explain`, `run` and `send`: path to reason."""
    return [{"path": path, "reason": reason} for path, reason in refused.items()]


def _rows(rows: Iterable[dict[str, Json]]) -> list[Json]:
    return list(rows)
