"""`plan --mapping`: what an edited mapping would change, against the one in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.decision import ActionKind
from syncline.cli import plan_views, views
from syncline.cli.desk import selection
from syncline.cli.exits import Exit, of_troubles
from syncline.cli.output import clean, counted, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sync.hub import Trouble
    from sync.radius import Radius
    from syncline.cli.desk import Desk

_FIELDS = 12


def plan_edit(
    desk: Desk, edited: Path, select: Sequence[str], *, limit: int, reveal: bool, exit_code: bool, as_json: bool
) -> Exit:
    """Plan twice, without the edit and with it, and tell the difference. Nothing is stored."""
    from sync.radius import Present, Radius

    before, after = desk.project(), desk.project(edited=edited)
    present = Present()
    with desk.engine(before) as engine:
        first = engine.plan(_known(before, select), full=True, limit=0, keeper=present)
    radius = Radius(present, limit)
    with desk.engine(after) as engine:
        second = engine.plan(selection(after, select), full=True, limit=0, keeper=radius)
    troubles = [*first.troubles, *(one for one in second.troubles if one not in first.troubles)]
    if as_json:
        desk.output.json(_json(radius, troubles, reveal=reveal))
    else:
        _show(desk, radius, edited, reveal=reveal)
        views.tell_troubles(desk.output, troubles, second.brakes)
    if troubles:
        return of_troubles(troubles)
    return Exit.CHANGES if exit_code and not radius.nothing else Exit.DONE


def _known(project: Any, select: Sequence[str]) -> list[str]:
    """What an edit adds cannot be selected without it."""
    known = {*project.connections}
    for one in project.mappings:
        where = f"{one.connection}.{one.stream}"
        known |= {one.name, one.entity, where, f"{where}:{one.entity}"}
    return [name for name in select if name in known]


def _show(desk: Desk, radius: Radius, edited: Path, *, reveal: bool) -> None:
    output = desk.output
    if radius.nothing:
        output.say(f"{edited} would change nothing that is written anywhere.")
        return
    bindings = sorted({binding for binding, _ in (*radius.written, *radius.spared)})
    rows = [
        (
            str(binding),
            *(_number(radius.written[binding, kind]) for kind in ActionKind),
            _number(sum(radius.spared[binding, kind] for kind in ActionKind)),
        )
        for binding in bindings
    ]
    columns = ("binding", *(kind.value for kind in ActionKind), "no longer written")
    output.table(columns, rows, "Nothing is written otherwise.")
    if radius.fields:
        output.line()
        shown = radius.fields.most_common(_FIELDS)
        output.table(
            ("stream", "field", "records"), [(f"{b.connection}.{b.stream}", f, f"{n:,}") for (b, f), n in shown], ""
        )
        if len(radius.fields) > len(shown):
            output.say(f"… and {counted(len(radius.fields) - len(shown), 'more field')}")
    total = sum(radius.written.values())
    plan_views.show_actions(output, radius.examples, total, reveal=reveal)
    for bucket, (before, after) in radius.left.items():
        if before != after:
            output.line(clean(f"{_LEFT.get(bucket.value, bucket.value)}: {before:,} now, {after:,} with the edit"))
    entities = "1 entity" if radius.entities == 1 else f"{radius.entities:,} entities"
    output.say(f"With {edited}, {entities} would be written otherwise than now. Nothing was written or stored.")


_LEFT = {"dead": "dead letters", "conflict": "conflicts", "waiting": "waiting records"}


def _number(count: int) -> str:
    return f"{count:,}" if count else ""


def _json(radius: Radius, troubles: Sequence[Trouble], *, reveal: bool) -> dict[str, Any]:
    def counts(found: Any) -> list[dict[str, Any]]:
        return [{**views.binding_json(b), "kind": kind.value, "count": n} for (b, kind), n in sorted(found.items())]

    return {
        "entities": radius.entities,
        "written": counts(radius.written),
        "no_longer_written": counts(radius.spared),
        "fields": [
            {**views.binding_json(b), "field": name, "count": n} for (b, name), n in sorted(radius.fields.items())
        ],
        "left": {bucket.value: {"before": pair[0], "after": pair[1]} for bucket, pair in radius.left.items()},
        "examples": [plan_views.action_json(action, reveal=reveal) for action in radius.examples],
        "troubles": plain([views.trouble_json(trouble) for trouble in troubles]),
    }
