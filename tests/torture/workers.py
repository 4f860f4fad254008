"""Runs in processes of their own, that can be killed and stopped: the command line as a scheduler would start it.

A fork server holds the program loaded, so that a run begins at once, and dozens can die in a minute. Each child is told
to die with the fork server: nothing outlives the torture, not even what was stopped.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

_DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG
_LOADED = [
    "workers",
    "syncline.cli.main",
    "syncline.wiring",
    "sync.run",
    "state.store",
    "state.reports",
    "connectors.sql.connector",
    "connectors.salesforce.connector",
    "connectors.shopify.connector",
    "mappings.compile",
    "connectors.bridge",
    "anyascii",
    "h11",
    "httpcore",
    "lxml.etree",
    "phonenumbers",
    "psycopg",
    "rapidfuzz.process",
    "simple_salesforce",
]


def run(folder: str, words: Sequence[str], environment: dict[str, str], log: str, quota: int | None) -> None:
    """In the child: `syncline run`, whose words go into a file. ``quota`` is how many bytes any file may have."""
    if sys.platform == "linux":
        # The fork server ends with whoever holds this, and a stopped child would hold it for ever.
        os.close(forkserver._forkserver._forkserver_alive_fd)
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.environ.update(environment)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    if quota is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (quota, quota))
    from syncline.cli.main import app

    try:
        app(["--project", folder, "--quiet", "run", *words])
    except SystemExit as ended:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


@dataclass
class Worker:
    """One run under way."""

    process: BaseProcess
    log: Path
    began: float
    strained: bool = False  # its disk is full, or its database is taken from it: it may fail, if it says so

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    @property
    def age(self) -> float:
        return time.monotonic() - self.began

    def send(self, sign: signal.Signals) -> bool:
        """Whether it was still there."""
        if not self.alive:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sign)
        return True

    def kill(self) -> bool:
        """Whether it was killed at work."""
        there = self.send(signal.SIGKILL)
        self.process.join(30)
        return there and self.process.exitcode == -signal.SIGKILL

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None where it did not end."""
        self.process.join(seconds)
        return self.process.exitcode

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Starter:
    """Starts runs of one project."""

    def __init__(self, project: Path, environment: dict[str, str]) -> None:
        self.project, self.environment = project, environment
        self.started = 0
        # The fork server knows no folder but those of the environment.
        os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_LOADED)

    def start(self, *words: str, quota: int | None = None) -> Worker:
        self.started += 1
        log = self.project / "var" / f"said-{self.started}.txt"
        arguments = (str(self.project), words, self.environment, str(log), quota)
        process = self._context.Process(target=run, args=arguments, daemon=True)
        process.start()
        return Worker(process, log, time.monotonic(), strained=quota is not None)
