"""The connector for Sales Cloud and Service Cloud: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.c4c import schema
from connectors.c4c.inspection import inspect
from connectors.c4c.kinds import CHANGED, KINDS
from connectors.c4c.reading import Reader
from connectors.c4c.settings import C4cSettings
from connectors.c4c.writing import Writing
from connectors.credentials import Basic
from connectors.gateway import Gateway
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
        self._open: Gateway | None = None
        self._streams = tuple(self._facts(name) for name in KINDS if name in settings.streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        kind, marker = KINDS[name], self.settings.stream(name).marker
        leads = dict.fromkeys(kind.leads.values())
        return Stream(
            name=name,
            key=kind.key,
            version="ETag",
            watermark=Watermark(
                field=CHANGED,
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="edits of what hangs on a record (relationships, addresses, notes), where they do not stamp it",
            ),
            writes=Writes(
                batch=self.settings.batch,
                replay=Replay.NATURAL if marker is None else Replay.LOOKUP,
                marker=marker,
                conditional=True,
            ),
            deletes=Deletes.SWEEP,
            parents=tuple(one for one in leads if one in self.settings.streams and one != name),
            label=kind.label,
        )

    @property
    def _gateway(self) -> Gateway:
        if self._open is None:
            auth = Basic(self.settings.auth.user, self.settings.auth.password.get_secret_value())
            # Texts of errors are told apart in English; they come in the user's language otherwise.
            http = self.context.http(self.settings.url, auth=auth, headers={"accept-language": "en"}, timeout=120.0)
            self._open = Gateway(http, self.settings.path, self.context)
        return self._open

    def check(self) -> list[Diagnostic]:
        return inspect(self._gateway, self.settings)

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
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
        if not batch:
            return []
        return Writing(self._gateway, reader, self.settings.stream(stream)).upsert(batch)

    def _reader(self, stream: str) -> Reader:
        self.stream(stream)
        return Reader(self._gateway, self.settings, stream)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
