"""Whether a shop lets us do what the hub will ask of it; every finding says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.http import Answer
from connectors.sdk import (
    ConnectorError,
    Diagnostic,
    ProtocolError,
    RefusedError,
    Severity,
    ThrottledError,
    UnauthorisedError,
)
from connectors.woocommerce.reading import ALL, modified_after
from connectors.woocommerce.schema import statuses
from connectors.woocommerce.session import Session, said

_NEVER = datetime(2999, 1, 1, tzinfo=UTC)
_TELLING = (401, 403, 404)


def check(session: Session) -> list[Diagnostic]:
    try:
        answer = session.ask(
            "GET", "customers", query={**ALL["customers"], "per_page": 1, "_fields": "id"}, accept=_TELLING
        )
        if not answer.ok:
            return [_closed(answer)]
        answer.json()
        return [*_filter(session), *_rights(session), *_description(session)]
    except ThrottledError as error:
        return [Diagnostic(code="throttled", message=str(error), path="url", hint="the host asks to wait; try later")]
    except ProtocolError as error:
        hint = "is `url` the site's address, and does no firewall, log-in page or maintenance page stand before it?"
        return [Diagnostic(code="not-a-shop", message=str(error), path="url", hint=hint)]
    except ConnectorError as error:
        return [Diagnostic(code="unreachable", message=str(error), path="url", hint="check `url` and the network")]


def _closed(answer: Answer) -> Diagnostic:
    if answer.status == 404:
        try:
            code, _ = said(answer)
        except ProtocolError:
            message = "there is no WordPress REST API at this address"
            hint = "use the site's own address; in WordPress, Settings, Permalinks must not be Plain"
            return Diagnostic(code="not-a-shop", message=message, path="url", hint=hint)
        hint = "is WooCommerce installed and active on this site?"
        return Diagnostic(code="no-such-route", message=f"the site has no shop ({code})", path="url", hint=hint)
    code, _ = said(answer)
    if answer.status == 403:
        hint = "the key's user must be a shop manager or an administrator"
        return Diagnostic(code="no-access", message=f"the key may not see customers ({code})", hint=hint)
    if code == "woocommerce_rest_cannot_view":
        message = "the shop saw no key at all"
        hint = "the host strips the Authorization header: have it passed on to PHP"
        return Diagnostic(code="unauthorised", message=message, path="consumer_key", hint=hint)
    hint = "copy consumer key and secret again: WooCommerce, Settings, Advanced, REST API"
    return Diagnostic(code="unauthorised", message=f"the key was refused ({code})", path="consumer_key", hint=hint)


def _filter(session: Session) -> Iterator[Diagnostic]:
    """A filter that a release does not know is ignored, and everything comes: asked for nothing, it shows."""
    rows, _ = session.page("orders", {**ALL["orders"], **modified_after(_NEVER), "per_page": 1, "_fields": "id"})
    if rows:
        yield Diagnostic(
            code="filter-ignored",
            message="the shop ignores modified_after: every read of orders would be of all of them",
            path="url",
            hint="update WooCommerce to 5.8 or newer",
        )


def _rights(session: Session) -> Iterator[Diagnostic]:
    """An empty batch changes nothing and is refused to those who may not write."""
    answer = session.ask("POST", "customers/batch", json={}, accept=(401, 403), idempotent=True)
    if not answer.ok:
        code, _ = said(answer)
        yield Diagnostic(
            code="read-only-key",
            message=f"the key may read, but not write ({code})",
            path="consumer_key",
            hint="set its permissions to Read/Write, and let its user be a shop manager",
        )


def _description(session: Session) -> Iterator[Diagnostic]:
    try:
        statuses(session)
    except (ProtocolError, RefusedError, UnauthorisedError) as error:
        yield Diagnostic(
            code="options-blocked",
            message=f"the shop does not describe its fields ({error}): orders are read by the status «any», which may "
            "leave out statuses of extensions, and fields cannot be discovered",
            severity=Severity.WARNING,
            path="url",
            hint="have host and firewall let OPTIONS requests to /wp-json/ through",
        )
