"""A PostgreSQL of our own for the tests that need one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _as_owner(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for user in ("postgres", "nobody"):
        if subprocess.run(["id", user], capture_output=True, check=False).returncode == 0:
            shutil.chown(folder, user)
            return ["runuser", "-u", user, "--"]
    pytest.skip("running as root, and there is no user postgres or nobody to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty database on a loopback port, gone after the session."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine (initdb not found)")
    folder = Path(tempfile.mkdtemp(prefix="syncline-pg-"))
    owner = _as_owner(folder)
    data, port = folder / "data", _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    init = [binaries / "initdb", "-D", data, "-A", "trust", "-U", "hub", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
    control = [*owner, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    try:
        subprocess.run([*owner, *map(str, init)], check=True, capture_output=True, cwd=folder)
        started = [*control, "-l", str(folder / "log"), "-o", options, "start"]
        subprocess.run(started, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        yield f"postgresql+psycopg://hub@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)
