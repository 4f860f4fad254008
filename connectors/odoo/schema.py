"""What ``fields_get`` says of a model, how records show its fields, and how ``load`` takes them.

Odoo's own forms (documentation, ORM reference): False stands for null in every type but boolean; a many2one is
``[id, name]``; x2many are ids, written by commands (``[6, 0, ids]`` sets them all); moments are UTC without saying so.
A record of ours shows a many2one as ``{id, name}`` (a country and a state with their code besides), tags as their
names, and moments with their zone.

``load`` (odoo/models.py; ir_fields.py converts) takes texts: a column ``field/.id`` is a many2one or a list of
many2many by database ids, an empty text clears a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.http import parse_moment
from connectors.sdk import Field, FieldType
from connectors.unfit import UnfitError

ALWAYS = ("id", "write_date")
BUYER = "partner_id"
LEAVES = ("company", "person")
TAGS = frozenset({"category_id", "tag_ids"})
LINES = "order_line"
CODED = {"res.country": "code", "res.country.state": "code"}

_TYPES = {
    "boolean": FieldType.BOOLEAN,
    "integer": FieldType.INTEGER,
    "float": FieldType.DECIMAL,
    "monetary": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "selection": FieldType.CHOICE,
}
_LEFT_OUT = frozenset({"binary", "reference", "json", "properties", "properties_definition", "many2one_reference"})


@dataclass(frozen=True, slots=True)
class ModelSchema:
    """A model as this user sees it; ``entries`` is the answer of ``fields_get``."""

    name: str
    entries: Mapping[str, Mapping[str, Any]]

    def kind(self, name: str) -> str:
        return str(self.entries[name].get("type"))

    def relation(self, name: str) -> str | None:
        return self.entries[name].get("relation")

    def written(self, name: str) -> bool:
        """Whether the field may be given a value."""
        return name in self.entries and not self.entries[name].get("readonly")

    def readable(self, wanted: Iterable[str] | None) -> list[str]:
        """The fields a read asks for: those wanted that exist, else all that are stored and single values."""
        if wanted is None:
            names = [name for name, entry in self.entries.items() if entry.get("store", True) and self._single(name)]
        else:
            names = [name for name in wanted if name in self.entries and self._single(name)]
        return [*ALWAYS, *(name for name in dict.fromkeys(names) if name not in ALWAYS)]

    def _single(self, name: str) -> bool:
        kind = self.kind(name)
        return kind not in _LEFT_OUT and (not kind.endswith("2many") or name in TAGS or name == LINES)

    def facts(
        self, streams: Mapping[str, Sequence[str]], codes: Sequence[str], tags: Mapping[str, Sequence[str]]
    ) -> tuple[Field, ...]:
        """The fields of records. ``streams`` are the streams of each model, ``codes`` the countries', ``tags`` the
        names that each field of tags offers."""
        found: list[Field] = []
        for name in self.readable(None):
            entry = self.entries[name]
            kind = self.kind(name)
            if kind == "many2one":
                found += self._pointing(name, entry, streams, codes)
            elif name in TAGS:
                found.append(_fact(name, entry, FieldType.SET, choices=tuple(tags.get(name, ())) or None))
            elif name == LINES:
                found.append(_fact(name, {**entry, "readonly": True}, FieldType.LIST))
            else:
                found.append(_plain(name, entry, kind))
        return tuple(found)

    def _pointing(
        self, name: str, entry: Mapping[str, Any], streams: Mapping[str, Sequence[str]], codes: Sequence[str]
    ) -> list[Field]:
        model = self.relation(name) or ""
        fixed = {**entry, "readonly": True, "required": False}
        found = [_fact(f"{name}.name", fixed)]
        if model == "res.country":
            found.append(_fact(f"{name}.code", entry, FieldType.CHOICE, choices=tuple(codes) or None))
        elif model == "res.country.state":
            found.append(_fact(f"{name}.code", entry))
        elif name == BUYER and self.name != model:
            for leaf, stream in zip(LEAVES, ("companies", "people"), strict=True):
                known = (stream,) if stream in streams.get(model, ()) else ()
                found.append(
                    _fact(f"{name}.{leaf}", {**entry, "required": False}, FieldType.REFERENCE, references=known)
                )
        target = _fact(f"{name}.id", entry, FieldType.REFERENCE, references=tuple(streams.get(model, ())))
        return [target, *found]

    # values

    def shown(self, name: str, value: Any) -> Any:
        """A value of an answer as records show it. Tags and lines are filled in by whoever reads."""
        kind = self.kind(name)
        if kind == "boolean":
            return value
        if value is False:
            return [] if kind.endswith("2many") else None
        if kind == "many2one":
            return {"id": str(value[0]), "name": value[1]}
        return moment_shown(value) if kind == "datetime" else value

    def cell(self, name: str, value: Any) -> str:
        """A value as ``load`` takes it. Raises UnfitError for one that the field cannot hold."""
        kind = self.kind(name)
        if value is None or value == "":
            return ""
        if kind == "boolean":
            if not isinstance(value, bool):
                raise UnfitError("wrong-type", name, f"{name} takes true or false")
            return "1" if value else "0"
        if kind in {"integer", "float", "monetary"}:
            return _number(name, kind, value)
        if kind in {"date", "datetime"}:
            return _dated(name, kind, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise UnfitError("wrong-type", name, f"{name} takes text")
        if kind == "selection" and value not in choices(self.entries[name]):
            raise UnfitError("unknown-choice", name, f"{name} takes one of the values Odoo lists for it")
        if len(value) > (self.entries[name].get("size") or len(value)):
            raise UnfitError("too-long", name, f"{name} takes at most {self.entries[name]['size']} characters")
        return value


def moment_shown(value: Any) -> Any:
    """``2026-11-22 10:00:05`` as ``2026-11-22T10:00:05Z``."""
    return f"{value.replace(' ', 'T')}Z" if isinstance(value, str) else value


def choices(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(value) for value, _ in entry.get("selection") or ())


def _plain(name: str, entry: Mapping[str, Any], kind: str) -> Field:
    if name == "id":
        return Field(name="id", label="ID", unique=True, nullable=False, creatable=False, updatable=False)
    found = choices(entry) if kind == "selection" else None
    return _fact(name, entry, _TYPES.get(kind, FieldType.TEXT), choices=found or None)


def _fact(
    name: str,
    entry: Mapping[str, Any],
    kind: FieldType = FieldType.TEXT,
    choices: tuple[str, ...] | None = None,
    references: tuple[str, ...] = (),
) -> Field:
    free = not entry.get("readonly")
    return Field(
        name=name,
        type=kind,
        label=str(entry.get("string") or ""),
        max_length=int(entry.get("size") or 0) or None,
        required=bool(entry.get("required")) and free,
        nullable=not entry.get("required"),
        creatable=free,
        updatable=free,
        choices=choices,
        restricted=choices is not None,
        references=references,
    )


def _number(name: str, kind: str, value: Any) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise UnfitError("wrong-type", name, f"{name} takes a number")
    if kind == "integer" and number != number.to_integral_value():
        raise UnfitError("wrong-type", name, f"{name} takes a whole number")
    return str(int(number)) if kind == "integer" else format(number, "f")


def _dated(name: str, kind: str, value: Any) -> str:
    try:
        if kind == "date":
            return date.fromisoformat(value).isoformat()
        return parse_moment(value).strftime("%Y-%m-%d %H:%M:%S")
    except (TypeError, ValueError):
        form = "a date such as 2026-11-21" if kind == "date" else "a moment such as 2026-11-21T08:00:00Z"
        raise UnfitError("wrong-type", name, f"{name} takes {form}") from None
