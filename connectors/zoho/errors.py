"""What Zoho's error codes mean: of a whole call, and of one item of it. Messages repeat no values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.http import Answer
from connectors.sdk import (
    AnswerLostError,
    ConnectorError,
    Outcome,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
    Write,
)
from connectors.wording import without_values

MOVED = frozenset({"ALREADY_MODIFIED", "RECORD_MODIFIED"})
TOO_MANY = frozenset({"TOO_MANY_REQUESTS", "API_LIMIT_EXCEEDED"})
_NOT_ALLOWED = frozenset(
    {"NO_PERMISSION", "AUTHORIZATION_FAILED", "AUTHENTICATION_FAILURE", "OAUTH_SCOPE_MISMATCH", "INVALID_TOKEN"}
)
PARKED: Mapping[str, str] = {
    "RECORD_LOCKED": "the record is locked: unlock it, or wait until whoever holds it is done",
    "RECORD_IN_BLUEPRINT": "the record is in a blueprint that does not let this field be changed: move it on there",
    "NO_PERMISSION": "the record is not the hub's user's to change: look at its role and profile, and at data sharing",
    "NOT_APPROVED": "the record waits for its approval: approve or reject it there",
    "CONVERTED_RECORD": "the lead was converted: it is changed no more, its contact and account are",
    "ID_ALREADY_CONVERTED": "the lead was converted: it is changed no more, its contact and account are",
}
"""States of one record, and rights to it: a person changes them, and sending again does not. (A module that the user
has no rights to has the whole call refused.)"""


def call_error(answer: Answer, what: str) -> ConnectorError:
    """The error for a call refused as a whole; ``what`` names module and deed."""
    said = _said(answer)
    code = said.get("code")
    if not isinstance(code, str):
        unread = AnswerLostError if answer.after_write and answer.ok else ProtocolError
        return unread(f"{what}: HTTP {answer.status} without an error code: is this Zoho CRM?")
    if code in TOO_MANY:
        return ThrottledError(f"{what}: the calls allowed are used up ({code})")
    if code in _NOT_ALLOWED:
        return UnauthorisedError(f"{what}: the user may not do this ({code})")
    if code == "INTERNAL_ERROR":
        kind = AnswerLostError if answer.after_write else UnreachableError
        return kind(f"{what}: the system failed ({code}, HTTP {answer.status})")
    name = _field(said)
    return RefusedError(f"{what}: refused ({code}{f', {name}' if name else ''})", code=code)


def item_outcome(item: Mapping[str, Any], write: Write) -> Outcome:
    """The outcome of one refused item: ``code``, ``message``, ``status`` and ``details``."""
    code = str(item.get("code") or "UNKNOWN_ERROR")
    name = _field(item)
    kind = _kind_of(code, name, write)
    said = PARKED.get(code) or without_values(str(item.get("message") or ""), write)
    of = other(item) if kind is OutcomeKind.DUPLICATE else None
    return Outcome(kind, write.key, code=code, message=said, field=name, of=of)


def _kind_of(code: str, name: str | None, write: Write) -> OutcomeKind:
    """A code that is not known is a refusal: repeating it blindly would not help."""
    if code == "DUPLICATE_DATA":
        return OutcomeKind.DUPLICATE
    if code in MOVED:
        return OutcomeKind.STALE
    if code == "INVALID_DATA" and write.key is not None and name in {None, "id"}:
        return OutcomeKind.MISSING  # "the id given seems to be invalid"
    if code == "INTERNAL_ERROR":
        return OutcomeKind.UNKNOWN
    return OutcomeKind.THROTTLED if code in TOO_MANY else OutcomeKind.REFUSED


def other(item: Mapping[str, Any]) -> str | None:
    """The key of the record that holds a unique value: in ``duplicate_record`` since v7, before as ``id``."""
    details = _mapping(item.get("details"))
    holder = _mapping(details.get("duplicate_record")).get("id") or details.get("id")
    return str(holder) if holder else None


def code_of(answer: Answer) -> str | None:
    """The code of a refused call, None where it is no refusal of Zoho's."""
    code = _said(answer).get("code")
    return code if isinstance(code, str) else None


def _said(answer: Answer) -> Mapping[str, Any]:
    try:
        return _mapping(answer.json())
    except (ProtocolError, AnswerLostError):
        return {}


def _field(said: Mapping[str, Any]) -> str | None:
    name = _mapping(said.get("details")).get("api_name")
    return str(name) if name else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
