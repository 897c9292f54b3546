"""`dicom-node archives`: where companions are fetched, whether they answer, what is open."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from dicom_node.cli.json_forms import Json
from dicom_node.cli.options import print_json
from dicom_node.cli.tables import show_rows
from dicom_node.domain.delivery import DestinationHealth
from dicom_node.domain.query import RemoteArchive
from dicom_node.engine.fetcher import health_name
from dicom_node.settings import read_settings
from dicom_node.stores import open_archive


def list_archives(config: Path, *, as_json: bool) -> None:
    """Tell of every archive whether it answers, and how many companions it is asked for."""
    settings = read_settings(config)
    stores = open_archive(settings)
    found = {name: stores.destinations.health(health_name(name)) for name in settings.archives}
    counts = stores.fetches.counts()
    if as_json:
        forms = [
            _form(archive, found[name], counts.get(name, 0))
            for name, archive in settings.archives.items()
        ]
        print_json({"archives": [*forms]})
    else:
        _show(settings.archives, found, counts)


def _form(archive: RemoteArchive, health: DestinationHealth, fetches: int) -> dict[str, Json]:
    return {
        "name": archive.name,
        "address": _address(archive),
        "method": str(archive.method),
        "state": _state(health),
        "open_fetches": fetches,
        "failures": health.failures,
        "silent_since": None if health.opened_at is None else health.opened_at.isoformat(),
        "next_probe_at": None if health.next_probe_at is None else health.next_probe_at.isoformat(),
        "last_error": health.last_error,
    }


def _show(
    archives: Mapping[str, RemoteArchive],
    health: Mapping[str, DestinationHealth],
    counts: Mapping[str, int],
) -> None:
    if not archives:
        Console().print("no archives")
    rows = [
        (
            name,
            _address(one),
            str(one.method),
            _state(health[name]),
            str(counts.get(name, 0)),
            health[name].last_error or "",
        )
        for name, one in archives.items()
    ]
    show_rows(("archive", "address", "method", "state", "open", "last error"), rows)


def _address(archive: RemoteArchive) -> str:
    return archive.peer.where


def _state(health: DestinationHealth) -> str:
    return "answers" if health.opened_at is None else "silent"
