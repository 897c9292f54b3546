"""`dicom-node destinations` and `dead-letters`: where results go, and what was refused for good."""

from pathlib import Path

from dicom_node.cli import delivery_tables
from dicom_node.cli.json_forms import dead_letter_form, destination_form
from dicom_node.cli.options import print_json
from dicom_node.domain.delivery import DeliveryState, DestinationHealth, DestinationStatus
from dicom_node.domain.errors import ConfigError
from dicom_node.settings import DESTINATIONS_FILE, Settings, read_settings
from dicom_node.stores import Archive, open_archive, utc_now


def list_destinations(config: Path, *, as_json: bool) -> None:
    """Tell of every destination whether it answers, and how much waits for it."""
    settings = read_settings(config)
    statuses = _statuses(settings, open_archive(settings))
    if as_json:
        print_json({"destinations": [destination_form(one) for one in statuses]})
    else:
        delivery_tables.show_destinations(statuses)


def list_dead_letters(config: Path, *, limit: int, as_json: bool) -> None:
    """List what destinations refused for good, and why."""
    archive = open_archive(read_settings(config))
    dead = archive.outbox.list(states=[DeliveryState.DEAD], limit=limit)
    if as_json:
        print_json({"dead_letters": [dead_letter_form(one) for one in dead]})
    else:
        delivery_tables.show_dead_letters(dead)


def resend_dead_letters(
    config: Path, *, destination: str | None, job: str | None, as_json: bool
) -> None:
    """Make dead letters due again, of one destination, one job or all."""
    settings = read_settings(config)
    archive = open_archive(settings)
    known = {*settings.destinations, *archive.destinations.counts()}
    if destination is not None and destination not in known:
        allowed = f"one of {sorted(known)}"
        raise ConfigError(
            file=DESTINATIONS_FILE, key="--destination", value=destination, allowed=allowed
        )
    if job is not None:
        archive.jobs.get(job)  # an id that is wrong is named
    revived = archive.outbox.revive(now=utc_now(), destination=destination, job_id=job)
    if as_json:
        print_json({"resent": revived})
    else:
        delivery_tables.show_revived(revived)


def _statuses(settings: Settings, archive: Archive) -> tuple[DestinationStatus, ...]:
    """Configured destinations in their order, then others for which something is left."""
    uncommitted = archive.destinations.uncommitted()
    counts, health = archive.destinations.counts(), archive.destinations.all_health()
    others = sorted(set(counts) - set(settings.destinations))
    return tuple(
        DestinationStatus(
            destination=settings.destinations.get(name),
            health=health.get(name, DestinationHealth(name=name)),
            counts=counts.get(name, {}),
            uncommitted=uncommitted.get(name, (0, 0))[0],
            overdue=uncommitted.get(name, (0, 0))[1],
        )
        for name in (*settings.destinations, *others)
    )
