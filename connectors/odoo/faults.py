"""What Odoo's exceptions mean. They come as 4xx and 5xx from JSON-2, and inside a 200 from JSON-RPC.

A body names the Python exception: ``{name, message, arguments, context, debug}`` (documentation, External JSON-2 API);
``debug`` is a traceback, and is never looked at. Whatever the exception, the transaction of the call was rolled back.
Names: odoo/exceptions.py; conflicts of transactions reach us by psycopg's names once Odoo has tried five times
(odoo/service/model.py, ``retrying``). Broken constraints are ValidationErrors there, and psycopg's in older versions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.sdk import Outcome, OutcomeKind, RefusedError, UnauthorisedError, Write
from connectors.wording import without_values

DENIED = frozenset({"AccessDenied", "AccessError", "Forbidden", "Unauthorized"})
_PASSING = frozenset(
    {
        "LockError",
        "ConcurrencyError",
        "SerializationFailure",
        "LockNotAvailable",
        "DeadlockDetected",
        "OperationalError",
    }
)
_WHOLE = re.compile(r"(?:Sorry, you|You) are not allowed to \w+ (?:documents of type )?'.*' \(([\w.]+)\)")
"""How the lack of a right to a whole model is said, and to which; what record rules and the groups of a field forbid is
said in other words (odoo/addons/base/models/ir_model.py, ``_make_access_error``; labels are asked for in English)."""

_ALONE = "the hub's user may not do this with this record"
_PARTLY = re.compile(r"top-secret records|security restrictions|enough rights to access")
_TAKEN = re.compile(r"already exists|duplicate key|must be unique", re.IGNORECASE)


class RefusalError(RefusedError):
    """Odoo refused one call to a model as a whole, and nothing of it was done. ``said`` are its words: they may quote
    values."""

    def __init__(self, what: str, fault: Mapping[str, Any], model: str) -> None:
        code = str(fault.get("name") or "Error").rpartition(".")[2]
        super().__init__(f"{what}: refused ({code})", code=code)
        self.said = str(fault.get("message") or "")
        self.model = model

    @property
    def whole(self) -> bool:
        """Whether it was for rights that the user lacks whatever the record is."""
        return kind_of(self.code, self.said, self.model) is OutcomeKind.UNAUTHORISED


class HiddenError(UnauthorisedError):
    """The user may not see some record, or some field, that was asked for."""


def outcome(error: RefusalError, write: Write) -> Outcome:
    """The outcome of a row that was alone in a refused call."""
    return told(kind_of(error.code, error.said, error.model), write, error.code, error.said)


def kind_of(code: str, said: str, model: str) -> OutcomeKind:
    """The class of an exception; one that is not known is a refusal, since sending it again would not help.

    A lack of rights to the model that is written concerns everything; one to another model (a tag that is not there
    yet, an activity) only the records that need it.
    """
    if code == "MissingError":
        return OutcomeKind.MISSING
    if code in DENIED:
        partly = code == "AccessError" and _lacking(said) != model
        return OutcomeKind.REFUSED if partly else OutcomeKind.UNAUTHORISED
    if code in _PASSING:
        return OutcomeKind.RETRY
    if code == "UniqueViolation" or _TAKEN.search(said):
        return OutcomeKind.DUPLICATE
    return OutcomeKind.REFUSED


def _lacking(said: str) -> str | None:
    """The model that the sentence says the user has no right to whatever the record is."""
    found = _WHOLE.match(said)
    return found[1] if found else None


def complaint(message: Mapping[str, Any], write: Write, model: str) -> Outcome:
    """The outcome of a row that ``load`` complained about: ``{type, message, record, field, ...}``."""
    field = str(message.get("field") or "") or None
    said = str(message.get("message") or "")
    if field == ".id":
        return Outcome(OutcomeKind.MISSING, write.key, code="MissingError", message="there is no such record any more")
    found = re.search(r"odoo\.exceptions\.(\w+)", said)  # versions before 17 quote the class
    code = found[1] if found else "ImportError"
    said = said[found.end() :].lstrip("'> :") if found else said
    if not found and (_WHOLE.match(said) or _PARTLY.search(said)):
        code = "AccessError"
    return told(kind_of(code, said, model), write, code, said)._replace(field=_named(field, write))


def told(kind: OutcomeKind, write: Write, code: str, said: str) -> Outcome:
    if code == "AccessError" and kind is OutcomeKind.REFUSED:  # Odoo's own words name records
        other = _lacking(said)
        what = f"this would need rights to {other}, which the hub's user lacks" if other else _ALONE
        said = f"{what}: look at the user's groups and the record rules in Odoo"
    return Outcome(kind, write.key, code=code, message=without_values(said.strip(), write)[:500])


def _named(field: str | None, write: Write) -> str | None:
    """The field of the record that a column's name belongs to: ``country_id`` is ``country_id.code`` to the hub."""
    return next((path for path in write.fields if field and path.partition(".")[0] == field), field)
