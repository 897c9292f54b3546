"""What a person asks of a job: cancel, hold, release; each one transaction."""

from datetime import datetime

from dicom_node.archive.database import Database
from dicom_node.archive.transitions import cancel, hold, release

BY_HAND = "asked for by hand"


class JobControl:
    """Steps of jobs that somebody asks for, from any process; a running node sees them at once.

    Raises
    ------
    UnknownRecord
        From every method, where there is no such job.
    IllegalStep
        From every method, where the job is in no state for it.
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def cancel(self, job_id: str, *, now: datetime) -> None:
        """End a job that has not ended; one that runs is stopped within a second or two."""
        with self._database.writing() as connection:
            cancel(connection, job_id, reason=BY_HAND, now=now)

    def hold(self, job_id: str, *, now: datetime) -> None:
        """Keep a job from starting, or its results from being sent."""
        with self._database.writing() as connection:
            hold(connection, job_id, reason=BY_HAND, now=now)

    def release(self, job_id: str, *, now: datetime) -> None:
        """Let a held job go on from where it was held."""
        with self._database.writing() as connection:
            release(connection, job_id, reason=BY_HAND, now=now)
