"""The fields of a stream as a suggestion sees them: with what their names say, and a sample of their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mappings.language import field_path, field_text
from mappings.suggesting.names import Reading, fold, read, split
from mappings.suggesting.values import Sample
from model.fields import EntitySchema

if TYPE_CHECKING:
    from mappings.suggesting.suggest import Source, StreamField

_WRAPPERS = frozenset({"properties", "attributes", "data", "fields", "values", "record", "node"})
_NAMELESS = re.compile(
    r"(?:col(?:umn)?|field|f|c|x|var|unnamed|spalte|colonne|columna|feld)?[ _:\-]*\d*\Z", re.IGNORECASE
)
_DEEPEST = 3
_BY_THE_SYSTEM = re.compile(
    r"(creat|modif|updat|chang|delet|sync|timestamp|stamp|insert|login|logged|viewed|referenced|etag|version|revision)"
)
_IDENTIFIERS = frozenset({"id", "no", "nr", "number", "code", "key", "nummer", "numero"})
_NAMES_OF_PEOPLE = frozenset(
    {"given_name", "middle_name", "family_name", "full_name", "nickname", "name", "customer_name"}
    | {"owner", "some_owner", "reports_to"}
)
_SAYS_WHO = frozenset(
    {"agent", "assigned", "assignee", "author", "bearbeiter", "berater", "betreuer", "by", "contact", "creator"}
    | {"employee", "name", "owner", "person", "rep", "salesperson", "seller", "user", "verkaufer"}
)
"""Words in the names of fields that hold people: as few as they may be, their names are no picklist."""
_CUSTOM_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TYPES = {
    "integer": "integer",
    "decimal": "decimal",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "set": "set",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A field inside an object that the system did not describe: known from records alone."""

    name: str
    type: str = "text"
    label: str = ""
    max_length: int | None = None
    required: bool = False
    unique: bool = False
    readable: bool = True
    creatable: bool = True
    updatable: bool = True
    choices: tuple[str, ...] | None = None
    restricted: bool = False
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One field. ``path_text`` is how a rule names it, ``known_as`` why no rule should (the record's own key, …)."""

    at: int
    field: StreamField
    path_text: str
    reading: Reading
    label_reading: Reading
    sample: Sample
    known_as: str | None = None
    nested_list: bool = False

    @property
    def readable(self) -> bool:
        return self.field.readable and not self.nested_list

    @property
    def nameless(self) -> bool:
        """Whether the name says nothing at all: ``column_7``."""
        return bool(_NAMELESS.match(self.field.name)) and not self.field.label

    @property
    def writable(self) -> bool:
        return self.field.creatable or self.field.updatable

    def custom_field(self, schema: EntitySchema) -> tuple[str, dict[str, Any]]:
        """Name and declaration of a custom field that would take this one."""
        name = "_".join(split(self.field.name.rpartition(".")[2])) or f"field_{self.at + 1}"
        if not _CUSTOM_NAME.match(name):
            name = f"field_{name}" if name.isascii() else f"field_{self.at + 1}"
        taken = {template.partition("[")[0] for template in schema.fields}
        while name in taken:
            name += "_custom"
        return name, self._declared()

    def _declared(self) -> dict[str, Any]:
        """The type of such a field, and its choices where they are the words of a picklist."""
        kind = _TYPES.get(self.field.type)
        sample = self.sample
        declared = tuple(dict.fromkeys(filter(str.strip, self.field.choices or ())))
        choices = declared or (None if kind else sample.words(8))
        if choices and _truth(choices):
            kind = "boolean"
        elif choices and not all(_number(word) for word in choices) and (declared or self._picked(choices)):
            return {"type": "choice", "choices": list(choices)}
        named = set(split(self.field.name)[-1:]) & _IDENTIFIERS
        if (
            kind is None
            and sample.texts
            and not named
            and not any(text[:1] == "0" and text[1:2].isdigit() for text in sample.texts)
        ):
            looks = {"integer": "whole", "decimal": "number", "date": "iso date"}
            kind = next((kind for kind, look in looks.items() if sample.mostly(look)), None)
        return {"type": kind or "text"}

    def _picked(self, words: Sequence[str]) -> bool:
        """Whether words of the sample are those of a picklist, which may be told, and no names of people."""
        said = {*split(self.field.name), *split(self.field.label)} & _SAYS_WHO
        meanings = {*self.reading.meanings, *self.label_reading.meanings} & _NAMES_OF_PEOPLE
        return len(words) > 1 and not said and not meanings


def _number(word: str) -> bool:
    return word.replace(".", "").replace(",", "").lstrip("+-").isdigit()


def _truth(words: Sequence[str]) -> bool:
    """Whether `true` and `false` are all there is, in words that need no transform."""
    folded = {fold(word) for word in words}
    return folded in ({"true", "false"}, {"0", "1"})


def seen_fields(source: Source) -> list[Seen]:
    """Every field, those inside undescribed objects included, in the order of the stream."""
    described = {one.name for one in source.fields}
    found: list[Seen] = []
    for one in source.fields:
        if one.type == "object":
            if not any(name.startswith(f"{one.name}.") for name in described):
                found += _inside(one, source, len(found))
            continue
        literal = any(one.name in record for record in source.records)
        path = (one.name,) if literal else field_path(one.name)
        found.append(_seen(one, path, source, len(found)))
    return found


def _inside(outer: StreamField, source: Source, at: int) -> Iterator[Seen]:
    start = (outer.name,) if any(outer.name in record for record in source.records) else field_path(outer.name)
    leaves: dict[tuple[str, ...], str] = {}
    for record in source.records:
        for path, value in _leaves(value_at(record, start), start):
            leaves.setdefault(path, _type_of(value))
    for offset, (path, kind) in enumerate(leaves.items()):
        inner = Inner(
            name=".".join(path),
            type=kind,
            readable=outer.readable,
            creatable=outer.creatable,
            updatable=outer.updatable,
        )
        yield _seen(inner, path, source, at + offset)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        if len(path) <= _DEEPEST:
            for name, inner in value.items():
                yield from _leaves(inner, (*path, str(name)))
    elif value is not None:
        yield path, value


def _type_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "decimal", list: "list"}
    return kinds.get(type(value), "text")


def _seen(one: StreamField, path: tuple[str, ...], source: Source, at: int) -> Seen:
    sample = Sample(value_at(record, path) for record in source.records)
    text = field_text(path)
    nested = any(isinstance(value, list) and any(isinstance(i, (dict, list)) for i in value) for value in sample.values)
    return Seen(
        at=at,
        field=one,
        path_text=text,
        reading=read(" ".join(part for part in path if part.lower() not in _WRAPPERS)),
        label_reading=read(one.label),
        sample=sample,
        known_as=source.own.get(one.name) or _by_the_system(one, writable=source.writable),
        nested_list=nested,
    )


def _by_the_system(one: StreamField, *, writable: bool) -> str | None:
    """Stamps and marks that nobody may write, in a stream that can be written."""
    kept = writable and not one.updatable and not one.creatable
    if kept and one.type in ("datetime", "boolean", "reference") and _BY_THE_SYSTEM.search(fold(one.name)):
        return "the system keeps it"
    return None


def value_at(record: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(record, Mapping):
            return None
        record = record.get(name)
    return record
