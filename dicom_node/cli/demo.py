"""`dicom-node demo`: the whole path on this machine, told step by step."""

import shutil
import signal
import threading
from pathlib import Path

from rich.console import Console

from dicom_node.cli.json_forms import Json, record_form
from dicom_node.cli.options import print_json
from dicom_node.cli.tables import measurement_table
from dicom_node.demo import DemoReport, PacsStandIn, running_demo, send_and_wait
from dicom_node.domain.job import JobOutcome
from dicom_node.domain.records import JobRecord
from dicom_node.node import Node
from dicom_node.registry import load_registry, load_simulation
from dicom_node.settings import Settings, read_settings

SIMULATION = "fdg-petct"


def run_demo(config: Path, *, folder: Path, serve: bool, as_json: bool) -> None:
    """Show the path once and end, or (serve) leave a node and a stand-in running."""
    settings, registry = read_settings(config), load_registry()
    if serve:
        with running_demo(settings, registry, folder=folder, any_port=False) as (node, pacs):
            _tell_where(node, pacs, settings, folder)
            _wait_for_signal()
        return
    for made in ("study", "node", "pacs"):  # of an earlier one: the same study would run nothing
        shutil.rmtree(folder / made, ignore_errors=True)
    tell = Console(stderr=True).print
    study = folder / "study"
    files = load_simulation(SIMULATION)(study, seed=1).files
    tell(f"simulated {SIMULATION}: {len(files)} images in {study}")
    with running_demo(settings, registry, folder=folder, any_port=True) as (node, _):
        report = send_and_wait(
            node, study, node_ae_title=settings.listener.ae_title, folder=folder, tell=tell
        )
    if as_json:
        received: list[Json] = [str(path) for path in report.received]
        form = record_form(report.record)
        print_json({"job": form, "received": received, "picture": str(report.picture)})
    else:
        _show(report)


def _show(report: DemoReport) -> None:
    console = Console()
    console.print("\nThe PACS stand-in received:")
    modalities = {made.sop_instance_uid: made.modality for made in report.record.objects}
    for path in report.received:
        what = modalities.get(path.stem, "")
        console.print(f"  {what:<4}{path}", highlight=False, soft_wrap=True)
    console.print("\nWhat the report says (uptake candidates, not lesions):")
    console.print(measurement_table(_outcome(report.record)))
    for warning in report.record.warnings:
        console.print(f"warning: {warning}", highlight=False, markup=False)
    console.print(f"\nThe page as a picture: {report.picture}")
    console.print(
        "Open the DICOM files together with those of the study in any DICOM viewer (Weasis, "
        "3D Slicer, OHIF). Research use only, not for diagnosis."
    )


def _outcome(record: JobRecord) -> JobOutcome:
    return JobOutcome(state=record.state, measurements=record.measurements)


def _tell_where(node: Node, pacs: PacsStandIn, settings: Settings, folder: Path) -> None:
    console = Console()
    listener = settings.listener
    console.print(f"node {listener.ae_title} listens on {listener.address}:{node.port}")
    console.print(f"results go to a stand-in on 127.0.0.1:{pacs.port}, kept in {folder / 'pacs'}")
    console.print("stop with Ctrl-C")


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
