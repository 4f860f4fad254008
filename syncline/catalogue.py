"""Which connectors there are: the built-in ones by an explicit table, others by entry point."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from connectors.contract import CONTRACT, Connector, verify_deeds

GROUP = "syncline.connectors"

BUILT_IN: Mapping[str, str] = {
    "c4c": "connectors.c4c.connector:C4cConnector",
    "dynamics": "connectors.dynamics.connector:DynamicsConnector",
    "files": "connectors.files.connector:FilesConnector",
    "hubspot": "connectors.hubspot.connector:HubSpotConnector",
    "hybris": "connectors.hybris.connector:HybrisConnector",
    "magento": "connectors.magento.connector:MagentoConnector",
    "netsuite": "connectors.netsuite.connector:NetSuiteConnector",
    "odoo": "connectors.odoo.connector:OdooConnector",
    "s4hana": "connectors.s4hana.connector:S4HanaConnector",
    "salesforce": "connectors.salesforce.connector:SalesforceConnector",
    "shopify": "connectors.shopify.connector:ShopifyConnector",
    "siebel": "connectors.siebel.connector:SiebelConnector",
    "sql": "connectors.sql.connector:SqlConnector",
    "tryton": "connectors.tryton.connector:TrytonConnector",
    "woocommerce": "connectors.woocommerce.connector:WooCommerceConnector",
    "zoho": "connectors.zoho.connector:ZohoConnector",
}


class CatalogueError(Exception):
    """A connector cannot be had; the text says which and why, ``hint`` what to do. Becomes a diagnostic."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Source:
    """Where a connector's class comes from. ``package`` is the distribution that brought it."""

    name: str
    reference: str
    package: str = "syncline"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every connector that may be named in `config.yaml`, with all that claim its name."""

    claims: Mapping[str, tuple[Source, ...]]

    @classmethod
    def installed(cls) -> Catalogue:
        """The built-in connectors and those of installed packages. Nothing is imported yet."""
        claims: dict[str, list[Source]] = {name: [Source(name, reference)] for name, reference in BUILT_IN.items()}
        for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
            claims.setdefault(point.name, []).append(_source(point))
        return cls({name: tuple(sources) for name, sources in sorted(claims.items())})

    @property
    def names(self) -> list[str]:
        return list(self.claims)

    def find(self, name: str) -> type[Connector[Any]]:
        """The class of a connector. Raises CatalogueError, and KeyError for a name nobody claims."""
        sources = self.claims[name]
        if len(sources) > 1:
            who = " and ".join(f"{source.package} ({source.reference})" for source in sources)
            raise CatalogueError(f"connector {name!r} is claimed by {who}", "uninstall one of them")
        return _load(sources[0])


def _source(point: EntryPoint) -> Source:
    return Source(point.name, point.value, point.dist.name if point.dist is not None else "an unknown package")


def _load(source: Source) -> type[Connector[Any]]:
    module, _, attribute = source.reference.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a third party module may raise anything
        raise CatalogueError(
            f"connector {source.name!r} from {source.package} cannot be loaded: {type(error).__name__}: {error}",
            f"reinstall {source.package}, or ask its author",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise CatalogueError(f"{source.reference} from {source.package} is not a connector class", "tell its author")
    if found.contract > CONTRACT:
        raise CatalogueError(
            f"connector {source.name!r} needs connector contract {found.contract}, this version offers {CONTRACT}",
            "upgrade syncline, or install an older version of the connector",
        )
    return found


def promises_kept(connector: Connector[Any]) -> str | None:
    """None where the connector's streams promise only deeds it has, else what is missing."""
    try:
        verify_deeds(type(connector), connector.declared_streams())
    except TypeError as error:
        return str(error)
    return None
