"""What an edit of a mapping changes for given records: how they are read, what would be written. Nothing is written.

Both versions read the records. What they make of them is compared, and what every mapping of the entity makes of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mappings.codec import ABSENT
from mappings.compile import Compiled
from mappings.contract import Projection, RenderRequest
from mappings.language import field_text
from mappings.proving.generate import keys_of
from model.records import Problem, Record

_PAGE = 500


class Difference(NamedTuple):
    """One value of one record that differs; `ABSENT` where there is none.

    ``where`` is the mapping that reads or writes it, ``name`` a canonical path (read) or a record field (written),
    ``path`` the canonical path it belongs to, where one is known.
    """

    record: str
    where: str
    name: str
    path: str | None
    before: Any
    after: Any


class Told(NamedTuple):
    """A problem that only one of the two versions has with a record."""

    record: str
    where: str
    path: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What an edit changes for a sample. ``read`` and ``written`` list values, ``new`` and ``solved`` problems;
    ``left_out`` and ``let_in`` name records that only one version's filter lets through."""

    records: int
    differing: int
    read: tuple[Difference, ...]
    written: tuple[Difference, ...]
    new: tuple[Told, ...]
    solved: tuple[Told, ...]
    left_out: tuple[str, ...]
    let_in: tuple[str, ...]


def compare(old: Compiled, new: Compiled, records: Sequence[Record], others: Sequence[Compiled] = ()) -> Comparison:
    """Read the records with both versions. ``others`` are the entity's other mappings, to which the values go on."""
    collected = _Collected()
    for at in range(0, len(records), _PAGE):
        _compare_page(old, new, records[at : at + _PAGE], others, collected)
    return Comparison(
        records=len(records),
        differing=len(collected.differing),
        read=tuple(collected.read),
        written=tuple(collected.written),
        new=tuple(collected.new),
        solved=tuple(collected.solved),
        left_out=tuple(collected.left_out),
        let_in=tuple(collected.let_in),
    )


class _Collected:
    def __init__(self) -> None:
        self.read: list[Difference] = []
        self.written: list[Difference] = []
        self.new: list[Told] = []
        self.solved: list[Told] = []
        self.left_out: list[str] = []
        self.let_in: list[str] = []
        self.differing: set[str] = set()


class _Pair(NamedTuple):
    """A record, its values by both versions (references by key), and the paths in which those differ."""

    record: Record
    before: dict[str, Any]
    after: dict[str, Any]
    paths: list[str]


def _compare_page(
    old: Compiled, new: Compiled, records: Sequence[Record], others: Sequence[Compiled], out: _Collected
) -> None:
    pairs: list[_Pair] = []
    for record, was, now in zip(records, old.project(records), new.project(records), strict=True):
        if (was.skipped is None) != (now.skipped is None):
            (out.left_out if was.skipped is None else out.let_in).append(record.key)
            out.differing.add(record.key)
        before, after = _values(was), _values(now)
        differing = [path for path in dict.fromkeys((*before, *after)) if _differ(before, after, path)]
        if was.skipped is None and now.skipped is None:
            out.read += [
                Difference(record.key, new.name, path, path, before.get(path, ABSENT), after.get(path, ABSENT))
                for path in differing
            ]
            _problems(record.key, new.name, was.problems, now.problems, out)
        out.differing.update([record.key] if differing and was.skipped == now.skipped else [])
        pairs.append(_Pair(record, before, after, differing))
    _written_here(old, new, pairs, out)
    for other in others:
        _written_there(other, pairs, out)


def _values(projection: Projection) -> dict[str, Any]:
    return {**projection.values, **{path: ref.key for path, ref in projection.references.items()}}


def _differ(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    return bool(before.get(name, ABSENT) != after.get(name, ABSENT))


def _problems(record: str, where: str, before: Sequence[Problem], after: Sequence[Problem], out: _Collected) -> None:
    known = {(problem.path, problem.code) for problem in before}
    still = {(problem.path, problem.code) for problem in after}
    out.new += [Told(record, where, p.path, p.code, p.message) for p in after if (p.path, p.code) not in known]
    out.solved += [Told(record, where, p.path, p.code, p.message) for p in before if (p.path, p.code) not in still]
    out.differing.update([record] if known != still else [])


def _written_here(old: Compiled, new: Compiled, pairs: Sequence[_Pair], out: _Collected) -> None:
    """What each version writes into this stream, of what the hub has from it now."""
    if not (old.writes or new.writes):
        return
    was, now = (
        one.render([RenderRequest(pair.before, None, keys) for pair in pairs])
        for one, keys in ((old, keys_of(old.source)), (new, keys_of(new.source)))
    )
    earlier, later = _written_by(old), _written_by(new)
    # A field that meant something else before has no path: it is as private as the more private of the two.
    paths = {name: path for name, path in {**earlier, **later}.items() if earlier.get(name, path) == path}
    for pair, one, other in zip(pairs, was, now, strict=True):
        _fields(pair.record.key, new.name, paths, one.fields, other.fields, out)
        _problems(pair.record.key, new.name, one.problems, other.problems, out)


def _written_there(other: Compiled, pairs: Sequence[_Pair], out: _Collected) -> None:
    """What goes on to another system: only what differs, and has a value now."""
    asked = [(pair, frozenset(p for p in pair.paths if p in pair.after and other.pushes(p))) for pair in pairs]
    due = [(pair, paths) for pair, paths in asked if paths and other.accepts(pair.after) is None]
    keys = keys_of(other.source)
    was = other.render([RenderRequest(pair.before, paths & pair.before.keys(), keys) for pair, paths in due])
    now = other.render([RenderRequest(pair.after, paths, keys) for pair, paths in due])
    by_field = _written_by(other)
    for (pair, _), one, two in zip(due, was, now, strict=True):
        _fields(pair.record.key, other.name, by_field, one.fields, two.fields, out)
        _problems(pair.record.key, other.name, one.problems, two.problems, out)


def _written_by(mapping: Compiled) -> dict[str, str]:
    """The canonical path of each record field that has one alone, by the rule that writes it."""
    rules = [rule for rule in mapping.source.rules if mapping.source.writes(rule) and len(rule.paths) == 1]
    return {field_text(place): rule.path for rule in rules for place in rule.fields}


def _fields(
    record: str,
    where: str,
    paths: Mapping[str, str],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    out: _Collected,
) -> None:
    for name in dict.fromkeys((*before, *after)):
        if _differ(before, after, name):
            value = (before.get(name, ABSENT), after.get(name, ABSENT))
            out.written.append(Difference(record, where, name, paths.get(name), *value))
            out.differing.add(record)
