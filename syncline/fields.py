"""Mappings against the fields the systems really have, as they describe them now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from connectors.contract import Field
from mappings.checking.mapping import check
from mappings.checking.together import required_cycles
from mappings.compile import Compiled
from model.diagnostics import Diagnostic, Severity
from model.errors import ConfigurationError, ConnectorError
from syncline import drift
from syncline import drift_effects as then
from syncline.bindings import known_fields
from syncline.document import shown
from syncline.lock_reading import read_locks
from syncline.locks import Lock, tidied
from syncline.settings import MAPPINGS, Project, Workbench
from syncline.ties import ties
from syncline.uses import users, uses_of
from syncline.wiring import World, opened_connections


def check_fields(project: Project, world: World) -> Iterator[Diagnostic]:
    """What only the systems can tell: unknown, unwritable and too short fields, missing choices.

    Where a stream is locked, that is told as drift: what became different since, and which rules suffer from it.
    A system that cannot be asked is one diagnostic; the others are asked all the same.
    """
    locks = read_locks(project.folder, project.connections, list(project.connections), [])
    streams: dict[tuple[str, str], list[Compiled]] = {}
    for mapping in (*project.mappings, *project.proposed):
        streams.setdefault((mapping.connection, mapping.stream), []).append(mapping)
    said: list[Diagnostic] = []
    now: dict[tuple[str, str], Sequence[Field]] = {}
    with opened_connections(project, world) as connectors:
        for (connection, stream), mappings in streams.items():
            try:
                fields = tidied(connectors[connection].discover(stream))
            except ConfigurationError as error:
                found = project.connections[connection].located(error.diagnostics)
                yield from (one for one in found if one not in said)
                said += found
                continue
            except ConnectorError as error:
                yield _not_discovered(connection, stream, error, mappings[0].source.file)
                continue
            now[connection, stream] = tuple(fields.values())
            lock = locks.get(connection)
            if lock is None or not lock.fields(stream):
                for mapping in mappings:
                    yield from _news(project, mapping, fields)
            elif fields:
                yield from _drift(project, lock, stream, mappings, fields)
            else:
                yield _silent(lock, stream)
    yield from _cycles(project, locks, now)


def seen_now(workbench: Workbench, folder: Path, world: World) -> tuple[dict[str, Lock], list[Diagnostic]]:
    """The fields of all mapped streams, by connection, and what is to be said of systems that cannot be asked.

    Connections that cannot be used are left out: what is wrong with them is said elsewhere.
    """
    wanted = {(tie.connection, tie.stream): tie.file for tie in ties(folder.absolute() / MAPPINGS, workbench.mappings)}
    seen: dict[str, Lock] = {}
    silent: list[Diagnostic] = []
    with opened_connections(workbench, world) as connectors:
        for name, connector in connectors.items():
            connection, streams = workbench.connections[name], {}
            for stream in (one.name for one in connection.streams if (name, one.name) in wanted):
                try:
                    streams[stream] = tidied(connector.discover(stream))
                except ConfigurationError as error:
                    silent += (one for one in connection.located(error.diagnostics) if one not in silent)
                except ConnectorError as error:
                    silent.append(_not_discovered(name, stream, error, shown(wanted[name, stream])))
            seen[name] = Lock(connection=name, connector=connection.connector, streams=streams)
    return seen, silent


def _not_discovered(connection: str, stream: str, error: ConnectorError, file: str) -> Diagnostic:
    message = f"{connection}.{stream} cannot be asked for its fields: {error}"
    hint = f"syncline connections check {connection}"
    return Diagnostic(code="not-discovered", message=message, file=file, hint=hint)


def _cycles(
    project: Project, locks: Mapping[str, Lock], now: Mapping[tuple[str, str], Sequence[Field]]
) -> Iterator[Diagnostic]:
    """Records that need each other before they can be created, where that was not known without asking."""
    running = [mapping.source for mapping in project.mappings]
    before = {
        (name, stream.name): known_fields(name, stream, locks)
        for name, connection in project.connections.items()
        for stream in connection.streams
    }
    known = set(map(then.said_of, required_cycles(running, before)))
    yield from (one for one in required_cycles(running, now) if then.said_of(one) not in known)


def _silent(lock: Lock, stream: str) -> Diagnostic:
    message = f"{lock.connection}.{stream} describes no fields now; mappings are held to the locked ones"
    hint = "is what the stream names still there?"
    return Diagnostic(code="drift", message=message, severity=Severity.WARNING, file=lock.file, hint=hint)


def _news(project: Project, mapping: Compiled, fields: Mapping[str, Field]) -> Iterator[Diagnostic]:
    """What is to be said of these fields and was not to be said of those that the connector declares."""
    schema = project.schemas[mapping.entity]
    streams = project.connections[mapping.connection].streams
    declared = next((one.fields for one in streams if one.name == mapping.stream), ())
    known = set(map(then.said_of, check(mapping.source, schema, declared)))
    found = check(mapping.source, schema, tuple(fields.values()))
    yield from (one for one in found if then.said_of(one) not in known)


def _drift(
    project: Project, lock: Lock, stream: str, mappings: Sequence[Compiled], fields: Mapping[str, Field]
) -> Iterator[Diagnostic]:
    locked = lock.streams[stream]
    changes = drift.changes(stream, locked, fields)
    if not changes:
        return
    lock = lock.with_places()
    suffered: set[str] = set()
    for mapping in mappings:
        schema = project.schemas[mapping.entity]
        examine = partial(check, mapping.source, schema)
        explained = set(map(then.place_of, examine(tuple(locked.values()))))
        for effect in then.effects(changes, locked, mapping.source, schema, examine):
            if effect.found:
                suffered.add(effect.change.name)
            explained |= set(map(then.place_of, effect.found))
            yield from then.told(effect, lock.connection)
        # What several changes do together, and no one of them alone.
        yield from (one for one in examine(tuple(fields.values())) if then.place_of(one) not in explained)
    uses = [use for mapping in mappings for use in uses_of(mapping.source)]
    rest = [(change, users(uses, change.name)) for change in changes if change.name not in suffered]
    yield from (then.noted(change, lock.connection, parts, lock) for change, parts in rest if parts)
    unused = [change for change, parts in rest if not parts]
    if unused:
        yield then.summed_up(unused, lock.connection, lock)
