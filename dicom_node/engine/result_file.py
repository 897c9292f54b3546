"""What a job gave, beside its objects: a result that is whole is not computed a second time.

A process may end after the objects are written and before the database knows, and a database may
be lost. The file is written last, so where it is, everything that it names is whole.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dicom_node.domain.job import (
    ClassificationRow,
    JobOutcome,
    JobState,
    MeasurementRow,
    ResultObject,
)
from dicom_node.encoding.result_folder import make_folder, sync_folder, write_file

RESULT_FILE = "result.json"


def write_outcome(folder: Path, result_id: str, outcome: JobOutcome) -> None:
    """Write an ENCODED outcome durably into the folder of its objects.

    Raises
    ------
    OSError
        Where that fails.
    """
    form = {
        "result_id": result_id,
        "objects": [_form_of(one) for one in outcome.objects],
        "measurements": [asdict(one) for one in outcome.measurements],
        "classifications": [asdict(one) for one in outcome.classifications],
        "warnings": list(outcome.warnings),
        "details": dict(outcome.details),
    }
    make_folder(folder)
    write_file(folder / RESULT_FILE, json.dumps(form, allow_nan=False).encode("utf-8"))
    sync_folder(folder)


def read_outcome(folder: Path, result_id: str) -> JobOutcome | None:
    """The outcome of an earlier run with the same result; None where there is no whole one."""
    try:
        form = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
        if form["result_id"] != result_id:
            return None
        objects = tuple(_object_of(one, folder) for one in form["objects"])
        if not all(one.path.is_file() for one in objects):
            return None
        return JobOutcome(
            state=JobState.ENCODED,
            objects=objects,
            measurements=tuple(MeasurementRow(**one) for one in form["measurements"]),
            classifications=tuple(ClassificationRow(**one) for one in form["classifications"]),
            warnings=tuple(form["warnings"]),
            details=form["details"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _form_of(made: ResultObject) -> dict[str, object]:
    named = None if made.destinations is None else sorted(made.destinations)
    return asdict(made) | {
        "path": made.path.name,
        "destinations": named,
        "spare_for": sorted(made.spare_for),
    }


def _object_of(form: dict[str, Any], folder: Path) -> ResultObject:
    named = form["destinations"]
    return ResultObject(
        **form
        | {
            "path": folder / form["path"],
            "destinations": None if named is None else frozenset(named),
            "spare_for": frozenset(form.get("spare_for", ())),
        }
    )
