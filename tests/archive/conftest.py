"""An archive in a folder of its own, for each test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from postgresql import Postgresql

from dicom_node.archive.database import Database, open_database
from dicom_node.archive.files import Disk
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.jobs import JobStore
from dicom_node.archive.outbox import Outbox
from dicom_node.domain.job import Job
from dicom_node.domain.series import Instance, SeriesKey

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Archive:
    folder: Path
    database: Database
    index: InstanceIndex
    store: InstanceStore
    jobs: JobStore
    outbox: Outbox

    def files(self, pattern: str = "**/*.dcm") -> list[str]:
        return sorted(
            file.relative_to(self.folder).as_posix() for file in self.folder.glob(pattern)
        )

    def leftovers(self) -> list[Path]:
        return list((self.folder / "incoming").iterdir())


@pytest.fixture
def now() -> datetime:
    return NOW


class Databases:
    """Where the database of a folder is: a file in it, or one of PostgreSQL for the test."""

    def __init__(self, server: Postgresql | None) -> None:
        self._server = server
        self._url = "" if server is None else server.new_database()

    def of(self, folder: Path) -> str:
        """URL of the database of a folder."""
        return self._url or f"sqlite:///{folder}/node.sqlite"

    def end(self) -> None:
        """Remove what was made, whoever still uses it."""
        if self._server is not None:
            self._server.drop(self._url)

    def lose(self, folder: Path) -> None:
        """Let the database of a folder be gone, and the next one be new."""
        self.end()
        if self._server is not None:
            self._url = self._server.new_database()
        for file in folder.glob("node.sqlite*"):
            file.unlink()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    databases = Databases(server)
    yield databases
    databases.end()


@pytest.fixture
def open_archive(tmp_path: Path, databases: Databases) -> Iterator[Callable[..., Archive]]:
    """Opens the archive of the test's folder, as often as it is asked to."""
    opened: list[Database] = []

    def open_one(
        *, disk: Disk | None = None, folder: Path | None = None, busy_timeout_s: float = 10.0
    ) -> Archive:
        root = folder or tmp_path / "archive"
        root.mkdir(exist_ok=True)
        database = open_database(databases.of(root), busy_timeout_s=busy_timeout_s)
        opened.append(database)
        index = InstanceIndex(database, root)
        return Archive(
            folder=root,
            database=database,
            index=index,
            store=InstanceStore(root, index, disk),
            jobs=JobStore(database, root),
            outbox=Outbox(database, root),
        )

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def archive(open_archive: Callable[..., Archive]) -> Archive:
    return open_archive()


def made_instances(folder: Path, series: str, number: int) -> tuple[Instance, ...]:
    key = SeriesKey(study_instance_uid="1.2", series_instance_uid=series)
    return tuple(
        Instance(
            key=key,
            sop_class_uid="1.2.840.10008.5.1.4.1.1.128",
            sop_instance_uid=f"{series}.{one}",
            path=folder / "instances" / "1.2" / series / f"{series}.{one}.dcm",
        )
        for one in range(number)
    )


@pytest.fixture
def a_job(archive: Archive, now: datetime) -> Callable[..., Job]:
    """Makes a job on a PET of the archive and a CT that lies elsewhere."""

    def made(job_id: str = "job-1", **changes: Any) -> Job:
        facts: dict[str, Any] = {
            "job_id": job_id,
            "result_id": f"result of {job_id}",
            "route": "fdg",
            "algorithm": "pet-threshold",
            "version": "1.0.0",
            "inputs": {
                "pet": made_instances(archive.folder, "1.2.3", 3),
                "ct": made_instances(Path("/elsewhere"), "1.2.4", 2),
            },
            "destinations": ("pacs", "research"),
            "created_at": now,
        }
        return Job(**facts | changes)

    return made
