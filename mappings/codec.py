"""One rule, ready to use: a value out of a record, and values into one.

A codec reads with ``read(data)``: the canonical value, None for null, `ABSENT` where nothing is known; and writes with
``write(value)``: record paths and values. Both raise UnfitError.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mappings.language import FieldPath, Loss, Rule, Table, Unknown, field_path
from mappings.transforms.base import NOTHING, Transform, UnfitError, text_of
from mappings.transforms.registry import build, of_kind
from model.fields import FieldSpec, Kind


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Any = _Absent()

_RECALLED = 4096


def is_blank(value: Any) -> bool:
    return value is None or value == "" or value == []


def taker(path: FieldPath) -> Callable[[Mapping[str, Any]], Any]:
    """A function that takes the value at ``path`` out of a record, or ABSENT.

    Where an object on the way down is null, all inside it is null. A number among the names is a position in a list.
    """
    if len(path) == 1:
        name = path[0]
        return lambda data: data.get(name, ABSENT)
    first, rest = path[0], path[1:]

    def take(data: Mapping[str, Any]) -> Any:
        value = data.get(first, ABSENT)
        for part in rest:
            if isinstance(value, Mapping):
                value = value.get(part, ABSENT)
            elif value is None:
                return None
            elif isinstance(value, list) and part.isdigit():
                value = value[int(part)] if int(part) < len(value) else None
            else:
                return ABSENT
        return value

    return take


def put_into(item: dict[str, Any], path: FieldPath, value: Any) -> None:
    """Set a value inside a nested item, making the objects on the way."""
    for part in path[:-1]:
        inner = item.get(part)
        item[part] = inner = dict(inner) if isinstance(inner, Mapping) else {}
        item = inner
    item[path[-1]] = value


def word(value: Any) -> str:
    """The form in which tables and filters compare: ``true``, ``1`` and text alike, so that CSV and JSON agree."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def canonical_word(value: str, kind: Kind) -> Any:
    """A key of a table, as a value of the canonical kind."""
    if kind is Kind.BOOLEAN and value in ("true", "false"):
        return value == "true"
    if kind is Kind.INTEGER and value.lstrip("-").isdigit():
        return int(value)
    return value


def _through_table(table: Table, kind: Kind) -> Transform:
    inward: dict[str, Any] = {}
    outward: dict[str, Any] = {}
    for canonical, listed in table.rows:
        outward[word(canonical)] = NOTHING if canonical in table.only_read else listed[0]
        for item in listed:
            inward.setdefault(word(item), canonical_word(canonical, kind))

    def look_up(found: dict[str, Any], value: Any, default: Any, side: str) -> Any:
        result = found.get(word(value), ABSENT) if not isinstance(value, (dict, list)) else ABSENT
        if result is not ABSENT:
            return result
        if table.unknown is Unknown.KEEP:
            return value
        if table.unknown is Unknown.DEFAULT and default is not None:
            return default
        code = "new-option" if table.unknown is Unknown.COLLECT else "unknown-option"
        raise UnfitError(code, f"is not in the mapping's table of values ({side})")

    fallback_in = canonical_word(table.default, kind) if table.default is not None else None
    fallback_out = outward.get(word(table.default)) if table.default is not None else None
    return Transform(
        name="values",
        forward=lambda value: look_up(inward, value, fallback_in, "inward"),
        back=lambda value: look_up(outward, value, fallback_out, "outward"),
    )


def chain_of(rule: Rule, spec: FieldSpec) -> tuple[Transform, ...]:
    """All the transforms a rule means, from the record to the canonical side."""
    steps = tuple(build(step.name, step.options) for step in rule.transforms)
    if rule.table is not None:
        table = _through_table(rule.table, spec.kind)
        return (*steps, table, of_kind(spec)) if rule.table.unknown is Unknown.KEEP else (*steps, table)
    if rule.is_set or (steps and spec.kind in steps[-1].kinds):
        return steps
    return (*steps, of_kind(spec))


