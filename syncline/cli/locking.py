"""`connections discover --lock`: keeping the fields of a system as a reviewed file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from model.diagnostics import Severity
from syncline.cli.desk import writing
from syncline.cli.exits import Exit
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from connectors.contract import Field
    from model.diagnostics import Diagnostic
    from syncline.cli.desk import Desk
    from syncline.locks import Lock
    from syncline.settings import Project

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.


def chosen(
    desk: Desk, project: Project, name: str, streams: Sequence[str], former: Lock | None, *, everything: bool
) -> list[str]:
    """The streams to lock: those named, or all, or those that mappings use and those that are locked already."""
    from syncline.settings import MAPPINGS
    from syncline.ties import ties

    known = [one.name for one in project.connections[name].streams]
    for stream in streams:
        if stream not in known:
            raise typer.BadParameter(f"{name} has no stream {stream!r}; it has {', '.join(known)}")
    if streams or everything:
        return list(streams) or known
    whole, _ = desk.load()
    sound = (*whole.mappings, *whole.proposed) if whole is not None else ()
    used = {tie.stream for tie in ties(project.folder / MAPPINGS, sound) if tie.connection == name}
    used |= set(former.streams) if former is not None else set()
    wanted = [stream for stream in known if stream in used]
    if not wanted:
        raise typer.BadParameter(f"no mapping uses a stream of {name} yet: name the streams, or say --all")
    return wanted


def former_lock(desk: Desk, project: Project, name: str) -> Lock | None:
    """The lock there is. One that cannot be read counts as none, and that is said."""
    from syncline.lock_reading import read_lock
    from syncline.locks import lock_file

    found: list[Diagnostic] = []
    lock = read_lock(lock_file(project.folder, name), found)
    for one in found:
        desk.output.say(clean(one))
    if any(one.severity is Severity.ERROR for one in found):
        desk.output.say("What cannot be read of the lock counts as not locked.")
    return lock


def keep(
    desk: Desk,
    project: Project,
    name: str,
    found: Mapping[str, Sequence[Field]],
    former: Lock | None,
    *,
    only_show: bool,
    as_json: bool,
) -> None:
    """Show what is different from the former lock, field by field, and write the new one unless ``only_show``."""
    from syncline.document import shown
    from syncline.locks import lock_file, made, write

    described = _described(desk, name, found)
    kept = {
        stream: fields.values()
        for stream, fields in (former.streams if former is not None else {}).items()
        if stream not in described and any(one.name == stream for one in project.connections[name].streams)
    }
    lock = made(name, project.connections[name].connector, {**kept, **described})
    rows = _rows(former, lock)
    outdated = former is None or former.connector != lock.connector
    path = lock_file(project.folder, name)
    if as_json:
        desk.output.json(rows)
    elif rows:
        cells = [(row["stream"], row["field"], _words(row)) for row in rows]
        desk.output.table(("stream", "field", "what is different"), cells, "")
    if only_show:
        same = "" if former is None else f"{shown(path)} is as {name} is now."
        desk.output.say(f"{counted(len(rows), 'difference')}; nothing was written." if rows or outdated else same)
        raise typer.Exit(Exit.CHANGES if rows or outdated else Exit.DONE)
    with writing(desk, path):
        write(path, lock)
    number = sum(len(fields) for fields in lock.streams.values())
    done = f"{counted(len(lock.streams), 'stream')} with {counted(number, 'field')}"
    desk.output.say(
        f"Wrote {shown(path)}: {done}, {counted(len(rows), 'difference') if rows else 'nothing different'}."
    )


def _described(desk: Desk, name: str, found: Mapping[str, Sequence[Field]]) -> dict[str, Sequence[Field]]:
    """The streams that describe their fields; of others, and of fields with impossible names, it is said."""
    from syncline.locks import tidied

    for stream, fields in found.items():
        if not fields:
            desk.output.say(clean(f"{name}.{stream} describes no fields; it is left as it was."))
        missing = len({one.name for one in fields}) - len(tidied(fields))
        if missing:
            desk.output.say(
                clean(f"{name}.{stream}: {counted(missing, 'field')} cannot be locked for a name too long.")
            )
    return {stream: fields for stream, fields in found.items() if fields}


def _rows(former: Lock | None, lock: Lock) -> list[dict[str, Any]]:
    """The differences, one a row. A stream that is new or gone is one row without a field."""
    from syncline.drift import changes

    before = former.streams if former is not None else {}
    rows: list[dict[str, Any]] = []
    for stream in sorted({*before, *lock.streams}):
        if stream not in before or stream not in lock.streams:
            became = "added" if stream in lock.streams else "removed"
            number = counted(len(lock.streams.get(stream, before.get(stream, {}))), "field")
            words = f"is new, with {number}" if became == "added" else f"is no longer a stream, it had {number}"
            rows.append({"stream": stream, "field": None, "became": became, "words": words, "hint": None})
            continue
        rows += [
            {"stream": stream, "field": one.name, "became": one.became.value, "words": one.words, "hint": one.hint}
            for one in changes(stream, before[stream], lock.streams[stream])
        ]
    return rows


def _words(row: Mapping[str, Any]) -> str:
    return f"{row['words']} ({row['hint']})" if row["hint"] else str(row["words"])
