"""Whether a shop lets us do what the hub will ask of it; every finding says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sdk import (
    ConnectorError,
    Diagnostic,
    RefusedError,
    Severity,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)
from connectors.shopify import documents
from connectors.shopify.graphql import Graph, ShutShopError
from connectors.shopify.settings import ShopifySettings

_NEEDED = ("read_customers", "write_customers", "read_orders")
_CODES: tuple[tuple[type[ConnectorError], str, str], ...] = (
    (ShutShopError, "refused", "check `shop` and `api_version`"),
    (UnauthorisedError, "unauthorised", "check `auth`: the app must be installed in this shop"),
    (ThrottledError, "throttled", "the shop's API quota is spent; try again in a minute"),
    (UnreachableError, "unreachable", "check `shop` (and `base_url`), the network and the vendor's status page"),
    (RefusedError, "refused", "check `shop` and `api_version`"),
)


class Checker:
    def __init__(self, graph: Graph, settings: ShopifySettings) -> None:
        self._graph = graph
        self._settings = settings

    def check(self) -> list[Diagnostic]:
        marker = self._settings.marker
        try:
            data = self._graph.ask("Check", documents.CHECK, {"namespace": marker.namespace, "key": marker.key}).data
        except ConnectorError as error:
            return [_trouble(error)]
        found = [*self._shop(data), *self._version(), *self._scopes(data), *self._marker(data)]
        return [*found, *self._customers(), *self._orders(), *self._companies()]

    def _shop(self, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
        domain = data["shop"]["myshopifyDomain"]
        if domain != self._settings.shop and self._settings.base_url is None:
            yield Diagnostic(
                code="other-shop",
                message=f"the address belongs to {domain}",
                path="shop",
                hint="put the shop's own domain there",
            )

    def _version(self) -> Iterator[Diagnostic]:
        asked, served = self._settings.api_version, self._graph.served
        if served not in (None, asked):
            yield Diagnostic(
                code="other-version",
                message=f"the shop answers with version {served} of the API instead of {asked}",
                path="api_version",
                severity=Severity.WARNING,
                hint="name a version that it serves; without `api_version` the connector names one it was tested with",
            )

    def _scopes(self, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
        granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
        granted |= {f"read_{scope.removeprefix('write_')}" for scope in granted if scope.startswith("write_")}
        for scope in _NEEDED:
            if scope not in granted:
                yield Diagnostic(
                    code="missing-scope",
                    message=f"the app lacks the scope {scope}",
                    path="auth",
                    hint="add it to the app's configuration and install the new version",
                )

    def _marker(self, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
        full_key = self._settings.marker.full_key
        nodes = data["metafieldDefinitions"]["nodes"]
        if not nodes:
            yield Diagnostic(
                code="marker-missing",
                message=f"customers have no metafield definition {full_key}: creates cannot be made safe",
                path="marker",
                hint="`syncline connections prepare` and the connection's name create it (for customers, of type id)",
            )
        elif not nodes[0]["capabilities"]["uniqueValues"]["enabled"]:
            kind = nodes[0]["type"]["name"]
            yield Diagnostic(
                code="marker-not-unique",
                message=f"the metafield definition {full_key} ({kind}) allows the same value twice",
                path="marker",
                hint="choose another key under `marker`, and a definition of type id for it",
            )

    def _customers(self) -> Iterator[Diagnostic]:
        try:
            data = self._graph.ask("CheckCustomers", documents.CHECK_CUSTOMERS).data
        except UnauthorisedError:
            yield Diagnostic(
                code="protected-data",
                message="the app may not see customers' names and e-mail addresses",
                path="auth",
                hint="request access to protected customer data (name, address, phone, e-mail) for the app",
            )
        except ConnectorError as error:
            yield _trouble(error)
        else:
            yield from _filter(data, "customers")

    def _orders(self) -> Iterator[Diagnostic]:
        try:
            yield from _filter(self._graph.ask("CheckOrders", documents.CHECK_ORDERS).data, "orders")
        except UnauthorisedError:
            return  # already said: the scope is missing
        except ConnectorError as error:
            yield _trouble(error)

    def _companies(self) -> Iterator[Diagnostic]:
        try:
            yield from _filter(self._graph.ask("CheckCompanies", documents.CHECK_COMPANIES).data, "companies")
        except (UnauthorisedError, RefusedError):
            yield Diagnostic(
                code="no-companies",
                message="this shop has no companies, or the app may not see them: the stream companies cannot be used",
                severity=Severity.NOTE,
                hint="companies need a plan with B2B; the scopes for customers serve for them, too",
            )
        except ConnectorError as error:
            yield _trouble(error)

    def create_marker(self) -> None:
        marker = self._settings.marker
        definition = {
            "name": "Hub id",
            "namespace": marker.namespace,
            "key": marker.key,
            "ownerType": "CUSTOMER",
            "type": "id",
            "description": "The customer's id in Syncline. Do not edit.",
            "capabilities": {"uniqueValues": {"enabled": True}},
        }
        reply = self._graph.change("DefineMarker", documents.DEFINE, {"definition": definition})
        payload = reply.data.get("metafieldDefinitionCreate")
        if payload is None:
            raise UnauthorisedError("the app may not create metafield definitions: it needs write_customers")
        for complaint in payload["userErrors"]:
            code = complaint["code"] or "refused"
            raise RefusedError(f"the definition was not created: {complaint['message']}", code)

    def defined(self) -> Iterator[tuple[str, str, str]]:
        """``(namespace.key, label, type)`` of every customer metafield that has a definition."""
        after: str | None = None
        while True:
            page = self._graph.ask("Definitions", documents.DEFINITIONS, {"after": after}).data["metafieldDefinitions"]
            for node in page["nodes"]:
                yield f"{node['namespace']}.{node['key']}", node["name"], node["type"]["name"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]


def _filter(data: Mapping[str, Any], stream: str) -> Iterator[Diagnostic]:
    """A filter that is not understood is ignored and everything is returned: ask for the far future, expect nothing."""
    if data["future"]["nodes"]:
        yield Diagnostic(
            code="filter-ignored",
            message=f"the shop ignores the filter on updated_at of {stream}: every read would be a full one",
            severity=Severity.WARNING,
            hint="choose another `api_version`",
        )


def _trouble(error: ConnectorError) -> Diagnostic:
    for kind, code, hint in _CODES:
        if isinstance(error, kind):
            return Diagnostic(code=code, message=str(error), hint=hint)
    return Diagnostic(
        code="protocol", message=str(error), hint="is there a login page or proxy between here and the shop?"
    )
