"""Record values that tables do not list: which, how often, and the lines that would list them.

They are read off records that were set aside, by the mapping as it is now: what it has come to list is not among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from mappings.cel.engine import Scope, expression
from mappings.codec import ABSENT, taker, word
from mappings.compile import Compiled
from mappings.language import Rule, Table
from mappings.reading.scalars import flow, scalar
from mappings.suggesting.tables import counterparts
from mappings.transforms.base import UnfitError
from mappings.transforms.registry import build
from model import paths
from model.fields import EntitySchema, FieldSpec
from model.records import Problem, Record

Take = Callable[[Mapping[str, Any]], Iterator[str]]

CODES = frozenset({"new-option", "unknown-option"})
"""Of problems that say: this value is in no row of the table."""

_PAGE = 500


@dataclass(slots=True)
class Unlisted:
    """One table's. ``path`` is the canonical path, for items that of all: ``lines[*].status``; ``counts`` records."""

    rule: Rule
    path: str
    spec: FieldSpec
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def table(self) -> Table:
        assert self.rule.table is not None
        return self.rule.table

    def most_frequent(self) -> list[tuple[str, int]]:
        return sorted(self.counts.items(), key=lambda one: (-one[1], one[0]))


def unlisted(mapping: Compiled, schema: EntitySchema, records: Iterable[Record]) -> list[Unlisted]:
    """What the tables of a mapping do not list of these records' values, table by table, as far as there is any."""
    tables = {one.path: (one, take) for one, take in _tables(mapping, schema)}
    coming = iter(records)
    while several := list(islice(coming, _PAGE)) if tables else []:
        for record, projection in zip(several, mapping.project(several), strict=True):
            for path in {name for problem in projection.problems for name in _names(problem)} & tables.keys():
                one, take = tables[path]
                listed = {word(value) for _, values in one.table.rows for value in values}
                one.counts.update(set(take(record.data)) - listed)
    return [one for one, _ in tables.values() if one.counts]


def _names(problem: Problem) -> tuple[str, ...]:
    """The path of a value that is in no table, and that of all items where it is in one of them."""
    if problem.code not in CODES or problem.path is None:
        return ()
    name, key, leaf = paths.split(problem.path)
    return (problem.path,) if key is None else (problem.path, f"{name}[*]" + (f".{leaf}" if leaf else ""))


def _tables(mapping: Compiled, schema: EntitySchema) -> Iterator[tuple[Unlisted, Take]]:
    for rule in mapping.source.rules:
        if not mapping.source.reads(rule):
            continue
        source = _source(rule)
        for sub in rule.each.rules if rule.each is not None else ():
            path = f"{rule.path}[]" + (f".{sub.path}" if sub.path else "")
            if sub.table is not None and (spec := schema.field(path)) is not None:
                yield Unlisted(sub, path.replace("[]", "[*]"), spec), _inside(source, _words(_source(sub), sub))
        if rule.table is not None and (spec := schema.field(rule.path)) is not None:
            yield Unlisted(rule, rule.path, spec), _words(source, rule)


def _source(rule: Rule) -> Callable[[Mapping[str, Any]], Any]:
    if not rule.expr:
        return taker(rule.field) if rule.fields else lambda _: rule.constant
    computed = expression(rule.expr)
    scope = Scope([computed])
    return lambda data: computed.value(scope.facts(data))


def _words(source: Callable[[Mapping[str, Any]], Any], rule: Rule) -> Take:
    """What a record's value is looked up as: after the rule's transforms, in the form in which tables compare."""
    steps = [build(step.name, step.options) for step in rule.transforms]

    def words(data: Mapping[str, Any]) -> Iterator[str]:
        value = source(data)
        if rule.is_set and rule.separator and isinstance(value, str):
            value = value.split(rule.separator)
        for item in value if isinstance(value, list) else [value]:
            item = item.strip() if rule.is_set and isinstance(item, str) else item
            with suppress(UnfitError):  # one that no transform takes is in no table either
                for step in steps:
                    item = step.forward(item)
                if item is not ABSENT and item not in (None, "") and not isinstance(item, (dict, list)):
                    yield word(item)

    return words


def _inside(source: Callable[[Mapping[str, Any]], Any], words: Take) -> Take:
    return lambda data: (found for item in source(data) or () if isinstance(item, Mapping) for found in words(item))


def table_lines(one: Unlisted, known: Mapping[str, str]) -> list[str]:
    """Lines of YAML for the table: the rows that change, and as comments what nobody here knows the meaning of.

    ``known`` gives for words the choice that they stand for.
    """
    added: dict[str, list[str]] = {}
    for text, _ in one.most_frequent():
        if text in known:
            added.setdefault(known[text], []).append(text)
    rows = dict(one.table.rows)
    lines = []
    for choice, texts in added.items():
        values: list[Any] = [*rows.get(choice, ()), *texts]
        whole: Any = values if len(values) > 1 else values[0]
        only_read = choice in one.table.only_read
        lines.append(f"{scalar(choice)}: {flow({'read': whole} if only_read else whole)}")
    return [*lines, *(f"# …: {flow(text)}" for text, _ in one.most_frequent() if text not in known)]


def meanings(one: Unlisted) -> dict[str, str]:
    """Words that are known as spellings of a choice, however they are written: the choice."""
    return counterparts(list(one.counts), one.path.rpartition(".")[2], one.spec.choices or ())
