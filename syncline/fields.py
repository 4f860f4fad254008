"""Mappings against the fields the systems really have, as they describe them now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from connectors.contract import Connector, Field
from mappings.checking.mapping import check
from mappings.checking.together import required_cycles
from mappings.compile import Compiled
from mappings.language import field_path, field_text
from model.diagnostics import Diagnostic
from model.errors import ConfigurationError, ConnectorError
from syncline import drift
from syncline.bindings import known_fields
from syncline.lock_reading import read_locks
from syncline.locks import Lock, tidied
from syncline.settings import Project
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
                fields = _discovered(connectors[connection], stream)
            except ConfigurationError as error:
                found = project.connections[connection].located(error.diagnostics)
                yield from (one for one in found if one not in said)
                said += found
                continue
            except ConnectorError as error:
                message = f"{connection}.{stream} cannot be asked for its fields: {error}"
                hint = f"syncline connections check {connection}"
                file = mappings[0].source.file
                yield Diagnostic(code="not-discovered", message=message, file=file, hint=hint)
                continue
            now[connection, stream] = tuple(fields.values())
            lock = locks.get(connection)
            if lock is not None and stream in lock.streams and fields:
                yield from _drift(project, lock, stream, mappings, fields)
            else:
                for mapping in mappings:
                    yield from _news(project, mapping, fields)
    yield from _cycles(project, locks, now)


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
    known = set(map(drift.said_of, required_cycles(running, before)))
    yield from (one for one in required_cycles(running, now) if drift.said_of(one) not in known)


def _discovered(connector: Connector[Any], stream: str) -> Mapping[str, Field]:
    return tidied(connector.discover(stream))


def _news(project: Project, mapping: Compiled, fields: Mapping[str, Field]) -> Iterator[Diagnostic]:
    """What is to be said of these fields and was not to be said of those that the connector declares."""
    schema = project.schemas[mapping.entity]
    streams = project.connections[mapping.connection].streams
    declared = next((one.fields for one in streams if one.name == mapping.stream), ())
    known = set(map(drift.said_of, check(mapping.source, schema, declared)))
    found = check(mapping.source, schema, tuple(fields.values()))
    yield from (one for one in found if drift.said_of(one) not in known)


def _drift(
    project: Project, lock: Lock, stream: str, mappings: Sequence[Compiled], fields: Mapping[str, Field]
) -> Iterator[Diagnostic]:
    locked = lock.streams[stream]
    changes = drift.changes(stream, locked, fields)
    lock = lock.with_places() if changes else lock
    suffered: set[str] = set()
    for mapping in mappings:
        examine = partial(check, mapping.source, project.schemas[mapping.entity])
        effects = drift.effects(changes, locked, examine, partial(_touches, mapping))
        explained = set(map(drift.said_of, examine(tuple(locked.values()))))
        for effect in effects:
            if effect.found:
                suffered.add(effect.change.name)
            explained |= set(map(drift.said_of, effect.found))
            yield from drift.told(effect, lock.connection)
        # What several changes do together, and no one of them alone.
        yield from (one for one in examine(tuple(fields.values())) if drift.said_of(one) not in explained)
    rest = [change for change in changes if change.name not in suffered]
    users = {change.name: [rule for mapping in mappings for rule in _users(mapping, change.name)] for change in rest}
    yield from (drift.noted(one, lock.connection, users[one.name], lock) for one in rest if users[one.name])
    unused = [change for change in rest if not users[change.name]]
    if unused:
        yield drift.summed_up(unused, lock.connection, lock)


def _touches(mapping: Compiled, name: str) -> bool:
    """Whether some rule, filter or default may have to do with a field, at least with what lies around it."""
    tops = {path[0] for rule in mapping.source.rules for path in rule.fields if path} | mapping.touches
    return field_path(name)[0] in tops or name in tops or name in mapping.source.record_defaults


def _users(mapping: Compiled, name: str) -> Iterator[str]:
    for rule in mapping.source.rules:
        if name in map(field_text, rule.fields):
            yield f"{mapping.entity}.{rule.path}"
