"""A plan as something that can be kept, looked at and carried out later: its head, its actions as lines, its totals."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from hashlib import blake2b
from typing import Any, Final, Protocol

import orjson

from model.errors import StateError
from model.fields import EntitySchema
from sync.brakes import Count, Tripped
from sync.decision import ActionKind, BindingId
from sync.hub import Hub
from sync.policy import Braked
from sync.report import Cause, FieldChange, PlannedAction, PlanReport

FORMAT: Final = 1
"""Of the head, the actions and the totals. Another format is refused, never guessed at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a plan rests on. ``hub`` tells whose it is; ``settings`` are fingerprints of what people configured."""

    hub: str
    made_at: str
    selection: tuple[str, ...]
    full: bool
    release: tuple[str, ...]
    mappings: Mapping[str, str]  # binding → name@version
    settings: Mapping[str, str]  # part of the configuration → fingerprint

    def to_json(self) -> dict[str, Any]:
        return {"syncline_plan": FORMAT, **{part.name: getattr(self, part.name) for part in fields(self)}}

    @classmethod
    def from_json(cls, data: Any) -> Head:
        """Raises StateError for what is no head, or one of another format."""
        if not isinstance(data, dict) or "syncline_plan" not in data:
            raise StateError("this is no plan: `syncline plan --out FILE` writes one")
        if data["syncline_plan"] != FORMAT:
            raise StateError(
                f"the plan has format {data['syncline_plan']}, this version reads format {FORMAT}: plan again"
            )
        try:
            return cls(
                hub=str(data["hub"]),
                made_at=str(data["made_at"]),
                selection=tuple(data["selection"]),
                full=bool(data["full"]),
                release=tuple(data["release"]),
                mappings=dict(data["mappings"]),
                settings=dict(data["settings"]),
            )
        except (KeyError, TypeError, ValueError):
            raise StateError("the head of the plan is not complete: plan again") from None


class Plan(Protocol):
    """A plan that was kept, in a file or in the store: read as often as needed, and never whole."""

    head: Head

    @property
    def summary(self) -> Mapping[str, Any]:
        """As `summary_json` made it."""
        ...

    def items(self) -> Iterator[PlannedAction]:
        """Every action, in the order of the plan."""
        ...

    def fetch(self, places: Sequence[int]) -> list[PlannedAction]:
        """The actions at these places, counted from 0."""
        ...


class Keeper(Protocol):
    """Takes a plan while it is made."""

    def begin(self, head: Head) -> None: ...

    def add(self, actions: Sequence[PlannedAction]) -> None: ...

    def finish(self, report: PlanReport) -> None: ...


def head_of(
    hub: Hub, seal: bytes, selected: Sequence[str], *, full: bool, release: Sequence[str], now: datetime
) -> Head:
    """The head of a plan that is made now."""
    return Head(
        hub=hub_name(seal),
        made_at=now.isoformat(timespec="seconds"),
        selection=tuple(selected),
        full=full,
        release=tuple(sorted(release)),
        mappings={str(id_): f"{one.mapping.name}@{one.mapping.version}" for id_, one in sorted(hub.bindings.items())},
        settings=_settings(hub, seal),
    )


def hub_name(seal: bytes) -> str:
    """What plans of one hub are known by; it tells nothing of the seal."""
    return blake2b(seal, digest_size=8, person=b"syncline hub").hexdigest()


def check_hub(head: Head, seal: bytes) -> None:
    """Raises StateError for the plan of another hub."""
    if head.hub != hub_name(seal):
        raise StateError("this plan was made by another hub (its state is another database): plan again, here")


def check_fit(head: Head, hub: Hub, seal: bytes) -> None:
    """Raises StateError where a plan is another hub's, or rests on mappings or settings that are others now."""
    check_hub(head, seal)
    now = head_of(hub, seal, (), full=False, release=(), now=hub.clock.now())
    changed = [
        f"mapping {_apart(head.mappings, now.mappings, name)}" for name in _differing(head.mappings, now.mappings)
    ]
    changed += _differing(head.settings, now.settings)
    if changed:
        raise StateError(f"changed since this plan was made: {', '.join(changed)}. Nothing was done: plan again")


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def _apart(before: Mapping[str, str], after: Mapping[str, str], name: str) -> str:
    known = (before.get(name) or after.get(name) or name).partition("@")[0]
    if name not in after:
        return f"{known} (gone)"
    return f"{known} (new)" if name not in before else known


def _settings(hub: Hub, seal: bytes) -> dict[str, str]:
    """A keyed fingerprint of each part, so that nobody can guess a password from a plan."""
    parts: dict[str, Any] = {"brakes": hub.policy.limits}
    for name in sorted({binding.connection for binding in hub.bindings}):
        parts[f"connections.{name}"] = (type(hub.connectors[name]).__name__, hub.connectors[name].settings)
    for schema in hub.entities:
        parts[f"entities.{schema.name}"] = (schema, hub.policy.survivorship.get(schema.name, {}))
    return {name: hmac.digest(seal, orjson.dumps(_fixed(part)), "sha256").hex()[:16] for name, part in parts.items()}


_MOST_SCHEMAS: Final = 50
_SCHEMAS: dict[int, tuple[EntitySchema, Any]] = {}
"""Fixed once each, by identity: they are the largest part, and a process has a handful of them."""