def folding(rule: Rule) -> Callable[[Any], Any]:
    losses = rule.loses

    def fold_text(value: str) -> str:
        if Loss.CASE in losses or Loss.FORMAT in losses:
            value = value.casefold()
        if Loss.ACCENTS in losses:
            value = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))
        if Loss.SECONDS in losses and "T" in value:
            value = value.split(".")[0].rstrip("Z")
        if Loss.FORMAT in losses:
            return "".join(c for c in value if c.isalnum())
        return " ".join(value.split()) if Loss.SPACE in losses else value

    def fold(value: Any) -> Any:
        if isinstance(value, str):
            return fold_text(value)
        return sorted(map(fold_text, value)) if isinstance(value, list) else value

    return fold if losses else lambda value: value


class Codec:
    """A rule with one canonical path. `mappings.parts` has the codec for several."""

    def __init__(self, rule: Rule, spec: FieldSpec, limit: int | None = None) -> None:
        self.rule, self.spec, self.limit = rule, spec, limit
        self.chain = chain_of(rule, spec)
        self.fields = rule.fields
        self.take = taker(rule.field) if rule.fields else lambda _: rule.constant
        last = self.chain[-1] if self.chain else None
        beside = next((step for step in self.chain if step.beside), None)
        self.beside = field_path(beside.beside) if beside and beside.beside else None
        self._take_beside = taker(self.beside) if self.beside else None
        self.sibling = next((step.sibling for step in self.chain if step.sibling), None)
        self.beside_written = bool(beside and beside.beside_is_written)
        self._forwards = tuple(step.forward for step in self.chain)
        self._backs = tuple(step.back for step in reversed(self.chain) if step.back is not None)
        self.fold = folding(rule)
        self._alike = last.alike if last is not None else None
        self.blank_in = self.chain[0].blank if self.chain else None
        self.longest = spec.max_length if spec.kind is Kind.TEXT else None
        self.is_text = (
            spec.kind is Kind.TEXT
            and len(self.chain) == 1
            and last is not None
            and last.name == "as text"
            and rule.placeholder is None
        )

        simple = len(self.chain) == 1 and rule.placeholder is None and not rule.is_set and self.beside is None
        self.settled = last.settled if simple and last is not None and self.longest is None else None
        self.settled_back = last.settled_back if simple and last is not None else None
        self.bound = rule.max_length if rule.max_length is not None else limit
        self.recalled: dict[str, str] = {}

    def recall(self, value: Any, result: Any) -> None:
        """Remember what a text became: few of a field's values are met only once."""
        if type(value) is str and type(result) is str:
            if len(self.recalled) >= _RECALLED:
                self.recalled.clear()
            self.recalled[value] = result

    @property
    def reads(self) -> tuple[FieldPath, ...]:
        return (*self.fields, self.beside) if self.beside else self.fields

    def read(self, data: Mapping[str, Any]) -> Any:
        if len(self.fields) > 1:
            return self._read_joined(data)
        return self.read_value(self.take(data), data)

    def read_value(self, value: Any, data: Mapping[str, Any]) -> Any:
        """As `read`, of a value that does not come out of the rule's field."""
        if value is ABSENT:
            return value
        if value is None:
            return self.blank_in
        if self._take_beside is None:
            return self.forward(value)
        other = self._take_beside(data)
        return self.forward(value, None if other is ABSENT else other)

    def _read_joined(self, data: Mapping[str, Any]) -> Any:
        values = [taker(path)(data) for path in self.fields]
        if all(value is ABSENT for value in values):
            return ABSENT
        if self.rule.placeholder is not None and word(self.rule.placeholder) in map(word, values):
            return ABSENT  # one part is not known, so the whole is not
        value = self._joined([None if value is ABSENT else value for value in values])
        for forward in self._forwards[1:]:
            value = value if value is None or value == "" else forward(value)
        return self._ended(value)

    def _joined(self, given: list[Any]) -> Any:
        try:
            return self._forwards[0](given)
        except UnfitError as unfit:
            if self.rule.direction.writes or unfit.code != "separator-inside":
                raise
        # It is never taken apart again, so that what separates the parts may be in them, too.
        options = self.rule.transforms[0].options
        separator = options["separator"] if isinstance(options, Mapping) else options
        return str(separator).join(text_of(value) for value in given if value not in (None, ""))

    def forward(self, value: Any, other: Any = None) -> Any:
        if value == "":
            return "" if self.rule.empty_kept else self.blank_in
        if self.rule.placeholder is not None and word(value) == word(self.rule.placeholder):
            return ABSENT
        if self.rule.is_set:
            return self._set_in(value)
        return self._ended(self._through(value, other))

    def _through(self, value: Any, other: Any = None) -> Any:
        for step in self.chain:
            value = step.forward(value, other) if step.beside else step.forward(value)
            if value is None or value == "":
                return value
        return value

    def _ended(self, value: Any) -> Any:
        if value is NOTHING:
            return ABSENT
        if self.longest is not None and isinstance(value, str) and len(value) > self.longest:
            raise UnfitError("too-long", f"is longer than the {self.longest} characters the canonical field takes")
        return None if value == "" and not self.rule.empty_kept else value

    def _set_in(self, value: Any) -> list[str]:
        if isinstance(value, str) and self.rule.separator:
            value = value.split(self.rule.separator)
        if not isinstance(value, list):
            raise UnfitError("not-a-list", "is not a list")
        found = (text_of(item).strip() for item in value if item is not None)
        return sorted({text_of(self._through(item)) for item in found if item})

    def write(self, value: Any, sibling: Any = None) -> Sequence[tuple[FieldPath, Any]]:
        """Record paths and values for a canonical value that is not blank. ``sibling``: see `Transform`."""
        if self.rule.is_set:
            return ((self.fields[0], self._set_out(value)),)
        other: Any = None
        for step, back in zip(reversed(self.chain), self._backs, strict=True):
            value = back(value) if step.sibling is None else back(value, sibling)
            if value is NOTHING:  # the system shows this but never takes it
                return ()
            if step.beside:
                value, other = value
        if len(self.fields) > 1:
            return self._parts(value)
        pairs = [(self.fields[0], self._bounded(value))]
        if self.beside and self.beside_written:
            pairs.append((self.beside, other))
        return pairs

    def _parts(self, parts: list[str]) -> Sequence[tuple[FieldPath, Any]]:
        room = len(self.fields)
        if len(parts) > room:
            if Loss.LINES not in self.rule.loses:
                raise UnfitError("too-many-lines", f"has more parts than the {room} fields there are for it")
            parts = [*parts[: room - 1], ", ".join(filter(None, parts[room - 1 :]))]
        padded = [*(self._bounded(part) for part in parts), *[None] * (room - len(parts))]
        return list(zip(self.fields, padded, strict=True))

    def _set_out(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise UnfitError("not-a-list", "is not a list")
        items = []
        for item in value:
            for back in self._backs:
                item = back(item)
            items.append(item)
        if self.rule.separator is None:
            return items
        if any(self.rule.separator in str(item) for item in items):
            raise UnfitError("separator-inside", "has an element holding the text that separates elements")
        return self._bounded(self.rule.separator.join(map(str, items)))

    def _bounded(self, value: Any) -> Any:
        if isinstance(value, str):
            if self.rule.max_length is not None and len(value) > self.rule.max_length:
                return value[: self.rule.max_length].rstrip()
            if self.limit is not None and self.rule.max_length is None and len(value) > self.limit:
                raise UnfitError(
                    "too-long", f"is longer than the {self.limit} characters the system takes; max_length would cut it"
                )
        return value

    def blank_value(self) -> Any:
        """What clears the field in the system."""
        if self.rule.placeholder is not None:
            return self.rule.placeholder
        return [] if self.rule.is_set and self.rule.separator is None else None

    def same(self, written: Any, read: Any) -> bool:
        """Whether ``read`` is what the system shows after ``written``."""
        if written == read:
            return True
        try:
            if is_blank(written):
                if self.blank_in is not None and read == self.blank_in:
                    return True
                filler = self.rule.placeholder if self.rule.placeholder is not None else self.rule.default
                if is_blank(read):
                    return True
                return filler is not None and bool(self.fold(self.forward(filler)) == self.fold(read))
            if self._alike is not None and self._alike(written, read):
                return True
            if self.rule.direction.writes and len(self._backs) == len(self.chain):
                written = self._shown(written)
        except UnfitError:
            return False
        written, read = self.fold(written), self.fold(read)
        return bool(written == read) or (is_blank(written) and is_blank(read))

    def _shown(self, written: Any) -> Any:
        data: dict[str, Any] = {}
        for path, value in self.write(written):
            put_into(data, path, value)
        shown = self.read(data)
        return written if shown is ABSENT else shown
