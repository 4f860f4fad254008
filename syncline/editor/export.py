"""Writing the schemas of a project, and the line that tells an editor which one belongs to a file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from connectors.contract import Field
from model.fields import EntitySchema
from syncline.catalogue import Catalogue, CatalogueError
from syncline.connections import Connection
from syncline.editor.config import config_schema
from syncline.editor.mapping import Known, mapping_schema
from syncline.editor.shapes import Schema
from syncline.ties import Tie

FOLDER = Path(".syncline") / "schemas"
ANY = "mapping.json"
CONFIG = "config.json"
_MADE = "Made by `syncline schema export`; it is written anew each time."

Fields = Callable[[str, str], Sequence[Field]]
"""The fields of a connection's stream, as far as they are known."""


def file_name(connection: str, stream: str, entity: str) -> str:
    """The file of one mapping's schema: ``crm.Contact.contact.json``."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", stream)
    if safe != stream:
        safe += f"-{blake2b(stream.encode('utf-8', 'replace'), digest_size=3).hexdigest()}"
    return f"{connection}.{safe}.{entity}.json"


def schemas_of(
    connections: Mapping[str, Connection],
    entities: Mapping[str, EntitySchema],
    ties: Iterable[Tie],
    fields: Fields,
    selectable: Iterable[str],
) -> dict[str, Schema]:
    """Every schema of a project by file name: of each mapping, of mappings yet to come, of `config.yaml`."""
    names = tuple(connections)
    found: dict[str, Schema] = {ANY: mapping_schema(Known(connections=names))}
    for entity, schema in entities.items():
        found[f"{entity}.json"] = mapping_schema(Known(connections=names, schema=schema))
    for tie in ties:
        if tie.connection in connections and tie.entity in entities:
            known = _known(connections[tie.connection], tie, entities, fields)
            if tie.stream in known.streams:
                found[file_name(tie.connection, tie.stream, tie.entity)] = mapping_schema(known)
    found[CONFIG] = config_schema(installed(), list(connections), selectable, entities)
    return found


def _known(connection: Connection, tie: Tie, entities: Mapping[str, EntitySchema], fields: Fields) -> Known:
    return Known(
        connections=(tie.connection,),
        stream=tie.stream,
        streams=tuple(stream.name for stream in connection.streams),
        fields=tuple(fields(tie.connection, tie.stream)),
        schema=entities[tie.entity],
    )


def accompany(
    connection: Connection, tie: Tie, entities: Mapping[str, EntitySchema], fields: Sequence[Field], folder: Path
) -> None:
    """Give a new mapping file its schema, and the line that names it. ``folder`` is the project's."""
    known = _known(connection, tie, entities, lambda _, __: fields)
    path = folder / FOLDER / file_name(tie.connection, tie.stream, tie.entity)
    _put(path, mapping_schema(known))
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
        if path.name not in schemas and _MADE in path.read_text(encoding="utf-8", errors="replace")[:300]:
            path.unlink()
    return written


def _put(path: Path, schema: Schema) -> Path:
    """Write one, unless it is the same: editors read a file anew whenever it is written."""
    text = json.dumps({"$comment": _MADE, **schema}, ensure_ascii=False, indent=1) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != text:
        path.write_text(text, encoding="utf-8")
    return path


_MODELINE = re.compile(r"^#\s*yaml-language-server\s*:", re.MULTILINE)


def modeline(schema: Path, of: Path) -> str:
    """The comment that ties a YAML file to its schema, for its first line. Both paths begin at the same place."""
    return f"# yaml-language-server: $schema={Path(os.path.relpath(schema, of.parent)).as_posix()}"


def annotate(path: Path, schema: Path) -> bool:
    """Put the line in front of a file that has none. Says whether the file was changed; nothing else of it is."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if _MODELINE.search(text):
        return False
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    end = "\r\n" if "\r\n" in text else "\n"
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(mark + f"{modeline(schema, path)}{end}{text}".encode())
    part.chmod(path.stat().st_mode & 0o777)
    part.replace(path)
    return True
