"""What Siebel's error codes mean. The status says little: most errors are a 500 with ``{"ERROR": "text(SBL-...)"}``.

04383, 04378 and 04397 are those of the REST API guide ("Inserting Multiple ... When a Record Already Exists",
"Deleting Multiple ..."), 00498 and 00398 those of Oracle's list for CRM On Demand, 00523 that of the modification
number. The others come from integrations in the field. A code that is not known is a refusal.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from connectors.http import Answer
from connectors.sdk import (
    AnswerLostError,
    ConnectorError,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    UnauthorisedError,
    UnreachableError,
)

NO_ROWS = "SBL-EAI-04378"
_KINDS = {
    "SBL-EAI-04383": OutcomeKind.DUPLICATE,  # a record with this user key is there
    "SBL-EAI-04381": OutcomeKind.DUPLICATE,
    "SBL-DAT-00381": OutcomeKind.DUPLICATE,
    "SBL-DAT-00382": OutcomeKind.DUPLICATE,
    NO_ROWS: OutcomeKind.MISSING,
    "SBL-DAT-00523": OutcomeKind.STALE,  # modified by another user since it was retrieved
    "SBL-DAT-00825": OutcomeKind.UNAUTHORISED,  # access to the resource denied
    "SBL-DAT-00278": OutcomeKind.REFUSED,
    "SBL-DAT-00279": OutcomeKind.REFUSED,
    "SBL-DAT-00284": OutcomeKind.REFUSED,
    "SBL-DAT-00542": OutcomeKind.REFUSED,
    "SBL-DAT-00553": OutcomeKind.REFUSED,
}
NOT_THIS_ONE = frozenset(f"SBL-DAT-{number}" for number in ("00278", "00279", "00284", "00542", "00553"))
"""What the user may do with others of the kind, and not with this record (an integration in the field, which tells the
user of that record and goes on with the next). Said of each of several rows, it is of the component: another one in the
field takes 00553 for an object that is not there for the user, another one 00279 of a create for a role that may make
no records of the kind."""

RIGHTS = (
    "It is this record that the integration user may not write: look at its position, organisation and responsibilities"
)
OF_A_ROW = frozenset(_KINDS) - {"SBL-DAT-00825"}
"""Codes that speak of one record. Without the right to a whole component every row would be tried in vain."""

_CODE = re.compile(r"SBL-[A-Z]{3}-\d{5}")
_DOWN = re.compile(r"SBL-(?:JCA|NET|SMI|SRB|SSM|SVR)-")
"""Families of the servers and the lines between them: nothing is wrong with what was asked."""

_FIELD = re.compile(r"'(?:<field>)?([^'<>]+)(?:</field>)?' is a required field|[Ff]ield '([^']+)'")
_USER_KEY = re.compile(r'\[([^\]]+)\] = \\?"((?:[^"\\]|\\.)*?)\\?"')


class ForbiddenError(UnauthorisedError):
    """The user was let in, and may not do this. ``of_a_row``: with one record, as far as is told."""

    of_a_row = False
    code = ""


def message_of(answer: Answer) -> str:
    """Siebel's own words, "" where there are none. They may quote values: not for logs."""
    try:
        body: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return ""
    said = body.get("ERROR") if isinstance(body, dict) else None
    if isinstance(said, dict):  # some releases put code and text into an object
        return " ".join(str(one) for one in said.values())
    return said if isinstance(said, str) else ""


def code_of(message: str) -> str | None:
    """The code that tells most: one whose meaning is known, else the first, which is the innermost."""
    codes = _CODE.findall(message)
    return next((code for code in codes if code in _KINDS), codes[0] if codes else None)


def kind_of(code: str) -> OutcomeKind:
    return _KINDS.get(code, OutcomeKind.REFUSED)


def field_of(message: str) -> str | None:
    """The field complained about, where it is named."""
    found = _FIELD.search(message)
    return (found[1] or found[2]) if found else None


def user_key_of(message: str) -> dict[str, str]:
    """Fields and values by which a duplicate was found, as the message of 04383 tells them."""
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in _USER_KEY.findall(message)}


def request_error(answer: Answer, what: str) -> ConnectorError:
    """The error for a request that did not go well as a whole. Its text carries no words of Siebel's: values may be
    in them."""
    code = code_of(message_of(answer))
    status = f"HTTP {answer.status}"
    if code is not None and _DOWN.match(code):
        kind = AnswerLostError if answer.after_write else UnreachableError
        return kind(f"{what}: a Siebel server is not there ({code}, {status})")
    if code in NOT_THIS_ONE or answer.status == 403 or (code and kind_of(code) is OutcomeKind.UNAUTHORISED):
        forbidden = ForbiddenError(f"{what}: the user may not do this ({code or status})")
        forbidden.of_a_row, forbidden.code = code in NOT_THIS_ONE, code or status
        return forbidden
    if code is not None:
        return RefusedError(f"{what}: refused ({code}, {status})", code=code)
    if answer.status >= 500:
        kind = AnswerLostError if answer.after_write else UnreachableError
        return kind(f"{what}: server error, {status} without a Siebel code")
    if answer.status == 404 and not answer.body.lstrip().startswith(b"<"):
        return RefusedError(f"{what}: there is no such object, component or record ({status})", code="http-404")
    if 400 <= answer.status < 500 and answer.status != 404:
        return RefusedError(f"{what}: refused ({status})", code=f"http-{answer.status}")
    return ProtocolError(f"{what}: {status}: is this the address of a Siebel REST API?")
