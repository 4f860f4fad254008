"""The Dynamics 365 connector: settings in, facts and deeds out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.dynamics.inspection import inspect
from connectors.dynamics.marking import create_marker
from connectors.dynamics.reading import by_keys, by_values, changes
from connectors.dynamics.schema import VERSION, TableSchema
from connectors.dynamics.session import Session
from connectors.dynamics.settings import DynamicsSettings
from connectors.dynamics.writing import Writing
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
    Replay,
    Stream,
    Watermark,
    Write,
    Writes,
)

PARENTS = {
    "contact": ("account",),
    "lead": ("account", "contact"),
    "opportunity": ("account", "contact"),
    "incident": ("account", "contact"),
}
_DOUBTED = frozenset({OutcomeKind.MISSING, OutcomeKind.STALE})


class DynamicsConnector(Connector[DynamicsSettings]):
    """One environment. Changes, deletions and merges come by delta links; creates are upserts by an alternate key."""

    name: ClassVar[str] = "dynamics"
    label: ClassVar[str] = "Microsoft Dynamics 365"
    Settings = DynamicsSettings

    def __init__(self, settings: DynamicsSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._session = Session(settings, self.context)
        self._streams = tuple(self._facts(name) for name in settings.streams)
        self._wanted: dict[str, frozenset[str]] = {}

    def declared_streams(self) -> tuple[Stream, ...]:
        return self._streams

    def _facts(self, name: str) -> Stream:
        given = self.settings.streams[name]
        marker = self.settings.marker_of(name)
        parents = given.parents if given.parents is not None else PARENTS.get(name, ())
        return Stream(
            name=name,
            key=f"{name}id",
            version=VERSION,
            watermark=Watermark(
                field=VERSION,
                resolution=timedelta(0),
                overlap=timedelta(0),  # the environment itself counts from before the oldest open transaction
                misses="calculated columns, and formatted values of other rows",
            ),
            writes=Writes(
                batch=self.settings.batch,
                at_once=4,
                replay=Replay.NATURAL if marker is None else Replay.UPSERT,
                marker=marker,
                conditional=True,
                returns_record=True,
            ),
            deletes=Deletes.TOMBSTONES,
            removes=True,
            parents=tuple(parent for parent in parents if parent in self.settings.streams and parent != name),
            label=name,
        )

    def check(self) -> list[Diagnostic]:
        return inspect(self._session)

    def create_marker(self) -> None:
        """Make the column and the alternate key for the hub's id wherever they are missing."""
        for name in self.settings.streams:
            marker = self.settings.marker_of(name)
            if marker is not None:
                create_marker(self._session, name, marker)

    def discover(self, stream: str) -> tuple[Field, ...]:
        self.stream(stream)
        self._session.forget(stream)
        schema = self._session.schema(stream)
        return tuple(schema.facts(self._session.options(stream)))

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        self.stream(stream)
        self._wanted[stream] = frozenset(fields)

    def _selected(self, schema: TableSchema) -> tuple[str, ...] | None:
        given = self.settings.streams[schema.name].fields
        hinted = self._wanted.get(schema.name)
        if hinted is None:
            return schema.selected(given)
        marker = self.settings.marker_of(schema.name)
        wanted = hinted if given is None else hinted.intersection(given)
        return schema.selected([*wanted, *([marker] if marker else [])])

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        self.stream(stream)
        schema = self._session.schema(stream)
        yield from changes(self._session, schema, self._selected(schema), since)

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        """Every key gets a record, in order; what is gone or was merged away, or is no key at all, is a tombstone."""
        self.stream(stream)
        if not keys:
            return []
        schema = self._session.schema(stream)
        found = by_keys(self._session, schema, self._selected(schema), keys)
        return [found.get(key.lower(), Record(key, {}, deleted=True))._replace(key=key) for key in keys]

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        """Live records whose field has one of the values. Raises RefusedError where there is no such field."""
        self.stream(stream)
        schema = self._session.schema(stream)
        return list(by_values(self._session, schema, self._selected(schema), field, values))

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        writing = self._writing(stream)
        writing.upsert(batch)
        if any(outcome.code == "unknown-column" for outcome in writing.outcomes.values()):
            self._session.forget(stream)  # the table may have changed since it was described
        return self._explained(stream, batch, writing.outcomes)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        writing = self._writing(stream)
        writing.remove(batch)
        return self._explained(stream, batch, writing.outcomes)

    def _writing(self, stream: str) -> Writing:
        self.stream(stream)
        schema = self._session.schema(stream)
        return Writing(self._session, schema, self.settings.marker_of(stream), self._selected(schema))

    def _explained(self, stream: str, batch: Sequence[Write], outcomes: dict[int, Outcome]) -> list[Outcome]:
        """In order of the batch. Rows told to be gone or changed are looked up: the answer says the same where it is
        the record they point to that is gone, and the survivor of a merge has to be named."""
        doubted = {
            at: outcome.key
            for at, outcome in outcomes.items()
            if outcome.kind in _DOUBTED and outcome.key and batch[at].key is not None
        }
        try:
            found = self.fetch(stream, list(doubted.values()))
        except ConnectorError:
            found = ()  # the outcomes stand without the explanation
        for at, record in zip(doubted, found, strict=False):
            outcome = outcomes[at]
            if record.deleted:
                outcomes[at] = outcome._replace(kind=OutcomeKind.MISSING, of=record.superseded_by)
            elif outcome.kind is OutcomeKind.MISSING:
                outcomes[at] = outcome._replace(kind=OutcomeKind.REFUSED)
        self._name_the_others(stream, batch, outcomes)
        return [outcomes[at] for at in range(len(batch))]

    def _name_the_others(self, stream: str, batch: Sequence[Write], outcomes: dict[int, Outcome]) -> None:
        """Whose value of an alternate key it is that a row was refused for. Where it is the hub's own id, another
        process has just made the row: sent again, it is an update."""
        refused = [at for at, one in outcomes.items() if one.kind is OutcomeKind.DUPLICATE and one.code != "merged"]
        marker = self.settings.marker_of(stream)
        for (column, *more), _ in self._session.schema(stream).keys.items() if refused else ():
            values = {at: batch[at].marker if column == marker else batch[at].fields.get(column) for at in refused}
            wanted = [str(value) for value in values.values() if value]
            try:
                found = self.find(stream, column, wanted) if wanted and not more else ()
            except ConnectorError:
                continue  # the outcomes stand without the name
            holders = {str(record.data.get(column)).lower(): record.key for record in found}
            for at, value in values.items():
                holder = holders.get(str(value).lower()) if value else None
                if holder is not None and holder != batch[at].key:
                    kind = OutcomeKind.RETRY if column == marker else OutcomeKind.DUPLICATE
                    outcomes[at] = outcomes[at]._replace(kind=kind, of=holder if column != marker else None)

    def close(self) -> None:
        self._session.close()
