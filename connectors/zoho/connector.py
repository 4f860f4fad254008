"""The Zoho CRM connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.sdk import (
    Connector,
    ConnectorError,
    Context,
    Deletes,
    Diagnostic,
    Field,
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
from connectors.zoho import coql
from connectors.zoho.inspection import inspect
from connectors.zoho.reading import Reading, record_of
from connectors.zoho.schema import KEY, STAMP
from connectors.zoho.session import IDS, Session
from connectors.zoho.settings import ZohoSettings
from connectors.zoho.writing import Line, Writing, no_key, prepared

PARENTS = {"Contacts": ("Accounts",), "Deals": ("Accounts", "Contacts"), "Leads": ()}


class ZohoConnector(Connector[ZohoSettings]):
    """One organisation. Deletions come from the list of deleted records; creates carry the hub's own id."""

    name: ClassVar[str] = "zoho"
    label: ClassVar[str] = "Zoho CRM"
    Settings = ZohoSettings

    def __init__(self, settings: ZohoSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._streams = tuple(self._facts(name) for name in settings.streams)
        self._wanted: dict[str, Collection[str]] = {}

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        given = self.settings.streams[name]
        marker = self.settings.marked_by(name)
        parents = given.parents if given.parents is not None else PARENTS.get(name, ())
        return Stream(
            name=name,
            key=KEY,
            version=STAMP,
            watermark=Watermark(
                field=STAMP,
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="formulas whose sources are in other records, and records restored from the recycle bin",
            ),
            writes=Writes(
                batch=IDS,
                at_once=2,  # the smallest editions take five calls together, reads included
                replay=Replay.NATURAL if marker is None else Replay.UPSERT,
                marker=marker,
                conditional=True,
            ),
            deletes=Deletes.TOMBSTONES,
            removes=True,
            parents=tuple(parent for parent in parents if parent in self.settings.streams and parent != name),
            label=name,
        )

    def check(self) -> list[Diagnostic]:
        return inspect(self._session)

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
        self._session.forget(stream)
        return self._session.schema(stream).facts()

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        self.stream(stream)
        self._wanted[stream] = frozenset(fields)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        wanted = self._wanted.get(stream, self.settings.streams[stream].fields)
        yield from Reading(self._session, stream, wanted, since).pages()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """Every key gets a record, in order; what is deleted, or is no key of Zoho, is a tombstone."""
        self.stream(stream)
        valid = [key for key in dict.fromkeys(keys) if coql.is_key(key)]
        found = self._session.rows(stream, valid, self.settings.streams[stream].fields) if valid else {}
        return [record_of(found[key]) if key in found else Record(key, {KEY: key}, deleted=True) for key in keys]

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Live records whose field has one of the values, compared as COQL does."""
        self.stream(stream)
        name = field.partition(".")[0]
        if name != KEY and name not in self._session.schema(stream).fields:
            message = f"searching {stream}: there is no field {name}, or the user may not see it"
            raise RefusedError(message, code="unknown-field")
        keys: list[str] = []
        for portion in coql.portions([value for value in dict.fromkeys(values) if value], coql.VALUES):
            above: str | None = None
            more = True
            while more:
                text = coql.among(stream, name, portion, above)
                found, more = self._session.query(text, f"searching {stream}")
                keys += [str(row[KEY]) for row in found]
                above = keys[-1] if keys else None
        return [record for record in self.fetch(stream, keys) if not record.deleted] if keys else []

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        facts = self.stream(stream)
        assert facts.writes is not None
        if not batch:
            return []
        schema = self._session.schema(stream)
        lines, outcomes = prepared(batch, schema, facts.writes.marker)
        writing = Writing(self._session, stream, facts.writes.marker, outcomes)
        writing.create([line for line in lines if line.key is None], schema)
        writing.update([line for line in lines if line.write.key is not None])
        return self._explained(stream, batch, writing.outcomes)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        known = {at for at, write in enumerate(batch) if write.key is not None and coql.is_key(write.key)}
        outcomes = {at: no_key(write) for at, write in enumerate(batch) if at not in known}
        writing = Writing(self._session, stream, None, outcomes)
        writing.remove([Line(at, write, {}, write.key) for at, write in enumerate(batch) if at in known])
        return self._explained(stream, batch, writing.outcomes)

    def _explained(self, stream: str, batch: Sequence[Write], outcomes: dict[int, Outcome]) -> list[Outcome]:
        """In order of the batch. The code of a row that is gone is that of bad data, too: it is looked for."""
        gone = {at: o.key for at, o in outcomes.items() if o.kind is OutcomeKind.MISSING and o.code and o.key}
        try:
            found = self.fetch(stream, list(gone.values())) if gone else ()
        except ConnectorError:
            found = ()  # the outcomes stand without the explanation
        for at, record in zip(gone, found, strict=False):
            if not record.deleted:
                outcomes[at] = outcomes[at]._replace(kind=OutcomeKind.REFUSED)
        return [outcomes[at] for at in range(len(batch))]

    def create_marker(self) -> None:
        """Create the field for the hub's own id in every module that has none, as a text without duplicates.

        Zoho makes the API name of the label. Raises RefusedError where the field is not there afterwards.
        """
        for stream in self.declared_streams():
            marker = stream.writes.marker if stream.writes else None
            if marker is not None and marker not in self._session.schema(stream.name).fields:
                self._session.add_text(stream.name, marker)

    def close(self) -> None:
        self._session.close()
