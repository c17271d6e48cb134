"""A PostgreSQL of the tests' own: a private cluster on a Unix socket, and on loopback if asked."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from migrated import migrate_at

MISSING = "PostgreSQL is not installed (Debian: apt-get install postgresql)"


class Cluster:
    """A running server; `new_database` gives the address of an empty database."""

    def __init__(
        self, directory: Path, binaries: Path, user: str | None, *, port: int | None = None
    ) -> None:
        self.data = directory / "data"
        self._port = port
        self._socket = directory / "socket"
        self._binaries = binaries
        self._user = user
        self._migrated: list[str] = []

    def start(self) -> None:
        # Nothing of it must outlive the machine, so that it need not wait for the disk.
        network = "listen_addresses=''"
        if self._port is not None:
            network = f"listen_addresses=127.0.0.1 -c port={self._port}"
        options = f"-c {network} -c unix_socket_directories='{self._socket}' -c fsync=off"
        self._run("pg_ctl", "-w", "-D", str(self.data), "-o", options, "-l", "/dev/null", "start")

    def make(self) -> None:
        self._run(
            "initdb", "-D", str(self.data), "-U", "tailrace", "-A", "trust", "-N", "-E", "UTF8"
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.data), "stop")

    def pause(self) -> None:
        """Let it hang: connections stay open, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        server = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (server, *map(int, children)):
            os.kill(pid, what)

    def new_database(self) -> str:
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.dsn(name)

    def migrated_database(self, number: int = 0) -> str:
        """Return the address of a database with the tables of the control plane, all empty.

        The same number gives the same database, emptied: whoever had it before must have ended.
        """
        while len(self._migrated) <= number:
            self._migrated.append(self.new_database())
            migrate_at(self._migrated[-1])
        with psycopg.connect(self._migrated[number], autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            names = connection.execute(
                "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables "
                "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            ).fetchone()
            assert names is not None
            connection.execute(f"TRUNCATE {names[0]} RESTART IDENTITY CASCADE")
        return self._migrated[number]

    def dsn(self, database: str) -> str:
        port = "" if self._port is None else f"&port={self._port}"
        return f"postgresql://tailrace:planted-password@/{database}?host={self._socket}{port}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            user=self._user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"


def binaries() -> Path | None:
    """Return the directory of PostgreSQL's programs; Debian keeps them out of the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def running_cluster(*, port: int | None = None) -> Iterator[Cluster]:
    """Give a running cluster; the test is skipped where PostgreSQL is missing."""
    found = binaries()
    if found is None:
        pytest.skip(MISSING)
    user = None
    if os.geteuid() == 0:
        # It refuses to run as root; Debian's package makes this user.
        user = "postgres"
        if user not in {entry.pw_name for entry in pwd.getpwall()}:
            pytest.skip("PostgreSQL does not run as root, and there is no user 'postgres'")
    # A socket's path must be short, which pytest's directories are not.
    with tempfile.TemporaryDirectory(prefix="tailrace-pg-") as name:
        directory = Path(name)
        (directory / "socket").mkdir()
        if user is not None:
            for path in (directory, directory / "socket"):
                shutil.chown(path, user)
        cluster = Cluster(directory, found, user, port=port)
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
