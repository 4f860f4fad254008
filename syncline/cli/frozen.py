"""Why a field is frozen: who changed it to what, and how often it came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.oscillation import PERSON, Turn, flips, put_back
from syncline.cli import views
from syncline.cli.explaining import moment, stream
from syncline.cli.masking import masked_field
from syncline.cli.output import Output, counted, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.fields import EntitySchema
    from state.views import ConflictView, Event

_SHOWN = 10


def turns_of(reports: Any, found: ConflictView) -> list[Event]:
    """The changes of a frozen field until it was, and what was put back; in order, from a person's last decision on."""
    conflict = found.conflict
    events = [
        event
        for event in reports.timeline(conflict.entity_id)
        if event.what == conflict.path
        and event.run <= found.run
        and (event.kind == "changed" or (event.kind == "conflict" and event.detail == "enforce"))
    ]
    decided = [place for place, event in enumerate(events) if event.source == PERSON and event.kind == "changed"]
    return events[decided[-1] :] if decided else events


def frozen_json(events: Sequence[Event], schema: EntitySchema | None, *, mask: bool) -> list[dict[str, Any]]:
    return [
        {
            "at": plain(event.at),
            "run": event.run,
            "by": _by(event),
            "old": plain(_shown(event, event.old, schema, mask=mask)),
            "new": plain(_shown(event, event.new, schema, mask=mask)),
        }
        for event in events
    ]


def tell_frozen(
    output: Output, found: ConflictView, events: Sequence[Event], schema: EntitySchema | None, *, mask: bool
) -> None:
    """How often, by whom, and the latest changes."""
    conflict = found.conflict
    turns = [Turn(one.run, _by(one), one.old, one.new, put_back=one.kind == "conflict") for one in events]
    back = flips([*turns, Turn(found.run, conflict.theirs_binding.connection, conflict.ours, conflict.theirs)])
    again = put_back(turns, conflict.theirs_binding.connection, conflict.theirs)
    names = sorted({turn.source for turn in turns if turn.source != PERSON} | {conflict.theirs_binding.connection})
    output.line()
    if again >= back:
        output.line(f"It is frozen: {names[0]} changed it {counted(again + 1, 'time')} after it had been put back.")
    else:
        between = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
        output.line(f"It is frozen: between {between} it went back to a former value {counted(back, 'time')}.")
    output.line("It is neither taken from a system nor written to one until you decide; then the count starts anew.")
    output.line()
    rows = [
        (
            moment(one.at),
            one.run,
            _by(one),
            views.value(_shown(one, one.old, schema, mask=mask), reveal=True),
            views.value(_shown(one, one.new, schema, mask=mask), reveal=True),
        )
        for one in events[-_SHOWN:]
    ]
    output.table(("when", "run", "by", "from", "to"), rows, "Its story is not kept.")


def _by(event: Event) -> str:
    """Who changed it: of what was put back, the system that had another value."""
    if event.kind == "conflict" and event.binding is not None:
        return event.binding.connection
    return event.source or (stream(event.binding) if event.binding is not None else "")


def _shown(event: Event, value: Any, schema: EntitySchema | None, *, mask: bool) -> Any:
    value = None if type(value).__name__ == "Unknown" else value
    return masked_field(schema, event.what, value) if mask else value
