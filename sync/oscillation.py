"""Freeze a field that systems change to and fro. Pure.

Two systems that each have their own way with a value (one writes capitals, a nightly job of the other small letters)
would send it back and forth for ever: to the hub, each of their changes is an edit. A **flip** is a change that brings
back a value the field had before, and comes from another system than the change before it: one person who corrects a
value, however often, makes none. A mapping that puts a value back (``enforce``) flips each time it puts back the same.
Whatever a person decided in the hub starts the count anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from model import paths
from sync.decision import Base, Canonical
from sync.merge import OSCILLATION, Clash, Context, Merged

PERSON: Final = "person"


class Turn(NamedTuple):
    """One change of a field: in the hub, or (``put_back``) in a system that was told the hub's value again."""

    run: int
    source: str
    old: Any
    new: Any
    put_back: bool = False


def flips(turns: Iterable[Turn]) -> int:
    """How often the field went back to a value that it had before, by another system's doing."""
    seen: list[Any] = []
    by: str | None = None
    count = 0
    for turn in turns:
        if turn.put_back:
            continue
        if turn.source == PERSON:
            seen, by, count = [turn.new], None, 0
            continue
        if not seen:
            seen.append(turn.old)
        if turn.new in seen:
            count += by not in (None, turn.source)
        else:
            seen.append(turn.new)
        by = turn.source
    return count


def put_back(turns: Sequence[Turn], source: str, value: Any) -> int:
    """How often this very value of one system was put back, since a person last decided about the field."""
    decided = max((turn.run for turn in turns if turn.source == PERSON), default=0)
    return sum(turn.put_back and turn[1] == source and turn.new == value and turn.run > decided for turn in turns)


def freeze(
    context: Context,
    canonical: Canonical,
    merged: Merged,
    observed: Mapping[str, Any],
    turns: Mapping[str, Sequence[Turn]],
) -> None:
    """Turn what would be one flip too many into open conflicts; an item is frozen as a whole."""
    most, source = context.oscillation.flips, context.connection
    frozen: set[str] = set()
    for path, (value, _) in merged.flows.items():
        spec = context.schema.field(path)
        known = turns.get(path, ())
        if not known or (spec is not None and spec.is_consent):
            continue  # a consent that becomes stricter is never held up
        if flips([*known, Turn(0, source, canonical.values.get(path), value)]) > most:
            frozen.add(paths.item(path))
    for clash in merged.clashes:
        if clash.rule == "enforce" and put_back(turns.get(clash.path, ()), source, clash.theirs) >= most:
            frozen.add(paths.item(clash.path))
    for item in frozen:
        _freeze_item(canonical, item, merged, observed)


def _freeze_item(canonical: Canonical, item: str, merged: Merged, observed: Mapping[str, Any]) -> None:
    own = [path for path in merged.flows if paths.item(path) == item]
    own += [clash.path for clash in merged.clashes if paths.item(clash.path) == item and clash.path not in own]
    bases = {clash.path: clash.base for clash in merged.clashes}
    merged.clashes = [clash for clash in merged.clashes if clash.path not in own]
    for path in own:
        merged.flows.pop(path, None)
        ours, theirs = canonical.values.get(path), observed.get(path)
        merged.clashes.append(Clash(path, ours, theirs, bases.get(path, ours), OSCILLATION, None))
        merged.base[path] = Base(max(canonical.field_rev(path) - 1, 0), theirs)
