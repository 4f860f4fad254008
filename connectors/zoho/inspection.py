"""What `check` looks at: the way in, the modules, their fields, the marker, COQL."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sdk import ConnectorError, Diagnostic, RefusedError, Severity, ThrottledError, UnauthorisedError
from connectors.zoho import coql
from connectors.zoho.session import Session


def inspect(session: Session) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        session.access.token()
    except ConnectorError as error:
        return [_closed(session, error)]
    findings: list[Diagnostic] = [*_tokens(session)]
    for name in session.settings.streams:
        try:
            findings += _module(session, name)
        except UnauthorisedError as error:
            findings.append(_forbidden(name, error))
        except RefusedError as error:
            findings.append(_no_module(name, error))
        except ConnectorError as error:
            return [*findings, _closed(session, error)]
    return findings


def _tokens(session: Session) -> Iterator[Diagnostic]:
    if session.access.unshared is not None:
        message = (
            f"each process asks for a token of its own, and Zoho gives ten in ten minutes: {session.access.unshared}"
        )
        yield Diagnostic(code="tokens-not-shared", path="auth", message=message, severity=Severity.WARNING)


def _closed(session: Session, error: ConnectorError) -> Diagnostic:
    code, path, hint = "unreachable", "data_center", "is data_center where the organisation lives?"
    if isinstance(error, UnauthorisedError):
        code, path = "unauthorised", "auth"
        hint = f"client, secret and token belong to one data centre: were they made at {session.settings.accounts}?"
    elif isinstance(error, ThrottledError):
        code, path, hint = "throttled", "auth", "wait ten minutes, and let other users of this client keep their tokens"
    return Diagnostic(code=code, message=str(error), path=path, hint=hint)


def _forbidden(name: str, error: ConnectorError) -> Diagnostic:
    hint = (
        "the token needs ZohoCRM.modules.ALL, ZohoCRM.settings.fields.READ and ZohoCRM.coql.READ, and the profile of "
        "its user read, create, edit and delete on the module"
    )
    return Diagnostic(code="unauthorised", path=f"streams.{name}", message=str(error), hint=hint)


def _no_module(name: str, error: ConnectorError) -> Diagnostic:
    message = f"the module {name} is not there, or the user may not see it ({error})"
    hint = "write its API name (Setup, Developer Hub, APIs and SDKs, API Names), and let the user's profile see it"
    return Diagnostic(code="unknown-stream", path=f"streams.{name}", message=message, hint=hint)


def _module(session: Session, name: str) -> Iterator[Diagnostic]:
    session.forget(name)
    schema = session.schema(name)
    for field in session.settings.streams[name].fields or ():
        if field not in schema.fields:
            message = f"{name} has no field {field} that lists show, or the user may not see it"
            hint = "rich text, sub-forms and files are not listed; otherwise is its API name spelled right?"
            yield Diagnostic(code="unknown-field", path=f"streams.{name}.fields", message=message, hint=hint)
    session.query(coql.keys(name, None, None, 1), f"asking {name} by COQL")
    marker = session.settings.marked_by(name)
    if marker is not None:
        yield from _marker(session, name, marker)


def _marker(session: Session, name: str, marker: str) -> Iterator[Diagnostic]:
    schema = session.schema(name)
    entry = schema.fields.get(marker)
    path = f"streams.{name}.marker"
    if entry is None:
        message = f"{name} has no field {marker}, or the user may not see it: creates could double"
        by_hand = f"in Setup, Modules and Fields, {name}: a single line field {marker} that does not allow duplicates"
        hint = (
            f"`syncline connections prepare` and the connection's name create it, or you do {by_hand}; "
            "or write marker: null, and lost creates are looked up by their own fields"
        )
        yield Diagnostic(code="no-marker", path=path, message=message, hint=hint)
    elif not (entry.get("unique") or schema.external(marker)):
        message = f"{name}.{marker} allows duplicates: a create that is sent again could double"
        yield Diagnostic(
            code="marker-not-unique", path=path, message=message, hint="tick: do not allow duplicate values"
        )
    elif not schema.alone_unique(marker):
        message = f"{name} has other unique fields: creates are inserts, and a value that is taken is a duplicate"
        severity = Severity.NOTE
        yield Diagnostic(code="other-unique-fields", path=path, message=message, severity=severity)
