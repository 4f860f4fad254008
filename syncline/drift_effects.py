"""What it does to the rules of mappings that a system's fields became different. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Field, FieldType
from mappings.contract import Blank
from mappings.language import MappingFile, Rule
from mappings.reading.nodes import Notes
from model.diagnostics import Diagnostic, Severity
from model.fields import EntitySchema, FieldSpec, Kind
from syncline.drift import Became, Change
from syncline.locks import Lock
from syncline.uses import Use, touches, uses_of

Check = Callable[[Sequence[Field]], list[Diagnostic]]
"""What is to be said of a mapping against these fields."""

Place = tuple[str, str | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Effect:
    """One change, and what is to be said of a mapping because of it."""

    change: Change
    found: list[Diagnostic]


def effects(
    changes: Sequence[Change], before: Mapping[str, Field], mapping: MappingFile, schema: EntitySchema, check: Check
) -> list[Effect]:
    """What each change would do to a mapping if it were the only one.

    It is found by checking the mapping against the old fields with that one change made, and against the old fields:
    what is said only of the first is the effect. So a change means exactly what ``check`` says it means, and besides
    what only the data can tell is said as a doubt. Changes that nothing in the mapping has to do with are only looked
    at where the field asks for something.
    """
    uses = uses_of(mapping)
    known = check(tuple(before.values()))
    said, places = set(map(said_of, known)), set(map(place_of, known))
    result = []
    for change in changes:
        asks = change.after is not None and change.after.required
        if not asks and not touches(uses, change.name):
            continue
        found = check(_changed(before, change, changes))
        found = [one for one in found if said_of(one) not in said and _follows(one, change, places)]
        found += _doubts(change, mapping, schema, uses, {one.path for one in found})
        result.append(Effect(change, found))
    return result


def _changed(before: Mapping[str, Field], change: Change, changes: Sequence[Change]) -> tuple[Field, ...]:
    fields = {name: one for name, one in before.items() if name != change.name}
    if change.after is not None:
        fields[change.name] = change.after
    # To a check no fields at all are fields that nobody knows: where the only one is gone, what came is there as well.
    return tuple(fields.values()) or tuple(one.after for one in changes if one.after is not None)


def _follows(one: Diagnostic, change: Change, places: set[Place]) -> bool:
    """Whether the change brings it about. What was said in other words may have become better by it."""
    if place_of(one) not in places:
        return True
    if one.code == "too-long":
        return change.shortened
    if one.code == "options-unmapped":
        return bool(change.got) or any(choice in one.message for choice in change.lost)
    return True


def _doubts(
    change: Change, mapping: MappingFile, schema: EntitySchema, uses: Sequence[Use], said: set[str | None]
) -> list[Diagnostic]:
    """What rules write that the field may refuse now, of rules that nothing else is ``said`` of."""
    found: list[Diagnostic] = []
    notes = Notes(mapping.file, mapping.positions, found)
    for use in uses:
        rule, itself = use.rule, ".".join(use.path) == change.name
        if rule is None or not itself or use.path not in rule.fields or not mapping.writes(rule):
            continue
        subject = f"{mapping.entity}.{rule.path}"
        for message, hint in _refusals(change, rule, schema.field(rule.path)) if subject not in said else ():
            at = (*rule.at, "field")
            notes.add("drift", message, at, subject=subject, hint=hint, severity=Severity.NOTE)
    return found


def _refusals(change: Change, rule: Rule, spec: FieldSpec | None) -> Iterator[tuple[str, str | None]]:
    """What only the data can tell: messages with what to do."""
    before, after = change.before, change.after
    if before is None or after is None:
        return
    free = rule.table is not None or spec is None or spec.kind in (Kind.TEXT, Kind.CHOICE)
    if before.type is not after.type and after.type in _STRICT and free:
        yield f"a value that is not {_STRICT[after.type]} cannot be written", "map another field, or direction: in"
    longest = spec.max_length if spec is not None else None
    if change.shortened and rule.max_length is None and rule.table is None and longest is None:
        cut = len(rule.paths) == 1 and spec is not None and spec.kind is Kind.TEXT  # half an address is none
        hint = (
            f"max_length: {after.max_length} would cut it instead" if cut else "direction: in, where values are longer"
        )
        yield "a longer value cannot be written", hint
    fewer = bool(change.lost) or not before.restricted
    if fewer and after.restricted and after.choices and rule.table is None and (spec is None or not spec.choices):
        yield "a value that is none of its choices cannot be written", "values: {…} translates what is otherwise there"
    if before.nullable and not after.nullable and rule.blank_out is Blank.CLEAR and rule.placeholder is None:
        yield "it cannot be emptied there", "blank: {out: ignore}, or a placeholder"
    if after.unique and not before.unique:
        yield "a value that another record there has cannot be written", "direction: in, where values repeat"


_STRICT = {
    FieldType.INTEGER: "a whole number",
    FieldType.DECIMAL: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a day",
    FieldType.DATETIME: "a moment",
}
"""Types of field that refuse most texts."""


def place_of(one: Diagnostic) -> Place:
    """What of a diagnostic stays the same while its words change with the fields."""
    return one.code, one.path, one.line, one.column


def said_of(one: Diagnostic) -> tuple[Place, str]:
    """What makes two diagnostics the same one; a hint may differ with what else there is."""
    return place_of(one), one.message


def told(effect: Effect, connection: str) -> list[Diagnostic]:
    """The effect as diagnostics where the rules stand, first what became different, then what follows from it."""
    return [
        Diagnostic(
            code="drift",
            message=f"{connection}.{effect.change}: {one.message}",
            severity=one.severity,
            file=one.file,
            line=one.line,
            column=one.column,
            path=one.path,
            hint=_remedy(effect.change, one),
        )
        for one in effect.found
    ]


def _remedy(change: Change, one: Diagnostic) -> str | None:
    if change.became is Became.REMOVED:
        return change.hint or one.hint or "map another field, or take it out"
    return one.hint or change.hint


def noted(change: Change, connection: str, parts: Sequence[str], lock: Lock) -> Diagnostic:
    """A change that nothing suffers from, though ``parts`` of mappings use the field, at its place in the lock."""
    users = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
    return Diagnostic(
        code="drift",
        message=f"{connection}.{change}; {users} still fit{'' if len(parts) > 1 else 's'}",
        severity=Severity.NOTE,
        file=lock.file,
        line=lock.lines.get((change.stream, change.name)),
        hint=change.hint,
    )


def summed_up(found: Sequence[Change], connection: str, lock: Lock) -> Diagnostic:
    """One note for all changes of fields that no rule has to do with."""
    number = "a field" if len(found) == 1 else f"{len(found)} fields"
    said = ", ".join(f"{change.name} {_short(change)}" for change in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Diagnostic(
        code="drift",
        message=f"{connection}.{found[0].stream} differs in {number} that no mapping uses: {said}{more}",
        severity=Severity.NOTE,
        file=lock.file,
        line=lock.lines.get((found[0].stream, found[0].name)),
        hint=f"look: syncline connections discover {connection} --check; take them over: --lock",
    )


_SHOWN = 5


def _short(change: Change) -> str:
    return {Became.ADDED: "is new", Became.REMOVED: "is gone"}.get(change.became, change.words)
