"""The rules of a mapping as its laws look at them: what each reads and writes, what it may lose, and how that looks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

from mappings.codec import ABSENT, is_blank, put_into, taker, word
from mappings.compile import Compiled
from mappings.contract import Blank, Strength
from mappings.language import FieldPath, Loss, Rule, field_path, field_text
from mappings.transforms.registry import build
from model import paths
from model.records import Record

Change = Callable[[str], str]


@dataclass(frozen=True)
class Clause:
    """One rule. Its ``paths`` may be many where it reads a list: all items are taken together."""

    rule: Rule
    reads: bool
    writes: bool

    @cached_property
    def field(self) -> str | None:
        return field_text(self.rule.field) if self.rule.fields else None

    @cached_property
    def places(self) -> frozenset[FieldPath]:
        """The record fields it looks at, those beside its own included."""
        beside = [build(step.name, step.options).beside for step in self.rule.transforms]
        return frozenset(self.rule.fields) | {field_path(name) for name in beside if name}

    @property
    def single(self) -> bool:
        return len(self.rule.fields) == 1 and self.rule.each is None

    @property
    def clears(self) -> bool:
        """Whether a value that became blank is written."""
        return self.rule.blank_out is Blank.CLEAR and self.rule.strength in (Strength.ON_CHANGE, Strength.ENFORCE)

    @property
    def conditional(self) -> bool:
        """Whether it does not hold for every record, or not for every entity."""
        return bool(self.rule.when_in or self.rule.when_out)

    def of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that are this rule's."""
        if self.rule.each is not None:
            return {path: value for path, value in values.items() if path.startswith(f"{self.rule.path}[")}
        return {path: values[path] for path in self.rule.paths if path in values}

    def filled(self, values: Mapping[str, Any]) -> bool:
        return not all(map(is_blank, self.of(values).values()))

    def looks_at(self, written: Iterable[FieldPath]) -> bool:
        """Whether one of the fields written holds, or lies in, one it reads; an expression may look at any."""
        return bool(self.rule.expr) or any(_meet(one, place) for one in written for place in self.places)

    def governing(self, path: str) -> Rule:
        """The rule of one path: that of the attribute, where the path is an item's."""
        if self.rule.each is None:
            return self.rule
        leaf = paths.split(path)[2] or ""
        return next((sub for sub in self.rule.each.rules if sub.path == leaf), self.rule)


class Clauses:
    """All rules of a mapping, found by path and by field."""

    def __init__(self, mapping: Compiled) -> None:
        source = mapping.source.running()
        self.all = [Clause(rule, source.reads(rule), source.writes(rule)) for rule in source.rules]
        self.given = frozenset(source.record_defaults)
        self._lists = {clause.rule.path: clause for clause in self.all if clause.rule.each is not None}
        self._plain: dict[str, Clause] = {}
        for clause in sorted(self.all, key=lambda one: one.reads):  # the rule that reads a path speaks for it
            if clause.rule.each is None:
                self._plain.update(dict.fromkeys(clause.rule.paths, clause))
        written = {place: one.rule.path for one in self.all if one.writes for place in one.places}
        self._writers = {field_text(place): path for place, path in written.items()}
        self._written = tuple(written)

    def of(self, path: str) -> Clause | None:
        return self._plain.get(path) or self._lists.get(path.partition("[")[0])

    def followed(self, clause: Clause) -> str | None:
        """Where a rule only reads: the field it reads and another rule writes. Its value is meant to follow that."""
        if clause.rule.expr:
            return "follows an expression"
        found = sorted(field_text(place) for place in clause.places if any(_meet(one, place) for one in self._written))
        return f"follows {', '.join(found)}" if found and not clause.writes else None

    def writer(self, field: str) -> str:
        """The path whose rule writes a field."""
        return self._writers.get(field, "")

    def lossy(self) -> Iterator[tuple[Clause, Callable[[Mapping[str, Any]], dict[str, Any]]]]:
        """Each rule that declares losses, with each way in which a system may do them to a record."""
        for clause in self.all:
            if not (clause.reads and clause.writes):
                continue
            for rule in clause.rule.each.rules if clause.rule.each else (clause.rule,):
                for change in _ways(rule):
                    yield clause, _doer(clause, rule, change)


