"""A mapping as a page for people who do not read YAML. Pure, and the same for the same mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mappings.contract import Direction, Match, OnDelete
from mappings.language import Each, Example, Lifecycle, MappingFile, Rule, field_text
from mappings.telling.wording import (
    ARROWS,
    an,
    code,
    condition_words,
    label,
    prose,
    rule_words,
    table_rows,
    unknown_words,
)
from model.fields import EntitySchema, Kind

_DIRECTIONS: Mapping[Direction, str] = {
    Direction.BOTH: "Both ways: what changes there comes to the hub, and what changes in the hub goes there.",
    Direction.IN: "Inwards only: what changes there comes to the hub. Nothing is ever written there.",
    Direction.OUT: "Outwards only: what changes in the hub goes there. Nothing is read from there.",
}
_LIFECYCLES: Mapping[Lifecycle, str] = {
    Lifecycle.LIVE: "",
    Lifecycle.PROPOSED: "**This is a proposal.** It is checked and can be previewed; no run uses it.",
    Lifecycle.DEPRECATED: "**This mapping is to go.** Runs still use it.",
}
_GONE_THERE: Mapping[OnDelete, str] = {
    OnDelete.IGNORE: "the {entity} stays as it is, no longer tied to that record",
    OnDelete.DELETE: "the {entity} is deleted, too",
    OnDelete.REVIEW: "a person decides what becomes of the {entity}",
}
_GONE_HERE: Mapping[OnDelete, str] = {
    OnDelete.IGNORE: "its record stays as it is, no longer tied to it",
    OnDelete.DELETE: "its record is deleted, too",
    OnDelete.REVIEW: "a person decides what becomes of its record",
}


def describe(mapping: MappingFile, schema: EntitySchema, *, version: str = "") -> str:
    """The page, in Markdown. ``version`` is that of the compiled mapping."""
    page = _Page(mapping, schema, version)
    return "\n".join(line for part in PARTS for line in part(page)).rstrip() + "\n"


class _Page:
    def __init__(self, mapping: MappingFile, schema: EntitySchema, version: str) -> None:
        self.mapping, self.schema, self.version = mapping, schema, version
        self.entity = mapping.entity
        self.there = f"`{mapping.stream}` in `{mapping.connection}`"

    def named(self, path: str) -> str:
        return f"{label(path, self.schema)} `{path}`"

    def together(self, listed: Sequence[str]) -> str:
        words = [_lower(label(path, self.schema)) for path in listed]
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _head(page: _Page) -> Iterator[str]:
    mapping = page.mapping
    yield f"# {mapping.name}"
    yield ""
    if mapping.description:
        yield prose(mapping.description)
        yield ""
    if _LIFECYCLES[mapping.lifecycle]:
        yield _LIFECYCLES[mapping.lifecycle]
        yield ""
    yield f"Ties each record of {page.there} to one {page.entity} in the hub."
    yield ""
    yield _DIRECTIONS[mapping.direction]
    yield ""
    if mapping.made_of:
        yield f"It begins with what {', '.join(map(code, mapping.made_of))} says."
        yield ""
    if page.version:
        yield f"Version `{page.version}`."
        yield ""


def _finding(page: _Page) -> Iterator[str]:
    mapping, match = page.mapping, page.mapping.match
    if not mapping.direction.reads:
        return
    yield "## How a record finds its " + page.entity
    yield ""
    yield from _match(page, match)
    if match.one_to_one:
        yield f"{an(page.entity).capitalize()} has at most one record here."
    else:
        yield f"{an(page.entity).capitalize()} may have several records here."
    yield ""


def _match(page: _Page, match: Match) -> Iterator[str]:
    if not match.strong and match.scored is None:
        yield "Records are not compared with what is known: a record is tied only to what it made, or was made from."
        yield ""
        return
    number = 0
    for number, rule in enumerate(match.strong, 1):
        yield f"{number}. The same {page.together(rule.paths)}."
    if match.scored is not None:
        scored = match.scored
        weights = ", ".join(
            f"{_lower(label(path, page.schema))} counts {weight:g}" for path, weight in scored.weights.items()
        )
        blocks = ", or ".join(f"the same {page.together(block)}" for block in scored.blocks)
        yield f"{number + 1}. By likeness: {weights}."
        yield f"   Only those are compared that share {blocks}."
        yield f"   From {scored.link_at:.0%} alike it is the same one, from {scored.dispute_at:.0%} a person decides."
        if not all(spec is not None and spec.is_name for spec in map(page.schema.field, scored.weights)):
            yield "   Names alone tie nobody: where nothing else agrees, a person decides."
    yield ""


def _coming_and_going(page: _Page) -> Iterator[str]:
    mapping, entity = page.mapping, page.entity
    yield "## What is created, and what becomes of deletions"
    yield ""
    if mapping.direction.reads:
        found = f"makes a new {entity}" if mapping.create_in else "makes nothing new: it is left aside"
        yield f"- A record that finds no {entity} {found}."
    if mapping.direction.writes:
        gets = "gets one" if mapping.create_out else "gets none"
        yield f"- {an(entity).capitalize()} that has no record there {gets}."
    if mapping.direction.reads and not mapping.update_in:
        yield "- Edits made there stay theirs: they are not taken."
    if mapping.direction.writes and not mapping.update_out:
        yield "- A record that is there is never changed from here."
    if mapping.owns:
        owned = ", ".join(map(code, mapping.owns))
        yield f"- Of {owned}, the value there wins over that of any other system."
    if mapping.direction.reads:
        yield f"- When a record is deleted there, {_GONE_THERE[mapping.on_delete_in].format(entity=entity)}."
    if mapping.direction.writes:
        yield f"- When {an(entity)} is deleted in the hub, {_GONE_HERE[mapping.on_delete_out]}."
    yield ""


def _filters(page: _Page) -> Iterator[str]:
    mapping = page.mapping
    if not mapping.filter_in and not mapping.filter_out:
        return
    yield "## What is left out"
    yield ""
    if mapping.filter_in:
        yield "Only records are read of which this holds:"
        yield ""
        yield from (f"- {condition_words(one)}" for one in mapping.filter_in)
        yield ""
    if mapping.filter_out:
        yield f"Only {an(page.entity)} is written of which this holds:"
        yield ""
        yield from (f"- {condition_words(one)}" for one in mapping.filter_out)
        yield ""


def _rules(page: _Page) -> Iterator[str]:
    yield "## Fields"
    yield ""
    if page.mapping.direction is Direction.BOTH:
        yield "↔ goes both ways, → only to the hub, ← only from the hub."
    if page.mapping.direction.writes:
        yield "Unless said otherwise, a field is written when its value in the hub changes."
        yield ""
    yield f"| {page.mapping.connection}: {page.mapping.stream} | | {page.entity} in the hub | how |"
    yield "|---|---|---|---|"
    for rule in page.mapping.rules:
        spec = page.schema.field(rule.path)
        yield _row(page, rule, ", ".join(map(page.named, rule.paths)), spec.kind if spec is not None else None)
    yield ""
    for rule in page.mapping.rules:
        if rule.each is not None:
            yield from _items(page, rule, rule.each)


def _row(page: _Page, rule: Rule, here: str, kind: Kind | None) -> str:
    reads, writes = page.mapping.reads(rule), page.mapping.writes(rule)
    arrow = ARROWS[Direction.BOTH if reads and writes else Direction.OUT if writes else Direction.IN]
    there = ", ".join(code(field_text(path)) for path in rule.fields) or "–"
    return f"| {there} | {arrow if reads or writes else '–'} | {here} | {rule_words(rule, writes=writes, kind=kind)} |"


def _items(page: _Page, rule: Rule, each: Each) -> Iterator[str]:
    yield f"### Items of {label(rule.path, page.schema)} `{rule.path}`"
    yield ""
    listed = code(field_text(rule.field)) if rule.fields else "the computed list"
    key = code(field_text(each.key))
    yield f"One item for each one of {listed}, told apart by {key}."
    yield ""
    yield "| there | | in the hub | how |"
    yield "|---|---|---|---|"
    for sub in each.rules:
        path = _of_items(rule, sub)
        spec = page.schema.field(path)
        here = f"{label(path, page.schema).removesuffix(' (any)')} `{sub.path or 'the item'}`"
        yield _row(page, replace(sub, direction=rule.direction), here, spec.kind if spec is not None else None)
    yield ""


def _of_items(rule: Rule, sub: Rule) -> str:
    """The canonical path of a rule within `each`: an attribute of every item, or the item itself."""
    return f"{rule.path}[*].{sub.path}" if sub.path else f"{rule.path}[*]"


def _tables(page: _Page) -> Iterator[str]:
    every = [(rule, rule.path) for rule in page.mapping.rules]
    every += [(sub, _of_items(rule, sub)) for rule in page.mapping.rules if rule.each for sub in rule.each.rules]
    tabled = [(rule, path) for rule, path in every if rule.table is not None]
    if not tabled:
        return
    yield "## Tables of values"
    yield ""
    for rule, path in tabled:
        assert rule.table is not None, "those with a table only"
        yield f"### {label(path, page.schema)} `{path}`"
        yield ""
        yield f"| in the hub | {', '.join(code(field_text(one)) for one in rule.fields) or 'computed'} |"
        yield "|---|---|"
        yield from (f"| {canonical} | {listed} |" for canonical, listed in table_rows(rule.table))
        yield ""
        words = unknown_words(rule.table)
        yield words[0].upper() + words[1:] + "."
        yield ""


def _constants(page: _Page) -> Iterator[str]:
    mapping = page.mapping
    if not mapping.record_defaults and not mapping.canonical_defaults:
        return
    yield "## Given when something is created"
    yield ""
    for name, value in mapping.record_defaults.items():
        yield f"- A new record gets {code(name)} = {code(value)}."
    for path, value in mapping.canonical_defaults.items():
        yield f"- A new {page.entity} gets {page.named(path)} = {code(value)}, where its record says nothing."
    yield ""


def _examples(page: _Page) -> Iterator[str]:
    if not page.mapping.examples:
        return
    yield "## Examples"
    yield ""
    yield "They are tested by `syncline mappings test`."
    yield ""
    for example in page.mapping.examples:
        yield f"### {prose(example.name)}"
        yield ""
        yield from _example(example)
        yield ""


def _example(example: Example) -> Iterator[str]:
    if example.record is not None:
        yield f"- The record: {_listed(example.record)}"
    if example.skipped:
        yield "- It is left out by the filter."
    if example.canonical is not None:
        yield f"- In the hub: {_listed(example.canonical)}"
    if example.problems:
        yield f"- Cannot be used: {', '.join(map(code, example.problems))}"
    if example.unwritten:
        yield "- It is not written there."
    elif example.write is not None:
        start = "Written differently" if example.record is not None else "Written"
        yield f"- {start}: {_listed(example.write)}"


def _listed(values: Mapping[str, Any]) -> str:
    return "; ".join(f"{name} {code(value)}" for name, value in values.items()) or "nothing"


PARTS: tuple[Callable[[_Page], Iterator[str]], ...] = (
    _head,
    _finding,
    _coming_and_going,
    _filters,
    _rules,
    _tables,
    _constants,
    _examples,
)
