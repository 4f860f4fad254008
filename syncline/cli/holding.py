"""Creates that are held back: how many, where, and which records have to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from model.diagnostics import Severity
from sync.decision import BindingId, Side, Why
from syncline.cli.answering import MATCH
from syncline.cli.desk import Desk
from syncline.cli.output import Output, clean, counted

if TYPE_CHECKING:
    from mappings.compile import Compiled
    from state.views import BindingStatus
    from sync.holding import HeldBack
    from sync.report import Balances

Held = Mapping[BindingId, "HeldBack | None"]
"""By binding; None where it cannot be told, since a mapping is broken."""

_ONE: Mapping[Why, str] = {
    Why.DISPUTED: f"syncline conflicts show {MATCH}",
    Why.DEAD: "syncline dead-letters show ",
    Why.WAITING: "syncline dead-letters show ",
}
_ALL: Mapping[Why, str] = {
    Why.DISPUTED: "syncline conflicts list --kind record",
    Why.DEAD: "syncline dead-letters list",
    Why.WAITING: "syncline dead-letters list --why waiting",
}
_WORDS: Mapping[Why, str] = {
    Why.DISPUTED: "in question",
    Why.DEAD: "a dead letter",
    Why.WAITING: "waiting",
}


def held_at(desk: Desk, rows: Sequence[BindingStatus]) -> Held:
    """Mappings are read only where a record is set aside that could be somebody."""
    if not any(side == Side.IN and count for row in rows for (side, _), count in row.parked.items()):
        return {}
    from sync.holding import held_back
    from sync.hub import Hub
    from sync.policy import Policy

    bench, found = desk.workbench()
    with desk.store() as store:
        hub = Hub.of(store, {}, _live(bench.mappings), bench.schemas, Policy(), desk.world.clock)
        held: dict[BindingId, HeldBack | None] = {one.binding: one for one in held_back(hub)}
    if any(one.severity is Severity.ERROR for one in found):
        held.update({row.binding: None for row in rows if row.binding not in hub.bindings})
    return held


def _live(mappings: Sequence[Compiled]) -> list[Compiled]:
    """What a run would work with; of several for one binding, which a check reports, none."""
    from mappings.language import Lifecycle

    live = [one for one in mappings if one.source.lifecycle is not Lifecycle.PROPOSED]
    times = Counter((one.connection, one.stream, one.entity) for one in live)
    return [one for one in live if times[one.connection, one.stream, one.entity] == 1]


def held_json(held: Held, binding: BindingId) -> dict[str, Any]:
    """``held``: how many, None where that cannot be told; ``held_by``: ids for `conflicts show` and `dead-letters`."""
    one = held.get(binding)
    if one is None:
        return {"held": None if binding in held else 0, "held_by": {}}
    named = {
        Why.DISPUTED: "conflicts",
        Why.DEAD: "dead_letters",
        Why.WAITING: "waiting",
    }
    by = {named[why]: [_numbered(why, number) for number in sorted(numbers)] for why, numbers in one.by.items()}
    return {"held": one.entities, "held_by": by}


def _numbered(why: Why, number: int) -> str:
    return f"{MATCH}{number}" if why is Why.DISPUTED else str(number)


def tell_held(output: Output, held: Held) -> None:
    """What is held back where, and what to look at."""
    for binding, one in sorted(held.items()):
        if one is None:
            output.say(clean(f"{binding}: what is held back cannot be told while a mapping is broken: syncline check"))
            continue
        output.say(clean(f"{binding}: {counted(one.entities, 'create')} held back, since records there may be these:"))
        for line in _ways(one):
            output.say(f"  {line}")


def _ways(one: HeldBack) -> Iterator[str]:
    for why, numbers in sorted(one.by.items()):
        first = min(numbers)
        more = f", all {len(numbers):,}: {_ALL[why]}" if len(numbers) > 1 else ""
        yield f"{_WORDS[why]}: {_ONE[why]}{first}{more}"


def held_in(balances: Balances) -> str | None:
    """How many creates a run held back, in words."""
    from sync.unjoined import HELD_BACK

    number = sum(balance.detail.get(until, 0) for balance in balances.values() for until in HELD_BACK)
    return f"{counted(number, 'create')} held back" if number else None
