"""Brings a database of an older version to the present schema, in the caller's transaction."""

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect

log = structlog.get_logger(__name__)


def upgrade(connection: Connection, *, found: int, wanted: int) -> None:
    """Run the revisions from the version that was found to the one that is wanted."""
    config = Config()
    config.set_main_option("script_location", "dicom_node.archive:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if not inspect(connection).has_table("alembic_version"):
        command.stamp(config, f"{found:04d}")
    command.upgrade(config, f"{wanted:04d}")
    log.info("database.upgraded", found=found, now=wanted)
