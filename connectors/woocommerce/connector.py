"""The WooCommerce connector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

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
    UnauthorisedError,
    Watermark,
    Write,
    Writes,
)
from connectors.woocommerce import checking, schema
from connectors.woocommerce.reading import Reader
from connectors.woocommerce.session import Session
from connectors.woocommerce.settings import WooCommerceSettings
from connectors.woocommerce.writing import Writer


class WooCommerceConnector(Connector[WooCommerceSettings]):
    """One shop. Customers are read in full each time; guests are the buyers behind orders of nobody's account."""

    name: ClassVar[str] = "woocommerce"
    label: ClassVar[str] = "WooCommerce"
    Settings: ClassVar[Any] = WooCommerceSettings

    def __init__(self, settings: WooCommerceSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._reader = Reader(self._session, lambda: self._statuses)
        self._writers: dict[str, Writer] = {}

    def declared_streams(self) -> tuple[Stream, ...]:
        marker = f"meta.{self.settings.marker}"
        writes = Writes(batch=self.settings.batch, replay=Replay.LOOKUP, marker=marker, returns_record=True)
        overlap = timedelta(seconds=self.settings.overlap)
        missed = "an e-mail address corrected in an order, for the guest of the former address"
        return (
            Stream(name="customers", label="Customers", writes=writes, deletes=Deletes.SWEEP, removes=True),
            Stream(
                name="orders",
                label="Orders",
                watermark=Watermark(field="date_modified_gmt", overlap=overlap),
                writes=writes,
                deletes=Deletes.SWEEP,
                removes=True,
                parents=("customers",),
            ),
            Stream(
                name="guests",
                label="Guest buyers",
                key="email",
                watermark=Watermark(field="date_modified_gmt", overlap=overlap, misses=missed),
                fields=schema.GUEST,
            ),
        )

    def check(self) -> list[Diagnostic]:
        return checking.check(self._session)

    def discover(self, stream: str) -> tuple[Field, ...]:
        facts = self.stream(stream)
        return facts.fields or schema.fields(self._session, stream)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        if stream == "customers":
            return self._reader.customers()
        return self._reader.orders(since) if stream == "orders" else self._reader.guests(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        return self._reader.keys(self._listed(stream))

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        return self._reader.fetch(self._listed(stream), keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Records by the marker (looking through all, newest first), customers by e-mail address, too."""
        name = self._listed(stream)
        if field == f"meta.{self.settings.marker}":
            return self._reader.by_marker(name, values)
        if (name, field) != ("customers", "email"):
            raise KeyError(f"{stream} cannot be looked up by {field}")
        return self._reader.by_email(values)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return self._writer(stream).upsert(batch)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return self._writer(stream).remove(batch)

    def close(self) -> None:
        self._session.close()

    def _writer(self, stream: str) -> Writer:
        name = self._listed(stream)
        if name not in self._writers:
            self._writers[name] = Writer(self._session, name, self._reader, lambda: self._statuses or schema.OWN)
        return self._writers[name]

    @cached_property
    def _statuses(self) -> tuple[str, ...]:
        """None where the host keeps the shop from describing itself: `check` says so."""
        try:
            return schema.statuses(self._session)
        except (ProtocolError, RefusedError, UnauthorisedError):
            return ()

    def _listed(self, stream: str) -> str:
        """A stream with records of its own in the shop; guests are only parts of orders."""
        if stream not in {"customers", "orders"}:
            raise KeyError(f"{stream} has no records of its own")
        return stream
