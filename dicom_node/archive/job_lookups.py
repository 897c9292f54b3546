"""What people ask about a job beside its own record."""

from sqlalchemy import and_, func, or_, select

from dicom_node.archive.database import Database
from dicom_node.archive.tables import jobs
from dicom_node.domain.job import JobState


def successors_of(database: Database, job_id: str) -> tuple[str, ...]:
    """Ids of the jobs that take the place of one, the oldest first."""
    query = select(jobs.c.job_id).where(jobs.c.predecessor == job_id).order_by(jobs.c.number)
    with database.reading() as connection:
        return tuple(connection.execute(query).scalars())


def ahead_of(database: Database, job_id: str) -> int:
    """How many jobs run, or are queued and come before this one."""
    me = select(jobs).where(jobs.c.job_id == job_id).subquery()
    before = or_(
        jobs.c.priority > me.c.priority,
        and_(jobs.c.priority == me.c.priority, jobs.c.number < me.c.number),
    )
    queued = and_(jobs.c.state == str(JobState.QUEUED), before)
    running = jobs.c.state == str(JobState.RUNNING)
    query = select(func.count()).select_from(jobs.join(me, or_(running, queued)))
    with database.reading() as connection:
        return int(connection.execute(query.where(jobs.c.job_id != job_id)).scalar_one())
