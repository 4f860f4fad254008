"""Whether a shop lets us do what the hub will ask of it; every finding says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connectors.magento.kinds import KINDS
from connectors.magento.session import Session
from connectors.sdk import (
    ConnectorError,
    Diagnostic,
    RefusedError,
    Severity,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)

_NO_BULK = "00000000-0000-4000-8000-000000000000"
_CODES: tuple[tuple[type[ConnectorError], str, str], ...] = (
    (
        UnauthorisedError,
        "unauthorised",
        (
            "check `auth`: is the integration active, are its secrets whole, is this machine's clock right? "
            "(A token alone is taken only where the shop allows it.)"
        ),
    ),
    (ThrottledError, "throttled", "the shop asks to slow down; try again later"),
    (UnreachableError, "unreachable", "check `url` and the network; a shop under maintenance answers HTTP 503"),
    (RefusedError, "refused", "check `url` and `store_view`"),
)


def check(session: Session) -> list[Diagnostic]:
    """What stands in the way, nothing where all is well. The first trouble with the way there ends the check."""
    try:
        views = session.ask("GET", "store/storeViews", "listing store views", everywhere=True)
    except ConnectorError as error:
        return [_trouble(error)]
    if wrong := list(_view(session, views)):
        return wrong
    return [*_streams(session), *_marker(session), *_writing(session)]


def _view(session: Session, views: Any) -> Iterator[Diagnostic]:
    codes = [str(view.get("code")) for view in views if isinstance(view, dict)] if isinstance(views, list) else []
    if session.settings.store_view not in codes:
        yield Diagnostic(
            code="unknown-store-view",
            message=f"the shop has no store view {session.settings.store_view}",
            path="store_view",
            hint=f"it has: {', '.join(code for code in codes if code != 'admin') or 'none'}",
        )


def _streams(session: Session) -> Iterator[Diagnostic]:
    for kind in KINDS.values():
        if kind.name == "companies" and not session.settings.companies:
            continue
        try:
            session.search(kind.list_path, f"reading {kind.name}", size=1)
        except RefusedError as error:
            if kind.name == "companies":
                hint = "companies come with B2B for Adobe Commerce: set `companies: false` where it is not installed"
                yield Diagnostic(code="no-companies", message=str(error), path="companies", hint=hint)
            else:
                yield _trouble(error)
        except ConnectorError as error:
            yield _trouble(error)


def _marker(session: Session) -> Iterator[Diagnostic]:
    marker = session.settings.marker
    if marker is None:
        return
    try:
        session.ask(
            "GET", "attributeMetadata/customer/attribute/{code}", "describing the marker", parts={"code": marker}
        )
    except RefusedError:
        yield Diagnostic(
            code="marker-missing",
            message=f"customers have no attribute {marker}: a create whose answer is lost could only be told by e-mail",
            severity=Severity.ERROR,
            path="marker",
            hint="create it (Stores > Attributes > Customer, a text field of 64 characters), or set `marker: null`",
        )
    except ConnectorError as error:
        yield _trouble(error)


def _writing(session: Session) -> Iterator[Diagnostic]:
    """Whether customers may be written, tried on what is not there; and whether the fate of queued writes may be asked
    for, without which they would all stay in doubt."""
    tried = [("customers/addresses/{key}", "0", "give the integration the right named, then reauthorise it")]
    if session.settings.bulk_from:
        hint = "give the integration the right named, or set `bulk_from: 0`: then every write is a call of its own"
        tried.append(("bulk/{key}/detailed-status", _NO_BULK, hint))
    for path, key, hint in tried:
        try:
            session.ask("GET", path, "trying the rights to write", parts={"key": key})
        except RefusedError:
            continue  # it was looked for, and is not there
        except ConnectorError as error:
            found = _trouble(error)
            yield replace(found, path="auth", hint=hint) if found.code == "no-access" else found


def _trouble(error: ConnectorError) -> Diagnostic:
    for kind, code, hint in _CODES:
        if isinstance(error, kind):
            missing = isinstance(error, UnauthorisedError) and "lacks rights" in str(error)
            if missing:
                hint = "give the integration that right (System > Integrations > API), then reauthorise it"
            return Diagnostic(code="no-access" if missing else code, message=str(error), hint=hint)
    hint = "check `url`: is there a sign-in page or a proxy between here and the shop?"
    return Diagnostic(code="protocol", message=str(error), hint=hint)
