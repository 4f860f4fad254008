"""What `check` looks at: the way in, the components, their stamp, version and marker, and one record of each."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sdk import (
    ConnectorError,
    Diagnostic,
    FieldType,
    ProtocolError,
    RefusedError,
    Severity,
    ThrottledError,
    UnauthorisedError,
)
from connectors.siebel.errors import ForbiddenError
from connectors.siebel.schema import LINK
from connectors.siebel.session import Session

_FEW = 5


def inspect(session: Session) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    findings: list[Diagnostic] = []
    for name in session.settings.streams:
        try:
            findings += _component(session, name)
        except RefusedError as error:
            findings.append(_no_component(session, name, error))
        except ForbiddenError as error:
            hint = "let the user's responsibility see the component (Inbound REST API Access), or choose a view_mode"
            findings.append(Diagnostic(code="no-access", path=f"streams.{name}", message=str(error), hint=hint))
        except ConnectorError as error:
            return [*findings, _closed(error)]
    return findings


def _closed(error: ConnectorError) -> Diagnostic:
    if isinstance(error, UnauthorisedError):
        hint = "is it the right kind of auth? Siebel takes either basic or bearer, as its profile says, and no other"
        return Diagnostic(code="unauthorised", path="auth", message=str(error), hint=hint)
    hint = "the address ends in /siebel/v1.0; is the application interface running, and can it be reached from here?"
    if isinstance(error, ThrottledError):
        hint = "what stands in front of Siebel asks for fewer calls: wait, or have other integrations call less"
    elif isinstance(error, ProtocolError):
        hint = "something else answers there: does the address end in /siebel/v1.0?"
    return Diagnostic(code="unreachable", path="url", message=str(error), hint=hint)


def _no_component(session: Session, name: str, error: RefusedError) -> Diagnostic:
    where = "/".join(session.settings.place(name))
    return Diagnostic(
        code="unknown-stream",
        path=f"streams.{name}",
        message=f"data/{where} cannot be read ({error})",
        hint="is there a Base integration object of this name, and is it open to REST for the user's responsibility?",
    )


def _component(session: Session, name: str) -> Iterator[Diagnostic]:
    settings = session.settings
    given = settings.streams[name]
    component = session.described(name, anew=True)
    rows = session.rows(name, None, order=["Id"], size=1)
    path = f"streams.{name}"
    for field in given.fields or ():
        if field not in component.fields:
            message = f"{name} has no field {field}, or the user may not see it"
            yield Diagnostic(code="unknown-field", path=f"{path}.fields", message=message)
    shown = set(rows[0]) - {LINK} if rows else set(component.fields)
    for field, where in {given.stamp: f"{path}.stamp", settings.version: "version"}.items():
        if field not in shown:
            message = f"records of {name} do not show {field}"
            hint = "add it to the integration component, or name another field here"
            yield Diagnostic(code="unknown-field", path=where, message=message, hint=hint)
    for child in given.children if rows else ():
        if session.children(name, str(rows[0].get("Id")), child) is None:
            message = f"{name} has no child component {child}, or the user may not see it"
            hint = "is its link open to REST in the integration object? Until then records do not mention it"
            yield Diagnostic(code="unknown-field", path=f"{path}.children", message=message, hint=hint)
    if rows:
        yield from _names(name, shown, set(component.fields))
    marker = settings.marker
    if marker is None:
        return
    entry = component.fields.get(marker)
    if entry is None or not entry.updatable or entry.type is not FieldType.TEXT:
        message = f"{name} has no text field {marker} that the user may write: creates could double"
        hint = "add it to the integration component, or write marker: null, and lost creates wait for a person"
        yield Diagnostic(code="no-marker", path="marker", message=message, hint=hint)


def _names(name: str, shown: set[str], described: set[str]) -> Iterator[Diagnostic]:
    """The description and the records have been seen to name fields differently (behind a gateway, for instance)."""
    strange = sorted(shown - described)
    if strange:
        some = ", ".join(strange[:_FEW])
        message = f"records of {name} show {len(strange)} fields that are not described: {some}"
        hint = "they are read as text and cannot be written: dates and truth values are not understood"
        yield Diagnostic(
            code="unknown-field", severity=Severity.WARNING, path=f"streams.{name}", message=message, hint=hint
        )
