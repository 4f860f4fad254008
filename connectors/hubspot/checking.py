"""What `check` looks at: the way in, each object type and what the app may do with it, the marker, the references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.hubspot import references
from connectors.hubspot.api import Api
from connectors.hubspot.schema import stamp_of
from connectors.hubspot.settings import HubSpotSettings, TokenAuth
from connectors.sdk import (
    ConnectorError,
    Diagnostic,
    RefusedError,
    Severity,
    ThrottledError,
    UnauthorisedError,
)

_GROUPS = {"companies": "company", "contacts": "contact", "deals": "deal", "tickets": "ticket"}
_OWN_SCOPES = {"tickets": ("tickets", "tickets")}
"""Types whose rights do not have the usual names: to read and to write."""


class Checker:
    def __init__(self, api: Api, settings: HubSpotSettings) -> None:
        self._api = api
        self._settings = settings

    def check(self) -> list[Diagnostic]:
        """All findings; none means all is well. What cannot be reached at all is one finding."""
        found: list[Diagnostic] = []
        for kind in self._settings.streams:
            self._api.forget(kind)
            try:
                definitions = {str(one.get("name")): one for one in self._api.properties(kind)}
                found += self._properties(kind, definitions)
                self._api.get(self._api.objects(kind), f"reading {kind}", {"limit": 1})
                found += self._references(kind)
            except ConnectorError as error:
                if not isinstance(error, UnauthorisedError | RefusedError) or "HTTP 401" in str(error):
                    return [*found, self._closed(error)]
                found.append(_no_type(kind, error))
        return [*found, *self._scopes()]

    def _closed(self, error: ConnectorError) -> Diagnostic:
        code, path = "unreachable", "base_url"
        hint = "check the network, `base_url` and status.hubspot.com"
        if isinstance(error, UnauthorisedError):
            code, path = "unauthorised", "auth"
            hint = (
                "copy the token of the app or service key anew; of an app with OAuth, allow it into the account again"
            )
        elif isinstance(error, ThrottledError):
            code, hint = "throttled", "wait, or have other integrations of this account call less"
        return Diagnostic(code=code, message=str(error), path=path, hint=hint)

    def _properties(self, kind: str, definitions: Mapping[str, Mapping[str, Any]]) -> Iterator[Diagnostic]:
        for name in self._settings.streams[kind].properties or ():
            if name not in definitions:
                message = f"{kind} have no property {name}, or the app may not see it"
                yield Diagnostic(code="unknown-field", path=f"streams.{kind}.properties", message=message)
        if stamp_of(kind) not in definitions:
            message = f"{kind} have no {stamp_of(kind)}: they cannot be read for changes"
            yield Diagnostic(code="no-stamp", path=f"streams.{kind}", message=message)
        marker = self._settings.marker_of(kind)
        if marker is None:
            return
        path = f"streams.{kind}.marker"
        entry = definitions.get(marker)
        if entry is None:
            yield Diagnostic(
                code="marker-missing",
                path=path,
                message=f"{kind} have no property {marker}: creates cannot be made safe",
                hint="`syncline connections prepare` and the connection's name create it (needs the right "
                f"{_scope_of_schema(kind)}); or in Settings, Properties: single-line text, «require unique values»",
            )
        elif not entry.get("hasUniqueValue"):
            yield Diagnostic(
                code="marker-not-unique",
                path=path,
                message=f"the property {marker} of {kind} allows the same value twice",
                hint="uniqueness can only be chosen when a property is created: name another one under `marker`",
            )

    def _references(self, kind: str) -> Iterator[Diagnostic]:
        for name, reference in self._settings.references_of(kind).items():
            try:
                references.tie(self._api, kind, reference)
            except RefusedError as error:
                yield Diagnostic(
                    code="unknown-field",
                    path=f"streams.{kind}.references.{name}",
                    message=str(error),
                    hint="labels are made in Settings, Objects, Associations; write one as it is written there",
                )

    def _scopes(self) -> Iterator[Diagnostic]:
        """Rights to write, which reading does not show; a private app tells its own."""
        granted = self._granted()
        if granted is None:
            return
        for kind in self._settings.streams:
            read, write = _OWN_SCOPES.get(kind, (f"crm.objects.{kind}.read", f"crm.objects.{kind}.write"))
            if write not in granted and kind in _GROUPS:
                yield Diagnostic(
                    code="missing-scope",
                    path="auth",
                    severity=Severity.ERROR if read not in granted else Severity.WARNING,
                    message=f"the app lacks the right {write}: {kind} cannot be written",
                    hint="add it to the app's scopes and copy the token anew",
                )

    def _granted(self) -> set[str] | None:
        """The scopes of a private app; None where they are not told."""
        given = self._settings.auth
        if not isinstance(given, TokenAuth):
            return None
        token = {"tokenKey": given.token.get_secret_value()}
        try:
            told = self._api.look("/oauth/v2/private-apps/get/access-token-info", "asking for scopes", token)
        except ConnectorError:
            return None  # a service key, or an app of another kind
        scopes = told.get("scopes")
        return {str(scope) for scope in scopes} if isinstance(scopes, list) else None

    def create_marker(self) -> None:
        """Create the marker property wherever it is missing. Raises RefusedError, UnauthorisedError."""
        for kind in self._settings.streams:
            marker = self._settings.marker_of(kind)
            self._api.forget(kind)
            if marker is None or marker in {one.get("name") for one in self._api.properties(kind)}:
                continue
            definition = {
                "name": marker,
                "label": "Hub id",
                "description": "The record's id in Syncline. Do not edit.",
                "groupName": f"{_GROUPS.get(kind, kind)}{'information' if kind in _GROUPS else '_information'}",
                "type": "string",
                "fieldType": "text",
                "hasUniqueValue": True,
                "formField": False,
            }
            self._api.create_property(kind, definition)


def _no_type(kind: str, error: ConnectorError) -> Diagnostic:
    if isinstance(error, UnauthorisedError):
        return Diagnostic(
            code="missing-scope",
            path=f"streams.{kind}",
            message=str(error),
            hint="add the right to the app's scopes and copy the token anew",
        )
    return Diagnostic(
        code="unknown-stream",
        path=f"streams.{kind}",
        message=f"there is no object type {kind} ({error})",
        hint="write contacts, companies, deals, tickets, or the id of an object type (2-1234567)",
    )


def _scope_of_schema(kind: str) -> str:
    return "tickets" if kind == "tickets" else f"crm.schemas.{kind}.write"
