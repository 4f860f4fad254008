"""What Salesforce's error codes mean. Status 403 is both "limit" and "forbidden": only the code decides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.salesforce.soql import full_key
from connectors.sdk import (
    ConnectorError,
    Outcome,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    Write,
)
from connectors.wording import without_values

PASSING = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"})
GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})
_DUPLICATE = frozenset({"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID", "DUPLICATES_DETECTED"})
_SPENT = frozenset({"REQUEST_LIMIT_EXCEEDED", "STORAGE_LIMIT_EXCEEDED"})
_LOCKED_OUT = frozenset(
    {
        "INVALID_SESSION_ID",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "INVALID_LOGIN",
        "ORG_LOCKED",
        "FUNCTIONALITY_NOT_ENABLED",
    }
)
_NOT_HERE = "INSUFFICIENT_ACCESS_"
"""Begins the codes for a record that the user may not change, or may not refer to. The first of them is also what a
user hears who may do so with no record: only describing the object tells. (INSUFFICIENT_ACCESS alone: a right of the
user's own is missing, as "View All Data" for upserts by a field that is not unique.)"""

CLOSED = frozenset(
    {"INSUFFICIENT_ACCESS_OR_READONLY", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "INVALID_TYPE_FOR_OPERATION"}
)
_LOOK = "look at the profile, permission sets and sharing of the hub's user, for this record and those it refers to"
_COLUMN = re.compile(r"No such column '([\w.]+)'")
_HOLDER = re.compile(r"record with id: (\w{15,18})")


def request_error(status: int, content: Any, what: str) -> ConnectorError:
    """The error for a request refused as a whole; ``what`` names object and deed. Its text carries no vendor message,
    which may quote values."""
    said = content[0] if isinstance(content, list) and content else None
    code = said.get("errorCode") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(code, str):
        return ProtocolError(f"{what}: HTTP {status} without an error code: is this a Salesforce address?")
    if code == "REQUEST_LIMIT_EXCEEDED":
        return ThrottledError(f"{what}: the org's API calls of the last 24 hours are used up ({code})")
    if code == "STORAGE_LIMIT_EXCEEDED":
        return ThrottledError(f"{what}: the org's storage is full ({code})")
    if code in _LOCKED_OUT or code.startswith("INSUFFICIENT_ACCESS"):
        return UnauthorisedError(f"{what}: the user may not do this ({code})")
    column = _COLUMN.search(str(said.get("message", "")))
    detail = f": no field {column[1]}, or the user may not see it" if column else ""
    return RefusedError(f"{what}: refused ({code}){detail}", code=code)


def item_outcome(error: Mapping[str, Any], write: Write) -> Outcome:
    """The outcome for one refused row. ``error`` is an entry of ``errors``: statusCode, message, fields."""
    code = str(error.get("statusCode") or error.get("errorCode") or "UNKNOWN_ERROR")
    fields = [str(name) for name in error.get("fields") or ()]
    message = without_values(str(error.get("message", "")), write)
    if code.startswith(_NOT_HERE):
        message = f"{message} ({_LOOK})"
    return Outcome(
        kind_of(code, fields, write),
        key=write.key,
        code=code,
        message=message,
        field=fields[0] if fields else None,
        of=_other(code, error),
    )


def kind_of(code: str, fields: list[str], write: Write) -> OutcomeKind:
    """The class of one error code. A code that is not known is a refusal: repeating it blindly would not help."""
    if code in PASSING:
        return OutcomeKind.RETRY
    if code in _SPENT:
        return OutcomeKind.THROTTLED
    if code in _DUPLICATE:
        return OutcomeKind.DUPLICATE
    if code in GONE:
        # On a create, or where a field is named, it is the record pointed to that is gone, not this one.
        about_itself = write.key is not None and not [name for name in fields if name.lower() != "id"]
        return OutcomeKind.MISSING if about_itself else OutcomeKind.REFUSED
    if code in _LOCKED_OUT or code == "INSUFFICIENT_ACCESS":
        return OutcomeKind.UNAUTHORISED
    return OutcomeKind.REFUSED


def _other(code: str, error: Mapping[str, Any]) -> str | None:
    """The key of the record that is in the way, where the answer names it."""
    if code == "DUPLICATE_VALUE":
        found = _HOLDER.search(str(error.get("message", "")))
        return full_key(found[1]) if found else None
    if code != "DUPLICATES_DETECTED":
        return None
    result = error.get("duplicateResult")
    for matches in (result or {}).get("matchResults") or ():
        for match in matches.get("matchRecords") or ():
            key = (match.get("record") or {}).get("Id")
            if key:
                return str(key)
    return None


def bulk_error(text: str) -> dict[str, Any]:
    """``CODE:message:Field1,Field2 --`` of a bulk result as an entry of ``errors``."""
    body = text.removesuffix("--").strip()
    code, _, rest = body.partition(":")
    message, _, fields = rest.rpartition(":")
    names = [name.strip() for name in fields.split(",") if re.fullmatch(r"\w+", name.strip())]
    return {"statusCode": code, "message": message or rest, "fields": names}
