"""What is known of each destination: whether it answers, and what waits for it."""

from sqlalchemy import exists, func, select

from dicom_node.archive.database import Database
from dicom_node.archive.rows import AnyRow
from dicom_node.archive.tables import commitments, deliveries, destinations
from dicom_node.archive.upsert import insert_on
from dicom_node.domain.delivery import DeliveryState, DestinationHealth


class DestinationStore:
    """A row for each destination that was ever called.

    Raises
    ------
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def health(self, name: str) -> DestinationHealth:
        """What is known of a destination; in good health where nothing is."""
        query = select(destinations).where(destinations.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return DestinationHealth(name=name) if row is None else _health(row)

    def set_health(self, health: DestinationHealth) -> None:
        """Keep what was found, in the place of what was known."""
        values = {
            "failures": health.failures,
            "opened_at": health.opened_at,
            "next_probe_at": health.next_probe_at,
            "last_error": health.last_error,
        }
        with self._database.writing() as connection:
            statement = insert_on(connection, destinations).values(name=health.name, **values)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_=values)
            )

    def all_health(self) -> dict[str, DestinationHealth]:
        """What is known of every destination, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(destinations)).all()
        return {row.name: _health(row) for row in rows}

    def counts(self) -> dict[str, dict[DeliveryState, int]]:
        """Number of objects by destination and state; also of destinations no longer configured."""
        columns = (deliveries.c.destination, deliveries.c.state)
        query = select(*columns, func.count().label("objects")).group_by(*columns)
        found: dict[str, dict[DeliveryState, int]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.destination, {})[DeliveryState(row.state)] = row.objects
        return found

    def uncommitted(self) -> dict[str, tuple[int, int]]:
        """By destination: objects still to be committed, and those of them that are overdue."""
        left = (deliveries.c.commitment_open == 1, deliveries.c.state == "DELIVERED")
        overdue = exists().where(
            commitments.c.job_id == deliveries.c.job_id,
            commitments.c.destination == deliveries.c.destination,
            commitments.c.overdue_at.is_not(None),
        )
        columns = (deliveries.c.destination, overdue.label("late"), func.count().label("objects"))
        query = select(*columns).where(*left).group_by(deliveries.c.destination, "late")
        found: dict[str, tuple[int, int]] = {}
        with self._database.reading() as connection:
            for name, late, objects in connection.execute(query):
                before = found.get(name, (0, 0))
                found[name] = (before[0] + objects, before[1] + (objects if late else 0))
        return found


def _health(row: AnyRow) -> DestinationHealth:
    return DestinationHealth(
        name=row.name,
        failures=row.failures,
        opened_at=row.opened_at,
        next_probe_at=row.next_probe_at,
        last_error=row.last_error,
    )
