"""The Odoo connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.odoo.absence import named, within
from connectors.odoo.inspection import inspect
from connectors.odoo.naming import Naming
from connectors.odoo.preparing import Preparing, Row
from connectors.odoo.reading import STAMP, Reading
from connectors.odoo.schema import LINES, TAGS
from connectors.odoo.session import Session
from connectors.odoo.settings import OdooSettings, Shape, shape
from connectors.odoo.writing import BATCH, Writing
from connectors.sdk import (
    Connector,
    Context,
    Deletes,
    Diagnostic,
    Field,
    FieldType,
    Outcome,
    OutcomeKind,
    Page,
    Record,
    RefusedError,
    Replay,
    Stream,
    Watermark,
    Write,
    Writes,
)

MARKER = "external_id"


class OdooConnector(Connector[OdooSettings]):
    """One database. Creates carry an external id, so that none can double; deletions are found by a sweep."""

    name: ClassVar[str] = "odoo"
    label: ClassVar[str] = "Odoo"
    Settings = OdooSettings

    def __init__(self, settings: OdooSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._naming = Naming(self._session)
        self._shapes = {name: shape(name, given) for name, given in settings.streams.items()}
        self._narrowed: dict[str, tuple[str, ...]] = {}
        self._streams = tuple(self._facts(name, made) for name, made in self._shapes.items())

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str, made: Shape) -> Stream:
        return Stream(
            name=name,
            key="id",
            version=STAMP,
            watermark=Watermark(
                field=STAMP,
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="fields computed from other records and not stored, names of records pointed to, "
                "addresses kept as records below a company, lines of an order changed by themselves",
            ),
            writes=Writes(batch=BATCH, replay=Replay.UPSERT, marker=MARKER) if made.writable else None,
            deletes=Deletes.SWEEP,
            removes=made.writable,
            parents=tuple(parent for parent in made.parents if parent in self.settings.streams),
            label=made.model,
        )

    def check(self) -> list[Diagnostic]:
        return inspect(self._session, self._shapes)

    def discover(self, stream: str) -> tuple[Field, ...]:
        made = self._shapes[stream]
        self._session.forget(made.model)
        self._naming.forget()
        schema = self._session.schema(made.model)
        models: dict[str, list[str]] = {}
        for name, other in self._shapes.items():
            models.setdefault(other.model, []).append(name)
        tags = {
            name: sorted(row["display_name"] for row in self._naming.table(schema.relation(name) or "").values())
            for name in TAGS & schema.entries.keys()
        }
        coded = any(schema.relation(name) == "res.country" for name in schema.entries)
        facts = schema.facts(models, self._naming.codes() if coded else [], tags)
        label = "External id that the hub gives to what it creates"
        marker = Field(name=MARKER, type=FieldType.TEXT, label=label, unique=True, readable=False, updatable=False)
        return (*facts, marker) if made.writable else facts

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        """Only stored single values are read unless a mapping asks for more; lines cost a call of their own a page."""
        self._narrowed[stream] = tuple(fields)

    def _reading(self, stream: str) -> Reading:
        made = self._shapes[stream]
        wanted = self._narrowed.get(stream, self.settings.streams[stream].fields)
        return Reading(self._session, self._naming, made, wanted)

    # reading

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        yield from self._reading(stream).pages(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        yield from self._reading(stream).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """What is not there any more is a tombstone, what is archived is not; what the user may not see is left out."""
        return self._reading(stream).fetch(keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Records by the external id that the hub gave them, or by a plain field's exact value."""
        reading = self._reading(stream)
        wanted = [value for value in dict.fromkeys(values) if value]
        if not wanted:
            return []
        if field != MARKER:
            if field not in reading.schema.entries or field in TAGS or field == LINES:
                raise RefusedError(f"searching {stream}: the field {field} cannot be searched by", code="unknown-field")
            return reading.among([[field, "in", wanted]])
        held = named(self._session, reading.shape.model, self._prefix(stream), wanted)
        keys = dict.fromkeys(one.key for one in held.values())
        found = {record.key: record for record in reading.fetch(list(keys)) if not record.deleted}
        heirs = within(self._session, reading.shape, [int(one.key) for one in held.values() if one.moved])
        ours = {marker: one.key for marker, one in held.items() if not one.moved or int(one.key) in heirs}
        there = [(found[key], marker) for marker, key in ours.items() if key in found]
        return [record._replace(data={**record.data, MARKER: marker}) for record, marker in there]

    # writing

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        reading = self._reading(stream)
        if not batch:
            return []
        rows, outcomes = Preparing(reading, self._naming, self.settings.addresses).rows(batch)
        writing = Writing(self._session, reading.shape, self._prefix(stream), outcomes)
        writing.upsert(rows)
        return [writing.outcomes.get(at, Outcome(OutcomeKind.UNKNOWN, w.key)) for at, w in enumerate(batch)]

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Delete records. What other records need (a partner with orders) Odoo keeps, and says so."""
        rows = [Row(at, write, {}) for at, write in enumerate(batch) if (write.key or "").isdecimal()]
        writing = Writing(self._session, self._shapes[stream], "", {})
        writing.remove(rows)
        gone = OutcomeKind.MISSING
        return [writing.outcomes.get(at, Outcome(gone, write.key)) for at, write in enumerate(batch)]

    def _prefix(self, stream: str) -> str:
        """An entity may have a record in two streams: the stream is part of its external id."""
        return f"{self.settings.marker_module}.{stream.replace('.', '_')}-"

    def close(self) -> None:
        self._session.close()
