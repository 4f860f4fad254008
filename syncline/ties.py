"""What mapping files tie together, also those that cannot be used yet: tools that help to mend them need to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mappings.compile import Compiled
from mappings.reading.extending import read_source
from syncline.bindings import fetching, mapping_files
from syncline.document import shown


class Tie(NamedTuple):
    """A file, and what it ties to what. A name that is not there, or no text, is empty."""

    file: Path
    connection: str
    stream: str
    entity: str


def ties(folder: Path, sound: Sequence[Compiled] = ()) -> list[Tie]:
    """The ties of a folder of mappings. Of ``sound`` mappings what they say is taken, of others what is written."""
    known = {mapping.source.file: mapping for mapping in sound}
    return list(_ties(folder, known))


def _ties(folder: Path, known: dict[str, Compiled]) -> Iterator[Tie]:
    for path in mapping_files(folder):
        mapping = known.get(shown(path))
        if mapping is not None:
            yield Tie(path, mapping.connection, mapping.stream, mapping.entity)
            continue
        try:
            data = read_source(path.read_text(encoding="utf-8-sig"), shown(path), fetching(folder)).data
        except (OSError, UnicodeDecodeError):
            data = None
        said = data if isinstance(data, dict) else {}
        texts = (said.get(key) for key in ("connection", "stream", "entity"))
        yield Tie(path, *(text if isinstance(text, str) else "" for text in texts))
