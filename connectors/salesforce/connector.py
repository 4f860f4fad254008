"""The Salesforce connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.salesforce import soql
from connectors.salesforce.bulk import ROWS, BulkWriting, fits
from connectors.salesforce.children import among, list_fields, with_children
from connectors.salesforce.errors import CLOSED
from connectors.salesforce.inspection import inspect
from connectors.salesforce.reading import ALWAYS, STAMP, Reading, live_keys, record_of
from connectors.salesforce.session import Session
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.writing import BATCH, Row, Writing, prepared
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

PARENTS = {
    "Contact": ("Account",),
    "Opportunity": ("Account",),
    "Order": ("Account",),
    "OrderItem": ("Order",),
    "Case": ("Account", "Contact"),
    "Task": ("Account", "Contact", "Lead", "Opportunity", "Case", "Order"),
}


class SalesforceConnector(Connector[SalesforceSettings]):
    """One org. Deletions and merges are seen in the recycle bin; creates are upserts by the hub's own id."""

    name: ClassVar[str] = "salesforce"
    label: ClassVar[str] = "Salesforce"
    Settings = SalesforceSettings

    def __init__(self, settings: SalesforceSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._streams = tuple(self._facts(name) for name in settings.streams)

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        given = self.settings.streams[name]
        marker = self.settings.marker(name)
        replay = Replay.NATURAL if marker is None else Replay.LOOKUP if given.lookup else Replay.UPSERT
        parents = given.parents if given.parents is not None else PARENTS.get(name, ())
        return Stream(
            name=name,
            key="Id",
            version=STAMP,
            watermark=Watermark(
                field=STAMP,
                resolution=timedelta(seconds=1),
                overlap=timedelta(seconds=self.settings.overlap),
                misses="formula fields whose sources are in other records, what is deleted past the recycle bin, "
                "and in lists of children the former parent of a child that moved to another",
            ),
            writes=Writes(
                batch=BATCH,
                bulk=ROWS if replay is Replay.UPSERT else 0,
                bulk_from=self.settings.bulk_threshold + 1,
                replay=replay,
                marker=marker,
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
        return (*self._session.schema(stream).facts(), *list_fields(self.settings.streams[stream].children))

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        given = self.settings.streams[stream]
        yield from Reading(self._session, stream, given.fields, since, given.children).pages()

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        self.stream(stream)
        yield from live_keys(self._session, stream)

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """Every key gets a record, in order; what is deleted, or is no key of this org, is a tombstone."""
        self.stream(stream)
        fields = self._session.schema(stream).readable(self.settings.streams[stream].fields, ALWAYS)
        valid = [key for key in dict.fromkeys(keys) if soql.is_key(key)]
        found = {record.key: record for record in self._among(stream, fields, "Id", valid, everything=True)}
        gone = (Record(key, {}, deleted=True) for key in keys)
        return [
            found.get(soql.full_key(key), missing)._replace(key=key) for key, missing in zip(keys, gone, strict=True)
        ]

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Live records whose field has one of the values, compared as Salesforce does: text without case."""
        self.stream(stream)
        schema = self._session.schema(stream)
        entry = schema.fields.get(field)
        if entry is None or not entry.get("filterable", True):
            why = "is not there, or the user may not see it" if entry is None else "cannot be searched by"
            raise RefusedError(f"searching {stream}: the field {field} {why}", code="INVALID_FIELD")
        kind = str(entry.get("type"))
        wanted = [value for value in dict.fromkeys(values) if kind not in {"id", "reference"} or soql.is_key(value)]
        fields = schema.readable(self.settings.streams[stream].fields, ALWAYS)
        return self._among(stream, fields, field, wanted, everything=False)

    def _among(
        self, name: str, fields: list[str], field: str, values: Sequence[str], *, everything: bool
    ) -> list[Record]:
        rows = among(self._session, name, fields, field, values, everything=everything)
        return with_children(self._session, self.settings.streams[name].children, list(map(record_of, rows)))

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        facts = self.stream(stream)
        assert facts.writes is not None
        marker = facts.writes.marker
        schema = self._session.schema(stream)
        rows, outcomes = prepared(batch, schema, marker)
        upserting = facts.writes.replay is Replay.UPSERT
        if len(rows) > self.settings.bulk_threshold and upserting and marker is not None:
            outcomes |= BulkWriting(self._session, stream, marker).write([row for row in rows if fits(row)])
            rows = [row for row in rows if not fits(row)]
        writing = Writing(self._session, stream, marker, upserting=upserting, outcomes=outcomes)
        creates = [row for row in rows if row.write.key is None]
        updates = [row for row in rows if row.write.key is not None]
        self._order_by_parent(creates, updates)
        writing.create(creates)
        writing.update(updates)
        if any(outcome.code == "INVALID_FIELD" for outcome in writing.outcomes.values()):
            self._session.forget(stream)  # the object has changed since it was described
        return self._explained(stream, batch, writing.outcomes)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        self.stream(stream)
        rows, outcomes = [], {}
        for at, write in enumerate(batch):
            if write.key is not None and soql.is_key(write.key):
                rows.append(Row(at, write, {}))
            else:
                message = "not an id of Salesforce: 15 or 18 letters and digits"
                outcomes[at] = Outcome(OutcomeKind.MISSING, write.key, code="MALFORMED_ID", message=message)
        writing = Writing(self._session, stream, None, upserting=False, outcomes=outcomes)
        writing.remove(rows)
        return self._explained(stream, batch, writing.outcomes, removing=True)

    def _order_by_parent(self, *several: list[Row]) -> None:
        """Rows of one parent side by side: a write locks the parent, and calls that share one would contend for it."""
        for rows in several:
            if len(rows) > BATCH:
                rows.sort(key=lambda row: str(row.fields.get("AccountId") or ""))

    def _explained(
        self, stream: str, batch: Sequence[Write], outcomes: dict[int, Outcome], *, removing: bool = False
    ) -> list[Outcome]:
        """In order of the batch; rows told to be gone are looked up, to name the survivor of a merge, or because it
        is in fact the record they point to that is gone."""
        gone = {
            at: o.key for at, o in outcomes.items() if o.kind is OutcomeKind.MISSING and o.key and soql.is_key(o.key)
        }
        try:
            found = self.fetch(stream, list(gone.values())) if gone else ()
        except ConnectorError:
            found = ()  # the outcomes stand without the explanation
        for at, record in zip(gone, found, strict=False):
            outcome = outcomes[at]
            if not record.deleted:
                outcomes[at] = outcome._replace(kind=OutcomeKind.REFUSED)
            elif record.superseded_by:
                outcomes[at] = outcome._replace(of=record.superseded_by)
        self._stop_where_closed(stream, batch, outcomes, "deletable" if removing else None)
        return [outcomes[at] for at in range(len(batch))]

    def _stop_where_closed(
        self, stream: str, batch: Sequence[Write], outcomes: dict[int, Outcome], removal: str | None
    ) -> None:
        """Refusals for want of rights are those of single records, unless the object itself is closed to the user."""
        refused = [at for at, one in outcomes.items() if one.kind is OutcomeKind.REFUSED and one.code in CLOSED]
        if not refused:
            return
        self._session.forget(stream)
        try:
            denied = self._session.schema(stream).denied
        except ConnectorError:
            return  # the outcomes stand without the explanation
        for at in refused:
            if (removal or ("createable" if batch[at].key is None else "updateable")) in denied:
                outcomes[at] = outcomes[at]._replace(kind=OutcomeKind.UNAUTHORISED)

    def close(self) -> None:
        self._session.close()
