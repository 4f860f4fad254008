"""Writing in batches of a hundred, and what came of each row.

Creates are upserts by the marker property, updates go by id. An upsert never goes by e-mail: HubSpot takes no partial
upsert by it. Every input carries a trace id; then a batch of which some rows are refused answers 207 and names them,
instead of refusing all (developers.hubspot.com, "Error handling", November 2026). What the documents do not promise for
each kind of batch is met as well: a batch refused as a whole is sent again without the rows it names, or in halves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.hubspot import references
from connectors.hubspot.api import BATCH, Api, portions
from connectors.hubspot.errors import Complaint, RefusalError, complaint_of, outcome_of
from connectors.hubspot.reading import Reader
from connectors.hubspot.references import Pair, Tie
from connectors.hubspot.schema import IN, Schema
from connectors.sdk import ConnectorError, Outcome, OutcomeKind, Write
from connectors.unfit import UnfitError
from connectors.wording import failed
from model.errors import AnswerLostError

Answer = Mapping[str, Any]


@dataclass(slots=True)
class Row:
    """One write on its way: its place in the batch, and what is sent."""

    at: int
    write: Write
    properties: dict[str, str] = field(default_factory=dict)
    references: dict[str, str | None] = field(default_factory=dict)

    def is_meant(self, complaint: Complaint) -> bool:
        """Whether a complaint is about this row: by its trace id, else by its own id."""
        if complaint.traces:
            return str(self.at) in complaint.traces
        return (self.write.key or self.write.marker) in complaint.ids


def prepared(batch: Sequence[Write], schema: Schema, marker: str | None) -> tuple[list[Row], dict[int, Outcome]]:
    """Rows fit to be sent, and the refusals of the others."""
    rows, outcomes = [], {}
    for at, write in enumerate(batch):
        creating = write.key is None
        try:
            properties, ties = schema.payload(write.fields, creating=creating)
            if creating and marker and write.marker:
                properties |= schema.payload({marker: write.marker}, creating=True)[0]
        except UnfitError as error:
            outcomes[at] = Outcome(
                OutcomeKind.REFUSED, write.key, code=error.code, message=str(error), field=error.field
            )
            continue
        if not creating and not str(write.key).isdigit():
            outcomes[at] = Outcome(OutcomeKind.MISSING, write.key, code="INVALID_ID", message="an id has digits only")
            continue
        rows.append(Row(at, write, properties, ties))
    return rows, outcomes


class Writer:
    """One batch of writes to one type. ``outcomes`` fills up as calls are answered; some may be known before."""

    def __init__(
        self, api: Api, kind: str, marker: str | None, reader: Reader, outcomes: dict[int, Outcome] | None = None
    ) -> None:
        self._api = api
        self._kind = kind
        self._marker = marker
        self._reader = reader
        self.outcomes = outcomes or {}
        self._answered = False

    def upsert(self, rows: Sequence[Row], ties: Mapping[str, Tie]) -> None:
        creates = [row for row in rows if row.write.key is None]
        marked = [row for row in creates if self._marker and row.write.marker]
        self._each(marked, "upsert", self._by_marker)
        self._each([row for row in creates if row not in marked], "create", lambda _: {})
        updates = [row for row in rows if row.write.key is not None]
        self._each([row for row in updates if row.properties], "update", lambda row: {"id": row.write.key})
        for row in updates:
            if not row.properties:  # there may be references to write
                self.outcomes[row.at] = Outcome(OutcomeKind.APPLIED, row.write.key)
        self._explain(updates)
        for name, tie in ties.items():
            self._refer([row for row in rows if name in row.references], name, tie)

    def remove(self, rows: Sequence[Row]) -> None:
        """Archive records. An old id of a merged record leads to the surviving one, which must not go with it, and the
        answer is empty: what is there is looked up first."""
        for portion in portions(rows, BATCH):
            self._guarded(portion, lambda some: self._removed(some))

    def _removed(self, rows: Sequence[Row]) -> dict[int, Outcome]:
        keys = [str(row.write.key) for row in rows]
        there = dict(zip(keys, self._reader.fetch(keys), strict=True))
        live = [row for row in rows if not there[str(row.write.key)].deleted]
        if live:
            inputs = [{"id": row.write.key} for row in live]
            path = self._api.objects(self._kind, "/batch/archive")
            self._api.change(path, f"removing {self._kind}", {"inputs": inputs})
        gone = [row for row in rows if row not in live]
        return {row.at: Outcome(OutcomeKind.APPLIED, row.write.key) for row in live} | {
            row.at: _missing(row, there[str(row.write.key)].superseded_by) for row in gone
        }

    # objects

    def _by_marker(self, row: Row) -> dict[str, Any]:
        return {"id": row.write.marker, "idProperty": self._marker}

    def _each(self, rows: Sequence[Row], deed: str, identity: Callable[[Row], dict[str, Any]]) -> None:
        what = f"{'updating' if deed == 'update' else 'creating'} {self._kind}"
        path = self._api.objects(self._kind, f"/batch/{deed}")

        def send(some: Sequence[Row]) -> Answer:
            inputs = [
                {**identity(row), "properties": row.properties, "objectWriteTraceId": str(row.at)} for row in some
            ]
            return self._api.change(path, what, {"inputs": inputs})

        for portion in portions(rows, BATCH):
            self._guarded(portion, lambda some: self._sent(some, send, what))

    def _guarded(self, rows: Sequence[Row], deed: Callable[[Sequence[Row]], dict[int, Outcome]]) -> None:
        """Once a call was answered, a failure of a later one is told by outcomes: what is known must not get lost."""
        try:
            results = deed(rows)
        except ConnectorError as error:
            if not self._answered:
                raise
            results = {row.at: failed(error, row.write) for row in rows}
        self.outcomes |= results
        self._answered = True

    def _sent(self, rows: Sequence[Row], send: Callable[[Sequence[Row]], Answer], what: str) -> dict[int, Outcome]:
        """Outcomes of one call; where it was refused as a whole, of what is left of it, or of its halves."""
        try:
            answer = send(rows)
        except RefusalError as error:
            self._answered = True
            named = [row for row in rows if row.is_meant(error.complaint)] if len(rows) > 1 else list(rows)
            outcomes = {row.at: outcome_of(error.complaint, row.write, what) for row in named}
            rest = [row for row in rows if row not in named]
            half = len(rest) if named else len(rest) // 2
            for part in (rest[:half], rest[half:]):
                if part:
                    outcomes |= self._on(part, send, what)
            return outcomes
        return self._told(rows, answer, what)

    def _on(self, rows: Sequence[Row], send: Callable[[Sequence[Row]], Answer], what: str) -> dict[int, Outcome]:
        try:
            return self._sent(rows, send, what)
        except ConnectorError as error:
            return {row.at: failed(error, row.write) for row in rows}

    def _told(self, rows: Sequence[Row], answer: Answer, what: str) -> dict[int, Outcome]:
        """Outcomes out of ``results`` and ``errors``, neither of which is in the order of the rows."""
        results, errors = answer.get("results"), answer.get("errors") or []
        if not isinstance(results, list) or not isinstance(errors, list):
            raise AnswerLostError(f"{what}: an answer without results")
        outcomes = {
            row.at: Outcome(OutcomeKind.UNKNOWN, row.write.key, message=f"{what}: the answer says nothing of this row")
            for row in rows
        }
        for complaint in (complaint_of(entry) for entry in errors if isinstance(entry, dict)):
            outcomes |= {row.at: outcome_of(complaint, row.write, what) for row in rows if row.is_meant(complaint)}
        by_trace = {str(row.at): row for row in rows}
        by_identity = {row.write.key or row.write.marker: row for row in rows}
        for result in (one for one in results if isinstance(one, dict) and one.get("id")):
            values = result.get("properties") or {}
            identity = str(values.get(self._marker) if rows[0].write.key is None else result.get("id"))
            found = by_trace.get(str(result.get("objectWriteTraceId"))) or by_identity.get(identity)
            if found is not None:
                outcomes[found.at] = _written(found, str(result["id"]))
        return outcomes

    def _explain(self, updates: Sequence[Row]) -> None:
        """An update of a merged record is left out of the answer: who survived it is asked for."""
        unclear = (OutcomeKind.UNKNOWN, OutcomeKind.MISSING)
        rows = [row for row in updates if self._kind_of(row) in unclear and not self.outcomes[row.at].of]
        if not rows:
            return
        try:
            found = self._reader.fetch([str(row.write.key) for row in rows])
        except ConnectorError:
            return  # the outcomes stand without the explanation
        for row, record in zip(rows, found, strict=True):
            if record.deleted and (record.superseded_by or self._kind_of(row) is OutcomeKind.MISSING):
                self.outcomes[row.at] = _missing(row, record.superseded_by)

    def _kind_of(self, row: Row) -> OutcomeKind:
        return self.outcomes[row.at].kind

    # references

    def _refer(self, rows: Sequence[Row], name: str, tie: Tie) -> None:
        """Write one reference of the rows whose properties are written."""
        written = [row for row in rows if self._kind_of(row) is OutcomeKind.APPLIED]
        at_key = {str(self.outcomes[row.at].key): row for row in written}
        if not written:
            return
        try:
            old = self._former(at_key, name, tie)
            pairs = {Pair(key, to): row for key, row in at_key.items() if (to := row.references[name]) is not None}
            fresh = {pair: row for pair, row in pairs.items() if pair.end not in old.get(pair.start, ())}
            for some in portions(list(fresh), BATCH):
                self._made(tie, some, fresh, name)
            # what replaces the former of a kind that may be many times there, or is empty now
            replaced = {
                key: row
                for key, row in at_key.items()
                if old.get(key, set()) - {row.references[name]} and self._kind_of(row) is OutcomeKind.APPLIED
                if row.references[name] is None or len(tie.types) == 1
            }
            references.end(self._api, tie, [Pair(key, *old[key]) for key in replaced if len(old[key]) == 1])
            for key, row in replaced.items():
                if len(old[key]) > 1 and row.references[name] is None:
                    self.outcomes[row.at] = _several_meant(row, key, name)
        except ConnectorError as error:
            for row in written:
                if self._kind_of(row) is OutcomeKind.APPLIED:
                    self.outcomes[row.at] = self._half(row, name, error)

    def _former(self, rows: Mapping[str, Row], name: str, tie: Tie) -> dict[str, set[str]]:
        """What was associated in that way before, of records that were there."""
        keys = [key for key, row in rows.items() if row.write.key is not None]
        found = references.fitting(self._api, self._kind, {name: tie}, keys) if keys else {}
        return {key: those[name] for key, those in found.items()}

    def _made(self, tie: Tie, pairs: Sequence[Pair], rows: Mapping[Pair, Row], name: str) -> None:
        """Associate, and mark the rows of which that was refused; a refusal of all is bisected."""
        try:
            answer = references.make(self._api, tie, pairs)
        except RefusalError as error:
            self._answered = True
            if len(pairs) == 1:
                self._not_made(rows[pairs[0]], name, error.complaint)
                return
            half = len(pairs) // 2
            self._made(tie, pairs[:half], rows, name)
            self._made(tie, pairs[half:], rows, name)
            return
        done = {(str(one.get("fromObjectId")), str(one.get("toObjectId"))) for one in answer.get("results") or ()}
        complaints = [complaint_of(entry) for entry in answer.get("errors") or ()]
        for pair in pairs:
            if tuple(pair) in done:  # ids are unique within one object type only: a complaint may be about another pair
                continue
            about = [one for one in complaints if pair.end in one.ids or pair.start in one.ids]
            if about:
                self._not_made(rows[pair], name, about[0])
            else:
                lost = AnswerLostError(f"associating {self._kind}: the answer says nothing of this row")
                self.outcomes[rows[pair].at] = self._half(rows[pair], name, lost)

    def _not_made(self, row: Row, name: str, complaint: Complaint) -> None:
        told = outcome_of(complaint, row.write, f"associating {self._kind}")
        about_itself = "FROM_OBJECT" in complaint.code and row.write.key is not None
        if about_itself:
            self.outcomes[row.at] = _missing(row, None)
            return
        kind = OutcomeKind.REFUSED if told.kind is OutcomeKind.MISSING else told.kind
        message = (
            f"{IN}{name}: refused ({complaint.code}){' though the other fields are written' * bool(row.properties)}"
        )
        key = self.outcomes[row.at].key
        self.outcomes[row.at] = told._replace(kind=kind, key=key, field=f"{IN}{name}", message=message, of=None)

    def _half(self, row: Row, name: str, error: ConnectorError) -> Outcome:
        """A row whose properties are written and whose reference may not be: sent again, it comes to the same."""
        outcome = failed(error, row.write)
        if row.properties or row.write.key is None:
            outcome = outcome._replace(kind=OutcomeKind.UNKNOWN, until=None)
        return outcome._replace(key=self.outcomes[row.at].key, field=f"{IN}{name}")


def _written(row: Row, key: str) -> Outcome:
    """An update that came out under another id went to the record that this one was merged into."""
    if row.write.key is not None and key != row.write.key:
        return _missing(row, key)
    return Outcome(OutcomeKind.APPLIED, key)


def _several_meant(row: Row, key: str, name: str) -> Outcome:
    """The hub never saw several: it cannot mean to end them all, and which one it means cannot be known."""
    message = (
        f"{IN}{name}: several records are associated, and none was removed"
        f"{'; the other fields are written' * bool(row.properties)}. End the association that is meant in HubSpot"
    )
    return Outcome(OutcomeKind.REFUSED, key, code="several-associated", field=f"{IN}{name}", message=message)


def _missing(row: Row, survivor: str | None) -> Outcome:
    text = "merged into another record" if survivor else "there is no such record any more"
    return Outcome(OutcomeKind.MISSING, row.write.key, code="OBJECT_NOT_FOUND", message=text, of=survivor)
