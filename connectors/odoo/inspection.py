"""What `check` looks at: the way in, the models, the rights, and whether creates can be made safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from connectors.odoo.absence import NOTES
from connectors.odoo.buyers import PARTNERS
from connectors.odoo.reading import STAMP
from connectors.odoo.session import Session
from connectors.odoo.settings import Shape
from connectors.sdk import (
    ConfigurationError,
    ConnectorError,
    Diagnostic,
    RefusedError,
    Severity,
    ThrottledError,
    UnauthorisedError,
)

_FUTURE = "2999-01-01 00:00:00"
_RIGHTS = ("create", "write", "unlink")


def inspect(session: Session, shapes: Mapping[str, Shape]) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        dialect = session.speaks_json2()
        session.ask("res.users", "context_get", "asking who the user is")
    except ConfigurationError as error:
        return list(error.diagnostics)
    except ConnectorError as error:
        return [_closed(session, error)]
    found = list(_dialect(session, json2=dialect))
    for name, shape in shapes.items():
        try:
            found += _stream(session, name, shape)
        except (UnauthorisedError, RefusedError) as error:
            found.append(_no_model(name, shape, error))
        except ConnectorError as error:
            return [*found, _closed(session, error)]
    return [*found, *_marker(session, shapes), *_notes(session, shapes)]


def _closed(session: Session, error: ConnectorError) -> Diagnostic:
    if isinstance(error, UnauthorisedError):
        hint = "API keys end after three months at most: is this one still listed in the user's preferences?"
        return Diagnostic(code="unauthorised", message=str(error), path="key", hint=hint)
    if isinstance(error, ThrottledError):
        hint = "wait, or have other integrations of this database call less"
        return Diagnostic(code="throttled", message=str(error), path="url", hint=hint)
    if isinstance(error, RefusedError):
        hint = "is the database's name right, and does the plan include the external API (Custom)?"
        return Diagnostic(code="refused", message=str(error), path="database", hint=hint)
    host = urlsplit(session.settings.url).hostname
    hint = f"does {host} answer in a browser, and with Odoo's own sign-in page?"
    return Diagnostic(code="unreachable", message=str(error), path="url", hint=hint)


def _dialect(session: Session, *, json2: bool) -> Iterator[Diagnostic]:
    if session.settings.api == "jsonrpc":
        yield Diagnostic(
            code="legacy-api",
            severity=Severity.NOTE,
            path="api",
            message="JSON-RPC is spoken because the settings say so; Odoo 22 will not have it",
            hint="write `api: auto`, and JSON-2 is spoken where the server has it",
        )
    elif not json2:
        yield Diagnostic(
            code="legacy-api",
            severity=Severity.NOTE,
            path="api",
            message="this server is older than Odoo 19 and is spoken to by JSON-RPC",
        )


def _stream(session: Session, name: str, shape: Shape) -> Iterator[Diagnostic]:
    session.forget(shape.model)
    schema = session.schema(shape.model)
    for field in session.settings.streams[name].fields or ():
        if field not in schema.entries:
            message = f"{shape.model} has no field {field}, or the user may not see it"
            yield Diagnostic(code="unknown-field", path=f"streams.{name}.fields", message=message)
    if STAMP not in schema.entries:
        message = f"{shape.model} has no {STAMP}: it cannot be read for changes"
        yield Diagnostic(code="no-stamp", path=f"streams.{name}", message=message)
        return
    if session.records(shape.model, [*shape.domain, [STAMP, ">=", _FUTURE]], ["id"], limit=1):
        message = f"the server ignores the condition on {STAMP}: every read would be a full one"
        yield Diagnostic(code="filter-ignored", path=f"streams.{name}", message=message)
    if shape.writable:
        yield from _rights(session, name, shape)


def _rights(session: Session, name: str, shape: Shape) -> Iterator[Diagnostic]:
    try:
        missing = [right for right in _RIGHTS if not _may(session, shape.model, right)]
    except RefusedError:  # the question differs between versions; what is not known is not said
        return
    if missing:
        yield Diagnostic(
            code="no-access",
            severity=Severity.WARNING,
            path=f"streams.{name}",
            message=f"the user may not {', '.join(missing)} {shape.model}",
            hint="give the user a group that may, or keep the mapping to one direction",
        )


def _may(session: Session, model: str, right: str) -> bool:
    what = f"asking what the user may do with {model}"
    if session.speaks_json2():
        return bool(session.ask(model, "has_access", what, ids=[], operation=right))
    return bool(session.ask(model, "check_access_rights", what, operation=right, raise_exception=False))


def _no_model(name: str, shape: Shape, error: ConnectorError) -> Diagnostic:
    hint = f"is the app that brings {shape.model} installed, and is the user in one of its groups?"
    message = f"{shape.model} is not there, or the user may not see it ({error})"
    return Diagnostic(code="unknown-stream", path=f"streams.{name}", message=message, hint=hint)


def _notes(session: Session, shapes: Mapping[str, Shape]) -> Iterator[Diagnostic]:
    if not any(shape.model == PARTNERS for shape in shapes.values()):
        return
    try:
        session.records(NOTES, [["model", "=", PARTNERS]], ["id"], limit=1)
    except (UnauthorisedError, RefusedError):
        yield Diagnostic(
            code="no-merge-notes",
            severity=Severity.NOTE,
            path="streams",
            message=f"the user may not read notes on partners ({NOTES}): a merged partner looks like a deleted one",
            hint="install the app Discuss, or give the user a group that may read messages, and merges are followed",
        )


def _marker(session: Session, shapes: Mapping[str, Shape]) -> Iterator[Diagnostic]:
    if not any(shape.writable for shape in shapes.values()):
        return
    try:
        session.records("ir.model.data", [["module", "=", session.settings.marker_module]], ["id"], limit=1)
    except (UnauthorisedError, RefusedError):
        yield Diagnostic(
            code="no-external-ids",
            path="marker_module",
            message="the user may not read external ids (ir.model.data): creates whose answer got lost cannot be found",
            hint="make the user an internal user, or give it read access to ir.model.data",
        )
    except ConnectorError as error:
        yield _closed(session, error)
