"""Writing by collections of two hundred, and what came of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.salesforce.errors import item_outcome, kind_of
from connectors.salesforce.schema import ObjectSchema
from connectors.salesforce.session import Session
from connectors.sdk import (
    ConnectorError,
    Outcome,
    OutcomeKind,
    RefusedError,
    Write,
)
from connectors.unfit import UnfitError
from connectors.wording import failed, without_values
from model.errors import AnswerLostError

BATCH = 200


@dataclass(slots=True)
class Row:
    """One write on its way: its place in the batch, and the fields as they are sent."""

    at: int
    write: Write
    fields: dict[str, Any]

    @property
    def identity(self) -> str:
        """What must not occur twice in one call: the org would refuse both."""
        return self.write.key or self.write.marker


def prepared(batch: Sequence[Write], schema: ObjectSchema, marker: str | None) -> tuple[list[Row], dict[int, Outcome]]:
    """Rows fit to be sent, and the refusals of the others: one unfit row would have the whole call refused."""
    rows, outcomes = [], {}
    for at, write in enumerate(batch):
        creating = write.key is None
        try:
            fields = schema.payload(write.fields, creating=creating)
            if creating and marker is not None and write.marker:
                fields |= schema.payload({marker: write.marker}, creating=True)
        except UnfitError as error:
            message = without_values(str(error), write)
            outcomes[at] = Outcome(OutcomeKind.REFUSED, write.key, code=error.code, message=message, field=error.field)
        else:
            rows.append(Row(at, write, fields))
    return rows, outcomes


def in_calls(rows: Iterable[Row], most: int = BATCH) -> Iterator[list[Row]]:
    """Rows in portions that go into one call, none of which holds the same record twice."""
    portion: list[Row] = []
    met: set[str] = set()
    for row in rows:
        identity = row.identity
        if len(portion) >= most or (identity and identity in met):
            yield portion
            portion, met = [], set()
        portion.append(row)
        met.add(identity)
    if portion:
        yield portion


class Writing:
    """One batch of writes to one object. ``outcomes`` (some may be known before) fills up as calls are answered."""

    def __init__(
        self, session: Session, name: str, marker: str | None, *, upserting: bool, outcomes: dict[int, Outcome]
    ) -> None:
        self.session = session
        self.name = name
        self.marker = marker
        self.upserting = upserting
        self.outcomes = outcomes
        self._answers = any(o.kind is not OutcomeKind.REFUSED for o in outcomes.values())

    def create(self, rows: Sequence[Row]) -> None:
        marked = [row for row in rows if self.upserting and row.write.marker]
        plain = [row for row in rows if not (self.upserting and row.write.marker)]
        self._each(marked, lambda some: self._send(some, "PATCH", f"composite/sobjects/{self.name}/{self.marker}"))
        self._each(plain, lambda some: self._send(some, "POST", "composite/sobjects"))

    def update(self, rows: Sequence[Row]) -> None:
        self._each(rows, lambda some: self._send(some, "PATCH", "composite/sobjects"))

    def remove(self, rows: Sequence[Row]) -> None:
        self._each(rows, self._delete)

    def _each(self, rows: Sequence[Row], deed: Callable[[list[Row]], Any]) -> None:
        """Do call after call. Once one was answered, a failure of a later one is told by outcomes, not by an error:
        what is known must not get lost."""
        for portion in in_calls(rows):
            try:
                results = self._answered(portion, deed)
            except ConnectorError as error:
                if not self._answers:
                    raise
                self.outcomes |= {row.at: failed(error, row.write) for row in portion}
            else:
                self.outcomes |= results
                self._answers = True

    def _answered(self, portion: list[Row], deed: Callable[[list[Row]], Any]) -> dict[int, Outcome]:
        """Outcomes of one call; if it was refused as a whole (so that nothing happened), of each half of it."""
        try:
            answer = deed(portion)
        except RefusedError as error:
            if len(portion) == 1:
                row = portion[0]
                kind = kind_of(error.code, [], row.write)
                return {row.at: Outcome(kind, row.write.key, code=error.code, message=str(error))}
            half = len(portion) // 2
            results = self._answered(portion[:half], deed)
            try:
                return results | self._answered(portion[half:], deed)
            except ConnectorError as later:
                return results | {row.at: failed(later, row.write) for row in portion[half:]}
        if not isinstance(answer, list) or len(answer) != len(portion):
            raise AnswerLostError(f"writing {self.name}: {len(portion)} rows sent, another number answered")
        return {row.at: _outcome(result, row.write) for row, result in zip(portion, answer, strict=True)}

    def _send(self, rows: list[Row], method: str, path: str) -> Any:
        records = []
        for row in rows:
            record = {"attributes": {"type": self.name}, **row.fields}
            records.append(record if row.write.key is None else {**record, "id": row.write.key})
        creating = rows[0].write.key is None
        headers = self._duplicate_rules() if creating else {}
        what = f"{'creating' if creating else 'updating'} {self.name}"
        body = {"allOrNone": False, "records": records}
        return self.session.restful(path, what, method=method, json=body, headers=headers)

    def _delete(self, rows: list[Row]) -> Any:
        query = {"ids": ",".join(row.write.key or "" for row in rows), "allOrNone": "false"}
        return self.session.restful("composite/sobjects", f"removing {self.name}", method="DELETE", params=query)

    def _duplicate_rules(self) -> dict[str, str]:
        save = "true" if self.session.settings.duplicate_rules == "override" else "false"
        return {"Sforce-Duplicate-Rule-Header": f"allowSave={save}; includeRecordDetails=true"}


def _outcome(result: Mapping[str, Any], write: Write) -> Outcome:
    if result.get("success"):
        return Outcome(OutcomeKind.APPLIED, str(result.get("id") or write.key))
    errors = result.get("errors") or [{}]
    return item_outcome(errors[0], write)
