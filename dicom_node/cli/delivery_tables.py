"""Text for people: destinations, and what they refused."""

from collections.abc import Sequence

from rich.console import Console

from dicom_node.cli.tables import show_rows
from dicom_node.domain.delivery import Delivery, DeliveryState, DestinationStatus


def show_destinations(statuses: Sequence[DestinationStatus]) -> None:
    """Destinations, a line each."""
    if not statuses:
        Console().print("no destinations")
    rows = [
        (
            one.health.name,
            one.address,
            one.state,
            str(one.counts.get(DeliveryState.PENDING, 0)),
            str(one.counts.get(DeliveryState.HELD, 0)),
            str(one.counts.get(DeliveryState.DEAD, 0)),
            _commitment(one),
            _trouble(one),
        )
        for one in statuses
    ]
    headings = ("destination", "address", "state", "pending", "held", "dead", "commitment", "")
    show_rows(headings, rows)


def show_dead_letters(dead: Sequence[Delivery]) -> None:
    """Dead letters, a line each."""
    if not dead:
        Console().print("no dead letters")
    rows = [
        (one.job_id, one.destination, one.sop_instance_uid, one.last_error or "") for one in dead
    ]
    show_rows(("job", "destination", "instance", "refused because"), rows)


def show_revived(revived: int) -> None:
    """How many dead letters are due again."""
    Console().print(f"{revived} dead letters are due again; a running node sends them at once")


def _commitment(one: DestinationStatus) -> str:
    if one.destination is None or not one.destination.commitment:
        return ""
    overdue = f", {one.overdue} overdue" if one.overdue else ""
    return f"{one.uncommitted} open{overdue}"


def _trouble(one: DestinationStatus) -> str:
    health = one.health
    if health.opened_at is None or health.next_probe_at is None:
        return "" if health.failures == 0 else f"last try: {health.last_error}"
    return (
        f"since {health.opened_at:%Y-%m-%d %H:%M:%S} UTC, next probe "
        f"{health.next_probe_at:%H:%M:%S}: {health.last_error}"
    )