def _fixed_schema(schema: EntitySchema) -> Any:
    known = _SCHEMAS.get(id(schema))
    if known is None:
        if len(_SCHEMAS) >= _MOST_SCHEMAS:
            _SCHEMAS.clear()
        parts = [[part.name, _fixed(getattr(schema, part.name))] for part in fields(schema)]
        known = _SCHEMAS[id(schema)] = (schema, parts)
    return known[1]


def _fixed(value: Any) -> Any:
    """Plain values in a fixed order, the same in every process."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | float | str):
        return value
    if hasattr(value, "get_secret_value"):
        return _fixed(value.get_secret_value())
    if hasattr(value, "model_dump"):
        return _fixed(value.model_dump())
    if isinstance(value, EntitySchema):
        return _fixed_schema(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [[part.name, _fixed(getattr(value, part.name))] for part in fields(value)]
    if isinstance(value, Mapping):
        return sorted(([str(name), _fixed(item)] for name, item in value.items()), key=orjson.dumps)
    if isinstance(value, set | frozenset):
        return sorted((_fixed(item) for item in value), key=orjson.dumps)
    if isinstance(value, list | tuple):
        return [_fixed(item) for item in value]
    return getattr(value, "__qualname__", None) or str(value)


# actions as lines

_LINK = ("connection", "stream", "entity", "key")


def line_of(action: PlannedAction) -> bytes:
    """One action as one line of JSON."""
    return orjson.dumps(action_json(action), default=str)


def action_json(action: PlannedAction) -> dict[str, Any]:
    return {
        "kind": action.kind.value,
        **action.binding._asdict(),
        "key": action.key,
        "entity_id": None if action.links else action.entity_id,
        "links": [dict(zip(_LINK, link, strict=True)) for link in action.links],
        "changes": [{"field": one.field, "before": one.before, "after": one.after} for one in action.changes],
        "reason": action.reason,
        "causes": [cause._asdict() for cause in action.causes],
        "mapping": action.mapping,
        "blanks": action.blanks,
        "problem": action.problem,
    }


def action_of(line: bytes | str) -> PlannedAction:
    """Raises StateError for a line that is none of ours."""
    try:
        data = orjson.loads(line)
        return PlannedAction(
            kind=ActionKind(data["kind"]),
            binding=BindingId(data["connection"], data["stream"], data["entity"]),
            key=data["key"],
            entity_id=data["entity_id"] or "",
            links=tuple((one["connection"], one["stream"], one["entity"], one["key"]) for one in data["links"]),
            changes=[FieldChange(**change) for change in data["changes"]],
            reason=data["reason"],
            causes=tuple(Cause(**cause) for cause in data["causes"]),
            mapping=data["mapping"],
            blanks=bool(data["blanks"]),
            problem=data["problem"],
        )
    except (KeyError, TypeError, ValueError):
        raise StateError("an action of the plan cannot be read: plan again") from None


def token_of(action: PlannedAction) -> bytes:
    """What an action is found by: its record, or the entity that is to get one."""
    return token(action.kind, action.binding, action.key or anchor_of(action))


def token(kind: ActionKind, binding: BindingId, rest: str) -> bytes:
    """`token_of`. ``rest`` is a record key, or for a create what `anchor_of` could say of the entity."""
    return blake2b("\0".join((kind.value, *binding, rest)).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def anchor_of(action: PlannedAction) -> str:
    """An entity by its id, or by the record that founds it."""
    return named_record(action.links[0]) if action.links else action.entity_id


def named_record(link: tuple[str, ...]) -> str:
    connection, stream, entity, key = link
    return f"{connection}.{stream}:{entity} {key}"


@dataclass(slots=True)
class Fingerprint:
    """Over the actions of a plan in their order: two plans with the same one do the same."""

    _hash: Any = field(default_factory=lambda: blake2b(digest_size=16))

    def add(self, line: bytes) -> None:
        self._hash.update(line)
        self._hash.update(b"\n")

    def __str__(self) -> str:
        return str(self._hash.hexdigest())


def summary_json(report: PlanReport) -> dict[str, Any]:
    """Totals, calls and verdicts of a plan."""
    return {
        "count": sum(report.totals.values()),
        "totals": [
            {**binding._asdict(), "kind": kind.value, "count": number}
            for (binding, kind), number in sorted(report.totals.items())
        ],
        "blanks": [
            {**binding._asdict(), "count": number}
            for (binding, kind), number in sorted(report.planned.planned.items())
            if kind is Braked.BLANK
        ],
        "calls": dict(sorted(report.calls.items())),
        "brakes": [{part.name: getattr(brake, part.name) for part in fields(brake)} for brake in report.brakes],
        "troubles": [
            {"connection": one.connection, "stream": one.stream, "code": one.code, "message": one.message}
            for one in report.troubles
        ],
    }


def totals_of(summary: Mapping[str, Any]) -> dict[tuple[BindingId, ActionKind], int]:
    return {(_binding(one), ActionKind(one["kind"])): int(one["count"]) for one in summary["totals"]}


def count_of(summary: Mapping[str, Any]) -> Count:
    """What a plan would do, as the brakes count it."""
    count = Count()
    for (binding, kind), number in totals_of(summary).items():
        count.planned[binding, Braked(kind.value)] = number
    for one in summary["blanks"]:
        count.planned[_binding(one), Braked.BLANK] = int(one["count"])
    return count


def brakes_of(summary: Mapping[str, Any]) -> list[Tripped]:
    return [Tripped(**one) for one in summary["brakes"]]


def _binding(data: Mapping[str, Any]) -> BindingId:
    return BindingId(data["connection"], data["stream"], data["entity"])
