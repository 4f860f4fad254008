"""What `check` looks at in version 1: the way in, the collections and what they have, the right to read, the session
that writes need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.c4c.kinds import CHANGED, KINDS, OBJECT, PARENT
from connectors.c4c.reading import child
from connectors.c4c.second import NotAllowedError, Second
from connectors.c4c.settings import C4cSettings
from connectors.edmx import Service
from connectors.gateway import Gateway
from connectors.sdk import (
    ConnectorError,
    Diagnostic,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
)


def inspect(gateway: Gateway, settings: C4cSettings) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        gateway.forget()
        model = gateway.model()
    except ConnectorError as error:
        return [closed(error)]
    findings = [one for name in settings.streams for one in _lacking(model, name, settings)]
    if findings:
        return findings
    for name in settings.streams:
        try:
            gateway.page(KINDS[name].collection, {"$top": 1, "$select": OBJECT}, f"reading {name}")
        except UnauthorisedError as error:
            hint = "give the technical user a business role with the work centre view of these records, reading all"
            findings.append(Diagnostic(code="no-access", path=f"streams.{name}", message=str(error), hint=hint))
        except ConnectorError as error:
            return [*findings, closed(error)]
    try:
        gateway.token()
    except UnauthorisedError as error:
        hint = "may the user write with this service? Does a proxy take headers or cookies away?"
        findings.append(Diagnostic(code="no-session", path="auth", message=str(error), hint=hint))
    except ConnectorError as error:
        findings.append(closed(error))
    return findings


def inspect_second(streams: Iterable[Second]) -> list[Diagnostic]:
    """What is wrong with a tenant of version 2."""
    findings: list[Diagnostic] = []
    for one in streams:
        place = f"streams.{one.stream}"
        try:
            one.asked("", "id", 1)
        except NotAllowedError as error:
            hint = "give the technical user a business role that reads these records"
            findings.append(Diagnostic(code="no-access", path=place, message=str(error), hint=hint))
            continue
        except ConnectorError as error:
            return [closed(error)]
        try:
            one.check_marker()
        except RefusedError as error:
            hint = "add an extension field (text) and name it as `marker`; or write null"
            findings.append(Diagnostic(code="no-marker", path=f"{place}.marker", message=str(error), hint=hint))
        except ConnectorError as error:
            return [*findings, closed(error)]
    return findings


def closed(error: ConnectorError) -> Diagnostic:
    """The finding for a tenant that does not answer as one."""
    code, path, hint = "unreachable", "url", "is it the address of the tenant, and does a firewall let the hub out?"
    if isinstance(error, UnauthorisedError):
        code, path = "unauthorised", "auth"
        hint = "are user and password those of the communication arrangement, and is the user not locked?"
    elif isinstance(error, RefusedError):
        code, path = "no-service", "path"
        hint = "v1: is `path` that of c4codataapi? A tenant of Version 2 needs `api: v2`"
    elif isinstance(error, ThrottledError):
        code, hint = "throttled", "wait, or have other integrations of this tenant call less"
    return Diagnostic(code=code, message=str(error), path=path, hint=hint)


def _lacking(model: Service, name: str, settings: C4cSettings) -> Iterator[Diagnostic]:
    kind, own = KINDS[name], settings.stream(name)
    place = f"streams.{name}"
    found = model.sets.get(kind.collection)
    if found is None:
        message = f"the service has no {kind.collection}"
        hint = "put the collection into the service, or use c4codataapi"
        yield Diagnostic(code="other-service", path="path", message=message, hint=hint)
        return
    for needed in (OBJECT, kind.key, CHANGED, *kind.needed):
        known = found.type.properties.get(needed)
        if known is None or (not known.filterable and needed in {kind.key, CHANGED}):
            message = f"{kind.collection} has no {needed} that can be asked for"
            hint = f"tick {needed} in the OData Service Explorer (releases before 1911 have no {CHANGED})"
            yield Diagnostic(code="other-service", path="path", message=message, hint=hint)
    marker = found.type.properties.get(own.marker) if own.marker else None
    if own.marker and (marker is None or not marker.creatable or not marker.filterable or marker.edm != "Edm.String"):
        message = f"{kind.collection} has no text field {own.marker} that can be written and asked for"
        hint = "make an extension field, add it to the service and name it as `marker`; or write null"
        yield Diagnostic(code="no-marker", path=f"{place}.marker", message=message, hint=hint)
    for part in own.children:
        try:
            told = PARENT in model.type_of(child(model, kind.collection, part)).properties
            message = f"{part} has no {PARENT} to be asked by"
        except ProtocolError as error:
            told, message = False, str(error)
        if not told:
            yield Diagnostic(code="other-service", path=f"{place}.children", message=message)
