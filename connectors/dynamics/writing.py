"""Writing by ``$batch``: every record in a change set of its own, so that what fails concerns one record.

``PATCH`` creates what it does not find. So an update says ``If-Match: *``, or the version it was decided on; a create
goes to the alternate key that holds the hub's id, where being sent twice is harmless.
Sources: Microsoft Learn, "Execute batch operations using the Web API" (2023-01), "Perform conditional operations using
the Web API" (2022-04), "Use an alternate key to reference a record".

Tables without optimistic concurrency refuse a version ("Optimistic concurrency", OptimisticConcurrencyNotEnabled).
There the versions are looked at before the batch is sent: an edit in the moment between is written over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.answers import Answer
from connectors.dynamics.errors import refusal
from connectors.dynamics.reading import by_keys
from connectors.dynamics.schema import TARGET, TableSchema, is_key
from connectors.dynamics.session import DATA, Session
from connectors.multipart import Part, part
from connectors.sdk import AnswerLostError, ConnectorError, Outcome, OutcomeKind, ProtocolError, RefusedError, Write
from connectors.unfit import UnfitError
from connectors.wording import failed, without_values

_MARKER = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""Signs a value may have in an address as alternate key; ``/ < > * % & : \\ ? +`` break it there, says the manual."""

_ADDRESSED = re.compile(r"\(([0-9a-fA-F-]{36})\)\s*$")
_STANDARD = {"accept": "application/json", "odata-version": "4.0", "odata-maxversion": "4.0"}


@dataclass(frozen=True, slots=True)
class Row:
    """One write on its way: its place in the batch, and the request that does it."""

    at: int
    write: Write
    part: Part


