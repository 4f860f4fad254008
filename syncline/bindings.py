"""The `mappings/` folder: every file in it is a binding of one stream to one entity."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.contract import Field, Stream
from mappings.checking.together import Decided, check_all, required_cycles
from mappings.compile import Compiled, load_source
from mappings.language import Lifecycle, MappingFile
from mappings.reading.extending import Fetch, read_source
from model.diagnostics import Diagnostic, Severity
from model.fields import EntitySchema
from syncline.connections import Connection
from syncline.document import Document, Node, nearest, shown
from syncline.locks import Lock


@dataclass(slots=True)
class Bindings:
    """What a folder of mappings holds. ``found`` are all compiled ones by file, ``live`` those that run."""

    found: list[tuple[Path, Compiled]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: list[MappingFile] = field(default_factory=list)  # what can be read of those with mistakes

    @property
    def live(self) -> list[Compiled]:
        return [mapping for _, mapping in self.found if mapping.source.lifecycle is not Lifecycle.PROPOSED]

    @property
    def proposed(self) -> list[Compiled]:
        return [mapping for _, mapping in self.found if mapping.source.lifecycle is Lifecycle.PROPOSED]

    @property
    def selectable(self) -> Iterator[str]:
        """Names under which a part of the work can be selected, besides the connections."""
        for _, mapping in self.found:
            yield from selectable(mapping.name, mapping.connection, mapping.stream, mapping.entity)


def selectable(name: str, connection: str, stream: str, entity: str) -> tuple[str, str, str, str]:
    """The names under which what one mapping does can be selected, besides its connection."""
    return name, entity, f"{connection}.{stream}", f"{connection}.{stream}:{entity}"


def mapping_files(folder: Path) -> list[Path]:
    """The mapping files of a folder, in the order of their names; hidden files are not mappings."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _is_mapping(path.name))


def base_files(folder: Path) -> list[Path]:
    """The files in folders of the folder, which are there to be extended by mappings and run nothing themselves."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] not in ".#"]
        found += [Path(place, name) for name in names if Path(place) != folder and _is_mapping(name)]
    return sorted(found)


def _is_mapping(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) and name[0] not in ".#"


def read_bindings(
    folder: Path,
    schemas: Mapping[str, EntitySchema],
    connections: Mapping[str, Connection],
    named: Sequence[str],
    decided: Decided = lambda *_: True,
    locks: Mapping[str, Lock] | None = None,
    edited: Path | None = None,
) -> Bindings:
    """Compile every mapping and check it against the connections, and all of them against each other.

    ``named`` lists the connections that are written down, usable or not: one with mistakes of its own does not make
    its mappings wrong. ``decided`` tells what survivorship says. Mappings of streams that ``locks`` describe are held
    to the fields locked there. ``edited`` is a file elsewhere, and stands for the one of its name or tie.
    """
    bindings = Bindings()
    files = mapping_files(folder)
    if edited is not None:
        known = _ties(edited, folder)
        files = [*(path for path in files if _ties(path, folder).isdisjoint(known)), edited]
    if not files:
        hint = "add one, e.g. with `syncline mappings suggest`"
        bindings.diagnostics.append(
            Diagnostic(code="no-mappings", message="there are no mappings", file=shown(folder), hint=hint)
        )
    for path in files:
        _read(path, folder, schemas, connections, named, locks or {}, bindings)
    if edited is not None:  # a copy to try things in is called as its author likes
        bindings.diagnostics = [one for one in bindings.diagnostics if one.code != "name-differs"]
    bindings.diagnostics += _twice(bindings.found)
    running = [mapping.source.running() for mapping in bindings.live]
    proposed = [mapping.source for mapping in bindings.proposed]
    whole = len(bindings.found) + len(bindings.broken) == len(files)
    together = check_all(running, schemas, decided, broken=bindings.broken, proposed=proposed, whole=whole)
    errors = [one for one in bindings.diagnostics if one.severity is Severity.ERROR]
    said = {(one.file, one.line, one.column) for one in errors}
    bindings.diagnostics += [one for one in together if (one.file, one.line, one.column) not in said]
    fields = {
        (name, stream.name): known_fields(name, stream, locks or {})
        for name, connection in connections.items()
        for stream in connection.streams
    }
    bindings.diagnostics += required_cycles(running, fields)
    return bindings


def _ties(path: Path, folder: Path) -> set[object]:
    """What a mapping file is known by: its name, and what it ties. Nothing where that cannot be read."""
    try:
        data = read_source(path.read_text(encoding="utf-8-sig"), shown(path), fetching(folder)).data
    except (OSError, UnicodeDecodeError):
        return set()
    if not isinstance(data, dict):
        return set()
    name, tied = data.get("mapping"), tuple(str(data.get(part)) for part in ("connection", "stream", "entity"))
    return {tied} | ({name} if isinstance(name, str) else set())


def _read(
    path: Path,
    folder: Path,
    schemas: Mapping[str, EntitySchema],
    connections: Mapping[str, Connection],
    named: Sequence[str],
    locks: Mapping[str, Lock],
    bindings: Bindings,
) -> None:
    name = shown(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        message, hint = "the file is not UTF-8 text", "save it as UTF-8"
        bindings.diagnostics.append(Diagnostic(code="unreadable", message=message, file=name, hint=hint))
        return
    except OSError as error:
        message, hint = f"the file cannot be read ({type(error).__name__})", "is it a file, and may you read it?"
        bindings.diagnostics.append(Diagnostic(code="unreadable", message=message, file=name, hint=hint))
        return
    source = read_source(text, name, fetching(folder))
    root = Node(Document(name, source.positions), source.data if isinstance(source.data, dict) else {})
    stream = _stream(root, connections)
    fields = _fields(root, stream, locks)
    mapping, found, known = load_source(source, name, schemas, fields)
    bindings.diagnostics += [one for one in found if one not in bindings.diagnostics]  # of what several files extend
    _against_connections(root, connections, named)
    if mapping is not None and stream is not None:
        _can_be_done(root, mapping, stream)
    bindings.diagnostics += [one for one in root.document.found if not _said(one, found)]
    if mapping is not None:
        bindings.found.append((path, mapping))
        return
    if known is not None and known.entity in schemas and known.connection and known.stream:
        bindings.broken.append(known)


def fetching(folder: Path) -> Fetch:
    """Finds what mappings of a folder extend: files in it or below it, with or without their ending."""

    def fetch(name: str) -> tuple[str, str] | None:
        within = os.path.normpath(name)
        for ending in ("", ".yaml", ".yml") if _is_below(within) else ():
            path = folder / f"{within}{ending}"
            try:
                if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                    return path.read_text(encoding="utf-8-sig"), shown(path)
            except (OSError, ValueError):  # what cannot be read, or be the name of a file
                return None
        return None

    return fetch


def _is_below(name: str) -> bool:
    return not Path(name).is_absolute() and Path(name).parts[:1] not in ((), ("..",))


def _stream(root: Node, connections: Mapping[str, Connection]) -> Stream | None:
    """The facts of the mapped stream, as far as they are known without asking the system."""
    connection = connections.get(str(root.value.get("connection")))
    streams = connection.streams if connection is not None else ()
    return next((stream for stream in streams if stream.name == root.value.get("stream")), None)


def _fields(root: Node, stream: Stream | None, locks: Mapping[str, Lock]) -> Sequence[Field] | None:
    """The known fields of the mapped stream. One that its lock does not describe is noted."""
    if stream is None:
        return None
    connection = root.value["connection"]
    lock = locks.get(connection)
    if lock is not None and lock.file and stream.name not in lock.streams:
        message = f"{lock.file} does not describe {stream.name!r}: its fields are not checked"
        hint = f"syncline connections discover {lock.connection} --lock"
        place = ("stream",)
        root.document.report(place, "not-locked", message, hint, Severity.NOTE)
    return known_fields(connection, stream, locks)


def known_fields(connection: str, stream: Stream, locks: Mapping[str, Lock]) -> Sequence[Field]:
    """What is known of a stream's fields without asking the system: those that are locked, else those declared."""
    lock = locks.get(connection)
    return (lock.fields(stream.name) if lock is not None else ()) or stream.fields


