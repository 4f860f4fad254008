"""Decided actions as the fields they would write: the same for whoever plans them and whoever holds them to a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mappings.contract import RenderRequest, Rendition
from sync.absorb import Binding
from sync.decision import UNKNOWN, Action, ActionKind, Canonical
from sync.reconcile import Standing

Decided = tuple[Action, Standing]
Keys = Callable[[str, str], str | None]
"""(stream, entity id) → record key."""


def first(subject: str) -> str:
    """Stands for the key of a record that another action of the plan creates."""
    return f"(created first: {subject})"


def rendered(binding: Binding, decided: Sequence[Decided], keys: Keys) -> list[Rendition]:
    """What would be written, were nothing known of the records but what was agreed on."""
    requests = [RenderRequest(standing.canonical.values, action.paths, keys) for action, standing in decided]
    return list(binding.mapping.render(requests))


def rendered_before(binding: Binding, decided: Sequence[Decided], keys: Keys) -> list[Rendition]:
    """What the system is known to hold in the fields that would be written: nothing, where there is no record yet."""
    requests = [
        RenderRequest(_held(action, standing.canonical), action.paths, keys)
        for action, standing in decided
        if action.paths
    ]
    found = iter(binding.mapping.render(requests) if requests else ())
    return [next(found) if action.paths else Rendition({}) for action, _ in decided]


def waits(binding: Binding, kind: ActionKind, rendition: Rendition) -> bool:
    """Whether nothing is written before what it refers to has a record there."""
    blocking = kind is ActionKind.CREATE and any(path not in binding.cyclic for path in rendition.waiting)
    return bool(rendition.waiting) and (blocking or not rendition.fields)


def _held(action: Action, canonical: Canonical) -> dict[str, Any]:
    return {**canonical.values, **{path: None if v is UNKNOWN else v for path, v in action.before.items()}}
