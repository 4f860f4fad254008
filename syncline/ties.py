"""What mapping files tie together, also those that cannot be used yet: tools that help to mend them need to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mappings.compile import Compiled
from mappings.reading.extending import read_source
from mappings.reading.parse import file_stem
from syncline.bindings import base_files, fetching, mapping_files, selectable
from syncline.document import shown


class Tie(NamedTuple):
    """A file, and what it ties to what. A name that is not there, or no text, is empty."""

    file: Path
    connection: str
    stream: str
    entity: str


class Base(NamedTuple):
    """A file that is there to be extended, and what the mappings tie that do; what it says itself, where none does."""

    file: Path
    ties: tuple[Tie, ...]


@dataclass(slots=True)
class Tied:
    """All of a folder of mappings. ``names`` are those by which a part of the work can be selected."""

    ties: list[Tie] = field(default_factory=list)
    bases: list[Base] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def ties(folder: Path, sound: Sequence[Compiled] = ()) -> list[Tie]:
    """The ties of a folder of mappings. Of ``sound`` mappings what they say is taken, of others what is written."""
    return tied(folder, sound).ties


def tied(folder: Path, sound: Sequence[Compiled] = ()) -> Tied:
    """As `ties`, with the files that mappings extend."""
    known = {mapping.source.file: mapping for mapping in sound}
    found = Tied()
    extending: dict[str, list[Tie]] = {}
    for path in mapping_files(folder):
        mapping = known.get(shown(path))
        if mapping is None:
            tie, name, bases = _written(path, folder)
        else:
            tie = Tie(path, mapping.connection, mapping.stream, mapping.entity)
            name, bases = mapping.name, mapping.source.made_of
        found.ties.append(tie)
        found.names.update(selectable(name, *tie[1:]) if all(tie[1:]) else [name])
        for base in bases:
            extending.setdefault(base, []).append(tie)
    for path in base_files(folder):
        users = extending.get(shown(path)) or [_written(path, folder)[0]]
        found.bases.append(Base(path, tuple(users)))
    return found


def _written(path: Path, folder: Path) -> tuple[Tie, str, tuple[str, ...]]:
    """What a file ties as far as it can be read, its name, and the files it extends."""
    try:
        source = read_source(path.read_text(encoding="utf-8-sig"), shown(path), fetching(folder))
    except (OSError, UnicodeDecodeError):
        return Tie(path, "", "", ""), file_stem(path.name), ()
    said: dict[str, Any] = source.data if isinstance(source.data, dict) else {}
    connection, stream, entity, name = (
        text if isinstance(text := said.get(key), str) else "" for key in ("connection", "stream", "entity", "mapping")
    )
    return Tie(path, connection, stream, entity), name or file_stem(path.name), source.files
