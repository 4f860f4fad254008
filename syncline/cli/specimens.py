"""Which mappings are tried, and what on: records from a file, from the stream itself, or made up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import typer

from mappings.proving.generate import Generator
from model.diagnostics import Diagnostic, Severity
from model.errors import ConfigurationError
from model.records import Record
from syncline.cli.desk import Desk
from syncline.cli.output import counted
from syncline.document import nearest
from syncline.lock_reading import read_lock
from syncline.locks import lock_file
from syncline.preview import live_records
from syncline.wiring import opened_connections

if TYPE_CHECKING:
    from connectors.contract import Field
    from mappings.compile import Compiled
    from syncline.settings import Workbench


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


def chosen(desk: Desk, names: Sequence[str]) -> tuple[Workbench, list[Compiled]]:
    """The mappings named (all by default), in the order of their names. No secret is asked for, no system needed.

    Raises ConfigurationError where one of them has mistakes, and a usage error for a name that is none.
    """
    workbench, found = desk.workbench()
    by_name = workbench.by_name
    wrong = [one for one in found if one.severity is Severity.ERROR]
    if wrong and not set(names or ("",)) <= by_name.keys():
        raise ConfigurationError(wrong)
    return workbench, [_named(by_name, name) for name in sorted(set(names) or by_name)]


def sound(desk: Desk) -> tuple[Workbench, list[Compiled], list[Diagnostic]]:
    """All mappings that have no mistakes, in the order of their names, and what is wrong with the others.

    Raises ConfigurationError where there are mistakes, and no mapping without.
    """
    workbench, found = desk.workbench()
    wrong = [one for one in found if one.severity is Severity.ERROR]
    if wrong and not workbench.by_name:
        raise ConfigurationError(wrong)
    return workbench, [workbench.by_name[name] for name in sorted(workbench.by_name)], wrong


def _named(mappings: Mapping[str, Compiled], name: str) -> Compiled:
    if name not in mappings:
        hint = nearest(name, mappings) if mappings else "there is none yet: syncline mappings suggest"
        raise typer.BadParameter(f"there is no mapping {name!r}; {hint}", param_hint="NAME")
    return mappings[name]


def connected(desk: Desk, workbench: Workbench, mapping: Compiled) -> Workbench:
    """The workbench, once it is sure that the mapping's system can be asked. Raises ConfigurationError with the reason
    where it cannot."""
    if mapping.connection not in workbench.connections:
        desk.project()
    return workbench


def specimens(desk: Desk, workbench: Workbench, mapping: Compiled, asked: Asked) -> Specimens:
    """Records and entities to try ``mapping`` on. Raises ConnectorError where the system cannot be asked."""
    schema = workbench.schemas[mapping.entity]
    made = Generator(mapping, schema, asked.seed, fields_of(desk.folder, workbench, mapping))
    if asked.file is not None and asked.sample:
        raise typer.BadParameter("records are taken from a file or from the stream, not both", param_hint="--file")
    if asked.file is not None:
        records: Sequence[Record] = records_of_file(asked.file)
        return Specimens(records, made.entities(asked.made_up), counted(len(records), "record") + f" of {asked.file}")
    if asked.sample:
        with opened_connections(connected(desk, workbench, mapping), desk.world, {mapping.connection}) as connectors:
            records = list(islice(live_records(connectors[mapping.connection], mapping.stream), asked.sample))
        where = f"{mapping.connection}.{mapping.stream}"
        return Specimens(records, made.entities(asked.made_up), f"{counted(len(records), 'record')} of {where}")
    return Specimens(made.records(asked.made_up), made.entities(asked.made_up), f"{asked.made_up:,} made-up records")


def fields_of(folder: Path, workbench: Workbench, mapping: Compiled) -> Sequence[Field]:
    """The stream's fields as they are locked, else as the configuration declares them."""
    lock = read_lock(lock_file(folder, mapping.connection), [])
    locked = lock.fields(mapping.stream) if lock is not None else ()
    connection = workbench.connections.get(mapping.connection)
    declared = (one.fields for one in (connection.streams if connection else ()) if one.name == mapping.stream)
    return locked or next(declared, ())


def records_of_file(path: Path) -> list[Record]:
    """Records out of a file of JSON Lines: an object each, as the system shows it, keyed by the line it stands in.

    Raises ConfigurationError for anything else, with the first line that is none: others are mostly alike.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        raise ConfigurationError([Diagnostic(code="unreadable", message=f"the file {why}", file=str(path))]) from None
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    found = [(number, _object(line)) for number, line in lines]
    wrong = [number for number, data in found if data is None]
    if wrong:
        more = f", and neither are {len(wrong) - 1:,} other lines" if len(wrong) > 1 else ""
        message, hint = f"this is no record{more}", "a JSON object on each line"
        if path.suffix.lower() in (".csv", ".tsv"):
            hint += "; a CSV file is read as a stream of its own: syncline init X --file"
        found_wrong = Diagnostic(code="not-a-record", message=message, file=str(path), line=wrong[0], hint=hint)
        raise ConfigurationError([found_wrong])
    return [Record(f"line {number}", data) for number, data in found if data is not None]


def _object(line: str) -> dict[str, Any] | None:
    try:
        data = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _no_number(text: str) -> NoReturn:
    """``NaN`` and ``Infinity`` are no JSON, and no system shows them."""
    raise ValueError(text)
