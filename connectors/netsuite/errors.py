"""What NetSuite's error codes mean. The body is the same everywhere: ``o:errorDetails``, each with a code and a path.

Codes: "Error Handling in REST Web Services" and "SOAP Web Services Status Codes" of the help centre; how a request
beyond the account's concurrency is answered differs (429, or 400 with a code), seen in both forms.

INSUFFICIENT_PERMISSION is said of a field that may not be set, of a record out of the role's reach, and of a role that
lacks the permission for a kind of record or has it at too low a level, each in words of its own (recorded in the tests
of the Ruby gem netsuite and in guides of integrators). That a role may not use REST at all is a USER_ERROR (Improvado's
troubleshooting page).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from connectors.http import Answer
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

_BUSY = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "EXCEEDED_CONCURRENT_REQUEST_LIMIT"})
_GONE = frozenset({"NONEXISTENT_ID", "RCRD_DSNT_EXIST"})
_PASSING = frozenset({"RCRD_HAS_BEEN_CHANGED", "RECORD_LOCKED", "SESSION_TIMED_OUT"})
_DUPLICATE = frozenset({"DUP_ENTITY", "DUP_RCRD", "UNIQUE_CUST_ID_REQD", "CONTACT_ALREADY_EXISTS", "DUP_EXTERNAL_ID"})
_CLOSED = frozenset({"INVALID_LOGIN", "USER_DISABLED"})
_FORBIDDEN = frozenset({"INSUFFICIENT_PERMISSION", "FEATURE_DISABLED"})
_NO_REST = re.compile(r"current role does not have permission to perform this action")
_EXISTS = re.compile(r"already (exists|in use)|uniqueness error|has already been used", re.IGNORECASE)
_COLUMN = re.compile(r"Field '(\w+)'")
_TABLE = re.compile(r"Record ['‘](\w+)['’] was not found")
_LACKING = re.compile(r"You need\b.*?the '([^']*)' permission")
_ELEMENT = re.compile(r"set a value for element (\w+)")
_RIGHTS = (
    "It is this record or field that the integration's role may not write: look at the role's permissions and "
    "restrictions (Setup > Users/Roles > Manage Roles)"
)
_PAUSE = 2.0


class ForbiddenError(UnauthorisedError):
    """The role was let in, and may not do this."""


class BrokenError(RefusedError):
    """Refused by a 500 in NetSuite's own words: a trouble that passes, or something that its search cannot do."""


class Said(NamedTuple):
    """The first thing that an error body says."""

    code: str
    detail: str
    path: str | None


def said(answer: Answer) -> Said | None:
    """What a refusal says; None where it is not said as NetSuite does."""
    try:
        body = answer.json()
    except ConnectorError:
        return None
    details = body.get("o:errorDetails") if isinstance(body, Mapping) else None
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], Mapping) else None
    if first is None:
        return None
    path = first.get("o:errorPath")
    return Said(str(first.get("o:errorCode") or "UNKNOWN"), str(first.get("detail") or ""), str(path) if path else None)


def busy(answer: Answer) -> float | None:
    """Seconds to wait where the account has as many requests under way as it may have, and says so with a 400."""
    if answer.status != 400:
        return None
    what = said(answer)
    return _PAUSE if what is not None and what.code in _BUSY else None


def request_error(answer: Answer, what: str) -> ConnectorError:
    """The error for a request refused as a whole. Its text carries no vendor message, which may quote values."""
    found = said(answer)
    if found is None:
        return ProtocolError(f"{what}: HTTP {answer.status} without an error code: is this a NetSuite address?")
    if found.code in _BUSY:
        return ThrottledError(f"{what}: the account has too many requests under way ({found.code})")
    if found.code in _CLOSED or _NO_REST.search(found.detail):
        return UnauthorisedError(f"{what}: the role is not let in ({found.code})")
    if answer.status == 403 or found.code in _FORBIDDEN:
        return ForbiddenError(f"{what}: the role may not do this ({found.code})")
    column, table = _COLUMN.search(found.detail), _TABLE.search(found.detail)
    detail = f": no column {column[1]}, or the role may not see it" if column else ""
    detail = f": no table {table[1]}, or the role may not see it" if table else detail
    kind = BrokenError if answer.status == 500 else RefusedError
    return kind(f"{what}: refused ({found.code}){detail}", code=found.code)


def row_outcome(answer: Answer, write: Write, permission: str, *, removing: bool = False) -> Outcome:
    """The outcome of a write that was refused. ``permission``: what the right to this kind of record is called. That it
    does not go as far as deleting keeps nobody from making and changing records.

    MISSING is no more than a guess: scripts, and fields that point to other records, are told by the same codes.
    """
    found = said(answer)
    if found is None:
        return Outcome(OutcomeKind.REFUSED, write.key, code=f"HTTP_{answer.status}", message="refused without a reason")
    kind, message = _kind(found, write, None if removing else permission), in_words(found, write)
    if kind is OutcomeKind.REFUSED and (answer.status == 403 or found.code in _FORBIDDEN):
        message = f"{message} {_RIGHTS}"
    return Outcome(kind, write.key, code=found.code, message=message, field=found.path or _element(found, write))


def in_words(found: Said, write: Write) -> str:
    """The vendor's words, less the row's own values."""
    flat = write._replace(fields={str(n): text for n, text in enumerate(_texts(write.fields))})
    return without_values(found.detail, flat)


def _kind(found: Said, write: Write, permission: str | None) -> OutcomeKind:
    """The class of one refusal. A code that is not known is a refusal: repeating it blindly would not help."""
    if found.code in _BUSY or found.code in _PASSING:
        return OutcomeKind.RETRY
    if found.code in _DUPLICATE or _EXISTS.search(found.detail):
        return OutcomeKind.DUPLICATE
    if found.code in _GONE and found.path is None and write.key is not None:  # not any 404: a feature may be off
        return OutcomeKind.MISSING
    if found.code in _CLOSED or _NO_REST.search(found.detail):
        return OutcomeKind.UNAUTHORISED
    lacking = _LACKING.search(found.detail)
    of_all = lacking is not None and lacking[1] == permission
    if of_all or (found.code == "FEATURE_DISABLED" and found.path is None):
        return OutcomeKind.UNAUTHORISED
    return OutcomeKind.REFUSED


def _element(found: Said, write: Write) -> str | None:
    """The field that may not be set: its name is in the words, and in small letters."""
    named = _ELEMENT.search(found.detail)
    return next((name for name in write.fields if named and name.lower() == named[1].lower()), None)


def _texts(value: Any) -> list[str]:
    """All texts and numbers of a row, those of its lines included."""
    if isinstance(value, Mapping):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in _texts(part)]
    return [str(value).strip()] if isinstance(value, str | int | float) and not isinstance(value, bool) else []
