"""`dicom-node explain`: what the node thinks of a folder of DICOM files, and why."""

from pathlib import Path

from dicom_node.cli import series_tables
from dicom_node.cli.options import print_json
from dicom_node.cli.progress import progress
from dicom_node.cli.series_forms import explanation_form
from dicom_node.explanation import explain
from dicom_node.reading.folder import FolderReading, read_folder
from dicom_node.reading.site_tracers import read_site_tracers
from dicom_node.registry import load_registry
from dicom_node.settings import Settings, read_settings


def explain_path(path: Path, config: Path, *, as_json: bool) -> None:
    """Explain every series below a path."""
    settings = read_settings(config)
    reading = read_with_progress(path, settings)
    explained = explain(reading.series, routes=settings.routes, registry=load_registry())
    if as_json:
        print_json(explanation_form(explained, reading))
    else:
        series_tables.show_series(explained)
        series_tables.show_unreadable(reading.unreadable)


def read_with_progress(path: Path, settings: Settings) -> FolderReading:
    """Everything below a path, with its progress shown."""
    with progress("reading", None) as advance:
        return read_folder(path, read_site_tracers(settings.tracers_file), advance)
