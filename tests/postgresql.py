"""A PostgreSQL of the tests' own: started by them in a temporary folder, reached by its socket."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from peers import wait_until
from sqlalchemy import make_url

from dicom_node.archive.database import open_database

_START_LIMIT_S = 30.0


class Postgresql:
    """A running server; each database in it is new."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def url(self, database: str) -> str:
        """URL of a database, over the server's socket."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """URL of a database that was made now."""
        if not self._made:
            self.run("CREATE DATABASE made")
            open_database(self.url("made")).close()
        self._made += 1
        # With its tables, which takes longer to make than to copy.
        self.run(f"CREATE DATABASE test_{self._made} TEMPLATE made")
        return self.url(f"test_{self._made}")

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """One statement outside of any transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:  # it listens before it is ready
            return False
        return True


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        (str(one) for one in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    if found is None:
        pytest.skip("postgresql is not installed")
    return found


def _as_nobody_special() -> dict[str, Any]:
    """Arguments of subprocess: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("postgresql refuses root, and there is no user postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def running_postgresql() -> Iterator[Postgresql]:
    """A server that listens on a socket in its folder only, and syncs nothing to the disk."""
    initdb, server = _program("initdb"), _program("postgres")
    who = _as_nobody_special()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path has 107 characters at most
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        folder.chmod(0o755)
        options = ["-U", "postgres", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8"]
        subprocess.run(
            [initdb, "-D", str(folder / "data"), *options],
            check=True,
            capture_output=True,
            cwd=folder,
            **who,
        )
        settings = ("listen_addresses=", f"unix_socket_directories={folder}", "fsync=off")
        with (folder / "log").open("wb") as told:
            process = subprocess.Popen(
                [server, "-D", str(folder / "data"), *(f"--{one}" for one in settings)],
                stdout=told,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **who,
            )
            try:
                running = Postgresql(folder)
                wait_until("PostgreSQL answers", running.answers, limit_s=_START_LIMIT_S)
                yield running
            finally:
                process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
                process.wait(_START_LIMIT_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
