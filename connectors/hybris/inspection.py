"""What `check` looks at: the way in, the integration object and what has to be in it, the right to read."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.edmx import Service
from connectors.gateway import Gateway
from connectors.hybris.consents import lacking
from connectors.hybris.items import Shape, set_of, unique
from connectors.hybris.settings import HybrisSettings
from connectors.sdk import ConnectorError, Diagnostic, RefusedError, Severity, ThrottledError, UnauthorisedError


def inspect(gateway: Gateway, settings: HybrisSettings) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        gateway.forget()
        model = gateway.model()
    except ConnectorError as error:
        return [_closed(settings, error)]
    findings = list(_lacking(model, settings))
    if any(one.severity is Severity.ERROR for one in findings):
        return findings
    for name, own in settings.streams.items():
        found = set_of(model, own.item)
        try:
            if found is not None:
                query = {
                    "$top": "1",
                    "$orderby": own.code,
                    "$expand": ",".join(Shape(model, found, own).expand) or None,
                }
                gateway.page(found.name, query, f"reading {name}")
        except UnauthorisedError as error:
            hint = f"give the user's group the right to read {own.item} and what it refers to (type permissions)"
            findings.append(Diagnostic(code="no-access", path=f"streams.{name}", message=str(error), hint=hint))
        except ConnectorError as error:
            return [*findings, _closed(settings, error)]
    return findings


def _closed(settings: HybrisSettings, error: ConnectorError) -> Diagnostic:
    code, path, hint = "unreachable", "url", "is it the address of the API, and does its filter let the hub in?"
    if isinstance(error, UnauthorisedError):
        code, path = "unauthorised", "auth"
        hint = (
            "are name and secret right, does the channel of the integration object (InboundChannelConfiguration) take "
        )
        hint += "this kind of sign-in, and is the user in an integration group?"
    elif isinstance(error, RefusedError):
        code, path = "no-object", "object"
        hint = (
            f"import the integration object {settings.object} and its InboundChannelConfiguration (see the connector's "
        )
        hint += "page for both)"
    elif isinstance(error, ThrottledError):
        code, hint = "throttled", "wait, or have other integrations of this system call less"
    return Diagnostic(code=code, message=str(error), path=path, hint=hint)


def _lacking(model: Service, settings: HybrisSettings) -> Iterator[Diagnostic]:
    for name, own in settings.streams.items():
        place, found = f"streams.{name}", set_of(model, own.item)
        if found is None:
            items = ", ".join(sorted(one.type.name for one in model.sets.values()))
            message = f"the integration object {settings.object} has no item {own.item}"
            yield Diagnostic(code="no-item", path=f"{place}.item", message=message, hint=f"it has {items}")
            continue
        shape = Shape(model, found, own)
        if own.code not in found.type.properties or not shape.alone:
            made = " and ".join(unique(found.type)) or "nothing"
            message = f"items {own.item} are named by {made}, not by {own.code} alone"
            hint = f"make {own.code} the one unique attribute of the item"
            yield Diagnostic(code="other-key", path=f"{place}.code", message=message, hint=hint)
        if own.modified is not None and shape.stamped is None:
            message = f"{own.item} has no {own.modified}: what changed cannot be asked for"
            hint = f"add {own.modified} to the item, or write `modified: null`: then every read is a full one"
            yield Diagnostic(code="no-stamp", path=f"{place}.modified", message=message, hint=hint)
        if own.marker is not None and name != "orders" and shape.marker is None:
            message = f"{own.item} has no {own.marker}: creates whose answer got lost could not be told from others"
            hint = f"add {own.marker} to the type and the item, or write `marker: null`"
            yield Diagnostic(code="no-marker", path=f"{place}.marker", message=message, hint=hint)
    if settings.consents is not None:
        for one in lacking(model, settings.consents):
            message = f"the integration object {settings.object} has no {one}, which consents need"
            yield Diagnostic(
                code="no-consents", path="consents", message=message, hint="add it, or leave `consents` out"
            )
