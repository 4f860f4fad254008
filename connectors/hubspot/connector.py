"""The HubSpot connector: settings in, facts and deeds out."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.hubspot.api import BATCH, Api
from connectors.hubspot.checking import Checker
from connectors.hubspot.reading import Reader, Source
from connectors.hubspot.references import tie
from connectors.hubspot.schema import KEY, MERGED, Schema, stamp_of
from connectors.hubspot.settings import HubSpotSettings
from connectors.hubspot.writing import Row, Writer, prepared
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

MISSES = (
    "associations that HubSpot does not count as a change of the record, records restored from the recycle bin, "
    "contacts deleted for good on request, and what the search index shows later than the overlap"
)


class HubSpotConnector(Connector[HubSpotSettings]):
    """One account. Changes are searched for, and looked at again by id; creates are upserts by the hub's own id."""

    name: ClassVar[str] = "hubspot"
    label: ClassVar[str] = "HubSpot"
    Settings = HubSpotSettings

    def __init__(self, settings: HubSpotSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._api = Api(settings, self.context)
        self._looked_at: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()
        self._streams = tuple(self._facts(name) for name in settings.streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        """The index runs behind by "a few moments", which is no number: a quarter of an hour leaves room for more."""
        marker = self.settings.marker_of(name)
        parents = dict.fromkeys(one.to for one in self.settings.references_of(name).values() if one.to != name)
        return Stream(
            name=name,
            key=KEY,
            version=stamp_of(name),
            watermark=Watermark(
                field=stamp_of(name),
                resolution=timedelta(milliseconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses=MISSES,
            ),
            writes=Writes(
                batch=BATCH,
                at_once=4,
                replay=Replay.NATURAL if marker is None else Replay.UPSERT,
                marker=marker,
                in_steps=bool(parents),
            ),
            deletes=Deletes.TOMBSTONES,
            removes=True,
            parents=tuple(parents),
            label=name,
            behind=True,
        )

    def check(self) -> list[Diagnostic]:
        return Checker(self._api, self.settings).check()

    def create_marker(self) -> None:
        """Create the marker property of each type that lacks it. Only called because a person asked for it.

        Raises RefusedError, UnauthorisedError.
        """
        Checker(self._api, self.settings).create_marker()

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
        self._api.forget(stream)
        return self._schema(stream).facts()

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        with self._lock:
            self._looked_at[stream] = frozenset(fields)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        reader = self._reader(stream)
        return reader.everything() if since is None else reader.changes(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        self.stream(stream)
        return self._finder(stream).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        self.stream(stream)
        return self._reader(stream).fetch(keys) if keys else []

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Live records whose property has one of the values; those of a unique property as they are now, others as the
        search index shows them."""
        self.stream(stream)
        known = {one.name: one for one in self._schema(stream).facts()}
        if field not in known or "." in field:
            raise RefusedError(f"searching {stream}: there is no property {field}", code="PROPERTY_DOESNT_EXIST")
        if field == KEY:
            return [record for record in self.fetch(stream, values) if not record.deleted]
        chosen = known[field].type in {FieldType.CHOICE, FieldType.SET}
        return self._reader(stream).find(field, values, unique=known[field].unique, chosen=chosen)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        marker = self.settings.marker_of(stream)
        schema = self._schema(stream)
        rows, outcomes = prepared(batch, schema, marker)
        named = {name for row in rows for name in row.references}
        ties = {name: tie(self._api, stream, schema.references[name]) for name in sorted(named)}
        writer = Writer(self._api, stream, marker, self._finder(stream), outcomes)
        writer.upsert(rows, ties)
        if any(outcome.code == "PROPERTY_DOESNT_EXIST" for outcome in writer.outcomes.values()):
            self._api.forget(stream)  # the properties have changed since they were asked for
        return [writer.outcomes[at] for at in range(len(batch))]

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        keyed = [Row(at, write) for at, write in enumerate(batch) if str(write.key or "").isdigit()]
        outcomes = {
            at: Outcome(OutcomeKind.MISSING, write.key, code="INVALID_ID", message="an id has digits only")
            for at, write in enumerate(batch)
        }
        writer = Writer(self._api, stream, None, self._finder(stream), outcomes)
        writer.remove(keyed)
        return [writer.outcomes[at] for at in range(len(batch))]

    def close(self) -> None:
        self._api.close()

    def _schema(self, stream: str) -> Schema:
        return Schema.of(stream, self._api.properties(stream), self.settings.references_of(stream))

    def _finder(self, stream: str) -> Reader:
        """A reader that is only asked which records there are."""
        return Reader(self._api, Source(stream, stamp_of(stream), (stamp_of(stream), KEY, MERGED), {}))

    def _reader(self, stream: str) -> Reader:
        with self._lock:
            looked_at = self._looked_at.get(stream)
        schema = self._schema(stream)
        marker = self.settings.marker_of(stream)
        always = [stamp_of(stream), KEY, MERGED, *([marker] if marker and marker in schema.entries else [])]
        properties = schema.readable(looked_at, self.settings.streams[stream].properties, always)
        looks = looked_at is None or "associations" in looked_at
        ties = {name: tie(self._api, stream, one) for name, one in schema.references.items()} if looks else {}
        return Reader(self._api, Source(stream, stamp_of(stream), properties, ties))
