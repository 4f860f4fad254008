"""Two versions of a mapping: what differs in meaning, in words. `effects` tells what that changes for given records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, NamedTuple

from mappings.contract import Match, StrongRule
from mappings.language import Condition, Each, MappingFile, Reference, Rule, Step, Table, field_text, meaning

_SAYS_NOTHING = frozenset({"at", "description", "direction_given", "examples", "file", "made_of", "positions"})
_NAMES = {
    "create_in": "create in",
    "create_out": "create out",
    "on_delete_in": "delete in",
    "on_delete_out": "delete out",
    "filter_in": "filter in",
    "filter_out": "filter out",
    "record_defaults": "defaults for records",
    "canonical_defaults": "defaults for the hub",
    "transforms": "transform",
    "blank_in": "blank in",
    "blank_out": "blank out",
    "empty_kept": "empty kept",
    "table": "values",
    "is_set": "list: set",
    "fields": "field",
    "paths": "path",
}


class Change(NamedTuple):
    """One difference in meaning. ``path`` is the canonical path of a rule, or None where the whole mapping is meant."""

    kind: str  # added | removed | changed
    path: str | None
    words: str


def changes(old: MappingFile, new: MappingFile) -> list[Change]:
    """Those of the mapping as a whole, then rule by rule in the order of the new file, removed ones last."""
    found = [
        Change("changed", None, words)
        for part in fields(MappingFile)
        if part.name not in ("rules", "name") and meaning_differs(old, new, part.name)
        for words in _part_changes(part.name, getattr(old, part.name), getattr(new, part.name))
    ]
    several = _several(old) & _several(new)
    before, after = _by_identity(old, several), _by_identity(new, several)
    for identity, rule in after.items():
        if identity not in before:
            found.append(Change("added", rule.path, described(rule)))
        elif any(meaning_differs(before[identity], rule, part.name) for part in fields(Rule)):
            found.append(Change("changed", rule.path, "; ".join(_rule_changes(before[identity], rule))))
    found += [Change("removed", rule.path, described(rule)) for key, rule in before.items() if key not in after]
    return found


def meaning_differs(old: Any, new: Any, name: str) -> bool:
    """Whether one attribute of two values of the language differs in what it means; ``lifecycle`` counts, too."""
    if name in _SAYS_NOTHING:
        return False
    return bool(meaning(getattr(old, name)) != meaning(getattr(new, name)))


def _several(mapping: MappingFile) -> set[tuple[str, ...]]:
    """Paths that have more than one rule."""
    number = Counter(rule.paths for rule in mapping.rules)
    return {paths for paths in number if number[paths] > 1}


def _by_identity(mapping: MappingFile, several: Container[tuple[str, ...]]) -> dict[tuple[str, ...], Rule]:
    """Rules by what they are about. Two rules for one path, one each way, are told apart by direction."""
    found: dict[tuple[str, ...], Rule] = {}
    for rule in mapping.rules:
        apart = rule.paths in several or rule.paths in found
        found[(*rule.paths, rule.direction.value) if apart else rule.paths] = rule
    return found


def _rule_changes(old: Rule, new: Rule) -> Iterator[str]:
    for part in fields(Rule):
        if meaning_differs(old, new, part.name):
            before, after = getattr(old, part.name), getattr(new, part.name)
            if isinstance(before, Table) and isinstance(after, Table):
                yield from _table_changes(before, after)
            elif isinstance(before, Each) and isinstance(after, Each):
                yield from _each_changes(before, after)
            else:
                yield _words(part.name, before, after)


def _table_changes(old: Table, new: Table) -> Iterator[str]:
    before, after = dict(old.rows), dict(new.rows)
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield f"values {name}: {_said(before.get(name))} → {_said(after.get(name))}"
    for part in fields(Table):
        if part.name != "rows" and meaning_differs(old, new, part.name):
            yield _words(part.name, getattr(old, part.name), getattr(new, part.name))


def _each_changes(old: Each, new: Each) -> Iterator[str]:
    if old.key != new.key:
        yield f"key: {field_text(old.key)} → {field_text(new.key)}"
    before, after = ({rule.path: rule for rule in each.rules} for each in (old, new))
    for leaf in dict.fromkeys((*before, *after)):
        if leaf not in after or leaf not in before:
            yield f"{leaf or 'the item'}: {'added' if leaf in after else 'removed'}"
        elif meaning(before[leaf]) != meaning(after[leaf]):
            yield f"{leaf or 'the item'}: {'; '.join(_rule_changes(before[leaf], after[leaf]))}"


def described(rule: Rule) -> str:
    """A rule on one line: its field and what of it is not as usual."""
    usual = Rule(paths=rule.paths)
    parts = [
        f"{_NAMES.get(part.name, part.name)} {_said(getattr(rule, part.name))}"
        for part in fields(Rule)
        if part.name not in ("paths", "fields") and meaning_differs(usual, rule, part.name)
    ]
    return ", ".join([_said(rule.fields), *parts] if rule.fields else parts)


def _part_changes(name: str, before: Any, after: Any) -> Iterator[str]:
    """One part of a mapping; how records are matched is told attribute by attribute."""
    if not isinstance(before, Match) or not isinstance(after, Match):
        yield _words(name, before, after)
        return
    for part in fields(Match):
        if meaning_differs(before, after, part.name):
            yield f"{name} {_words(part.name, getattr(before, part.name), getattr(after, part.name))}"


def _words(name: str, before: Any, after: Any) -> str:
    return f"{_NAMES.get(name, name.replace('_', ' '))}: {_said(before)} → {_said(after)}"


def _said(value: Any) -> str:
    """A value of the language, about as it is written."""
    if value is None or value in ((), frozenset(), {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return _listed(value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(_said, value)))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(item)}" for name, item in value.items())
    return _part(value) if hasattr(value, "__dataclass_fields__") else str(value)


def _listed(value: tuple[Any, ...]) -> str:
    """Fields as paths, everything else one by one."""
    if all(isinstance(part, tuple) and all(isinstance(name, str) for name in part) for part in value):
        return ", ".join(map(field_text, value))
    return ", ".join(map(_said, value))


def _part(value: Any) -> str:
    """A part of a rule or mapping that has parts of its own."""
    if isinstance(value, Step):
        return value.name if value.options is None else f"{value.name} {_said(value.options)}"
    if isinstance(value, Reference):
        starts = f", keys starting with {value.starts}" if value.starts else ""
        return f"{value.stream}{starts}{', keys as numbers' if value.number else ''}"
    if isinstance(value, Table):
        return ", ".join(f"{name} = {_said(given)}" for name, given in value.rows)
    if isinstance(value, Each):
        return f"items by {field_text(value.key)}: {', '.join(rule.path or 'value' for rule in value.rules)}"
    if isinstance(value, StrongRule):
        return value.name
    if isinstance(value, Condition):
        return str(value)
    given = ((part.name, getattr(value, part.name)) for part in fields(value))
    return ", ".join(f"{name} {_said(item)}" for name, item in given if item not in (None, (), {}, frozenset()))
