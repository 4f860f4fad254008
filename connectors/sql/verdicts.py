"""What a driver's refusal of one row means."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.exc import IntegrityError, StatementError

from connectors.sdk import Outcome, OutcomeKind
from connectors.sql.engine import is_passing, state_of
from connectors.sql.layout import Layout

_SQLITE_COLUMNS = re.compile(r"(?P<what>UNIQUE|NOT NULL) constraint failed: (?P<columns>[^\n]+)")
_KEYED = re.compile(r"Key \((?P<columns>[^)]*)\)=")
_MYSQL = re.compile(r"(?:Column|for column) '(?P<columns>[^']+)'")


def verdict(layout: Layout, error: Exception, key: str | None) -> Outcome:
    """The outcome of a row that was refused alone. The code is the database's own; its text may quote values."""
    if is_passing(error):
        return Outcome(OutcomeKind.RETRY, key, code=state_of(error) or "locked", message="the row is locked")
    cause = getattr(error, "orig", None) or error
    code = state_of(error) or getattr(cause, "sqlite_errorname", "") or type(cause).__name__
    column = _column(layout, cause)
    if isinstance(error, IntegrityError) and _is_duplicate(code, str(cause)):
        said = (
            f"another row holds this value of {column}" if column else "another row holds a value that must be unique"
        )
        return Outcome(OutcomeKind.DUPLICATE, key, code=code, message=said, field=column)
    kind = type(error if isinstance(error, StatementError) else cause).__name__
    message = f"the database refused the row{f' because of column {column}' if column else ''} ({kind})"
    return Outcome(OutcomeKind.REFUSED, key, code=code, message=message, field=column)


def _is_duplicate(code: str, text: str) -> bool:
    if code:
        known = {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"}
        if code in known:
            return True
    lowered = text.lower()
    return "unique constraint failed" in lowered or "duplicate" in lowered or "unique key" in lowered


def _column(layout: Layout, cause: Any) -> str | None:
    named = getattr(getattr(cause, "diag", None), "column_name", None)
    if named in layout.columns:
        return str(named)
    text = f"{cause} {getattr(getattr(cause, 'diag', None), 'message_detail', '') or ''}"
    for pattern in (_SQLITE_COLUMNS, _KEYED, _MYSQL):
        found = pattern.search(text)
        if found:
            columns = [part.strip().strip('"').rsplit(".", 1)[-1] for part in found["columns"].split(",")]
            known = [column for column in columns if column in layout.columns]
            if known:
                return known[0]
    return None
