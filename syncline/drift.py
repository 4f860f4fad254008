"""What became different between two looks at a system's fields. What follows for mappings: `syncline.drift_effects`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from connectors.contract import Field


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

    @property
    def lost(self) -> list[str]:
        """Choices that there were and are not any more."""
        return _without(self.before, self.after)

    @property
    def got(self) -> list[str]:
        """Choices that there were not."""
        return _without(self.after, self.before)

    @property
    def shortened(self) -> bool:
        """Whether it takes less text than it took."""
        if self.before is None or self.after is None or self.after.max_length is None:
            return False
        return self.before.max_length is None or self.after.max_length < self.before.max_length


def _without(some: Field | None, others: Field | None) -> list[str]:
    if some is None or others is None:
        return []
    return [choice for choice in some.choices or () if choice not in (others.choices or ())]


def changes(stream: str, before: Mapping[str, Field], after: Mapping[str, Field]) -> list[Change]:
    """The differences between two looks, in the order of the fields' names. Both must be `syncline.locks.tidy`."""
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    found = [_removed(stream, before[name], [after[one] for one in new]) for name in gone]
    found += [_added(stream, after[name]) for name in new]
    for name, one in before.items():
        if name in after and one != after[name]:
            words = "; ".join(_differences(one, after[name]))
            change = Change(stream=stream, name=name, became=Became.CHANGED, words=words, before=one, after=after[name])
            found.append(replace(change, hint=_other_choice(change)))
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


def _other_choice(change: Change) -> str | None:
    """One choice gone and one new are probably one choice under another name."""
    lost, got = change.lost, change.got
    return f"is {lost[0]!r} called {got[0]!r} now?" if len(lost) == len(got) == 1 else None


def _choices(before: Field, after: Field) -> Iterator[str]:
    if lost := _without(before, after):
        yield f"lost {_listed(lost)}"
    if got := _without(after, before):
        yield f"got {_listed(got)}"


def _listed(choices: Sequence[str]) -> str:
    shown = ", ".join(repr(choice) for choice in choices[:3])
    more = f" and {len(choices) - 3} more" if len(choices) > 3 else ""
    return f"the choice{'s' if len(choices) > 1 else ''} {shown}{more}"
