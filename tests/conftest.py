"""Fixtures shared by all tests: a throw-away PostgreSQL cluster, and a store on either database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.clock import ManualClock


def _newest_postgres() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _as_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "nobody", "--", *command] if os.geteuid() == 0 else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _call(command: list[str], folder: Path) -> None:
    done = subprocess.run(_as_user(command), cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"PostgreSQL could not be started for the tests: {done.stderr.strip()[-300:]}")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """``postgresql+psycopg://…`` of a cluster of this session's own, on loopback; nothing in it is durable."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'syncline[postgres]'")
    programs = _newest_postgres()
    if programs is None:
        pytest.skip("no PostgreSQL server programs on this machine (looked for initdb)")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL refuses to run as root and there is no runuser to start it as somebody else")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    data, port = folder / "data", _free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    options = " ".join(
        f"-c {setting}"
        for setting in (
            "listen_addresses=127.0.0.1",
            f"port={port}",
            "unix_socket_directories=''",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=50",
        )
    )
    try:
        _call(
            [str(programs / "initdb"), "-D", str(data), "-U", "hub", "-A", "trust", "-E", "UTF8", "--no-sync"], folder
        )
        log = str(folder / "log")
        _call([str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", log, "-o", options, "start"], folder)
        try:
            yield f"postgresql+psycopg://hub@127.0.0.1:{port}/postgres"
        finally:
            _call([str(programs / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_schema(postgres_url: str) -> Iterator[str]:
    """The address of an empty schema of the test's own."""
    import psycopg

    name = f"t_{uuid.uuid4().hex[:12]}"
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    yield f"{postgres_url}?options=-csearch_path%3D{name}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh, empty state database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'syncline.db'}"
    return str(request.getfixturevalue("postgres_schema"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(state_url: str, clock: ManualClock) -> Iterator[object]:
    """An open, empty store; every test that uses it runs on SQLite and on PostgreSQL."""
    from state.store import open_store

    opened = open_store(state_url, clock)
    yield opened
    opened.close()
