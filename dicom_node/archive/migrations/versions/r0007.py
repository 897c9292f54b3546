"""Series may be fetched from other archives; who fetched what, and of which patient a series is."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Series that are there were sent by somebody, and are no priors: their patient is not told."""
    op.add_column("series_status", sa.Column("patient_digest", sa.Text))
    op.add_column("series_status", sa.Column("modality", sa.Text))
    op.create_index("ix_series_status_patient_digest", "series_status", ["patient_digest"])
    op.create_table(
        "remote_series",
        sa.Column("study_instance_uid", sa.Text, nullable=False),
        sa.Column("series_instance_uid", sa.Text, nullable=False),
        sa.Column("archive", sa.Text, nullable=False),
        sa.Column("calling_ae", sa.Text, nullable=False),
        sa.Column("instances", sa.Integer),
        sa.Column("count_due_at", sa.String(27)),
        sa.Column("count_tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("fetched_at", sa.String(27)),
        sa.Column("fetched_until", sa.String(27)),
        sa.Column("sent_at", sa.String(27)),
        sa.Column("looked_at", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint(
            "study_instance_uid", "series_instance_uid", name="pk_remote_series"
        ),
    )
    op.create_table(
        "fetches",
        sa.Column("fetch_id", sa.Integer, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("archive", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("candidates", sa.JSON, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.String(27), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("asked_at", sa.String(27)),
        sa.Column("told", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fetch_id", name="pk_fetches"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], name="fk_fetches_job_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("job_id", "role", "archive", name="uq_fetches_job_id_role_archive"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_fetches_archive_state_next_attempt_at",
        "fetches",
        ["archive", "state", "next_attempt_at"],
    )
