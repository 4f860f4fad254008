"""What error answers of the Web API mean: ``{"error": {"code": "0x8004…", "message": "…"}}``.

Sources: Microsoft Learn, "Web service error codes" and "Compose HTTP requests and handle errors" (Dataverse developer
guide, 2023); "Service protection API limits"; "Dataverse client errors" (troubleshooting). The documents disagree on
the status of a duplicate (412 or 500), and codes are left empty at times, so that the code decides where there is one,
then the status.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.answers import Answer, retry_after
from connectors.sdk import (
    ConnectorError,
    CursorExpiredError,
    Outcome,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    UnauthorisedError,
    Write,
)
from connectors.wording import without_values

EXPIRED = "0x80044352"
"""ExpiredVersionStamp: what changed since the token was given is not remembered any more."""

_DUPLICATE = frozenset(
    {
        "0x80060892",  # DuplicateRecordEntityKey: an alternate key
        "0x80040237",  # DuplicateRecord: the primary key
        "0x80040333",  # DuplicateRecordsFound: a duplicate detection rule
    }
)
_PASSING = frozenset(
    {
        "0x80044151",  # SqlTimeoutError
        "0x80044339",  # no lock on the row: the request was the victim of a deadlock
        "0x8004ed47",  # AppLockTimeout
        "0x80071151",  # the concurrency limit of long operations
    }
)
_DENIED_HERE = frozenset(
    {
        "0x80048306",  # unManagedIdsAccessDenied: the privilege is there, but does not reach this row
        "0x8004f502",  # AttributePrivilegeCreateIsMissing: a secured column
        "0x8004f503",  # AttributePermissionUpdateIsMissingDuringShare
        "0x8004f507",  # AttributePermissionUpdateIsMissingDuringUpdate
    }
)
_LACKING = "0x80040220"
_PRIVILEGE = re.compile(r"missing (prv\w+) privilege", re.IGNORECASE)
_LOOK = "look at the application user's security roles, their reach, and its column security profiles"
_LENGTH = re.compile(r"of the '(\w+)' attribute")
_COLUMN = re.compile(r"property named '(\w+)'|attribute (?:name )?'?(\w+)'? ")


def said(answer: Answer) -> tuple[str, str]:
    """Code and message of an error answer; empty where it has none."""
    try:
        body = answer.json()
    except ConnectorError:
        return "", ""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, Mapping):
        return "", ""
    return str(error.get("code") or "").lower(), str(error.get("message") or "")


def request_error(answer: Answer, what: str) -> ConnectorError:
    """The error for a request refused as a whole. Its text carries no vendor message, which may quote values."""
    code, message = said(answer)
    if not code and not message:
        return ProtocolError(f"{what}: HTTP {answer.status} without an error code: is this a Dynamics 365 address?")
    if code == EXPIRED:
        return CursorExpiredError(f"{what}: the changes since the last read are not remembered any more ({code})")
    shown = code or f"HTTP {answer.status}"
    if answer.status == 403:
        return UnauthorisedError(f"{what}: the application user may not do this ({shown})")
    column = _COLUMN.search(message)
    detail = f": no column {column[1] or column[2]}" if column and answer.status == 400 else ""
    return RefusedError(f"{what}: refused ({shown}){detail}", code=code or f"http-{answer.status}")


def refusal(answer: Answer, write: Write, now: datetime, privileges: Collection[str] = ()) -> Outcome:
    """The outcome of one write that was not done: each travels in a change set of its own, undone where it fails.

    ``privileges`` are those on the table itself. Without one of these nothing can be written there; another one is
    lacked for what this row refers to, or for what a plug-in does with it.
    """
    code, message = said(answer)
    found = _LENGTH.search(message)
    kind = _kind(answer.status, code, write)
    lacks = _PRIVILEGE.search(message) if code == _LACKING else None
    own = {name.lower() for name in privileges}
    if code in _DENIED_HERE or (lacks and own and lacks[1].lower() not in own):
        kind, message = OutcomeKind.REFUSED, f"{message} ({_LOOK})"
    wait = retry_after(answer.headers, now) if kind is OutcomeKind.THROTTLED else None
    return Outcome(
        kind,
        key=write.key,
        code=code or f"http-{answer.status}",
        message=without_values(message, write),
        field=found[1] if found else None,
        until=now + timedelta(seconds=wait) if wait is not None else None,
    )


def _kind(status: int, code: str, write: Write) -> OutcomeKind:
    if code in _DUPLICATE:
        return OutcomeKind.DUPLICATE
    if code in _PASSING:
        return OutcomeKind.RETRY
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if write.key is not None and status == 404:
        return OutcomeKind.MISSING
    if write.key is not None and status == 412:
        return OutcomeKind.STALE
    return OutcomeKind.REFUSED


_BY_STATUS: Mapping[int, OutcomeKind] = {
    401: OutcomeKind.UNAUTHORISED,
    403: OutcomeKind.UNAUTHORISED,
    429: OutcomeKind.THROTTLED,
    502: OutcomeKind.RETRY,
    503: OutcomeKind.RETRY,
    504: OutcomeKind.RETRY,
}


def listed(answer: Any, what: str) -> list[dict[str, Any]]:
    """The ``value`` of a collection. Raises ProtocolError where it is none."""
    rows = answer.get("value") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProtocolError(f"{what}: an answer without rows")
    return rows
