"""What became different between two looks at a system's fields, and what that does to the rules of mappings. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.contract import Field
from model.diagnostics import Diagnostic, Severity
from syncline.locks import Lock

Check = Callable[[Sequence[Field]], list[Diagnostic]]
"""What is to be said of a mapping against these fields."""


class Became(StrEnum):
    """Ways in which a stream becomes another."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field, before and after; None where it was not there. ``words`` say it: ``became read-only``."""

    stream: str
    name: str
    became: Became
    words: str
    hint: str | None = None
    before: Field | None = None
    after: Field | None = None

    def __str__(self) -> str:
        return f"{self.stream}.{self.name} {self.words}"


def changes(stream: str, before: Mapping[str, Field], after: Mapping[str, Field]) -> list[Change]:
    """The differences between two looks, in the order of the fields' names. Both must be `syncline.locks.tidy`."""
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    found = [_removed(stream, before[name], [after[one] for one in new]) for name in gone]
    found += [_added(stream, after[name]) for name in new]
    for name, one in before.items():
        if name in after and one != after[name]:
            words = "; ".join(_differences(one, after[name]))
            found.append(
                Change(stream=stream, name=name, became=Became.CHANGED, words=words, before=one, after=after[name])
            )
    return sorted(found, key=lambda change: change.name)


def _removed(stream: str, field: Field, new: Sequence[Field]) -> Change:
    other = _renamed(field, new)
    hint = f"is it called {other!r} now?" if other else None
    return Change(stream=stream, name=field.name, became=Became.REMOVED, words="is gone", hint=hint, before=field)


def _renamed(field: Field, new: Sequence[Field]) -> str | None:
    """A new field that is probably the old one: the same label or nearly the same name, and of the same type."""
    alike = [one for one in new if one.type is field.type]
    for one in alike:
        if field.label and one.label.casefold() == field.label.casefold():
            return one.name
    near = difflib.get_close_matches(field.name, [one.name for one in alike], n=1, cutoff=0.75)
    return near[0] if near else None


def _added(stream: str, field: Field) -> Change:
    facts = [field.type.value]
    facts += [f"at most {field.max_length}"] if field.max_length else []
    facts += ["required"] if field.required else []
    facts += ["read-only"] if not (field.creatable or field.updatable) else []
    words = f"is new ({', '.join(facts)})"
    return Change(stream=stream, name=field.name, became=Became.ADDED, words=words, after=field)


def _differences(before: Field, after: Field) -> Iterator[str]:
    """What became different about a field, the gravest first."""
    if before.type is not after.type:
        yield f"was {before.type.value} and is {after.type.value} now"
    if before.readable != after.readable:
        yield "can be read now" if after.readable else "cannot be read any more"
    if (before.creatable, before.updatable) != (after.creatable, after.updatable):
        yield _WRITABLE[after.creatable, after.updatable]
    if before.required != after.required:
        yield "became required" if after.required else "is no longer required"
    if before.max_length != after.max_length:
        yield _length(before.max_length, after.max_length)
    yield from _choices(before, after)
    if before.restricted != after.restricted:
        yield "takes its choices only now" if after.restricted else "takes other values than its choices, too, now"
    if before.references != after.references:
        yield f"refers to {' or '.join(after.references) or 'nothing'} now"
    if before.nullable != after.nullable:
        yield "may be null now" if after.nullable else "may not be null any more"
    if before.unique != after.unique:
        yield "became unique" if after.unique else "is no longer unique"
    if before.label != after.label:
        yield f"is labelled {after.label!r} now" if after.label else "lost its label"


_WRITABLE = {
    (False, False): "became read-only",
    (True, False): "can only be written on create now",
    (False, True): "can only be written on update now",
    (True, True): "can be written now",
}


def _length(before: int | None, after: int | None) -> str:
    if after is None:
        return "has no limit of length any more"
    if before is None:
        return f"takes at most {after} characters now"
    return f"was {'shortened' if after < before else 'lengthened'} from {before} to {after} characters"


def _choices(before: Field, after: Field) -> Iterator[str]:
    old, new = before.choices or (), after.choices or ()
    if lost := [choice for choice in old if choice not in new]:
        yield f"lost {_listed(lost)}"
    if won := [choice for choice in new if choice not in old]:
        yield f"got {_listed(won)}"


def _listed(choices: Sequence[str]) -> str:
    shown = ", ".join(repr(choice) for choice in choices[:3])
    more = f" and {len(choices) - 3} more" if len(choices) > 3 else ""
    return f"the choice{'s' if len(choices) > 1 else ''} {shown}{more}"


@dataclass(frozen=True, slots=True)
class Effect:
    """One change, and what is to be said of a mapping because of it."""

    change: Change
    found: list[Diagnostic]


def effects(
    found: Sequence[Change], before: Mapping[str, Field], check: Check, touched: Callable[[str], bool]
) -> list[Effect]:
    """What each change would do to a mapping if it were the only one.

    It is found by checking the mapping against the old fields with that one change made, and against the old fields:
    what is said only of the first is the effect. So a change means exactly what ``check`` says it means. ``touched``
    tells whether some rule has to do with a field at all; others are only looked at where they ask for something.
    """
    known = set(map(said_of, check(tuple(before.values()))))
    result = []
    for change in found:
        asks = change.after is not None and change.after.required
        if not asks and not touched(change.name):
            continue
        fields = {name: one for name, one in before.items() if name != change.name}
        if change.after is not None:
            fields[change.name] = change.after
        said = [one for one in check(tuple(fields.values())) if said_of(one) not in known]
        result.append(Effect(change, said))
    return result


def said_of(one: Diagnostic) -> tuple[str, str, str | None, int | None, int | None]:
    """What makes two diagnostics the same one; a hint may differ with what else there is."""
    return one.code, one.message, one.path, one.line, one.column


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
            hint=effect.change.hint or one.hint,
        )
        for one in effect.found
    ]


def noted(change: Change, connection: str, rules: Sequence[str], lock: Lock) -> Diagnostic:
    """A change that no rule suffers from, though ``rules`` use the field, at its place in the lock."""
    users = f"the rule{'s' if len(rules) > 1 else ''} {', '.join(rules)} still fit{'' if len(rules) > 1 else 's'}"
    return Diagnostic(
        code="drift",
        message=f"{connection}.{change}; {users if rules else 'no rule suffers from it'}",
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
        message=f"{connection}.{found[0].stream} differs in {number} that no rule uses: {said}{more}",
        severity=Severity.NOTE,
        file=lock.file,
        line=lock.lines.get((found[0].stream, found[0].name)),
        hint=f"look: syncline connections discover {connection} --check; take them over: --lock",
    )


_SHOWN = 5


def _short(change: Change) -> str:
    return {Became.ADDED: "is new", Became.REMOVED: "is gone"}.get(change.became, change.words)
