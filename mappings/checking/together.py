"""What is wrong with no single mapping, but with all of them side by side. Pure; `syncline.bindings` calls it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from mappings.checking.fields import FieldFacts
from mappings.checking.standing import owns
from mappings.contract import Match, Strength
from mappings.language import MappingFile, Rule, field_text
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from model import paths
from model.diagnostics import Diagnostic, Severity
from model.fields import EntitySchema

Decided = Callable[[str, str, Collection[str]], bool]
"""Whether survivorship tells whose value of a path (entity, path) wins among these connections."""


def check_all(
    mappings: Sequence[MappingFile],
    schemas: Mapping[str, EntitySchema],
    decided: Decided,
    *,
    broken: Sequence[MappingFile] = (),
    proposed: Sequence[MappingFile] = (),
    whole: bool = True,
) -> list[Diagnostic]:
    """Everything that only shows between mappings.

    ``broken`` are those with mistakes, as far as they could be read: what they tie is known, and what the rules that
    are right point to, but not what the others would have read. ``proposed`` ones do not run yet. ``whole`` is false
    where of some file not even that is known: then nothing is said for want of a mapping.
    """
    found: list[Diagnostic] = []
    by_entity: dict[str, list[MappingFile]] = defaultdict(list)
    for mapping in mappings:
        by_entity[mapping.entity].append(mapping)
    unsure = {mapping.entity for mapping in (*broken, *proposed)}
    for entity, group in by_entity.items():
        _two_enforce(group, found)
        _no_order(entity, group, decided, found)
        _no_match(group, [one for one in (*group, *broken, *proposed) if one.entity == entity], found)
        if whole and entity not in unsure:
            _never_read(group, found)
            _no_shared_match(group, found)
    if whole:
        tied = _Tied((*mappings, *broken, *proposed))
        for mapping in (*mappings, *broken):
            _streams(mapping, tied, schemas, found)
    return found


def required_cycles(
    mappings: Sequence[MappingFile], facts: Mapping[tuple[str, str], Sequence[FieldFacts]]
) -> list[Diagnostic]:
    """Streams whose records require each other, as far as their fields are known (by connection and stream)."""
    needs: dict[tuple[str, str], dict[tuple[str, str], tuple[MappingFile, Rule]]] = defaultdict(dict)
    for mapping in mappings:
        here = (mapping.connection, mapping.stream)
        required = {fact.name for fact in facts.get(here, ()) if fact.required and fact.creatable}
        for rule in mapping.rules if mapping.create_out else ():
            if rule.reference is not None and mapping.writes(rule) and field_text(rule.field) in required:
                needs[here][mapping.connection, rule.reference.stream] = (mapping, rule)
    found: list[Diagnostic] = []
    told: set[frozenset[tuple[str, str]]] = set()
    for start in list(needs):
        ring = _ring(start, needs)
        if ring and frozenset(ring) not in told:
            told.add(frozenset(ring))
            mapping, rule = needs[start][ring[1 % len(ring)]]
            names = " → ".join(stream for _, stream in [*ring, start])
            message = "each record needs another one that is there before it"
            _note(
                found,
                mapping,
                "reference-cycle",
                f"the system requires {names}: {message}",
                (*rule.at, "reference"),
                subject=f"{mapping.entity}.{rule.path}",
                hint="make one of the fields optional there, or say create: in",
                severity=Severity.ERROR,
            )
    return found


def _ring(
    start: tuple[str, str], needs: Mapping[tuple[str, str], Collection[tuple[str, str]]]
) -> list[tuple[str, str]]:
    """The way from ``start`` back to it, without the return; empty where there is none."""
    ways: list[list[tuple[str, str]]] = [[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for onward in needs.get(way[-1], ()):
            if onward == start:
                return way
            if onward not in seen:
                seen.add(onward)
                ways.append([*way, onward])
    return []


def _note(
    found: list[Diagnostic],
    mapping: MappingFile,
    code: str,
    message: str,
    at: Path,
    *,
    subject: str = "",
    hint: str | None = None,
    severity: Severity = Severity.WARNING,
    on_key: bool = True,
) -> None:
    notes = Notes(mapping.file, mapping.positions, found)
    notes.add(code, message, at, subject=subject, hint=hint, on_key=on_key, severity=severity)


def _said(rule: Rule) -> Iterator[str]:
    """The canonical paths of a rule, those of list items as patterns."""
    if rule.each is None:
        yield from rule.paths
        return
    for sub in rule.each.rules:
        yield f"{rule.path}[*]" + (f".{sub.path}" if sub.path else "")


def _reads(mapping: MappingFile) -> dict[str, Rule]:
    return {path: rule for rule in mapping.rules if mapping.reads(rule) for path in _said(rule)}


def _writes(mapping: MappingFile) -> dict[str, Rule]:
    return {path: rule for rule in mapping.rules if mapping.writes(rule) for path in _said(rule)}


class _Supplied:
    """Canonical paths that mappings supply, to be asked whether a path, or one it may stand for, is among them."""

    def __init__(self, supplied: Iterable[str]) -> None:
        self._paths = frozenset(supplied)
        self._keys: dict[tuple[str, str | None], set[str]] = defaultdict(set)
        for path in self._paths:
            name, key, leaf = paths.split(path)
            if key is not None:
                self._keys[name, leaf].add(key)

    def meets(self, path: str) -> bool:
        name, key, leaf = paths.split(path)
        keys = self._keys.get((name, leaf), ()) if key is not None else ()
        return path in self._paths or "*" in keys or (key == "*" and bool(keys))


def _two_enforce(group: Sequence[MappingFile], found: list[Diagnostic]) -> None:
    enforced: dict[str, list[tuple[MappingFile, Rule]]] = defaultdict(list)
    editable: set[str] = set()
    for mapping in group:
        for path, rule in _reads(mapping).items():
            if mapping.writes(rule) and rule.strength is Strength.ENFORCE:
                enforced[path].append((mapping, rule))
            else:
                editable.add(path)
    for path, owners in enforced.items():
        if len(owners) > 1 and path not in editable:
            mapping, rule = owners[1]
            others = " and ".join(other.name for other, _ in owners if other is not mapping)
            _note(
                found,
                mapping,
                "two-enforce",
                f"{others} enforces it, too, and no other system supplies it: nobody could change it anywhere",
                (*rule.at, "strength"),
                subject=f"{mapping.entity}.{path}",
                hint="strength: on_change in the system where people edit it",
            )


def _no_order(entity: str, group: Sequence[MappingFile], decided: Decided, found: list[Diagnostic]) -> None:
    """One note for an entity: it is one line in config.yaml that is missing."""
    readers: dict[str, dict[str, MappingFile]] = defaultdict(dict)
    for mapping in group:
        for path in _reads(mapping):
            readers[path].setdefault(mapping.connection, mapping)
    owned = [name for mapping in group for name in mapping.owns]
    open_paths = [
        path
        for path, by in readers.items()
        if len(by) > 1 and not decided(entity, path, list(by)) and not any(owns(name, path) for name in owned)
    ]
    if not open_paths:
        return
    connections = sorted({name for path in open_paths for name in readers[path]})
    last = max((by for path, by in readers.items() if path in open_paths), key=len)
    listed = ", ".join(open_paths[:4]) + (f" and {len(open_paths) - 4} more" if len(open_paths) > 4 else "")
    _note(
        found,
        list(last.values())[-1],
        "no-order",
        f"{', '.join(connections)} all supply {listed}, and nothing says whose value wins where they differ",
        ("entity",),
        subject=entity,
        hint=f"config.yaml: entities: {{{entity}: {{survivorship: {{default: {{rule: authority, order: […]}}}}}}}}",
        severity=Severity.NOTE,
    )


def _never_read(group: Sequence[MappingFile], found: list[Diagnostic]) -> None:
    supplied = _Supplied(path for mapping in group for path in (*_reads(mapping), *mapping.canonical_defaults))
    for mapping in group:
        for path, rule in _writes(mapping).items():
            if not supplied.meets(path):
                _note(
                    found,
                    mapping,
                    "never-read",
                    "no system supplies it, so nothing is ever written",
                    rule.at,
                    subject=f"{mapping.entity}.{path}",
                    hint="map it inwards in the system that has it, or take the rule out",
                )


def _no_match(group: Sequence[MappingFile], known: Sequence[MappingFile], found: list[Diagnostic]) -> None:
    """Mappings whose records are never recognised, where other systems bring the same entity."""
    for mapping in group:
        elsewhere = (one for one in known if one.connection != mapping.connection)
        founded = any(one.direction.reads and one.create_in for one in elsewhere)
        if not mapping.direction.reads or not founded or any(_combinations(mapping.match)):
            continue
        if mapping.create_in:
            effect = f"each becomes {_a(mapping.entity)} of its own, though another system has it already"
        elif mapping.create_out:
            effect = f"each {mapping.entity} is created there anew, though the system has it already"
        else:
            effect = f"and as nothing is created, none ever belongs to {_a(mapping.entity)}"
        at = "create" if ("create",) in mapping.positions.keys else "entity"
        message = f"without match no record is recognised: {effect}"
        _note(found, mapping, "no-match", message, (at,), subject=mapping.entity, hint=_match_to_write(mapping))


def _a(entity: str) -> str:
    return f"{'an' if entity[0] in 'aeiou' else 'a'} {entity}"


_TELLING = ("contact_number", "account_number", "number", "tax_id", "registration_number", "domain")
"""Paths that hardly two entities share."""


def _match_to_write(mapping: MappingFile) -> str:
    read = _reads(mapping)
    if any(path.startswith("emails[") for path in read):
        return 'match: {strong: ["emails[*]"]}'
    telling = next((path for path in _TELLING if path in read), None)
    if telling is not None:
        return f"match: {{strong: [{telling}]}}"
    return "match: {strong: […]}, with a path that tells its records apart, such as a number or emails[*]"


def _no_shared_match(group: Sequence[MappingFile], found: list[Diagnostic]) -> None:
    """Systems that both found entities need a rule by which the second one finds what the first one founded."""
    founding = [mapping for mapping in group if mapping.create_in and mapping.direction.reads]
    joined: list[MappingFile] = founding[:1]
    left = founding[1:]
    while left:
        near = next((one for one in left if any(_can_meet(one, other) for other in joined)), None)
        if near is None:
            lone = next((one for one in left if one.connection != joined[0].connection), None)
            matched = [one for one in joined if any(_combinations(one.match))]
            if lone is not None and matched and any(_combinations(lone.match)):  # without any, that is said
                others = ", ".join(dict.fromkeys(one.name for one in joined))
                _note(
                    found,
                    lone,
                    "no-shared-match",
                    f"its records cannot be recognised in what {others} brings: each would exist twice",
                    ("match",),
                    subject=lone.entity,
                    hint='a strong rule over what both read, such as match: {strong: ["emails[*]"]}',
                )
            near = left[0]
        left = [one for one in left if one is not near]
        joined.append(near)


def _can_meet(one: MappingFile, other: MappingFile) -> bool:
    if one.connection == other.connection:
        return False
    supplied = [_Supplied(_reads(mapping)) for mapping in (one, other)]
    combinations = [*_combinations(one.match), *_combinations(other.match)]
    return any(all(each.meets(path) for path in together for each in supplied) for together in combinations)


def _combinations(match: Match) -> Iterator[tuple[str, ...]]:
    yield from (rule.paths for rule in match.strong)
    if match.scored is not None:
        yield from match.scored.blocks


class _Tied:
    """Which entities each stream is mapped to, and the other way round, by connection."""

    def __init__(self, mappings: Iterable[MappingFile]) -> None:
        self.entities: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.streams: dict[tuple[str, str], set[str]] = defaultdict(set)
        for mapping in mappings:
            self.entities[mapping.connection, mapping.stream].add(mapping.entity)
            self.streams[mapping.connection, mapping.entity].add(mapping.stream)


def _streams(mapping: MappingFile, tied: _Tied, schemas: Mapping[str, EntitySchema], found: list[Diagnostic]) -> None:
    """Where references lead: into a stream that is mapped to the entity they point to."""
    schema = schemas.get(mapping.entity)
    for rule in mapping.rules:
        spec = schema.field(rule.path) if schema is not None else None
        if rule.reference is None or spec is None or spec.target is None:
            continue
        stream = rule.reference.stream
        entities = sorted(tied.entities.get((mapping.connection, stream), ()))
        if spec.target in entities:
            continue
        right = sorted(tied.streams.get((mapping.connection, spec.target), ()))
        hint = f"reference: {right[0]}" if right else f"add a mapping of {mapping.connection}.{stream} to {spec.target}"
        message = f"no mapping reads {mapping.connection}.{stream}: what is meant can never be known"
        if entities:
            message = f"{stream} is mapped to {' and '.join(entities)}, and this points to an entity {spec.target}"
        at = (*rule.at, "reference")
        _note(
            found,
            mapping,
            "wrong-stream" if entities else "stream-unmapped",
            message,
            (*at, "stream") if (*at, "stream") in mapping.positions.values else at,
            subject=f"{mapping.entity}.{rule.path}",
            hint=hint,
            on_key=False,
        )
