"""The SAP Commerce connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.credentials import Auth, Basic
from connectors.gateway import Gateway
from connectors.hybris import schema
from connectors.hybris.consents import Consents
from connectors.hybris.inspection import inspect
from connectors.hybris.reading import Reader
from connectors.hybris.settings import BasicAuth, HybrisSettings
from connectors.hybris.writing import Writing
from connectors.oauth import ClientCredentials
from connectors.sdk import (
    Connector,
    Context,
    Deletes,
    Diagnostic,
    Field,
    Outcome,
    Page,
    Record,
    Replay,
    Stream,
    Watermark,
    Write,
    Writes,
)

_LABELS = {"units": "B2B units", "customers": "Customers", "orders": "Orders"}
_PARENTS = {"customers": ("units",), "orders": ("units", "customers")}


class HybrisConnector(Connector[HybrisSettings]):
    """B2B units, customers and orders of SAP Commerce, as an integration object of the project shows them.

    Customers are closed and not deleted; what is deleted all the same is noticed by a sweep. Orders are only read.
    """

    name: ClassVar[str] = "hybris"
    label: ClassVar[str] = "SAP Commerce (Hybris)"
    Settings = HybrisSettings

    def __init__(self, settings: HybrisSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._auth = _auth(settings, self.context)
        self._open: Gateway | None = None
        self._spoken: Consents | None = None
        self._streams = tuple(self._facts(name) for name in _LABELS if name in settings.streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        own = self.settings.stream(name)
        watermark = Watermark(
            field=own.modified or "",
            resolution=timedelta(milliseconds=1),
            overlap=timedelta(seconds=self.settings.overlap),
            misses="edits of what hangs on the item (addresses, entries, groups) and consents, which stamp themselves",
        )
        writes = Writes(
            batch=self.settings.batch,
            replay=Replay.NATURAL if own.marker is None else Replay.UPSERT,
            marker=own.marker,
            conditional=True,
            in_steps=name == "customers",
        )
        return Stream(
            name=name,
            key=own.code,
            version="fingerprint",
            watermark=None if own.modified is None else watermark,
            writes=None if name == "orders" else writes,
            deletes=Deletes.SWEEP,
            parents=tuple(parent for parent in _PARENTS.get(name, ()) if parent in self.settings.streams),
            label=_LABELS[name],
        )

    @property
    def _gateway(self) -> Gateway:
        if self._open is None:
            headers = {"accept-language": self.settings.language}
            http = self.context.http(self.settings.url, auth=self._auth, headers=headers, timeout=120.0)
            self._open = Gateway(http, self.settings.path, self.context, tokens=False)
        return self._open

    def check(self) -> list[Diagnostic]:
        return inspect(self._gateway, self.settings)

    def discover(self, stream: str) -> tuple[Field, ...]:
        reader = self._reader(stream)
        self._gateway.forget()
        return schema.fields(reader.shape, stream, frozenset(self.settings.streams), self.settings.consents)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        yield from self._reader(stream).pages(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        yield from self._reader(stream).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """A record for every key, in order; what is not there is deleted."""
        return self._reader(stream).records(keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Items by a text attribute of their own."""
        return self._reader(stream).find(field, values)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        reader = self._reader(stream)
        if not batch:
            return []
        consents = self._consents() if stream == "customers" else None
        writing = Writing(self._gateway, reader, reader.shape, language=self.settings.language, consents=consents)
        return writing.upsert(batch)

    def _reader(self, stream: str) -> Reader:
        self.stream(stream)
        return Reader(self._gateway, self.settings, stream, self._consents())

    def _consents(self) -> Consents | None:
        """The same ones for all calls: they know whether the client was ever let write one."""
        given = self.settings.consents
        if self._spoken is None and given is not None:
            self._spoken = Consents(self._gateway, given)
        return self._spoken

    def close(self) -> None:
        if isinstance(self._auth, ClientCredentials):
            self._auth.close()
        if self._open is not None:
            self._open.close()


def _auth(settings: HybrisSettings, context: Context) -> Auth:
    auth = settings.auth
    if isinstance(auth, BasicAuth):
        return Basic(auth.user, auth.password.get_secret_value())
    url = auth.token_url or f"{settings.url}/authorizationserver/oauth/token"
    return ClientCredentials(context, url, client_id=auth.client_id, client_secret=auth.client_secret)
