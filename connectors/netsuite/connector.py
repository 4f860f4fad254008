"""The NetSuite connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.netsuite import suiteql
from connectors.netsuite.checking import inspect
from connectors.netsuite.kinds import KINDS, STAMP
from connectors.netsuite.parts import shows_parts
from connectors.netsuite.reading import AMONG, Reading, among, is_key, live_keys
from connectors.netsuite.session import Session
from connectors.netsuite.settings import NetSuiteSettings
from connectors.netsuite.writing import Writing
from connectors.sdk import (
    Connector,
    Context,
    Deletes,
    Diagnostic,
    Field,
    FieldType,
    Outcome,
    Page,
    Record,
    RefusedError,
    Replay,
    Stream,
    Watermark,
    Write,
    Writes,
)


class NetSuiteConnector(Connector[NetSuiteSettings]):
    """One account. Read by SuiteQL, a thousand rows a call; written record by record, by REST."""

    name: ClassVar[str] = "netsuite"
    label: ClassVar[str] = "Oracle NetSuite"
    Settings = NetSuiteSettings

    def __init__(self, settings: NetSuiteSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._streams = tuple(self._facts(name) for name in settings.streams)
        self._narrowed: dict[str, Collection[str]] = {}

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        marker = self.settings.marker_of(name)
        replay = Replay.NATURAL if marker is None else Replay.LOOKUP
        return Stream(
            name=name,
            key="id",
            version=STAMP,
            watermark=Watermark(
                field=STAMP,
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="perhaps edits of an address alone (whether they move the record's stamp is not documented); "
                "records without a stamp, until somebody saves them",
            ),
            writes=Writes(
                batch=1,
                at_once=self.settings.at_once,
                replay=Replay.UPSERT if marker == "externalId" else replay,
                marker=marker,
            ),
            deletes=Deletes.TOMBSTONES if self.settings.deletions == "feed" else Deletes.SWEEP,
            removes=True,
            parents=tuple(parent for parent in KINDS[name].parents if parent in self.settings.streams),
            label=name,
        )

    def check(self) -> list[Diagnostic]:
        return inspect(self._session)

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
        self._session.forget(stream)
        readable = self._session.selection(stream).fields
        attached = shows_parts(self._session, KINDS[stream])
        return self._session.schema(stream).facts(readable, attached=attached)

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        self._narrowed[stream] = frozenset(fields)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        yield from Reading(self._session, stream, since, self._narrowed.get(stream)).pages()

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        self.stream(stream)
        yield from live_keys(self._session, stream)

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """Every key gets a record, in order; what is not there is a tombstone."""
        self.stream(stream)
        valid = [str(int(key)) for key in dict.fromkeys(keys) if is_key(key)]
        conditions = [suiteql.among("id", some) for some in suiteql.portions(valid, AMONG)]
        found = {record.key: record for record in among(self._session, stream, conditions)}
        return [found.get(key) or Record(key, {}, deleted=True) for key in keys]

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Records whose field has one of the values; text is compared without case."""
        self.stream(stream)
        schema = self._session.schema(stream)
        column = schema.columns.get(field)
        if column is None or field not in self._session.selection(stream).fields:
            raise RefusedError(
                f"searching {stream}: the field {field} is not there, or cannot be searched by", code="INVALID_FIELD"
            )
        kind = schema.fields[field].type
        if field == "id":
            return [record for record in self.fetch(stream, values) if not record.deleted]
        if kind is FieldType.BOOLEAN:
            values = ["T" if value.lower() == "true" else "F" for value in values]
        text = kind is FieldType.TEXT
        numbered = kind in {FieldType.REFERENCE, FieldType.CHOICE, FieldType.INTEGER}
        conditions = []
        for some in suiteql.portions(list(dict.fromkeys(values)), AMONG):
            literals = (value if numbered and is_key(value) else suiteql.quoted(value) for value in some)
            exact = suiteql.among(column, literals)
            lower = suiteql.among(f"LOWER({column})", (suiteql.quoted(value.lower()) for value in some))
            conditions.append(f"({exact} OR {lower})" if text else exact)
        return list({record.key: record for record in among(self._session, stream, conditions)}.values())

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        return Writing(self._session, stream).upsert(batch)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        return Writing(self._session, stream).remove(batch)

    def close(self) -> None:
        self._session.close()
