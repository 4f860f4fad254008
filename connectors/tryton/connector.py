"""The Tryton connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from connectors.sdk import (
    Connector,
    Context,
    Deletes,
    Diagnostic,
    Field,
    FieldType,
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
from connectors.tryton.inspection import inspect
from connectors.tryton.parties import ADDRESS_FIELDS, CHILDREN, COUNTRY, MARKER, MECHANISMS, PARTY, VAT
from connectors.tryton.reading import Reading
from connectors.tryton.session import Session
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.writing import BATCH, Writing

_FRESH = timedelta(minutes=15)
_TYPES = {
    "char": FieldType.TEXT,
    "text": FieldType.TEXT,
    "boolean": FieldType.BOOLEAN,
    "integer": FieldType.INTEGER,
    "float": FieldType.DECIMAL,
    "numeric": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "timestamp": FieldType.DATETIME,
    "datetime": FieldType.DATETIME,
    "selection": FieldType.CHOICE,
}
_OURS = frozenset({*MECHANISMS, *CHILDREN, "distance", "code_readonly", "rec_name", "xml_id", "full_name"})


class TrytonConnector(Connector[TrytonSettings]):
    """One database. Writes are conditional on what was seen; deletions are found by a sweep, merges named."""

    name: ClassVar[str] = "tryton"
    label: ClassVar[str] = "Tryton"
    Settings = TrytonSettings

    def __init__(self, settings: TrytonSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._streams = tuple(self._facts(name) for name in settings.streams)
        self._known: tuple[datetime, Mapping[str, Mapping[str, Any]]] | None = None

    @cached_property
    def _session(self) -> Session:
        return Session(self.settings, self.context)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        return Stream(
            name=name,
            key="id",
            version="write_date",
            watermark=Watermark(
                field="write_date",
                resolution=timedelta(microseconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="what was deleted below a party by itself, and what a replaced party left to its survivor",
            ),
            writes=Writes(batch=BATCH, replay=Replay.LOOKUP, marker=MARKER, conditional=True, in_steps=True),
            deletes=Deletes.SWEEP,
            removes=True,
            label=PARTY,
        )

    def check(self) -> list[Diagnostic]:
        return inspect(self._session)

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
        own = [_fact(name, entry) for name, entry in self._described(anew=True).items() if _single(name, entry)]
        codes = tuple(sorted(self._countries()))
        parts = [Field(name=f"address.{name}", label=name.replace("_", " ")) for name in ADDRESS_FIELDS]
        country = Field(name=COUNTRY, type=FieldType.CHOICE, choices=codes or None, restricted=bool(codes))
        kinds = [Field(name=kind, label=f"first {kind}") for kind in MECHANISMS]
        vat = Field(name=VAT, label="European VAT number")
        lists = [
            Field(name=child, type=FieldType.LIST, creatable=False, updatable=False, label=model)
            for child, model in CHILDREN.items()
        ]
        label = "The hub's own id, kept as an identifier"
        marker = Field(name=MARKER, label=label, unique=True, updatable=False)
        return (*own, *parts, country, *kinds, vat, *lists, marker)

    def _described(self, *, anew: bool = False) -> Mapping[str, Mapping[str, Any]]:
        """The party's fields as the server described them a quarter of an hour ago at most."""
        now = self.context.clock.now()
        if anew or self._known is None or now - self._known[0] > _FRESH:
            found = self._session.ask(f"{PARTY}.fields_get", "describing parties", [])
            if not isinstance(found, dict) or "name" not in found:
                raise ProtocolError("describing parties: an answer without fields")
            self._known = (now, found)
        return self._known[1]

    def _countries(self) -> dict[str, int]:
        rows = self._session.ask(
            "country.country.search_read", "reading countries", [], 0, None, [["id", "ASC"]], ["code"]
        )
        return {str(row["code"]): int(row["id"]) for row in rows if row.get("code")}

    def _reading(self, stream: str) -> Reading:
        plain = [name for name, entry in self._described().items() if _single(name, entry)]
        return Reading(self._session, self.settings.streams[stream].domain, plain)

    # reading

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        yield from self._reading(stream).pages(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        yield from self._reading(stream).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """What is not there any more, or was replaced, is a tombstone; what the user may not see is left out."""
        return self._reading(stream).fetch(keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Parties by the hub's id, or by a field of their own."""
        wanted = [value for value in dict.fromkeys(values) if value]
        reading = self._reading(stream)
        if not wanted:
            return []
        if field == MARKER:
            prefix = self.settings.marker_prefix
            return reading.among([["identifiers.code", "in", [f"{prefix}:{value}" for value in wanted]]], within=False)
        if field not in {"code", "name"}:
            raise RefusedError(f"searching {stream}: the field {field} cannot be searched by", code="unknown-field")
        return reading.among([[field, "in", wanted]])

    # writing

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        if not batch:
            return []
        touched = any(COUNTRY in write.fields for write in batch)
        described = self._described()
        plain = {name: str(e["type"]) for name, e in described.items() if _single(name, e) and not e.get("readonly")}
        writing = Writing(self._session, self._reading(stream), plain, self._countries() if touched else {})
        return writing.upsert(batch)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return Writing(self._session, self._reading(stream), {}, {}).remove(batch) if batch else []

    def close(self) -> None:
        if "_session" in self.__dict__:
            self._session.close()


def _single(name: str, entry: Mapping[str, Any]) -> bool:
    return name not in _OURS and str(entry.get("type")) in _TYPES


def _fact(name: str, entry: Mapping[str, Any]) -> Field:
    free = not entry.get("readonly") and name != "id"
    kind = _TYPES[str(entry["type"])]
    found = entry.get("selection")
    listed = tuple(str(one[0]) for one in found if one[0]) if isinstance(found, list) else None
    return Field(
        name=name,
        type=kind,
        label=str(entry.get("string") or ""),
        max_length=entry.get("size") if isinstance(entry.get("size"), int) else None,
        nullable=not entry.get("required"),
        creatable=free,
        updatable=free,
        unique=name in {"id", "code"},
        choices=listed or None,
        restricted=kind is FieldType.CHOICE and bool(listed),
    )
