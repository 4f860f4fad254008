"""Where concrete classes meet: a project becomes a store, connectors and an engine."""

from __future__ import annotations

import gc
import importlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from connectors.contract import Connector, Context, TokenStore
from model.clock import Clock, SystemClock
from model.errors import ConfigurationError, StateError
from sync.hub import Listener
from sync.run import Engine
from syncline.connections import Connection
from syncline.pulse import beating
from syncline.settings import Memory, Project, Workbench

KEY = "SYNCLINE_KEY"
"""Environment variable with the key that seals stored tokens."""

ENGINE = "sync.run:Engine"
STORE = "state.store:open_store"
TOKENS = "state.tokens:SealedTokens"
REPORTS = "state.reports:open_reports"


@dataclass(slots=True, kw_only=True)
class World:
    """What the product meets outside itself. Tests and demonstrations replace parts of it.

    ``transports`` (by connection) carry requests to fake systems. ``factories`` replace the classes named in this
    module, by the same names.
    """

    clock: Clock = field(default_factory=SystemClock)
    transports: Mapping[str, Any] = field(default_factory=dict)
    factories: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def make(self, reference: str) -> Callable[..., Any]:
        """The class or function behind ``module:name``."""
        if reference in self.factories:
            return self.factories[reference]
        module, _, name = reference.partition(":")
        return cast("Callable[..., Any]", getattr(importlib.import_module(module), name))


def open_connection(connection: Connection, world: World, tokens: TokenStore | None = None) -> Connector[Any]:
    """A connector with the context the hub lends it."""
    return connection.open(
        Context(
            connection=connection.name,
            clock=world.clock,
            transport=world.transports.get(connection.name),
            tokens=tokens,
        )
    )


def open_tokens(project: Project | Workbench, world: World) -> _LazyTokens:
    """Where rotating credentials are kept. It opens the state database only when a connector first asks."""
    return _LazyTokens(project, world)


class _LazyTokens:
    """Most connectors keep no tokens: opening a database for them would be a waste."""

    def __init__(self, project: Project | Workbench, world: World) -> None:
        self._project = project
        self._world = world
        self._state: Any = None
        self._tokens: TokenStore | None = None

    @property
    def store(self) -> TokenStore:
        if self._tokens is None:
            self._state = self._world.make(STORE)(self._project.state_url, self._world.clock)
            key = self._world.environment.get(KEY)
            self._tokens = cast("TokenStore", self._world.make(TOKENS)(self._state.database, self._world.clock, key))
        return self._tokens

    def load(self, name: str) -> Mapping[str, Any] | None:
        return self.store.load(name)

    def save(self, name: str, token: Mapping[str, Any]) -> None:
        self.store.save(name, token)

    def exclusively(self, name: str) -> Any:
        return self.store.exclusively(name)

    def close(self) -> None:
        if self._state is not None:
            self._state.close()


@contextmanager
def opened_connections(
    project: Project | Workbench, world: World, names: set[str] | None = None
) -> Iterator[dict[str, Connector[Any]]]:
    """The connectors of a project (or those named), closed afterwards."""
    with ExitStack() as stack:
        tokens = open_tokens(project, world)
        stack.callback(tokens.close)
        connectors: dict[str, Connector[Any]] = {}
        for name, connection in project.connections.items():
            if names is None or name in names:
                connectors[name] = open_connection(connection, world, tokens)
                stack.callback(connectors[name].close)
        try:
            yield connectors
        except ConfigurationError as error:
            if len(connectors) != 1:
                raise
            (name,) = connectors
            raise ConfigurationError(project.connections[name].located(error.diagnostics)) from error


@contextmanager
def build_engine(
    project: Project, *, world: World | None = None, listener: Listener | None = None, trigger: str = "person"
) -> Iterator[Engine]:
    """An engine over the project's state and connections; everything it opened is closed afterwards."""
    world = world or World()
    calm_collector()
    with ExitStack() as stack:
        store = world.make(STORE)(project.state_url, world.clock)
        stack.callback(store.close)
        connectors = stack.enter_context(opened_connections(project, world))
        yield world.make(ENGINE)(
            store=store,
            connectors=connectors,
            mappings=project.mappings,
            schemas=project.schemas,
            policy=project.policy,
            clock=world.clock,
            listener=listener,
            holder=holder(trigger),
            gone=gone,
            pulse=beating,
        )


def calm_collector() -> None:
    """A run makes many objects and hardly a cycle: look for cycles rarely, and never among what is loaded by now."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@contextmanager
def opened_reports(project: Project | Memory | Workbench, world: World) -> Iterator[Any]:
    """The read side of the state. Raises StateError where nothing was ever run."""
    _check_made(project.state_url)
    reports = world.make(REPORTS)(project.state_url, world.clock)
    try:
        yield reports
    finally:
        reports.close()


@contextmanager
def opened_store(project: Project | Memory, world: World) -> Iterator[Any]:
    """The state itself. Raises StateError where nothing was ever run."""
    _check_made(project.state_url)
    store = world.make(STORE)(project.state_url, world.clock)
    try:
        yield store
    finally:
        store.close()


def _check_made(state_url: str) -> None:
    if state_url.startswith("sqlite:///"):
        path = state_url.removeprefix("sqlite:///").partition("?")[0]
        if not os.path.exists(path):  # noqa: PTH110 (an address, not a path of ours)
            raise StateError("nothing has been run yet: start with `syncline plan` or `syncline run`")


def holder(trigger: str) -> str:
    """Who holds a lease, as other processes will read it: ``person on host (4711)``."""
    return f"{trigger} on {machine()} ({os.getpid()})"


def machine() -> str:
    """The space in which a process number means something: host and, where there are containers, their namespace."""
    try:
        return f"{socket.gethostname()}/{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116 (no file of ours)
    except OSError:
        return socket.gethostname()


def gone(name: str) -> bool:
    """Whether a holder was a process of this machine that is no more: killed, so that it could not let go.

    A number given out again to another process only means waiting for the lease to end.
    """
    host, _, number = name.removesuffix(")").partition(" on ")[2].rpartition(" (")
    if host != machine() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
