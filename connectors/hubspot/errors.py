"""What HubSpot's refusals mean.

An error body has ``status``, ``category``, ``message``, often ``subCategory``, ``context`` and ``errors``; each of them
may be missing (developers.hubspot.com, "Error handling", November 2026). Its messages quote values, and are therefore
read here and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from connectors.sdk import (
    ConnectorError,
    Outcome,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    UnauthorisedError,
    Write,
)

_HOLDER = re.compile(r"Existing ID: (\d+)|(\d+) already has that value")
_PROPERTY = re.compile(r"propertyName=(\w+)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{1,80}")
_IDS = ("id", "ids", "objectId", "fromObjectId", "toObjectId")
_LISTED = "Property values were not valid: "
_KINDS = {
    "CONFLICT": OutcomeKind.DUPLICATE,
    "OBJECT_NOT_FOUND": OutcomeKind.MISSING,
    "MISSING_SCOPES": OutcomeKind.UNAUTHORISED,
    "RATE_LIMITS": OutcomeKind.THROTTLED,
    "INTERNAL_ERROR": OutcomeKind.RETRY,
}


class Complaint(NamedTuple):
    """One refusal: ``code`` is the most exact word for it, ``traces`` and ``ids`` are of the inputs it is about."""

    category: str
    code: str
    properties: tuple[str, ...] = ()
    traces: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    holder: str | None = None
    scopes: tuple[str, ...] = ()

    @property
    def kind(self) -> OutcomeKind:
        return OutcomeKind.DUPLICATE if self.holder else _KINDS.get(self.category, OutcomeKind.REFUSED)


class RefusalError(RefusedError):
    """A request that was refused as a whole: nothing of it was carried out."""

    def __init__(self, message: str, complaint: Complaint) -> None:
        super().__init__(message, complaint.code)
        self.complaint = complaint


def complaint_of(entry: Mapping[str, Any]) -> Complaint:
    """An error body, or an entry of ``errors`` in the answer to a batch."""
    message = str(entry.get("message") or "")
    details = [detail for detail in _list(entry.get("errors")) if isinstance(detail, dict)] + list(_listed(message))
    contexts = [_context(entry), *(_context(detail) for detail in details)]
    codes = [detail.get("code") or detail.get("error") or detail.get("subCategory") for detail in details]
    codes += [entry.get("subCategory"), entry.get("category")]
    names = [name for context in contexts for key in ("propertyName", "properties") for name in context.get(key, ())]
    names += [str(detail["name"]) for detail in details if detail.get("name")] + _PROPERTY.findall(message)
    found = _HOLDER.search(message)
    scopes = ("requiredGranularScopes", "missingScopes", "requiredScopes")
    return Complaint(
        category=str(entry.get("category") or ""),
        code=next((one for one in codes if isinstance(one, str) and _NAME.fullmatch(one)), "refused"),
        properties=tuple(dict.fromkeys(name for name in names if _NAME.fullmatch(name))),
        traces=_under(contexts, ("objectWriteTraceId",)),
        ids=_under(contexts, _IDS),
        holder=(found[1] or found[2]) if found else None,
        scopes=tuple(scope for context in contexts for key in scopes for scope in context.get(key, ())),
    )


def _under(contexts: Iterable[Mapping[str, tuple[str, ...]]], keys: Iterable[str]) -> frozenset[str]:
    """What contexts name under these keys; under others there may be values, which look like ids now and then."""
    return frozenset(value for context in contexts for key in keys for value in context.get(key, ()))


def _listed(message: str) -> Iterator[Mapping[str, Any]]:
    """Older answers carry what is wrong with each property as JSON inside the message."""
    if not message.startswith(_LISTED):
        return
    try:
        yield from (one for one in orjson.loads(message.removeprefix(_LISTED)) if isinstance(one, dict))
    except (orjson.JSONDecodeError, TypeError):
        return


def _context(entry: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    context = entry.get("context")
    if not isinstance(context, dict):
        return {}
    return {key: tuple(str(one) for one in _list(value)) for key, value in context.items()}


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else () if value is None else (value,)


def request_error(status: int, body: Any, what: str) -> ConnectorError:
    """The error for a request that was refused as a whole; ``what`` names object type and deed."""
    if not isinstance(body, dict) or not isinstance(body.get("category"), str):
        return ProtocolError(f"{what}: HTTP {status} without an error category: is this HubSpot's address?")
    found = complaint_of(body)
    if status == 403 or found.category == "MISSING_SCOPES":
        lacking = f": it needs one of {', '.join(found.scopes)}" if found.scopes else ""
        return UnauthorisedError(f"{what}: the app may not do this ({found.code}){lacking}")
    named = f", {', '.join(found.properties[:5])}" if found.properties else ""
    return RefusalError(f"{what}: refused ({found.code}{named})", found)


def outcome_of(complaint: Complaint, write: Write, what: str) -> Outcome:
    """What a refusal means for one row."""
    kind = complaint.kind
    if kind is OutcomeKind.MISSING and write.key is None:
        kind = OutcomeKind.REFUSED  # what a create lacks is not itself
    field = complaint.properties[0] if complaint.properties else None
    about = f" {field}" if field else ""
    message = f"{what}:{about} refused ({complaint.code})"
    return Outcome(kind, write.key, code=complaint.code, message=message, field=field, of=complaint.holder)
