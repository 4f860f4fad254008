"""Looks at everything a run depends on and says one line about each; changes nothing."""

from __future__ import annotations

import platform
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from connectors.contract import CONTRACT, Connector
from model.diagnostics import Diagnostic, Severity
from model.errors import ConnectorError, SynclineError
from state.database import connect
from state.migrate import HEAD, REVISIONS, revision
from syncline import wiring
from syncline.catalogue import Catalogue
from syncline.connections import Connection
from syncline.lock_standing import standing
from syncline.settings import Project, load_project
from syncline.wiring import World

PACKAGES = ("connectors", "mappings", "model", "state", "sync", "syncline")
_LIBRARIES = ("pydantic", "sqlalchemy", "httpx", "apscheduler", "ruamel.yaml")
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "glusterfs", "fuse.glusterfs"})
_MOUNTS = Path("/proc/mounts")


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination. ``check`` is stable."""

    check: str
    health: Health
    message: str
    hint: str | None = None


def examine(folder: Path, world: World, *, only: str | None = None) -> Iterator[Finding]:
    """Everything, or only one connection. A finding is yielded as soon as it is known."""
    project, found = load_project(folder, environment=world.environment)
    if only is None:
        yield from _versions()
        yield from _claims()
        yield _configuration(found, project)
    if project is None:
        project, _ = load_project(folder, environment=world.environment, with_mappings=False)
    if project is None:
        yield Finding("connections", Health.WARNING, "not looked at: config.yaml has errors", "syncline check")
        return
    if only is None:
        yield from _state(project)
    yield from connections(project, world, only=only, with_locks=True)


def _versions() -> Iterator[Finding]:
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    python = platform.python_version()
    good = sys.version_info >= (3, 11)
    yield Finding(
        "versions",
        Health.OK if good else Health.ERROR,
        f"syncline {_version('syncline')}, Python {python}, connector contract {CONTRACT}, {libraries}",
        None if good else "Python 3.11 or newer is needed",
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed as a package)"


def _claims(owners: Mapping[str, list[str]] | None = None) -> Iterator[Finding]:
    """Two installed packages with a top-level package of one name hide each other's modules."""
    owners = owners if owners is not None else packages_distributions()
    for name in PACKAGES:
        others = sorted({owner for owner in owners.get(name, []) if owner.lower() != "syncline"})
        if others:
            yield Finding(
                "packages",
                Health.ERROR,
                f"the installed package {', '.join(others)} also has a top-level package {name!r}",
                "install syncline in a virtual environment of its own",
            )
    for name, sources in Catalogue.installed().claims.items():
        if len(sources) > 1:
            who = " and ".join(source.package for source in sources)
            yield Finding(
                "connectors", Health.ERROR, f"connector {name!r} is claimed by {who}", "uninstall one of them"
            )


def _configuration(found: list[Diagnostic], project: Project | None) -> Finding:
    errors = sum(1 for one in found if one.severity is Severity.ERROR)
    if project is None or errors:
        return Finding("configuration", Health.ERROR, f"{errors} errors; the first: {found[0]}", "syncline check")
    said = (
        f"{len(project.connections)} connections, {len(project.mappings)} mappings, {len(project.schedules)} schedules"
    )
    warnings = [one for one in found if one.severity is Severity.WARNING]
    if warnings:
        more = f"{said}; {len(warnings)} warnings, the first: {warnings[0]}"
        return Finding("configuration", Health.WARNING, more, "syncline check")
    return Finding("configuration", Health.OK, said)


def _state(project: Project) -> Iterator[Finding]:
    path = state_file(project.state_url)
    if path is not None:
        yield from _file(path)
        if not path.exists():
            return
    try:
        database = connect(project.state_url)
        try:
            with database.read() as tx:
                found = revision(tx)
        finally:
            database.close()
    except SynclineError as error:
        yield Finding("state", Health.ERROR, str(error))
        return
    if found == HEAD:
        yield Finding("state", Health.OK, f"reachable, at revision {found}")
    elif found is None or found in REVISIONS:
        yield Finding("state", Health.OK, f"reachable; the next run brings it to revision {HEAD}")
    else:
        yield Finding(
            "state",
            Health.ERROR,
            f"it is at revision {found}, this version works with {HEAD}",
            "a newer version has used it: run that one, or restore a backup",
        )


def _file(path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield Finding("state", Health.OK, f"{path} does not exist yet; the first run makes it")
    else:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(
                "state-mode", Health.WARNING, f"{path} can be read by others ({mode:04o})", f"chmod 600 {path}"
            )
    kind = filesystem(path)
    if kind in _NETWORK:
        yield Finding(
            "state-place",
            Health.WARNING,
            f"{path} lies on a network filesystem ({kind}), where SQLite's locks cannot be relied on",
            "put the state on a local disk, or use PostgreSQL",
        )


def state_file(url: str) -> Path | None:
    """The file of an SQLite state; None for a server."""
    path = url.removeprefix("sqlite:///").partition("?")[0]
    return Path(path) if url.startswith("sqlite:///") and path not in ("", ":memory:") else None


def filesystem(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the filesystem a path lies on, where the system tells."""
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return None
    found = [
        (len(parts[1]), parts[2]) for parts in lines if len(parts) > 2 and path.absolute().is_relative_to(parts[1])
    ]
    return max(found)[1] if found else None


def connections(
    project: Project, world: World, *, only: str | None = None, with_locks: bool = False
) -> Iterator[Finding]:
    """Each connection's own check: reached, let in, everything named in the settings is there. Then its schema lock."""
    names = {name for name in project.connections if only in (None, name)}
    with wiring.opened_connections(project, world, names) as connectors:
        for name, connector in connectors.items():
            found = list(_connection(project.connections[name], connector.check))
            yield from found
            if with_locks and not any(one.health is Health.ERROR for one in found):
                yield from _lock(project, name, connector)


def _lock(project: Project, name: str, connector: Connector[Any]) -> Iterator[Finding]:
    mapped = {one.stream for one in (*project.mappings, *project.proposed) if one.connection == name}
    found = standing(project.folder, project.connections[name], connector, mapped)
    if found is not None:
        yield Finding(f"lock {name}", Health.OK if found.sound else Health.WARNING, found.message, found.hint)


def _connection(connection: Connection, check: Callable[[], list[Diagnostic]]) -> Iterator[Finding]:
    where = f"connection {connection.name}"
    try:
        found = check()
    except ConnectorError as error:
        yield Finding(where, Health.ERROR, str(error))
        return
    except Exception as error:  # noqa: BLE001 (anybody's connector; its mistakes must not hide other findings)
        yield Finding(where, Health.ERROR, f"the connector failed ({type(error).__name__})", "tell its author")
        return
    for one in connection.located(found):
        health = Health.ERROR if one.severity is Severity.ERROR else Health.WARNING
        place = " ".join(part for part in (one.place, one.path) if part)
        yield Finding(where, health, f"{place}: {one.message}" if place else one.message, one.hint)
    if not any(one.severity is Severity.ERROR for one in found):
        yield Finding(where, Health.OK, "reached and let in")
