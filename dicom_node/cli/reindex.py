"""`dicom-node reindex`: files and index brought to agreement by hand."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from dicom_node.archive.folder_lock import FolderLock
from dicom_node.cli.options import print_json
from dicom_node.settings import read_settings
from dicom_node.stores import open_archive


def reindex(config: Path, *, as_json: bool) -> None:
    """Index files that no row tells of, and forget rows whose file is gone."""
    settings = read_settings(config)
    archive = open_archive(settings)
    lock = FolderLock(settings.storage_folder)
    lock.acquire()
    try:
        done = archive.instances.recover()
    finally:
        lock.release()
    if as_json:
        print_json({name: int(value) for name, value in asdict(done).items()})
        return
    Console().print(
        f"{done.indexed} files indexed, {done.set_aside} set aside, {done.rows_removed} rows of "
        f"files that are gone removed, {done.leftovers_removed} half-written files removed"
    )
