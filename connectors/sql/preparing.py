"""Rows to be written: values converted, misfits refused by name, before the database is asked anything."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.sdk import FieldType, Outcome, OutcomeKind, Write
from connectors.sql.layout import Layout
from connectors.sql.values import Convert, Unfit, to_any_text

_TEXT = frozenset({str, type(None)})


class Row(NamedTuple):
    """One write, ready to be executed: its place in the batch, its key where known, and column values."""

    place: int
    key: str | None
    parts: tuple[Any, ...]
    values: dict[str, Any]
    expects: str | None


class Preparer:
    """Turns the writes of one batch into rows."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._stream = layout.stream
        self._converters: dict[Any, list[tuple[str, Convert]] | Outcome] = {}
        self._texts: set[Any] = set()  # shapes whose columns all take any text as it is

    def prepared(self, place: int, write: Write, outcomes: dict[int, Outcome], *, creating: bool) -> Row | None:
        names = tuple(write.fields)
        marker = self._layout.marker if creating and write.marker else None
        shape = (names, creating, marker)
        if shape not in self._converters:
            found = self._converters[shape] = self.converters_of(names, marker, creating=creating)
            if not isinstance(found, Outcome) and all(convert is to_any_text for _, convert in found):
                self._texts.add(shape)
        converters = self._converters[shape]
        key = write.key
        if isinstance(converters, Outcome):
            outcomes[place] = converters._replace(key=key)
            return None
        given = {**write.fields, marker: write.marker} if marker else write.fields
        try:
            if shape in self._texts and _TEXT.issuperset(map(type, given.values())):
                converted = dict(given)
            else:
                converted = {
                    name: value
                    if (value := given[name]) is None or (convert is to_any_text and type(value) is str)
                    else convert(value)
                    for name, convert in converters
                }
        except Unfit:
            outcomes[place] = _unfit(converters, given)._replace(key=key)
            return None
        if creating and self._stream.key_from != "database":
            lacking = [column for column in self._layout.keys if converted.get(column) in (None, "")]
            if lacking:
                message = f"a new row needs a value for its key ({', '.join(lacking)})"
                outcomes[place] = Outcome(OutcomeKind.REFUSED, code="no-key", message=message, field=lacking[0])
                return None
        self._stamp(converted, creating=creating)
        parts = () if key is None else self._layout.key_values(key) or ()
        return Row(place, key, parts, converted, write.expects)

    def converters_of(
        self, names: Sequence[str], marker: str | None, *, creating: bool
    ) -> list[tuple[str, Convert]] | Outcome:
        """Each column's converter, or the outcome of every row that names these columns. Looked up once per batch."""
        for name in names:
            refusal = self._refusal(name, creating=creating, ours=name == marker)
            if refusal is not None:
                return Outcome(OutcomeKind.REFUSED, code=refusal[0], message=refusal[1], field=name)
        columns = dict.fromkeys([*names, *([marker] if marker else [])])
        return [(name, self._layout.columns[name].write) for name in columns]

    def _refusal(self, name: str, *, creating: bool, ours: bool) -> tuple[str, str] | None:
        column = self._layout.columns.get(name)
        if column is None:
            return "unknown-field", f"table {self._stream.table} has no column {name}"
        if column.computed or column.binary:
            return "not-writable", f"column {name} cannot be written"
        own = name in self._layout.keys
        if own and not (creating and (ours or self._stream.key_from == "field")):
            return "not-writable", f"column {name} is the key; only a new row takes it, with key_from: field"
        return None

    def _stamp(self, converted: dict[str, Any], *, creating: bool) -> None:
        """A counting version starts at 1 where the database does not start it itself; `_execute_update` moves it on."""
        if creating and (name := self.started(converted)) is not None:
            converted[name] = 1

    def started(self, columns: Container[str]) -> str | None:
        """The counting version that a new row with these columns has to start itself, if there is one."""
        name = self._stream.version
        begun = name is None or name in columns or not self.counts(name) or self._layout.columns[name].given
        return None if begun else name

    def counts(self, name: str) -> bool:
        column = self._layout.columns[name]
        return column.kind is FieldType.INTEGER and not column.computed

    def changeable(self, converted: Mapping[str, Any]) -> dict[str, Any]:
        kept = {*self._layout.keys, self._layout.marker, self._stream.version}
        return {name: value for name, value in converted.items() if name not in kept}


def _unfit(converters: Sequence[tuple[str, Convert]], given: Mapping[str, Any]) -> Outcome:
    """The outcome of a row with a value that its column cannot take: the first one, by name."""
    for name, convert in converters:
        try:
            if given[name] is not None:
                convert(given[name])
        except Unfit as unfit:
            message = f"column {name} {unfit}"
            return Outcome(OutcomeKind.REFUSED, code=unfit.code, message=message, field=name)
    raise AssertionError("called for a row whose values all fit")
