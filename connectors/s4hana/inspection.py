"""What `check` looks at: the way in, the service and what it has, the right to read, the session that writes need."""

from __future__ import annotations

from collections.abc import Iterator

from connectors import odata
from connectors.edmx import Service
from connectors.gateway import Gateway
from connectors.s4hana.partners import ADDRESSES, CATEGORY, IDENTIFICATION, KEY, REACHES, ROOT
from connectors.s4hana.settings import S4HanaSettings
from connectors.s4hana.turning import places
from connectors.sdk import ConnectorError, Diagnostic, RefusedError, Severity, ThrottledError, UnauthorisedError

_NEEDED = {
    ROOT: (
        "BusinessPartner",
        "BusinessPartnerCategory",
        "CreationDate",
        "CreationTime",
        "LastChangeDate",
        "LastChangeTime",
    ),
    "A_BusinessPartnerAddress": ("BusinessPartner", "AddressID"),
    "A_BuPaAddressUsage": ("AddressUsage", "ValidityEndDate"),
    "A_BuPaIdentification": ("BPIdentificationType", "BPIdentificationNumber"),
    "A_BusinessPartnerContact": ("RelationshipNumber", "BusinessPartnerCompany", "BusinessPartnerPerson"),
    "A_BPContactToFuncAndDept": ("RelationshipNumber",),
    "A_Customer": ("Customer",),
    **{reach.entity: (reach.value,) for reach in REACHES.values()},
}


def inspect(gateway: Gateway, settings: S4HanaSettings) -> list[Diagnostic]:
    """All findings; none means all is well. What cannot be reached at all is one finding."""
    try:
        gateway.forget()
        model = gateway.model()
    except ConnectorError as error:
        return [_closed(settings, error)]
    findings = list(_lacking(model, settings))
    if findings:
        return findings
    for name in settings.streams:
        query = {"$filter": odata.equal("BusinessPartnerCategory", CATEGORY[name]), "$top": 1, "$select": KEY}
        try:
            gateway.page(ROOT, query, f"reading {name}")
        except UnauthorisedError as error:
            hint = "give the communication user read access to business partners"
            findings.append(Diagnostic(code="no-access", path=f"streams.{name}", message=str(error), hint=hint))
        except ConnectorError as error:
            return [*findings, _closed(settings, error)]
    try:
        findings += _unseen(gateway, settings)
        gateway.token()
    except UnauthorisedError as error:
        hint = "may the user write with this service? Does a proxy take headers or cookies away?"
        findings.append(Diagnostic(code="no-session", path="auth", message=str(error), hint=hint))
    except ConnectorError as error:
        findings.append(_closed(settings, error))
    return findings


def _unseen(gateway: Gateway, settings: S4HanaSettings) -> Iterator[Diagnostic]:
    """Lists that reads go on without."""
    for name in dict.fromkeys(name for stream in settings.streams for name in places(stream)):
        try:
            gateway.page(name, {"$top": 1}, f"reading {name}")
        except (RefusedError, UnauthorisedError) as error:
            message = f"{error}: addresses and relationships entered for a day to come are not noticed on that day"
            hint = f"give the communication user read access to {name}"
            yield Diagnostic(code="no-validity", message=message, severity=Severity.WARNING, path="streams", hint=hint)


def _closed(settings: S4HanaSettings, error: ConnectorError) -> Diagnostic:
    code, path, hint = "unreachable", "url", "is it the address of the system, and does a firewall let the hub out?"
    if isinstance(error, UnauthorisedError):
        code, path = "unauthorised", "auth"
        hint = "are user and password (or client id and secret) those of the communication system, and not locked?"
        if settings.client is not None:
            hint += f" Does client {settings.client} know them?"
    elif isinstance(error, RefusedError):
        code, path = "no-service", "path"
        hint = "activate API_BUSINESS_PARTNER (cloud: a communication arrangement for SAP_COM_0008)"
    elif isinstance(error, ThrottledError):
        code, hint = "throttled", "wait, or have other integrations of this system call less"
    return Diagnostic(code=code, message=str(error), path=path, hint=hint)


def _lacking(model: Service, settings: S4HanaSettings) -> Iterator[Diagnostic]:
    for name, needed in _NEEDED.items():
        if name == "A_BuPaIdentification" and settings.marker is None:
            continue
        kind = model.sets.get(name)
        missing = [name] if kind is None else [f"{name}.{one}" for one in needed if one not in kind.type.properties]
        for one in missing:
            message = f"the service has no {one}, or the user may not see it"
            hint = "is `path` that of API_BUSINESS_PARTNER, in a release of S/4HANA?"
            yield Diagnostic(code="other-service", path="path", message=message, hint=hint)
    root = model.sets.get(ROOT)
    for name in (ADDRESSES, *([IDENTIFICATION] if settings.marker else [])):
        if root is not None and name not in root.type.navigations:
            yield Diagnostic(code="other-service", path="path", message=f"the service's partners have no {name}")