class Writing:
    """One batch of writes to one table. ``outcomes`` fills up, by place in the batch."""

    def __init__(
        self, session: Session, schema: TableSchema, marker: str | None, selected: Sequence[str] | None
    ) -> None:
        self.session = session
        self.schema = schema
        self.marker = marker
        self.selected = selected
        self.outcomes: dict[int, Outcome] = {}

    def upsert(self, batch: Sequence[Write]) -> None:
        given = {name for write in batch for name, value in write.fields.items() if value is not None}
        sets = self.session.entity_sets(self.schema.targets(given))
        rows = []
        for at, write in self._current(batch):
            try:
                rows.append(Row(at, write, self._written(write, sets)))
            except UnfitError as error:
                message = without_values(str(error), write)
                self.outcomes[at] = Outcome(
                    OutcomeKind.REFUSED, write.key, code=error.code, message=message, field=error.field
                )
            except RefusedError as error:  # a value that no JSON can hold
                self.outcomes[at] = Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=str(error))
        self._send(rows, f"writing {self.schema.name}")

    def remove(self, batch: Sequence[Write]) -> None:
        rows = []
        for at, write in self._current(batch):
            if write.key is None or not is_key(write.key):
                self.outcomes[at] = _no_key(write)
                continue
            headers = {**_STANDARD, **({"if-match": write.expects} if write.expects else {})}
            rows.append(
                Row(at, write, part("DELETE", self._address("{key}"), parts={"key": write.key}, headers=headers))
            )
        self._send(rows, f"removing {self.schema.name}")

    def _current(self, batch: Sequence[Write]) -> Iterator[tuple[int, Write]]:
        """The writes by place, those without what the table cannot compare itself: what moved is stale already."""
        guarded = [write.key for write in batch if write.key and write.expects] if not self.schema.conditional else []
        columns = self.schema.selected(())
        found = by_keys(self.session, self.schema, columns, guarded) if guarded else {}
        for at, write in enumerate(batch):
            now = found.get((write.key or "").lower()) if guarded and write.expects else None
            if now is not None and now.version != write.expects:
                text = "the row was changed since it was read"
                self.outcomes[at] = Outcome(OutcomeKind.STALE, write.key, code="version", message=text)
            else:
                yield at, write._replace(expects=None) if guarded else write

    def _address(self, key: str) -> str:
        return f"{DATA}/{self.schema.entity_set}({key})"

    def _written(self, write: Write, sets: Mapping[str, str]) -> Part:
        creating = write.key is None
        body = self.schema.payload(write.fields, sets, creating=creating)
        headers = {**_STANDARD, "prefer": f'return=representation,odata.include-annotations="{TARGET}"'}
        if self.session.settings.duplicate_detection:
            headers["mscrm.suppressduplicatedetection"] = "false"
        query = {"$select": ",".join(self.selected)} if self.selected is not None else None
        if write.key is not None:
            if not is_key(write.key):
                raise UnfitError("not-a-key", self.schema.key, f"the id of a row of {self.schema.name} is a GUID")
            headers["if-match"] = write.expects or "*"
            path, parts = self._address("{key}"), {"key": write.key}
            return part("PATCH", path, parts=parts, query=query, json=body, headers=headers)
        if self.marker is None or not write.marker:
            return part("POST", f"{DATA}/{self.schema.entity_set}", query=query, json=body, headers=headers)
        if not _MARKER.fullmatch(write.marker):
            raise UnfitError("marker", self.marker, f"{self.marker} has a sign that no address can have")
        body.pop(self.marker, None)
        path, parts = self._address(f"{self.marker}='{{marker}}'"), {"marker": write.marker}
        return part("PATCH", path, parts=parts, query=query, json=body, headers=headers)

    def _send(self, rows: Sequence[Row], what: str) -> None:
        """One call; where it is refused as a whole, so that nothing was done, each half of it by itself."""
        if not rows:
            return
        try:
            answers = self.session.send([[row.part] for row in rows], what)
        except RefusedError as error:
            if len(rows) == 1:
                row = rows[0]
                self.outcomes[row.at] = Outcome(OutcomeKind.REFUSED, row.write.key, code=error.code, message=str(error))
                return
            half = len(rows) // 2
            self._send(rows[:half], what)
            try:
                self._send(rows[half:], what)
            except ConnectorError as later:  # what is known of the first half must not get lost
                self.outcomes |= {
                    row.at: failed(later, row.write) for row in rows[half:] if row.at not in self.outcomes
                }
            return
        for row, said in zip(rows, answers, strict=True):
            self.outcomes[row.at] = self._outcome(row.write, said[0]) if said else _not_reached(row.write)

    def _outcome(self, write: Write, answer: Answer) -> Outcome:
        if not answer.ok:
            own = self.schema.privileges.values()
            return refusal(answer, write, self.session.context.clock.now(), list(own))
        if not answer.body:
            found = _ADDRESSED.search(answer.headers.get("odata-entityid", ""))
            return Outcome(OutcomeKind.APPLIED, write.key or (found[1].lower() if found else None))
        try:
            record = self.schema.record(_row(answer, self.schema))
        except (ProtocolError, AnswerLostError) as error:
            return Outcome(OutcomeKind.UNKNOWN, write.key, message=str(error))
        if record.deleted and write.key is None:  # the hub's id is on a row that was merged into another
            text = "what the hub had made for this was merged into another row there"
            return Outcome(OutcomeKind.DUPLICATE, code="merged", message=text, of=record.superseded_by)
        if record.deleted:
            return Outcome(OutcomeKind.MISSING, record.key, of=record.superseded_by)
        return Outcome(OutcomeKind.APPLIED, record.key, record.version, record)


def _row(answer: Answer, schema: TableSchema) -> dict[str, Any]:
    row = answer.json()
    if not isinstance(row, dict) or not row.get(schema.key):
        raise ProtocolError("the answer to a write does not show the row")
    return row


def _no_key(write: Write) -> Outcome:
    return Outcome(OutcomeKind.MISSING, write.key, code="not-a-key", message="the id of a row is a GUID")


def _not_reached(write: Write) -> Outcome:
    return Outcome(OutcomeKind.RETRY, write.key, code="not-reached", message="the batch ended before this request")
