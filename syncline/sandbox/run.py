"""Serves a fake system on a loopback port, for trying things out without an account."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import syncline.sandbox
from model.errors import SynclineError
from syncline.sandbox.system import System
from syncline.sandbox.wire import Server


@cache
def systems() -> Mapping[str, System]:
    """Every system that can be faked: each package beside this module says so in its module ``system``."""
    names = [found.name for found in pkgutil.iter_modules(syncline.sandbox.__path__) if found.ispkg]
    return {name: importlib.import_module(f"syncline.sandbox.{name}.system").SYSTEM for name in sorted(names)}


@contextmanager
def served(name: str, port: int, data: Path | None = None) -> Iterator[tuple[str, str]]:
    """Serve a system; gives its URL and the settings of a connection to it. Its records are kept in ``data``."""
    system = systems()[name]
    try:
        fake = system.make(data)
    except (ValueError, KeyError, TypeError) as error:
        raise SynclineError(f"{data} does not hold records of this sandbox ({type(error).__name__})") from None
    try:
        server = Server(fake, port)
    except OSError as error:
        raise SynclineError(f"port {port} cannot be had ({error.strerror}); choose another with --port") from None
    system.at(fake, server.url)
    with server:
        try:
            yield server.url, system.settings.format(url=server.url)
        finally:
            if data is not None:
                system.keep(fake, data)
