"""What `check` looks at: the way in, the kinds of record, the marker, the feed of deletions, the time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connectors.http import parse_moment
from connectors.netsuite import suiteql
from connectors.netsuite.errors import BrokenError, ForbiddenError
from connectors.netsuite.kinds import KINDS, STAMP, Parts
from connectors.netsuite.parts import shows_parts
from connectors.netsuite.reading import Reading
from connectors.netsuite.schema import alias
from connectors.netsuite.session import Session
from connectors.netsuite.settings import CertificateAuth
from connectors.sdk import (
    ConnectorError,
    Diagnostic,
    FieldType,
    RefusedError,
    Severity,
    ThrottledError,
    UnauthorisedError,
)

_CONSENT = "globalSubscriptionStatus"


def inspect(session: Session) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        session.rows("SELECT id FROM currency ORDER BY id", "asking", limit=1, probing=True)
    except (RefusedError, ForbiddenError):
        pass  # let in, though not to see currencies
    except ConnectorError as error:
        return [_closed(session, error)]
    findings: list[Diagnostic] = []
    for name in session.settings.streams:
        try:
            findings += _kind(session, name)
        except (UnauthorisedError, RefusedError) as error:
            findings.append(_no_access(name, error))
        except ConnectorError as error:
            return [*findings, _closed(session, error)]
    return findings


def _closed(session: Session, error: ConnectorError) -> Diagnostic:
    code, path = "unreachable", "account"
    hint = "is the account id right (1234567, or 1234567_SB1 for a sandbox)?"
    if isinstance(error, UnauthorisedError):
        code, path = "unauthorised", "auth"
        kind = (
            "is the certificate still mapped to the integration (Setup > Integration > OAuth 2.0 Client Credentials; a "
            "refresh of a sandbox wipes it), and is certificate_id the one shown there"
            if isinstance(session.settings.auth, CertificateAuth)
            else "are all four values of this account, does the token still hold, and is this machine's clock right"
        )
        hint = f"{kind}? The Login Audit Trail (Setup > Users/Roles > User Management) says why"
    elif isinstance(error, ThrottledError):
        code, hint = "throttled", "wait, lower at_once, or have other integrations of this account call less"
    return Diagnostic(code=code, message=str(error), path=path, hint=hint)


def _no_access(name: str, error: ConnectorError) -> Diagnostic:
    table = KINDS[name].table
    return Diagnostic(
        code="no-access",
        path=f"streams.{name}",
        message=f"{name} cannot be read ({error})",
        hint=f"give the role SuiteAnalytics Workbook, REST Web Services, and View or more on {name} (table {table})",
    )


def _kind(session: Session, name: str) -> Iterator[Diagnostic]:
    session.forget(name)
    schema = session.schema(name)
    readable = set(session.selection(name).fields)
    missing = [field for field in schema.selectable if field not in readable]
    if missing:
        yield Diagnostic(
            code="unreadable-fields",
            severity=Severity.WARNING,
            path=f"streams.{name}",
            message=f"{name}: the role may not read, or the account has not, {', '.join(missing)}",
            hint="they are left out of what is read",
        )
    if not shows_parts(session, KINDS[name]):
        yield _unreadable(name)
    for field in session.settings.streams[name].fields or ():
        if field not in schema.fields:
            message = f"{name} has no field {field}, or the role may not see it"
            yield Diagnostic(code="unknown-field", path=f"streams.{name}.fields", message=message)
    yield from _marker(session, name, readable)
    if session.settings.deletions == "feed":
        yield from _feed(session, name)
    yield from _zone(session, name)
    if _CONSENT in readable:
        yield from _soft_opt_outs(session, name)


def _unreadable(name: str) -> Diagnostic:
    table, parts, code = "the address book", "addresses", "unreadable-addresses"
    if KINDS[name].parts is Parts.LINES:
        table, parts, code = "the lines of orders", "lines", "unreadable-lines"
    return Diagnostic(
        code=code,
        severity=Severity.WARNING,
        path=f"streams.{name}",
        message=f"{name}: the role may not read {table}, or the account has no table of it",
        hint=f"{parts} are written, but left out of what is read: let no rule of the mapping read them",
    )


def _marker(session: Session, name: str, readable: set[str]) -> Iterator[Diagnostic]:
    marker = session.settings.marker_of(name)
    if marker is None or marker == "externalId":
        return
    field = session.schema(name).fields.get(marker)
    path = f"streams.{name}.marker"
    if field is None or marker not in readable:
        prefix = "Entity" if KINDS[name].custom == "custentity" else "Transaction Body"
        hint = (
            f"Customization > Lists, Records, & Fields > {prefix} Fields > New: Free-Form Text with the id "
            f"{marker.removeprefix(KINDS[name].custom)}, applied to these records, edit for the role"
        )
        yield Diagnostic(code="no-marker", path=path, message=f"{name} has no field {marker}", hint=hint)
    elif field.type is not FieldType.TEXT or not field.creatable:
        message = f"{name}.{marker} is no text field that may be written"
        yield Diagnostic(code="marker-unfit", path=path, message=message, hint="make it Free-Form Text")


def _feed(session: Session, name: str) -> Iterator[Diagnostic]:
    try:
        Reading(session, name, None, None).deletions_seen()
    except UnauthorisedError as error:
        message = f"deletions cannot be read ({error})"
        hint = "Setup > Users/Roles > Manage Roles > Permissions > Setup: add Deleted Records"
        yield Diagnostic(code="no-deletions", path="deletions", message=message, hint=hint)


def _soft_opt_outs(session: Session, name: str) -> Iterator[Diagnostic]:
    """Where most have one, it is probably what every new record begins with, and no word of anybody's."""
    column = KINDS[name].columns[_CONSENT]
    counted = [f"COUNT(CASE WHEN {column} = 2 THEN 1 END) AS soft", "COUNT(*) AS whole"]
    rows = session.rows(suiteql.select(counted, KINDS[name].table, [], ""), f"reading {name}", limit=1)
    soft, whole = (int(rows[0].get(part) or 0) for part in ("soft", "whole")) if rows else (0, 0)
    if soft * 2 > whole:
        yield Diagnostic(
            code="soft-opt-outs",
            severity=Severity.WARNING,
            path=f"streams.{name}",
            message=f"{soft} of {whole} records of {name} have a soft opt-out: is it what new ones begin with?",
            hint="if Setup > Marketing > Marketing Preferences > Unsubscribed to Marketing By Default is ticked, have "
            "the mapping read 2 as unknown, before the first run",
        )


def _zone(session: Session, name: str) -> Iterator[Diagnostic]:
    """Compares how the oldest and the newest record are stamped: locally by SuiteQL, in UTC by REST."""
    kind = KINDS[name]
    columns = session.schema(name).selected(["id", STAMP])
    stamp = alias(kind.columns[STAMP])
    for way in ("", " DESC"):
        order = f"{kind.columns[STAMP]}{way}, id{way}"
        rows = session.rows(suiteql.select(columns, kind.table, [kind.where], order), f"reading {name}", limit=1)
        if not rows or not rows[0].get(stamp):
            return
        try:
            shown = session.record(name, str(rows[0]["id"]), f"reading {name}").get(STAMP)
        except BrokenError:  # a script of the account fails for this very record
            continue
        if not isinstance(shown, str):
            return
        off = parse_moment(suiteql.utc(rows[0][stamp], session.zone)) - parse_moment(shown)
        if abs(off) > timedelta(minutes=2):
            hours = off.total_seconds() / 3600
            yield Diagnostic(
                code="wrong-zone",
                path="zone",
                message=f"moments are read {abs(hours):g} hours too {'late' if hours > 0 else 'early'} in this zone",
                hint="write the zone that Home > Set Preferences shows for the integration's user",
            )
            return