def _can_be_done(root: Node, mapping: Compiled, stream: Stream) -> None:
    """A mapping that writes needs a stream that can be written, and one that creates, a stream that makes records."""
    if mapping.direction.writes and stream.writes is None:
        at = "direction" if "direction" in root.value else "stream"
        hint = "direction: in, or make the stream writable in config.yaml"
        root.report("not-writable", f"stream {stream.name!r} cannot be written", hint, at=(at,))
    elif stream.writes is not None and mapping.create_out and not stream.writes.creates:
        at = "create" if "create" in root.value else "stream"
        hint = "create: in, or none, if nothing is to be made here either"
        root.report("not-created", f"no records are made in stream {stream.name!r}", hint, at=(at,))


def _said(diagnostic: Diagnostic, others: Sequence[Diagnostic]) -> bool:
    return any((one.line, one.column) == (diagnostic.line, diagnostic.column) for one in others)


def _against_connections(root: Node, connections: Mapping[str, Connection], named: Sequence[str]) -> None:
    name, stream = root.value.get("connection"), root.value.get("stream")
    if not isinstance(name, str):
        return
    if name not in named:
        hint = nearest(name, named)
        root.report("unknown-connection", f"there is no connection {name!r} in config.yaml", hint, at=("connection",))
        return
    if name not in connections or not isinstance(stream, str):
        return
    streams = [one.name for one in connections[name].streams]
    if stream not in streams:
        hint = nearest(stream, streams)
        root.report("unknown-stream", f"connection {name!r} has no stream {stream!r}", hint, at=("stream",))
    rules = root.value.get("rules")
    for path, rule in rules.items() if isinstance(rules, dict) else ():
        target = rule.get("reference") if isinstance(rule, dict) else None
        at: tuple[str, ...] = ("rules", path, "reference")
        if isinstance(target, dict):
            target, at = target.get("stream"), (*at, "stream")
        if isinstance(target, str) and target not in streams:
            root.report(
                "unknown-stream", f"connection {name!r} has no stream {target!r}", nearest(target, streams), at=at
            )


def _twice(found: Sequence[tuple[Path, Compiled]]) -> Iterator[Diagnostic]:
    first: dict[tuple[str, ...], Path] = {}
    for path, mapping in found:
        binding = (mapping.connection, mapping.stream, mapping.entity)
        for place, key in (("stream", binding), ("mapping", (mapping.name,))):
            if key in first:
                message = f"{shown(first[key])} already ties {mapping.connection}.{mapping.stream} to {mapping.entity}"
                if place == "mapping":
                    message = f"{shown(first[key])} has the same name"
                positions = mapping.source.positions
                # What is written in a file that is extended is no mistake there.
                line, column = (1, 1) if positions.file_of((place,)) else positions.of((place,))
                yield Diagnostic(
                    code="duplicate",
                    message=message,
                    file=shown(path),
                    line=line,
                    column=column,
                    hint="keep one of them" if place == "stream" else "give one of them another name",
                )
                break
            first[key] = path
