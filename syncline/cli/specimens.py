"""What a mapping is tried on: records from a file, from the stream itself, or made up."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import typer

from connectors.contract import Field
from mappings.compile import Compiled
from mappings.proving.generate import Generator
from model.records import Record
from syncline.bindings import known_fields
from syncline.cli.desk import Desk
from syncline.cli.output import counted
from syncline.lock_reading import read_locks
from syncline.settings import Project
from syncline.wiring import opened_connections


class Specimens(NamedTuple):
    """Records of a mapping's stream, canonical records of its entity, and where they come from."""

    records: Sequence[Record]
    entities: Sequence[Mapping[str, Any]]
    origin: str


class Asked(NamedTuple):
    """What the command line asks for: so many made up, so many of the stream's own, or those of a file."""

    made_up: int
    sample: int = 0
    file: Path | None = None
    seed: int = 0


def specimens(desk: Desk, project: Project, mapping: Compiled, asked: Asked) -> Specimens:
    """Records and entities to try ``mapping`` on. Raises ConnectorError where the system cannot be asked."""
    schema = project.schemas[mapping.entity]
    made = Generator(mapping, schema, asked.seed, fields_of(project, mapping))
    if asked.file is not None:
        records: Sequence[Record] = list(_from_file(asked.file))
        return Specimens(records, made.entities(asked.made_up), counted(len(records), "record") + f" of {asked.file}")
    if asked.sample:
        records = _of_stream(desk, project, mapping, asked.sample)
        where = f"{mapping.connection}.{mapping.stream}"
        return Specimens(records, made.entities(asked.made_up), f"{counted(len(records), 'record')} of {where}")
    return Specimens(made.records(asked.made_up), made.entities(asked.made_up), f"{asked.made_up:,} made-up records")


def fields_of(project: Project, mapping: Compiled) -> Sequence[Field]:
    """The stream's fields as they are locked, else as the configuration declares them."""
    connection = project.connections.get(mapping.connection)
    streams = connection.streams if connection is not None else ()
    locks = read_locks(project.folder, project.connections, list(project.connections), [])
    return next((known_fields(mapping.connection, one, locks) for one in streams if one.name == mapping.stream), ())


def named(project: Project, names: Sequence[str] | None) -> list[Compiled]:
    """The mappings of these names, all where none is given; a name that is none is told with the nearest one."""
    known = {mapping.name: mapping for mapping in (*project.mappings, *project.proposed)}
    for name in names or ():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(sorted(known))}"
            raise typer.BadParameter(f"there is no mapping {name!r}; {hint}", param_hint="NAME")
    return [known[name] for name in sorted(known) if not names or name in names]


def _of_stream(desk: Desk, project: Project, mapping: Compiled, number: int) -> list[Record]:
    with opened_connections(project, desk.world, {mapping.connection}) as connectors:
        pages = connectors[mapping.connection].read(mapping.stream, None)
        return list(islice(chain.from_iterable(page.records for page in pages), number))


def _from_file(path: Path) -> Iterator[Record]:
    """One JSON object per line; the line's number is the key."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        raise typer.BadParameter(f"{path} {why}", param_hint="--file") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            message = f"{path}:{number}: is not a JSON object; one record per line is wanted"
            raise typer.BadParameter(message, param_hint="--file")
        yield Record(f"line {number}", data)
