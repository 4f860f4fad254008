"""Where the hub keeps its state, and what can be done to it from outside: locked, restarted, the clock put forward."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_LONG_AGO = "2000-01-01T00:00:00.000000Z"
_LAPSE = "UPDATE lease SET expires_at = '" + _LONG_AGO + "' WHERE holder IS NOT NULL"


class Sqlite:
    """One file."""

    name = "SQLite"

    def __init__(self, path: Path) -> None:
        self.path, self.url = path, f"sqlite:///{path}"

    def lapse(self) -> bool:
        """As if every lease had run out. False where somebody holds the database just now."""
        try:
            with closing(sqlite3.connect(self.path, timeout=0.5)) as database, database:
                database.execute(_LAPSE)
        except sqlite3.OperationalError:
            return False
        return True

    def lock(self, seconds: float) -> threading.Thread:
        """Somebody else writes for so long."""

        def hold() -> None:
            with contextlib.suppress(sqlite3.OperationalError), closing(self._connected()) as database:
                database.execute("BEGIN IMMEDIATE")
                time.sleep(seconds)
                database.rollback()

        return _started(hold)

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=5, isolation_level=None)

    def size(self) -> int:
        """Of the largest of its files, which a quota has to allow."""
        return max((file.stat().st_size for file in self.path.parent.glob(self.path.name + "*")), default=0)


class Postgres:
    """A schema in a cluster of the torture's own."""

    name = "PostgreSQL"

    def __init__(self, cluster: Cluster, schema: str) -> None:
        self.cluster = cluster
        self.schema = schema
        with cluster.connected() as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        self.url = f"postgresql+psycopg://hub@127.0.0.1:{cluster.port}/postgres?options=-csearch_path%3D{schema}"

    def lapse(self) -> bool:
        import psycopg

        try:
            with self.cluster.connected() as connection:
                connection.execute("SET lock_timeout = '500ms'")
                connection.execute(_LAPSE.replace("lease", f"{self.schema}.lease", 1))
        except psycopg.Error:
            return False
        return True

    def lock(self, seconds: float) -> threading.Thread:
        import psycopg

        def hold() -> None:
            with contextlib.suppress(psycopg.Error), self.cluster.connected() as connection, connection.transaction():
                connection.execute(f"LOCK TABLE {self.schema}.lease, {self.schema}.link IN ACCESS EXCLUSIVE MODE")
                time.sleep(seconds)

        return _started(hold)


def _started(deed: Any) -> threading.Thread:
    thread = threading.Thread(target=deed, daemon=True)
    thread.start()
    return thread


class Cluster:
    """A PostgreSQL server on a loopback port, whose commits survive when it is restarted immediately.

    (They need not survive a power cut: nothing waits for the disk.)
    """

    SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=''", "fsync=off", "full_page_writes=off")

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.data = self.folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
        self._call("initdb", "-D", str(self.data), "-U", "hub", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    @staticmethod
    def programs_here() -> Path | None:
        """The newest server programs, where this machine has any that may be used."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(3))
        usable = found and (os.geteuid() != 0 or shutil.which("runuser"))
        return found[-1].parent if usable else None

    def _call(self, program: str, *arguments: str) -> None:
        as_somebody = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        command = [*as_somebody, str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()[-300:]}")

    def start(self) -> None:
        options = " ".join(f"-c {setting}" for setting in (*self.SETTINGS, f"port={self.port}"))
        log = str(self.folder / "log")
        self._call("pg_ctl", "-D", str(self.data), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """At once, as if it had crashed; it recovers when it is started."""
        self._call("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        import psycopg

        with psycopg.connect(f"postgresql://hub@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            yield connection
