"""Writing the schemas of a project, and the line that tells an editor which one belongs to a file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from connectors.contract import Field
from model.fields import EntitySchema
from syncline.catalogue import Catalogue, CatalogueError
from syncline.connections import Connection
from syncline.editor.config import config_schema
from syncline.editor.mapping import Known, mapping_schema
from syncline.editor.shapes import Schema
from syncline.ties import Base, Tie, Tied
from syncline.writing import replace_file

FOLDER = Path(".syncline") / "schemas"
ANY = "mapping.json"
CONFIG = "config.json"
_MADE = "Made by `syncline schema export`; it is written anew each time."

Fields = Callable[[str, str], Sequence[Field]]
"""The fields of a connection's stream, as far as they are known."""


def file_name(connection: str, stream: str, entity: str) -> str:
    """The file of one mapping's schema: ``crm.Contact.contact.json``."""
    return f"{connection}.{_plain(stream)}.{entity}.json"


def base_name(base: Path, mappings: Path) -> str:
    """The file of the schema of what mappings extend: ``base-shop.json``, ``base-shared_shop-1a2b3c.json``."""
    return f"base-{_plain(base.relative_to(mappings).with_suffix('').as_posix())}.json"


def _plain(name: str) -> str:
    """A part of a file name that no other name has."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return safe if safe == name else f"{safe}-{blake2b(name.encode('utf-8', 'replace'), digest_size=3).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the schemas of a project are made from."""

    connections: Mapping[str, Connection]
    entities: Mapping[str, EntitySchema]
    fields: Fields
    named: Sequence[str] = ()  # all connections that are written down, usable or not

    @property
    def names(self) -> tuple[str, ...]:
        """What a mapping may call a connection."""
        return tuple(dict.fromkeys((*self.connections, *self.named)))

    def leads(self, tie: Tie) -> bool:
        """Whether all that a file ties together is there."""
        connection = self.connections.get(tie.connection)
        streams = connection.streams if connection is not None else ()
        return tie.entity in self.entities and any(stream.name == tie.stream for stream in streams)

    def of_tie(self, tie: Tie) -> Known:
        """What is known of a mapping that `leads` somewhere."""
        return Known(
            connections=(tie.connection,),
            stream=tie.stream,
            streams=tuple(stream.name for stream in self.connections[tie.connection].streams),
            fields=tuple(self.fields(tie.connection, tie.stream)),
            schema=self.entities[tie.entity],
        )

    def of_base(self, base: Base) -> Known:
        """What is known of a file that mappings extend: a name is right that is right for one of them."""
        users = [self.of_tie(tie) for tie in base.ties if self.leads(tie)]
        fields = {field.name: field for one in users for field in one.fields}
        schemas = {one.schema.name: one.schema for one in users if one.schema is not None}
        return Known(
            connections=_all(one.connections for one in users) or self.names,
            streams=_all(one.streams for one in users),
            fields=tuple(fields.values()) if all(one.fields for one in users) else (),
            schema=next(iter(schemas.values())) if len(schemas) == 1 else None,
            extended=True,
        )


def _all(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(several)))


def schemas_of(ground: Ground, tied: Tied, mappings: Path) -> dict[str, Schema]:
    """Every schema by file name: of each mapping and what it extends, of mappings to come, of `config.yaml`."""
    names = ground.names
    found: dict[str, Schema] = {ANY: mapping_schema(Known(connections=names))}
    for entity, schema in ground.entities.items():
        found[f"{entity}.json"] = mapping_schema(Known(connections=names, schema=schema))
    for tie in tied.ties:
        if ground.leads(tie):
            found[file_name(*tie[1:])] = mapping_schema(ground.of_tie(tie))
    for base in tied.bases:
        found[base_name(base.file, mappings)] = mapping_schema(ground.of_base(base))
    found[CONFIG] = config_schema(installed(), list(names), {*names, *tied.names}, ground.entities)
    return found


def accompany(
    connection: Connection, tie: Tie, entities: Mapping[str, EntitySchema], fields: Sequence[Field], folder: Path
) -> None:
    """Give a new mapping file its schema, and the line that names it. ``folder`` is the project's."""
    ground = Ground(connections={tie.connection: connection}, entities=entities, fields=lambda _, __: fields)
    path = folder / FOLDER / file_name(*tie[1:])
    _put(path, mapping_schema(ground.of_tie(tie)))
    annotate(tie.file, path)


def installed() -> dict[str, type]:
    """The usable connectors by name; one that cannot be loaded has no settings to describe."""
    catalogue = Catalogue.installed()
    found = {}
    for name in catalogue.claims:
        try:
            found[name] = catalogue.find(name)
        except CatalogueError:
            continue
    return found


def write_schemas(folder: Path, schemas: Mapping[str, Schema]) -> list[Path]:
    """Write the schemas and remove those that were written before and belong to nothing any more."""
    written = [_put(folder / name, schema) for name, schema in schemas.items()]
    for path in folder.glob("*.json"):
        if (
            path.is_file()
            and path.name not in schemas
            and _MADE in path.read_text(encoding="utf-8", errors="replace")[:300]
        ):
            path.unlink()
    return written


def _put(path: Path, schema: Schema) -> Path:
    """Write one, unless it is the same: editors read a file anew whenever it is written."""
    text = json.dumps({"$comment": _MADE, **schema}, ensure_ascii=False, indent=1) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != text:
        replace_file(path, text)
    return path


_MODELINE = re.compile(r"^#\s*yaml-language-server\s*:[ \t]*(?:\$schema=(\S+))?[^\r\n]*", re.MULTILINE)


def modeline(schema: Path, of: Path) -> str:
    """The comment that ties a YAML file to its schema, for its first line. Both paths begin at the same place."""
    return f"# yaml-language-server: $schema={Path(os.path.relpath(schema, of.parent)).as_posix()}"


def has_modeline(path: Path) -> bool:
    """Whether a file names its schema, and the schema is there; of one that cannot be read that cannot be told."""
    text = _text(path)
    found = _MODELINE.search(text) if text is not None else None
    return found is not None and _leads(found, path)


def annotate(path: Path, schema: Path) -> bool:
    """Put the line in front of a file that has none, or in the place of one whose schema is not there any more.

    Says whether the file was changed; nothing else of it is. One that cannot be read is left to `check`.
    """
    text = _text(path)
    if text is None:
        return False
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    found = _MODELINE.search(text)
    if found is None:
        end = "\r\n" if "\r\n" in text else "\n"
        text = f"{modeline(schema, path)}{end}{text}"
    elif _leads(found, path):
        return False
    else:
        text = f"{text[: found.start()]}{modeline(schema, path)}{text[found.end() :]}"
    replace_file(path, f"{mark}{text}")
    return True


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _leads(line: re.Match[str], path: Path) -> bool:
    """Whether the schema a line names is there, as far as that can be told; of what is no schema nothing can."""
    named = line[1]
    return named is None or "://" in named or (path.parent / named).is_file()
