"""What `check` looks at: the way in, the tables, their change tracking, the column for the hub's id."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.dynamics.marking import marker_findings
from connectors.dynamics.reading import changes
from connectors.dynamics.session import Session
from connectors.sdk import ConnectorError, Diagnostic, RefusedError, Severity, ThrottledError, UnauthorisedError

_WRITING = ("Create", "Write", "Append", "AppendTo", "Delete")


def inspect(session: Session) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        session.token()
    except ConnectorError as error:
        return [_no_token(error)]
    try:
        session.get("WhoAmI", "asking who we are")
    except ConnectorError as error:
        return [_closed(error)]
    findings: list[Diagnostic] = []
    for name in session.settings.streams:
        try:
            findings += _table(session, name)
        except (UnauthorisedError, RefusedError) as error:
            findings.append(_no_table(name, error))
        except ConnectorError as error:
            return [*findings, _closed(error)]
    return findings


def _no_token(error: ConnectorError) -> Diagnostic:
    if isinstance(error, UnauthorisedError):
        hint = (
            "are tenant, client_id and client_secret those of the app registration, has the secret not expired, and is "
            "url the environment's own address (the token is asked for it)?"
        )
        return Diagnostic(code="unauthorised", path="auth", message=str(error), hint=hint)
    return Diagnostic(
        code="unreachable", path="auth.authority", message=str(error), hint="is authority the login host?"
    )


def _closed(error: ConnectorError) -> Diagnostic:
    if isinstance(error, UnauthorisedError):
        hint = "in the Power Platform admin centre, make the app an application user here, with a security role"
        return Diagnostic(code="no-user", path="auth.client_id", message=str(error), hint=hint)
    if isinstance(error, ThrottledError):
        hint = "wait, or have other integrations of this application user call less"
        return Diagnostic(code="throttled", path="url", message=str(error), hint=hint)
    hint = "is url the environment's address (Power Apps: Settings, Session details, Instance url)?"
    return Diagnostic(code="unreachable", path="url", message=str(error), hint=hint)


def _no_table(name: str, error: ConnectorError) -> Diagnostic:
    path = f"streams.{name}"
    if isinstance(error, UnauthorisedError):
        hint = f"give the application user's security role the right to read {name}, for the whole organisation"
        return Diagnostic(code="no-access", path=path, message=f"{name} may not be read ({error})", hint=hint)
    hint = "streams are tables by their logical names, in small letters and singular: account, contact, incident"
    return Diagnostic(code="unknown-stream", path=path, message=f"there is no table {name} ({error})", hint=hint)


def _rights(session: Session, name: str, privileges: list[str]) -> Iterator[Diagnostic]:
    try:
        missing = session.lacking(privileges)
    except RefusedError:
        return  # an environment that does not tell: writing will
    if missing:
        message = f"{name} may be read, but not written ({', '.join(missing)})"
        hint = "give the application user's security role these privileges, or only read the table"
        yield Diagnostic(
            code="no-write-right", path=f"streams.{name}", message=message, hint=hint, severity=Severity.WARNING
        )


def _table(session: Session, name: str) -> Iterator[Diagnostic]:
    session.forget(name)
    schema = session.schema(name)
    given = session.settings.streams[name]
    for field in given.fields or ():
        if field not in schema.columns and field not in schema.lookups:
            message = f"{name} has no column {field}, or the user may not see it"
            hint = "look-ups are named by their navigation property, such as parentcustomerid_account"
            yield Diagnostic(code="unknown-field", path=f"streams.{name}.fields", message=message, hint=hint)
    if not schema.tracked:
        hint = f"in Power Apps, table {name}, Properties, Advanced options: tick Track changes"
        message = f"change tracking is off for {name}: changes and deletions cannot be read"
        yield Diagnostic(code="no-tracking", path=f"streams.{name}", message=message, hint=hint)
        return
    if not schema.conditional:
        message = f"{name} takes no conditional updates: an edit made while the hub writes may be written over"
        yield Diagnostic(code="no-versions", path=f"streams.{name}", message=message, severity=Severity.WARNING)
    next(changes(session, schema, schema.selected(()), None), None)  # needs the right to read every row
    yield from _rights(session, name, [schema.privileges[kind] for kind in _WRITING if kind in schema.privileges])
    marker = session.settings.marker_of(name)
    if marker is not None:
        yield from marker_findings(schema, name, marker)
