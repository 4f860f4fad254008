"""Many creates in one call: they are queued, and what became of each is asked for until all are done.

"Accepted" says nothing about an item's fate; only ``bulk/<uuid>/detailed-status`` does, by a status per operation
(commerce-webapi, rest/use-rest/operation-status-endpoints): 1 done, 2 failed and may be tried again, 3 failed for good,
4 open, 5 rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from connectors.magento.errors import outcome, rendered
from connectors.magento.kinds import Kind
from connectors.magento.session import Session
from connectors.sdk import AnswerLostError, ConnectorError, Outcome, OutcomeKind, Write

_DONE, _AGAIN, _FAILED, _OPEN, _REJECTED = 1, 2, 3, 4, 5
_LONGEST_PAUSE = 15.0

Row = tuple[Write, Mapping[str, Any]]
"""A create, and the body of the single call that would do it."""


def send(session: Session, path: str, rows: Sequence[Row], kind: Kind, what: str) -> list[Outcome]:
    """One outcome per row, in order.

    Raises RefusedError where the shop does not take the call at all (nothing was queued), AnswerLostError where it may
    have, and what else a call may end in.
    """
    bodies = [body for _, body in rows]
    said = session.ask("POST", path, what, bulk=True, json=bodies, idempotent=False)
    uuid = said.get("bulk_uuid") if isinstance(said, dict) else None
    items = said.get("request_items") if isinstance(said, dict) else None
    if not isinstance(uuid, str) or not isinstance(items, list):
        raise AnswerLostError(f"{what}: queued or not, the shop does not say under which bulk_uuid")
    outcomes: dict[int, Outcome] = {}
    for at, item in enumerate(items[: len(rows)]):
        if item.get("status") == "rejected":
            told = str(item.get("error_message") or "rejected by the shop's queue")
            outcomes[at] = outcome(rows[at][0], told, "rejected", kind.named)
    try:
        outcomes |= _followed(session, uuid, rows, kind, set(range(len(rows))) - outcomes.keys(), what)
    except ConnectorError as error:
        for at, (write, _) in enumerate(rows):
            if at not in outcomes:
                outcomes[at] = Outcome(OutcomeKind.UNKNOWN, write.key, message=f"queued, then: {error}")
    return [outcomes[at] for at in range(len(rows))]


def _followed(
    session: Session, uuid: str, rows: Sequence[Row], kind: Kind, waiting: set[int], what: str
) -> dict[int, Outcome]:
    """Asks until nothing is open, or patience is at its end: what is open then may still be done."""
    until = session.context.clock.now() + timedelta(seconds=session.settings.bulk_patience)
    pause = 1.0
    found: dict[int, Outcome] = {}
    while waiting:
        said = session.ask("GET", "bulk/{uuid}/detailed-status", what, parts={"uuid": uuid}, after=pause)
        operations = said.get("operations_list") if isinstance(said, dict) else None
        for at, done in _paired(operations or (), rows, kind.wrap).items():
            if at in waiting and done.get("status") in {_DONE, _AGAIN, _FAILED, _REJECTED}:
                found[at] = _verdict(rows[at][0], done, kind)
                waiting.discard(at)
        if waiting and session.context.clock.now() >= until:
            minutes = round(session.settings.bulk_patience / 60)
            told = f"still in the shop's queue after {minutes} minutes: do its consumers run?"
            return found | {at: Outcome(OutcomeKind.UNKNOWN, rows[at][0].key, message=told) for at in waiting}
        pause = min(pause * 2, _LONGEST_PAUSE)
    return found


def _verdict(write: Write, operation: Mapping[str, Any], kind: Kind) -> Outcome:
    status = operation.get("status")
    message = rendered({"message": operation.get("result_message") or ""})
    if status == _AGAIN:
        return Outcome(OutcomeKind.RETRY, write.key, code="bulk-2", message="the shop asks to try again")
    if status != _DONE:
        return outcome(write, message, f"bulk-{status}", kind.named)
    made = _parsed(operation.get("result_serialized_data"))
    key = made.get("id") if isinstance(made, dict) else None
    if key is None:
        return Outcome(OutcomeKind.UNKNOWN, message="done, but the shop does not say what was made")
    return Outcome(OutcomeKind.APPLIED, str(key))


def _paired(operations: Sequence[Mapping[str, Any]], rows: Sequence[Row], wrap: str) -> dict[int, Mapping[str, Any]]:
    """Operations by the row they are for. Their ids count from 0 in some releases and through all bulks in others, so
    that each is known by what it carries out."""
    places: dict[Any, list[int]] = {}
    for at, (_, body) in enumerate(rows):
        places.setdefault(_identity(body, wrap), []).append(at)
    paired: dict[int, Mapping[str, Any]] = {}
    for operation in sorted(operations, key=lambda one: int(one.get("id") or 0)):
        envelope = _parsed(operation.get("serialized_data"))
        asked = _parsed(envelope.get("meta_information")) if isinstance(envelope, dict) else None
        own = places.get(_identity(asked, wrap)) if isinstance(asked, dict) else None
        if own:
            paired[own.pop(0)] = operation
    return paired


def _identity(body: Mapping[str, Any], wrap: str) -> tuple[str, ...]:
    record = body.get(wrap)
    inner = record if isinstance(record, dict) else {}
    return tuple(str(inner.get(name)) for name in ("email", "company_email", "website_id"))


def _parsed(text: Any) -> Any:
    """The JSON in a text; what is not JSON is None."""
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
