"""A real Tryton server: installed beside the project, started once a session on a loopback port, stopped by its pid.

``SYNCLINE_TRYTON`` may name a folder that is a virtual environment with trytond and trytond-party. Otherwise one is
made of `requirements.txt` beside this file, once, in the folder for temporary files.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from syncline.sandbox.wire import Request, Response

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PASSWORD = "Canary-passw0rd"
DATABASE = "erp"
# Every connector of the suite signs in anew, and the server's own hash of a password costs a second each time.
SERVE = """
import runpy, sys, pwdlib
from pwdlib.hashers.argon2 import Argon2Hasher
from trytond.res import user
user.PASSWORD_HASH = pwdlib.PasswordHash([Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)])
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _environment() -> Path:
    given = os.environ.get("SYNCLINE_TRYTON")
    if given:
        return Path(given)
    mark = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"syncline-tryton-{os.getuid()}-{mark}"
    if not (folder / "ready").exists():
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS)]
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=120)
            subprocess.run([str(folder / "bin/python"), *install], check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"Tryton cannot be installed here ({type(error).__name__}): set SYNCLINE_TRYTON to where it is")
        (folder / "ready").touch()
    return folder


class Tryton:
    """The running server as a fake stands in for others: requests are passed on to it, faults are put before it."""

    def __init__(self, port: int, file: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.file = file
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def handle(self, request: Request) -> Response:
        headers = {name: v for name, v in request.headers.items() if name in {"authorization", "content-type"}}
        answer = self.client.request(request.method, request.path, content=request.body, headers=headers)
        kept = {name: v for name, v in answer.headers.items() if name in {"content-type", "date", "retry-after"}}
        return Response(status=answer.status_code, body=answer.content, headers=kept)

    def execute(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """What nobody can do through the server: set stamps, empty tables."""
        with closing(sqlite3.connect(self.file, timeout=20)) as database, database:
            return list(database.execute(statement, values))

    def empty(self) -> None:
        tables = ("party_contact_mechanism", "party_identifier", "party_address", "party_party_lang", "party_party")
        for table in tables:
            self.execute(f"DELETE FROM {table}")


def _ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            pytest.skip(f"Tryton does not start: {log.read_text()[-300:]}")
        try:
            if httpx.post(f"{url}/rpc/", json={"id": 1, "method": "common.server.version", "params": []}).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.skip("Tryton did not answer within half a minute")


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    binaries = _environment() / "bin"
    folder = tmp_path_factory.mktemp("tryton")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file, config, word, log = (folder / name for name in (f"{DATABASE}.sqlite", "trytond.conf", "password", "log"))
    file.touch()  # a database that is not there is not made
    config.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    word.write_text(f"{PASSWORD}\n")
    common = ["-c", str(config), "-d", DATABASE]
    setup = ["-u", "party", "--activate-dependencies", "--email", "hub@example.com"]
    try:
        subprocess.run(
            [str(binaries / "trytond-admin"), *common, *setup],
            check=True,
            capture_output=True,
            timeout=240,
            env={**os.environ, "TRYTONPASSFILE": str(word)},
        )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"Tryton's database cannot be made ({type(error).__name__})")
    with log.open("wb") as out:
        serve = [str(binaries / "python"), "-c", SERVE, str(binaries / "trytond"), *common]
        process = subprocess.Popen(serve, stdout=out, stderr=out)
    try:
        server = Tryton(port, file)
        _ready(process, server.url, log)
        yield server
        server.client.close()
    finally:
        process.terminate()
        process.wait(timeout=20)
