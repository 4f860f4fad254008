"""The connector for Adobe Commerce and Magento Open Source 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from connectors.magento import checking, schema
from connectors.magento.kinds import KINDS
from connectors.magento.reading import Reader
from connectors.magento.session import Session
from connectors.magento.settings import MagentoSettings
from connectors.magento.writing import Writer
from connectors.sdk import (
    Connector,
    Context,
    Deletes,
    Diagnostic,
    Field,
    Outcome,
    Page,
    ProtocolError,
    Record,
    RefusedError,
    Replay,
    Stream,
    Watermark,
    Write,
    Writes,
)

BATCH = 100
_SEARCHED = {"customers": {"email"}, "companies": {"company_email", "company_name"}}


class MagentoConnector(Connector[MagentoSettings]):
    """One shop: customers and companies both ways, orders inward (the vendor lets nobody edit them)."""

    name: ClassVar[str] = "magento"
    label: ClassVar[str] = "Adobe Commerce (Magento 2)"
    Settings: ClassVar[Any] = MagentoSettings

    def __init__(self, settings: MagentoSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._reader = Reader(self._session)
        self._described: dict[str, Mapping[str, Field]] = {}
        self._regions_of: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._website: int | None = settings.website_id

    def declared_streams(self) -> tuple[Stream, ...]:
        marker = f"custom.{self.settings.marker}" if self.settings.marker else None
        overlap = timedelta(seconds=self.settings.overlap)  # stamped when saved, seen when the transaction is committed
        written = Writes(batch=BATCH, replay=Replay.LOOKUP if marker else Replay.NATURAL, marker=marker)
        missed = "edits of addresses, of the newsletter and of company membership: only a full read shows them"
        b2b = self.settings.companies
        customers = Stream(
            name="customers",
            label="Customers",
            version="updated_at",
            watermark=Watermark(field="updated_at", overlap=overlap, misses=missed),
            writes=written,
            deletes=Deletes.SWEEP,
            removes=True,
            parents=("companies",) if b2b else (),
        )
        orders = Stream(
            name="orders",
            label="Orders",
            key="entity_id",
            version="updated_at",
            watermark=Watermark(field="updated_at", overlap=overlap),
            deletes=Deletes.SWEEP,
            parents=("customers",),
            fields=schema.ORDERS,
        )
        companies = Stream(
            name="companies",
            label="Companies",
            writes=Writes(batch=BATCH, replay=Replay.NATURAL),
            deletes=Deletes.SWEEP,
            removes=True,
            fields=schema.COMPANIES,
        )
        return (companies, customers, orders) if b2b else (customers, orders)

    def check(self) -> list[Diagnostic]:
        return checking.check(self._session)

    def discover(self, stream: str) -> tuple[Field, ...]:
        facts = self.stream(stream)
        found = facts.fields or schema.customers(self._session)
        self._described[stream] = {field.name: field for field in found}
        return found

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        return self._reader.pages(KINDS[stream], since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        self.stream(stream)
        return self._reader.keys(KINDS[stream])

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        self.stream(stream)
        return self._reader.fetch(KINDS[stream], keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Customers by e-mail or a custom attribute (the marker), companies by e-mail or name."""
        self.stream(stream)
        attribute = field.removeprefix("custom.")
        if field not in _SEARCHED.get(stream, ()) and not (stream == "customers" and field != attribute):
            raise KeyError(f"{stream} cannot be looked up by {field}")
        return self._reader.find(KINDS[stream], attribute, values)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return self._writer(stream).upsert(batch) if batch else []

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return self._writer(stream).remove(batch) if batch else []

    def close(self) -> None:
        self._session.close()

    def _writer(self, stream: str) -> Writer:
        if self.stream(stream).writes is None:
            raise KeyError(f"{stream} is not written")
        if stream not in self._described:
            self.discover(stream)
        kind = KINDS[stream]
        return Writer(self._session, self._reader, kind, self._described[stream], self._home, self._regions)

    def _home(self) -> int:
        """The website that new customers join: the configured one, else the store view's."""
        if self._website is None:
            views = self._session.ask("GET", "store/storeViews", "listing store views")
            wanted = self.settings.store_view
            found = [v for v in views if v.get("code") == wanted] if isinstance(views, list) else []
            if not found:
                raise RefusedError(f"the shop has no store view {wanted}: correct `store_view`", code="no-store-view")
            self._website = int(found[0]["website_id"])
        return self._website

    def _regions(self, country: str) -> Sequence[Mapping[str, Any]]:
        """The regions of a country as the shop's directory lists them; none for a country it does not sell to."""
        if country not in self._regions_of:
            path, what = "directory/countries/{country}", "listing a country's regions"
            try:
                said = self._session.ask("GET", path, what, parts={"country": country})
            except RefusedError:
                said = {}
            if not isinstance(said, dict):
                raise ProtocolError(f"{what}: the answer is no country")
            self._regions_of[country] = said.get("available_regions") or ()
        return self._regions_of[country]
