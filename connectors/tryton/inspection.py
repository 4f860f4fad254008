"""What `check` looks at: the address, the way in, the module party, and whether the filter bites."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.sdk import ConnectorError, Diagnostic, RefusedError, Severity, ThrottledError, UnauthorisedError
from connectors.tryton.parties import PARTY, sent
from connectors.tryton.session import Session

_FUTURE = datetime(2999, 1, 1, tzinfo=UTC)
_TRIED_WITH = "8.2"


def inspect(session: Session) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        series = session.version()
        found = _closed_to_us(session)
    except ConnectorError as error:
        return [_closed(error)]
    if series != _TRIED_WITH:
        message = f"the server is of series {series}; this connector was tried with {_TRIED_WITH}"
        found.append(Diagnostic(code="other-series", path="url", severity=Severity.NOTE, message=message))
    return found


def _closed_to_us(session: Session) -> list[Diagnostic]:
    """Findings about parties. Raises what signing in raises."""
    future = [["write_date", ">=", sent(_FUTURE)]]
    try:
        rows = session.ask(f"{PARTY}.search", "looking for parties", future, 0, 1, None)
    except UnauthorisedError as error:
        if "signing in" in str(error) or "HTTP 401" in str(error):
            raise
        hint = "put the user into a group that may read, write, create and delete parties"
        return [Diagnostic(code="no-access", path="user", message=str(error), hint=hint)]
    except RefusedError as error:
        if error.code.startswith("http-"):
            raise
        hint = "activate the module party in this database"
        return [Diagnostic(code="no-parties", path="database", message=str(error), hint=hint)]
    if rows:
        message = "the server ignores the condition on write_date: every read would be a full one"
        return [Diagnostic(code="filter-ignored", path="streams", message=message)]
    return []


def _closed(error: ConnectorError) -> Diagnostic:
    if isinstance(error, UnauthorisedError):
        hint = "can this user sign in with this password in Tryton's own client?"
        return Diagnostic(code="unauthorised", message=str(error), path="password", hint=hint)
    if isinstance(error, ThrottledError):
        hint = "after several wrong passwords Tryton lets nobody try for a while: wait some minutes"
        return Diagnostic(code="throttled", message=str(error), path="user", hint=hint)
    if isinstance(error, RefusedError):
        hint = "write the database's name as the sign-in window of Tryton shows it"
        return Diagnostic(code="refused", message=str(error), path="database", hint=hint)
    hint = "does the server run, and is this the port of its web interface?"
    return Diagnostic(code="unreachable", message=str(error), path="url", hint=hint)
