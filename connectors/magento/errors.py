"""What Adobe Commerce's error bodies mean: ``{"message": "No such entity with %fieldName = %fieldValue", "parameters":
{...} or [...]}``. There are no codes: status and the words before they are filled in tell what happened.

Missing rights are a 401 as wrong credentials are; only the words differ (webapi ErrorProcessor of magento2).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from connectors.answers import Answer
from connectors.sdk import ConnectorError, Outcome, OutcomeKind, ProtocolError, RefusedError, UnreachableError, Write
from connectors.wording import without_values

_TAKEN = re.compile(r"same e-?mail( address)? already exists|already exists in an associated website", re.IGNORECASE)
_GONE = re.compile(r"No such entity with (\w+) = (\w+)", re.IGNORECASE)
_FIELD = re.compile(r'^"?(\w+)"? is (?:a )?required|"(\w+)" processing', re.IGNORECASE)
_PLACE = re.compile(r"%(\w+)")


def said(answer: Answer) -> Mapping[str, Any]:
    """The error body, empty where there is none that can be read."""
    try:
        body = answer.json()
    except ConnectorError:
        return {}
    return body if isinstance(body, dict) else {}


def rendered(body: Mapping[str, Any]) -> str:
    """The message with its parameters filled in: ``%1`` from a list, ``%name`` from a mapping; nested errors behind."""
    parts = [body, *(more for more in body.get("errors") or () if isinstance(more, dict))]
    texts = (_filled(str(part.get("message") or ""), part.get("parameters")) for part in parts)
    return " ".join(text for text in texts if text)


def _filled(message: str, parameters: Any) -> str:
    if isinstance(parameters, list):
        values = {str(number): value for number, value in enumerate(parameters, start=1)}
    elif isinstance(parameters, dict):
        values = {str(name): value for name, value in parameters.items()}
    else:
        return message
    return _PLACE.sub(lambda found: str(values.get(found[1], found[0])), message)


def request_error(answer: Answer, what: str) -> ConnectorError:
    """The error for a request refused as a whole. The vendor's words are left out: they may quote values."""
    body = said(answer)
    if not body.get("message"):
        hint = "is this the address of a shop, and is its store view right?"
        return ProtocolError(f"{what}: HTTP {answer.status} without an error message: {hint}")
    if answer.status >= 500:
        return UnreachableError(f"{what}: the shop failed (HTTP {answer.status}); its log says why")
    parameters = body.get("parameters")
    named = parameters.get("fieldName") if isinstance(parameters, dict) else None
    field = f", about {named}" if isinstance(named, str) else ""
    return RefusedError(f"{what}: refused (HTTP {answer.status}{field})", code=f"http-{answer.status}")


def denied(body: Mapping[str, Any]) -> str | None:
    """Which rights are missing, where a 401 is about rights; None where it is about the credentials."""
    parameters = body.get("parameters")
    rights = parameters.get("resources") if isinstance(parameters, dict) else None
    return str(rights) if rights else None


def outcome(write: Write, message: str, code: str, named: Collection[str]) -> Outcome:
    """The outcome of one refused row; a duplicate has yet to be looked up.

    ``named`` is how the vendor calls the key of such a record: what else is not there (a customer group, say) leaves
    the record itself in place.
    """
    kind = OutcomeKind.REFUSED
    if _TAKEN.search(message):
        kind = OutcomeKind.DUPLICATE
    elif (gone := _GONE.search(message)) and gone[1] in named and gone[2] == write.key:
        kind = OutcomeKind.MISSING
    field = _FIELD.search(message)
    return Outcome(
        kind,
        key=write.key,
        code=code,
        message=without_values(message, write),
        field=next((name for name in field.groups() if name), None) if field else None,
    )
