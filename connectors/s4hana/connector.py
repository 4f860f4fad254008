"""The S/4HANA connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.credentials import Auth, Basic
from connectors.gateway import Gateway
from connectors.oauth import ClientCredentials
from connectors.s4hana import schema
from connectors.s4hana.inspection import inspect
from connectors.s4hana.partners import KEY
from connectors.s4hana.planning import Planner
from connectors.s4hana.reading import Reader, marker_field
from connectors.s4hana.settings import BasicAuth, S4HanaSettings
from connectors.s4hana.writing import Writing
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

_LABELS = {"organisations": "Organisations", "persons": "Persons"}


class S4HanaConnector(Connector[S4HanaSettings]):
    """Business partners: organisations and persons, with addresses, customer data and whom a person is contact of.

    Partners cannot be deleted, only marked for archiving or blocked; an archiving run is noticed by a sweep.
    """

    name: ClassVar[str] = "s4hana"
    label: ClassVar[str] = "SAP S/4HANA"
    Settings = S4HanaSettings

    def __init__(self, settings: S4HanaSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._auth = _auth(settings, self.context)
        self._open: Gateway | None = None
        self._streams = tuple(self._facts(name) for name in ("organisations", "persons") if name in settings.streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        marker = self.settings.marker
        return Stream(
            name=name,
            key=KEY,
            version="ETag",
            watermark=Watermark(
                field="LastChangeDate, LastChangeTime",
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="edits of addresses, e-mail addresses, numbers and relationships where the release does not "
                "stamp the partner for them",
            ),
            writes=Writes(
                batch=self.settings.batch,
                replay=Replay.NATURAL if marker is None else Replay.LOOKUP,
                marker=None if marker is None else marker_field(marker),
                conditional=True,
                in_steps=True,
            ),
            deletes=Deletes.SWEEP,
            parents=("organisations",) if name == "persons" and "organisations" in self.settings.streams else (),
            label=_LABELS[name],
        )

    @property
    def _gateway(self) -> Gateway:
        if self._open is None:
            # Both are taken from headers ("Determining the Client", "Determining the Logon Language", SAP Help).
            headers = {"accept-language": "en", "sap-language": "EN"}
            if self.settings.client is not None:
                headers["sap-client"] = self.settings.client
            http = self.context.http(self.settings.url, auth=self._auth, headers=headers, timeout=120.0)
            self._open = Gateway(http, self.settings.path, self.context)
        return self._open

    def check(self) -> list[Diagnostic]:
        return inspect(self._gateway, self.settings)

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
        self._gateway.forget()
        return schema.fields(self._gateway.model(), stream, self.settings.stream(stream), self.settings.marker)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        yield from self._reader(stream).pages(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        yield from self._reader(stream).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """A record for every key, in order; what is not there is deleted."""
        return self._reader(stream).records(keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Partners by the hub's id, or by a text property of their own."""
        return self._reader(stream).find(field, values)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        reader = self._reader(stream)
        if not batch:
            return []
        planner = Planner(self._gateway.model(), stream, self.settings.stream(stream), self.settings.marker)
        return Writing(self._gateway, reader, planner).upsert(batch)

    def _reader(self, stream: str) -> Reader:
        self.stream(stream)
        return Reader(self._gateway, self.settings, stream, self.context)

    def close(self) -> None:
        if isinstance(self._auth, ClientCredentials):
            self._auth.close()
        if self._open is not None:
            self._open.close()


def _auth(settings: S4HanaSettings, context: Context) -> Auth:
    auth = settings.auth
    if isinstance(auth, BasicAuth):
        return Basic(auth.user, auth.password.get_secret_value())
    url = auth.token_url or f"{settings.url}/sap/bc/sec/oauth2/token"
    return ClientCredentials(
        context, url, client_id=auth.client_id, client_secret=auth.client_secret, scope=auth.scope, basic=True
    )
