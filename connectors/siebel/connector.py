"""The Siebel connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
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
    Record,
    Replay,
    Stream,
    Watermark,
    Write,
    Writes,
)
from connectors.siebel.inspection import inspect
from connectors.siebel.reading import Reading, live_keys
from connectors.siebel.searching import is_key
from connectors.siebel.session import Row, Session
from connectors.siebel.settings import SiebelSettings
from connectors.siebel.writing import Writing

PARENTS = {
    "Contact": ("Account",),
    "Opportunity": ("Account",),
    "Service Request": ("Account", "Contact"),
}


class SiebelConnector(Connector[SiebelSettings]):
    """One enterprise. Deletions and merges leave no trace: a sweep finds them."""

    name: ClassVar[str] = "siebel"
    label: ClassVar[str] = "Oracle Siebel CRM"
    Settings = SiebelSettings

    def __init__(self, settings: SiebelSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._streams = tuple(self._facts(name) for name in settings.streams)
        self._looked_at: dict[str, frozenset[str]] = {}

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        given = self.settings.streams[name]
        parents = given.parents if given.parents is not None else PARENTS.get(name, ())
        return Stream(
            name=name,
            key="Id",
            version=self.settings.version,
            watermark=Watermark(
                field=given.stamp,
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="edits of child records and of joined fields, and what is loaded through interface tables",
            ),
            writes=Writes(
                batch=self.settings.batch,
                at_once=self.settings.sessions,
                replay=Replay.LOOKUP if self.settings.marker else Replay.NATURAL,
                marker=self.settings.marker,
            ),
            deletes=Deletes.SWEEP,
            removes=True,
            parents=tuple(parent for parent in parents if parent in self.settings.streams and parent != name),
            label=name,
        )

    def check(self) -> list[Diagnostic]:
        return inspect(self._session)

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
        described = tuple(self._session.described(stream, anew=True).fields.values())
        children = self.settings.streams[stream].children
        return described + tuple(
            Field(name=child, type=FieldType.LIST, label=child, creatable=False, updatable=False) for child in children
        )

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        self.stream(stream)
        self._looked_at[stream] = frozenset(fields)

    def _asked_for(self, stream: str) -> list[str] | None:
        """The fields to ask for; None for all of them."""
        given = self.settings.streams[stream]
        looked_at = self._looked_at.get(stream)
        if given.fields is None and looked_at is None:
            return None
        described = self._session.described(stream).fields
        wanted = [name for name in given.fields or described if looked_at is None or name in looked_at]
        fields = list(dict.fromkeys(["Id", given.stamp, self.settings.version, *(n for n in wanted if n in described)]))
        return None if any("," in name for name in fields) else fields  # the parameter is a list with commas

    def _record(self, stream: str, row: Row) -> Record:
        data: dict[str, Any] = self._session.described(stream).shown(row)
        key = str(row["Id"])
        looked_at = self._looked_at.get(stream)
        for child in self.settings.streams[stream].children:
            if looked_at is None or child in looked_at:
                rows = self._session.children(stream, key, child)
                if rows is not None:
                    data[child] = [{name: value for name, value in one.items() if name != "Link"} for one in rows]
        version = row.get(self.settings.version)
        return Record(key, data, None if version is None else str(version))

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        fields = self._asked_for(stream)
        yield from Reading(self._session, stream, fields, since, lambda row: self._record(stream, row)).pages()

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        self.stream(stream)
        yield from live_keys(self._session, stream)

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """Every key gets a record, in order; what is not there, or not seen by the user, is a tombstone."""
        self.stream(stream)
        valid = [key for key in dict.fromkeys(keys) if is_key(key)]
        rows = self._session.with_values(stream, "Id", valid, self._asked_for(stream))
        found = {str(row.get("Id")): self._record(stream, row) for row in rows}
        return [found.get(key) or Record(key, {}, deleted=True) for key in keys]

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Records whose field has exactly one of the values. What Siebel finds besides is left out."""
        self.stream(stream)
        wanted = list(dict.fromkeys(values))
        rows = self._session.with_values(stream, field, wanted)
        return [self._record(stream, row) for row in rows if str(row.get(field)) in wanted]

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        return Writing(self._session, stream, self.settings.version).upsert(batch)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        return Writing(self._session, stream, self.settings.version).remove(batch)

    def close(self) -> None:
        self._session.close()