def declared(mapping: Compiled, clauses: Clauses, path: str, before: Any, now: Any, *, by_form: bool) -> str | None:
    """What in the file says that a value is read back otherwise; None where nothing does.

    ``by_form``: the value came from elsewhere, so that a transform may give it the form it has in this system.
    """
    clause = clauses.of(path)
    if clause is None:
        return None
    if not mapping.pushes(path):
        return clauses.followed(clause)
    rule = clause.governing(path)
    if rule.table is not None and word(before) in map(word, rule.table.only_read):
        return "values, only read"
    if now is ABSENT or is_blank(now):
        return _kept_back(clause, rule, before) if now is ABSENT else None
    return _rewritten(rule, before, now, by_form=by_form) if mapping.same(path, before, now) else None


def _kept_back(clause: Clause, rule: Rule, value: Any) -> str | None:
    """What says that nothing is known of a value when it is read back."""
    if clause.conditional:
        return "when"
    if len(rule.paths) > 1:
        return f"transform {rule.transforms[0].name}"  # of several values in one field, not all can always be told
    return "placeholder" if rule.placeholder is not None and word(value) == word(rule.placeholder) else None


def _rewritten(rule: Rule, before: Any, now: Any, *, by_form: bool) -> str | None:
    """What says that a value is read back as another one."""
    if rule.max_length is not None and len(str(now)) < len(str(before)):
        return "max_length"
    if Loss.LINES in rule.loses:
        return "loses lines"
    if rule.table is not None and _in_table(rule, before):
        return "values"
    for step in rule.transforms:
        if isinstance(step.options, Mapping) and "drop" in step.options.values():
            return f"transform {step.name}"
    names = " ".join(step.name for step in rule.transforms)
    return f"transform {names}" if by_form and names else None


def _meet(one: FieldPath, other: FieldPath) -> bool:
    """Whether two places in a record are the same, or one lies in the other."""
    return other[: len(one)] == one or one[: len(other)] == other


def _in_table(rule: Rule, value: Any) -> bool:
    """Whether the table says what becomes of a canonical value: by a row, or by its default."""
    table = rule.table
    return table is not None and (word(value) in [word(name) for name, _ in table.rows] or table.default is not None)


def onto(record: Record, fields: Mapping[str, Any]) -> Record:
    """A record with the fields of a rendition written onto it."""
    data = dict(record.data)
    for name, value in fields.items():
        put_into(data, field_path(name), value)
    return record._replace(data=data)


def without(record: Record, place: FieldPath) -> Record:
    """A record that does not have one field."""
    data = inner = dict(record.data)
    for part in place[:-1]:
        if not isinstance(inner.get(part), Mapping):
            return record._replace(data=data)
        inner[part] = inner = dict(inner[part])
    inner.pop(place[-1], None)
    return record._replace(data=data)


def _doer(clause: Clause, rule: Rule, change: Change) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function that does one loss to all fields of a rule in a record, or in the items of its list."""
    in_items = clause.rule.each is not None

    def to_fields(data: Mapping[str, Any]) -> dict[str, Any]:
        lost = dict(data)
        for place in rule.fields:
            value = taker(place)(lost)
            if value is not ABSENT:
                put_into(lost, place, _changed(value, change))
        return lost

    def do(data: Mapping[str, Any]) -> dict[str, Any]:
        if not in_items:
            return to_fields(data)
        items = taker(clause.rule.field)(data)
        lost = dict(data)
        if isinstance(items, list):
            put_into(lost, clause.rule.field, [to_fields(item) for item in items])
        return lost

    return do


def _changed(value: Any, change: Change) -> Any:
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _ways(rule: Rule) -> list[Change]:
    """The losses of a rule one by one, and all at once."""
    phone = any(step.name == "phone" for step in rule.transforms) or rule.path.startswith("phones[")
    single = [change for loss in sorted(rule.loses) for change in _LOST.get(loss, ())]
    if Loss.FORMAT in rule.loses:
        single += [_without_separators] if phone else [_letters_and_digits, _without_separators]
    return [*single, lambda text: reduce(lambda so_far, change: change(so_far), single, text)] if single else []


def _letters_and_digits(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _without_separators(text: str) -> str:
    """A number without its plus would be another number, so that stays."""
    return re.sub(r"[\s()/.-]", "", text)


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


_LOST: Mapping[Loss, tuple[Change, ...]] = {
    Loss.CASE: (str.lower, str.upper),
    Loss.SPACE: (str.strip, lambda text: " ".join(text.split())),
    Loss.ACCENTS: (_without_accents,),
    Loss.SECONDS: (lambda text: re.sub(r"(:\d\d)\.\d+", r"\1", text),),
}
