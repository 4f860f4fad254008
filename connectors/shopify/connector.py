"""The Shopify connector."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from connectors.credentials import Auth, Bearer
from connectors.oauth import ClientCredentials
from connectors.sdk import Connector, Context, Diagnostic, Field, FieldType, Outcome, Page, Record, Stream, Write
from connectors.shopify import documents, records, streams
from connectors.shopify.checking import Checker
from connectors.shopify.documents import Shape
from connectors.shopify.graphql import Graph, TooCostlyError, quota, seconds_to_wait
from connectors.shopify.reading import Reader, Source
from connectors.shopify.sending import Sender
from connectors.shopify.settings import ShopifySettings, TokenAuth
from connectors.shopify.writing import CompanyWriter, CustomerWriter

_HEADER = "X-Shopify-Access-Token"
_AT_ONCE = 20


class ShopifyConnector(Connector[ShopifySettings]):
    """One shop: customers and companies both ways, orders inward.

    A record key is the object's global id (``gid://shopify/Customer/1``).
    """

    name: ClassVar[str] = "shopify"
    label: ClassVar[str] = "Shopify"
    Settings: ClassVar[Any] = ShopifySettings

    def __init__(self, settings: ShopifySettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        marker = settings.marker.full_key
        self._metafields = tuple(dict.fromkeys((marker, *settings.metafields)))
        self._streams = (
            streams.customers(marker, self._metafields),
            streams.COMPANIES,
            streams.ORDERS,
        )

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    # asking

    def check(self) -> list[Diagnostic]:
        return Checker(self._graph, self.settings).check()

    def create_marker(self) -> None:
        """Create the definition of the marker metafield. Only called because a person asked for it.

        Raises RefusedError where the shop does not want it (it may exist with another type).
        """
        Checker(self._graph, self.settings).create_marker()

    def discover(self, stream: str) -> tuple[Field, ...]:
        declared = self.stream(stream).fields
        if stream != "customers":
            return declared
        known = {field.name for field in declared}
        found = {
            f"metafields.{full}": (label, kind) for full, label, kind in Checker(self._graph, self.settings).defined()
        }
        typed = tuple(
            Field(
                name=field.name,
                label=found[field.name][0],
                type=streams.METAFIELD_TYPES.get(found[field.name][1], FieldType.TEXT),
                unique=field.unique,
                creatable=field.creatable,
                updatable=field.updatable,
            )
            if field.name in found
            else field
            for field in declared
        )
        return typed + tuple(
            Field(
                name=name,
                label=f"{label} (to use it, list it under `metafields` in the connection's settings)",
                type=streams.METAFIELD_TYPES.get(kind, FieldType.TEXT),
                readable=False,
                creatable=False,
                updatable=False,
            )
            for name, (label, kind) in found.items()
            if name not in known
        )

    # reading

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        return self._reader.pages(self._source(stream), since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        return self._reader.keys(self._source(stream))

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        return self._reader.fetch(self._source(stream), keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Records by a unique field: the marker, e-mail or phone of customers; the external id of companies."""
        if stream == "companies" and field == "externalId":
            return self._find_companies(values)
        if stream != "customers":
            raise KeyError(f"{stream} cannot be looked up by {field}")
        path = field.replace("\\", "")
        marker = self.settings.marker
        if path == f"metafields.{marker.full_key}":
            names = {"namespace": marker.namespace, "key": marker.key}
            given: list[Any] = [{"customId": {**names, "value": value}} for value in values if value]
        elif path == "defaultEmailAddress.emailAddress":
            given = [{"emailAddress": value} for value in values if value]
        elif path == "defaultPhoneNumber.phoneNumber":
            given = [{"phoneNumber": value} for value in values if re.fullmatch(r"\+[1-9]\d{6,14}", value)]
        else:
            raise KeyError(f"{stream} cannot be looked up by {field}")
        return self._find_customers(given)

    # writing

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        find = partial(self.find, stream)
        if stream == "customers":
            source = self._source(stream)
            writer = CustomerWriter(
                self._sender(source.shape), self._reader, source, self.settings.marker, self._metafields[1:], find
            )
            return writer.upsert(batch)
        if stream == "companies":
            return CompanyWriter(self._sender(documents.COMPANIES), find).upsert(batch)
        raise KeyError(f"{stream} is not written")

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        if stream != "customers":
            raise KeyError(f"{stream} is not removed")
        source = self._source(stream)
        return CustomerWriter(
            self._sender(source.shape), self._reader, source, self.settings.marker, (), partial(self.find, stream)
        ).remove(batch)

    def close(self) -> None:
        """Release connections; the credentials have one of their own."""
        if "_http" in self.__dict__:
            self._http.close()
        if isinstance(auth := self.__dict__.get("_auth"), ClientCredentials):
            auth.close()

    # the way there

    @property
    def _address(self) -> str:
        return (self.settings.base_url or f"https://{self.settings.shop}").rstrip("/")

    @cached_property
    def _auth(self) -> Auth:
        given = self.settings.auth
        if isinstance(given, TokenAuth):
            return Bearer(given.token.get_secret_value(), header=_HEADER, prefix="")
        return ClientCredentials(
            self.context,
            f"{self._address}/admin/oauth/access_token",
            client_id=given.client_id,
            client_secret=given.client_secret,
            header=_HEADER,
            prefix="",
        )

    @cached_property
    def _http(self) -> Any:
        return self.context.http(self._address, auth=self._auth, judge=seconds_to_wait, quota=quota)

    @cached_property
    def _graph(self) -> Graph:
        return Graph(self._http, self.settings.api_version)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self._graph, self.settings.page_size)

    @cached_property
    def _customers(self) -> Shape:
        return documents.customers(self._metafields, self.settings.addresses, self.settings.api_version)

    def _sender(self, shape: Shape) -> Sender:
        return Sender(self._graph, shape)

    def _source(self, stream: str) -> Source:
        facts = self.stream(stream)
        if stream == "customers":
            return Source(facts, self._customers, partial(records.customer, metafields=self._metafields))
        if stream == "companies":
            return Source(facts, documents.COMPANIES, records.company)
        return Source(facts, documents.ORDERS, lambda node: records.order(node, node["lineItems"]["nodes"]))

    def _find_customers(self, given: Sequence[Any], size: int = _AT_ONCE) -> list[Record]:
        found: dict[str, Record] = {}
        place = 0
        while place < len(given):
            part = given[place : place + size]
            texts = [
                (f"$v{i}: CustomerIdentifierInput!", f"f{i}: customerByIdentifier(identifier: $v{i}) {{ ...Fields }}")
                for i in range(len(part))
            ]
            variables = {f"v{i}": one for i, one in enumerate(part)}
            try:
                reply = self._graph.ask("Find", self._customers.several("query", "Find", texts), variables)
            except TooCostlyError:
                if size == 1:
                    raise
                size //= 2
                continue
            for node in reply.data.values():
                if node:
                    record = records.customer(node, self._metafields)
                    found[record.key] = record
            place += len(part)
        return list(found.values())

    def _find_companies(self, values: Sequence[str]) -> list[Record]:
        found: dict[str, Record] = {}
        for place in range(0, len(values), _AT_ONCE):
            part = values[place : place + _AT_ONCE]
            texts = [
                (f"$v{i}: String!", f"f{i}: companies(first: 2, query: $v{i}) {{ nodes {{ ...Fields }} }}")
                for i in range(len(part))
            ]
            variables = {f"v{i}": f"external_id:{_quoted(value)}" for i, value in enumerate(part)}
            reply = self._graph.ask("Find", documents.COMPANIES.several("query", "Find", texts), variables)
            nodes = [node for page in reply.data.values() for node in page["nodes"]]
            wanted = {value.casefold() for value in part}
            found |= {n["id"]: records.company(n) for n in nodes if (n["externalId"] or "").casefold() in wanted}
        return list(found.values())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
