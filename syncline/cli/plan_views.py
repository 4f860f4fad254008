"""Plans for people: what in all, then the actions that tell most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sync.decision import ActionKind, BindingId, Bucket
from syncline.cli import views
from syncline.cli.masking import masked
from syncline.cli.output import Output, clean, plain

if TYPE_CHECKING:
    from sync.report import PlannedAction, PlanReport

_FIELDS = 8
"""Fields of one action that are shown; the others are counted."""

Totals = Mapping[tuple[BindingId, ActionKind], int]


def headline(action: PlannedAction) -> str:
    """``update crm.people 7  contact 6b02…  (changed in the hub)``."""
    where = f"{action.binding.connection}.{action.binding.stream}"
    key = f" {clean(action.key)}" if action.key else ""
    subject = f"{'new ' if action.links else ''}{action.binding.entity} {clean(action.subject)}"
    return f"{action.kind} {where}{key}  {subject}  ({clean(action.reason)})"


def show_totals(output: Output, totals: Totals, because: str = "every system agrees") -> None:
    """``because`` is said where there is nothing."""
    rows = totals_rows(totals)
    output.table(("binding", *_KINDS), rows, f"Nothing to write: {because}.")


_KINDS = tuple(kind.value for kind in ActionKind)


def totals_rows(totals: Totals) -> Iterable[tuple[Any, ...]]:
    """Rows of (binding, creates, updates, deletes)."""
    for binding in sorted({binding for binding, _ in totals}):
        counts = (totals.get((binding, kind), 0) for kind in ActionKind)
        yield (str(binding), *(f"{count:,}" if count else "" for count in counts))


def show_actions(output: Output, actions: Sequence[PlannedAction], total: int, *, reveal: bool) -> None:
    """Some actions of very many, field by field."""
    if actions:
        output.line()
    for action in actions:
        output.line(headline(action))
        changes = [one for one in action.changes if one.after != one.before]
        for change in changes[:_FIELDS]:
            before, after = views.value(change.before, reveal=reveal), views.value(change.after, reveal=reveal)
            arrow = after if action.kind is ActionKind.CREATE else f"{before} → {after}"
            output.line(f"    {clean(change.field)}: {arrow}")
        if len(changes) > _FIELDS:
            output.line(f"    … {len(changes) - _FIELDS} more fields")
        if action.kind is ActionKind.UPDATE and action.causes:
            output.line(f"    because of {clean(_because(action))}")
        if action.problem:
            output.line(f"    would be refused: {clean(action.problem)}")
    if len(actions) < total:
        shown = f"These are {len(actions):,} of {total:,}" if actions else f"{total:,} actions in all"
        output.say(f"{shown}; --limit shows more.")
    if actions and not reveal:
        output.say("Values are masked; --reveal shows them.")


def _because(action: PlannedAction) -> str:
    """``job_title from crm, tags from shop``."""
    shown = [f"{cause.path} from {cause.source}" for cause in action.causes[:_FIELDS]]
    more = len(action.causes) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def action_json(action: PlannedAction, *, reveal: bool) -> dict[str, Any]:
    """One planned action with stable keys; ``entity_id`` is null for an entity that the plan itself would found."""

    def shown(found: Any) -> Any:
        return plain(None if type(found).__name__ == "Unknown" else found if reveal else masked(found))

    return {
        "kind": plain(action.kind),
        **views.binding_json(action.binding),
        "entity_id": action.entity_id if not action.links else None,
        "links": [dict(zip(("connection", "stream", "entity", "key"), link, strict=True)) for link in action.links],
        "key": action.key,
        "reason": action.reason,
        "causes": plain(action.causes),
        "mapping": action.mapping,
        "problem": action.problem,
        "changes": [
            {"field": change.field, "before": shown(change.before), "after": shown(change.after)}
            for change in action.changes
        ],
    }


def show_calls(output: Output, calls: Mapping[str, int]) -> None:
    if calls:
        told = ", ".join(f"{name} {number:,}" for name, number in sorted(calls.items()))
        output.say(f"Calls it would take: {told}")


def plan_json(report: PlanReport, *, reveal: bool) -> dict[str, Any]:
    """What `plan --json` prints."""
    return {
        "actions": [action_json(action, reveal=reveal) for action in report.actions],
        "totals": [
            {**views.binding_json(binding), "kind": plain(kind), "count": number}
            for (binding, kind), number in sorted(report.totals.items(), key=lambda item: (item[0][0], str(item[0][1])))
        ],
        "calls": dict(report.calls),
        "unanswered": dict(report.unanswered),
        "conflicts": report.conflicts,
        "questions": report.questions,
        "waiting": report.left.get(Bucket.WAITING, 0),
        "dead": report.left.get(Bucket.DEAD, 0),
        "brakes": [views.brake_json(brake) for brake in report.brakes],
        "troubles": [views.trouble_json(trouble) for trouble in report.troubles],
        "balances": views.balances_json(report.balances),
    }
