"""The connector for Sales Cloud and Service Cloud: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.c4c import schema
from connectors.c4c.inspection import inspect, inspect_second
from connectors.c4c.kinds import CHANGED, KINDS
from connectors.c4c.reading import Reader
from connectors.c4c.second import Second
from connectors.c4c.services import STAMP
from connectors.c4c.settings import C4cSettings
from connectors.c4c.writing import Writing
from connectors.credentials import Basic
from connectors.gateway import Gateway
from connectors.http import Http
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


class C4cConnector(Connector[C4cSettings]):
    """Accounts, contacts, leads, opportunities and tickets. Their systems tell no deletions: a sweep finds them."""

    name: ClassVar[str] = "c4c"
    label: ClassVar[str] = "SAP Sales Cloud and Service Cloud"
    Settings = C4cSettings

    def __init__(self, settings: C4cSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._client: Http | None = None
        self._open: Gateway | None = None
        self._streams = tuple(self._facts(name) for name in KINDS if name in settings.streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    @property
    def _second(self) -> bool:
        return self.settings.api == "v2"

    def _facts(self, name: str) -> Stream:
        kind, marker = KINDS[name], self.settings.marker(name)
        leads = dict.fromkeys(kind.leads.values())
        return Stream(
            name=name,
            key="id" if self._second else kind.key,
            version=STAMP if self._second else "ETag",
            watermark=Watermark(
                field=STAMP if self._second else CHANGED,
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="edits of what hangs on a record (relationships, addresses, notes), where they do not stamp it",
            ),
            writes=Writes(
                batch=1 if self._second else self.settings.batch,
                replay=Replay.NATURAL if marker is None else Replay.LOOKUP,
                marker=marker,
                conditional=True,
                returns_record=self._second,
                creates=self.settings.makes(name),
            ),
            deletes=Deletes.SWEEP,
            parents=tuple(one for one in leads if one in self.settings.streams and one != name),
            label=kind.label,
        )

    @property
    def _http(self) -> Http:
        if self._client is None:
            auth = Basic(self.settings.auth.user, self.settings.auth.password.get_secret_value())
            # Texts of errors are told apart in English; they come in the user's language otherwise.
            headers = {"accept-language": "en", "accept": "application/json"}
            self._client = self.context.http(self.settings.url, auth=auth, headers=headers, timeout=120.0)
        return self._client

    @property
    def _gateway(self) -> Gateway:
        if self._open is None:
            self._open = Gateway(self._http, self.settings.path, self.context)
        return self._open

    def check(self) -> list[Diagnostic]:
        if self._second:
            return inspect_second(self._of_second(name) for name in self.settings.streams)
        return inspect(self._gateway, self.settings)

    def discover(self, stream: str) -> tuple[Field, ...]:
        reader = self._reader(stream)
        if isinstance(reader, Second):
            return reader.fields()
        self._gateway.forget()
        return schema.fields(self._gateway.model(), stream, self.settings.stream(stream))

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        yield from self._reader(stream).pages(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        yield from self._reader(stream).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """A record for every key, in order; what is not there is deleted."""
        return self._reader(stream).records(keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Records by the hub's id, or by a text property of their own."""
        return self._reader(stream).find(field, values)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        reader = self._reader(stream)
        if isinstance(reader, Second):
            return [reader.write(write) for write in batch]
        return Writing(self._gateway, reader, self.settings.stream(stream)).upsert(batch) if batch else []

    def _reader(self, stream: str) -> Reader | Second:
        self.stream(stream)
        return self._of_second(stream) if self._second else Reader(self._gateway, self.settings, stream)

    def _of_second(self, stream: str) -> Second:
        return Second(self._http, self.settings, stream, self.context)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
