"""What `check` looks at: the way in, the API version, the objects, the external id fields, the API budget."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from connectors.salesforce import soql
from connectors.salesforce.reading import ALWAYS
from connectors.salesforce.session import Session
from connectors.sdk import ConnectorError, Diagnostic, RefusedError, Severity, ThrottledError, UnauthorisedError

_LITTLE = 0.1
"""Share of the daily API calls below which a warning is due."""


def inspect(session: Session) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        versions = session.versions()
    except ConnectorError as error:
        return [_closed(session, error)]
    version = session.settings.api_version
    if version not in versions:
        newest = max(versions, key=float) if versions else "another"
        hint = f"the newest it speaks is {newest}"
        return [Diagnostic(code="api-version", path="api_version", message=f"the org has no API {version}", hint=hint)]
    findings: list[Diagnostic] = []
    for name in session.settings.streams:
        try:
            findings += _object(session, name)
        except (UnauthorisedError, RefusedError) as error:
            findings.append(_no_object(name, error))
        except ConnectorError as error:
            return [*findings, _closed(session, error)]
    return [*findings, *_budget(session)]


def _closed(session: Session, error: ConnectorError) -> Diagnostic:
    code = "unreachable"
    hint = "is login_url the org's My Domain address?"
    if isinstance(error, UnauthorisedError):
        code = "unauthorised"
        host = urlsplit(session.settings.login_url).hostname or ""
        if session.settings.auth.kind == "client_credentials" and host in {
            "login.salesforce.com",
            "test.salesforce.com",
        }:
            hint = "client credentials need login_url to be the org's My Domain, not the general login host"
        else:
            hint = "is the app approved for this user, with the scope api, and are client id and key those of the app?"
    elif isinstance(error, ThrottledError):
        code, hint = "throttled", "wait, or have other integrations of this org call less"
    return Diagnostic(code=code, message=str(error), path="auth" if code == "unauthorised" else "login_url", hint=hint)


def _no_object(name: str, error: ConnectorError) -> Diagnostic:
    return Diagnostic(
        code="unknown-stream",
        path=f"streams.{name}",
        message=f"the object {name} is not there, or the user may not see it ({error})",
        hint="is its API name spelled right (custom ones end in __c), and does the user's permission set include it?",
    )


def _object(session: Session, name: str) -> Iterator[Diagnostic]:
    session.forget(name)
    schema = session.schema(name)
    given = session.settings.streams[name]
    for field in given.fields or ():
        if field not in schema.fields:
            message = f"{name} has no field {field}, or the user may not see it"
            yield Diagnostic(code="unknown-field", path=f"streams.{name}.fields", message=message)
    if "SystemModstamp" not in schema.fields:
        message = f"{name} has no SystemModstamp: it cannot be read for changes"
        yield Diagnostic(code="no-stamp", path=f"streams.{name}", message=message)
    query = soql.changes(schema.readable(given.fields, ALWAYS), name, session.now, session.now)
    if soql.size(query) > soql.LONGEST:
        message = f"{name} has so many fields that one query cannot ask for all"
        yield Diagnostic(
            code="too-many-fields",
            path=f"streams.{name}.fields",
            message=message,
            hint=f"name those that are needed: {soql.size(query)} characters asked, {soql.LONGEST} fit",
        )
    for title, one in given.children.items():
        child = session.schema(one.object)  # refused where it is not there, or the user may not see it
        for field in (one.parent, *(one.fields or ())):
            if field not in child.fields and field.partition(".")[0] not in child.relationships:
                message = f"{one.object} has no field {field}, or the user may not see it"
                yield Diagnostic(code="unknown-field", path=f"streams.{name}.children.{title}", message=message)
    marker = session.settings.marker(name)
    if marker is not None:
        yield from _marker(session, name, marker, lookup=given.lookup)


def _marker(session: Session, name: str, marker: str, *, lookup: bool) -> Iterator[Diagnostic]:
    entry = session.schema(name).fields.get(marker)
    path = f"streams.{name}.external_id"
    create = (
        f"Setup, Object Manager, {name}, Fields & Relationships, New: Text(64) named {marker.removesuffix('__c')}, "
        "tick Unique and External ID, let the integration user edit it"
    )
    if entry is None:
        message = f"{name} has no field {marker}, or the user may not see it: creates could double"
        hint = f"{create}; or write external_id: null, and lost creates are looked up by their own fields"
        yield Diagnostic(code="no-external-id", path=path, message=message, hint=hint)
        return
    if not entry.get("createable"):
        message = f"the user may not write {name}.{marker}"
        yield Diagnostic(code="external-id-read-only", path=path, message=message, hint="edit its field-level security")
    if lookup:
        return
    if not entry.get("externalId"):
        hint = f"tick External ID in its definition, or write lookup: true for {name}"
        message = f"{name}.{marker} is no external id: creates cannot be upserts"
        yield Diagnostic(code="no-external-id", path=path, message=message, hint=hint)
    elif not entry.get("unique"):
        message = f"{name}.{marker} is not unique: records the user cannot see could be doubled"
        hint = "tick Unique in its definition"
        yield Diagnostic(code="external-id-not-unique", path=path, message=message, hint=hint)


def _budget(session: Session) -> Iterator[Diagnostic]:
    if session.calls is None:
        return
    used, allowed = session.calls
    if allowed and (allowed - used) / allowed < _LITTLE:
        yield Diagnostic(
            code="api-budget",
            severity=Severity.WARNING,
            message=f"{used} of the org's {allowed} API calls of the last 24 hours are used",
            hint="run less often, or have other integrations of this org call less",
        )
