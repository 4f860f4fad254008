"""Writing by ``load``, Odoo's import: many rows a call, each created by an external id or updated by its id.

An external id (ir.model.data) is the hub's marker: it is unique in the database, is stored in the transaction that
makes the record, and goes with it when it is deleted; sent again, it updates the record instead of making another. A
field of our own would have to be made in every model by somebody, and nothing would keep two records from one value.

``load`` (odoo/models.py) is all or nothing: with one row refused, nothing is stored, ``ids`` is False and ``messages``
say which rows were refused, stopping at ten errors. So refused rows are taken out and the rest is sent again; a call
that fails without naming a row is halved until the poison is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.odoo.absence import gone, named, survivors, within
from connectors.odoo.faults import RefusalError, complaint, outcome, told
from connectors.odoo.preparing import Row
from connectors.odoo.session import Session
from connectors.odoo.settings import Shape
from connectors.sdk import (
    AnswerLostError,
    ConnectorError,
    Outcome,
    OutcomeKind,
    RefusedError,
    UnauthorisedError,
)
from connectors.wording import failed

BATCH = 200

Deed = Callable[[list[Row]], "dict[int, Outcome]"]


class Writing:
    """One batch to one stream. ``outcomes`` (some may be known before) fills up as calls are answered."""

    def __init__(self, session: Session, shape: Shape, prefix: str, outcomes: dict[int, Outcome]) -> None:
        self.session = session
        self.shape = shape
        self.model = shape.model
        self.prefix = prefix
        self.outcomes = outcomes
        self._answered = False

    def upsert(self, rows: Sequence[Row]) -> None:
        rows = self._unmoved(rows)
        for same in _alike(rows):
            self._settle(same, self._load)
        for row in [row for row in rows if row.emptied and self._is(row, OutcomeKind.APPLIED)]:
            self._settle([row], self._empty)
        self.explain(rows)

    def _unmoved(self, rows: Sequence[Row]) -> list[Row]:
        """Without creates whose external id a merge has moved to another record: ``load`` would write over that one."""
        markers = [row.write.marker for row in rows if row.write.key is None and row.write.marker]
        try:
            held = named(self.session, self.model, self.prefix, markers) if markers else {}
            heirs = within(self.session, self.shape, [int(one.key) for one in held.values() if one.moved])
        except (RefusedError, UnauthorisedError):  # `check` says that external ids cannot be read
            return list(rows)
        kept = []
        for row in rows:
            found = held.get(row.write.marker) if row.write.key is None else None
            if found is None or not found.moved:
                kept.append(row)
            else:
                text = "what the hub had made for this was merged into another record there"
                of = found.key if int(found.key) in heirs else None
                self.outcomes[row.at] = Outcome(OutcomeKind.DUPLICATE, code="merged", message=text, of=of)
        return kept

    def remove(self, rows: Sequence[Row]) -> None:
        """Delete what is there: deleting what is not is no error to every version of Odoo."""
        if not rows:
            return
        domain = [["id", "in", [int(row.write.key or 0) for row in rows]]]
        there = {str(row["id"]) for row in self.session.records(self.model, domain, ["id"])}
        for row in rows:
            if row.write.key not in there:
                self.outcomes[row.at] = Outcome(OutcomeKind.MISSING, row.write.key, message="it is gone already")
        self._settle([row for row in rows if row.write.key in there], self._unlink)
        self.explain(rows)

    def explain(self, rows: Iterable[Row]) -> None:
        """Look behind what is said to be missing: it may be hidden from the user, or merged into another record."""
        rows = [row for row in rows if self._is(row, OutcomeKind.MISSING)]
        for row in [row for row in rows if row.write.key is None]:  # what is gone is something that it points to
            self.outcomes[row.at] = self.outcomes[row.at]._replace(kind=OutcomeKind.REFUSED)
        lost = {row.at: row.write for row in rows if row.write.key is not None}
        numbers = [int(write.key or 0) for write in lost.values()]
        try:
            away = gone(self.session, self.model, numbers) if numbers else set()
            heirs = survivors(self.session, self.shape, away)
        except ConnectorError as error:  # nothing was written, and nobody can say why
            said = f"it could not be asked whether the record is gone ({error})"
            self.outcomes |= {at: Outcome(OutcomeKind.RETRY, write.key, message=said) for at, write in lost.items()}
            return
        for at, write in lost.items():
            key = int(write.key or 0)
            if key in away:
                self.outcomes[at] = self.outcomes[at]._replace(of=heirs.get(key))
            else:
                self.outcomes[at] = told(OutcomeKind.REFUSED, write, "AccessError", "")

    def _is(self, row: Row, kind: OutcomeKind) -> bool:
        known = self.outcomes.get(row.at)
        return known is not None and known.kind is kind

    def _settle(self, rows: list[Row], deed: Deed) -> None:
        """Do it, and say by outcomes what failed once something was done: what is known must not get lost."""
        if not rows:
            return
        try:
            results = self._halved(rows, deed)
        except ConnectorError as error:
            if not self._answered:
                raise
            results = {row.at: failed(error, row.write) for row in rows}
        self.outcomes |= results
        self._answered = self._answered or any(o.kind is OutcomeKind.APPLIED for o in results.values())

    def _halved(self, rows: list[Row], deed: Deed) -> dict[int, Outcome]:
        """Outcomes of a call; where it was refused as a whole, so that nothing was done, of each half of it."""
        try:
            return deed(rows)
        except RefusalError as error:
            if len(rows) == 1 or error.whole:
                return {row.at: outcome(error, row.write) for row in rows}
        half = len(rows) // 2
        results = self._halved(rows[:half], deed)
        try:
            return results | self._halved(rows[half:], deed)
        except ConnectorError as later:
            if not any(o.kind is OutcomeKind.APPLIED for o in results.values()):
                raise
            return results | {row.at: failed(later, row.write) for row in rows[half:]}

    def _load(self, rows: list[Row]) -> dict[int, Outcome]:
        results: dict[int, Outcome] = {}
        left = list(rows)
        while left:
            answer = self._sent(left)
            keys = answer.get("ids")
            if isinstance(keys, list):
                if len(keys) != len(left):
                    raise AnswerLostError(f"writing {self.model}: {len(left)} rows sent, another number answered")
                pairs = zip(left, keys, strict=True)
                return results | {row.at: Outcome(OutcomeKind.APPLIED, str(key)) for row, key in pairs}
            refused = self._refused(answer, left)
            if not refused:
                raise RefusalError(
                    f"writing {self.model}", {"name": "ImportError", "message": _first(answer)}, self.model
                )
            results |= refused
            whole = next((o for o in refused.values() if o.kind is OutcomeKind.UNAUTHORISED), None)
            if whole is not None:  # the others would be refused alike, ten in a call
                return {row.at: whole._replace(key=row.write.key) for row in left} | results
            left = [row for row in left if row.at not in refused]
        return results

    def _refused(self, answer: Mapping[str, Any], rows: Sequence[Row]) -> dict[int, Outcome]:
        """The outcomes of rows that the messages complain about; warnings alone refuse nothing."""
        found: dict[int, Outcome] = {}
        for message in answer.get("messages") or ():
            number = message.get("record") if isinstance(message, Mapping) else None
            if isinstance(number, int) and message.get("type") == "error" and 0 <= number < len(rows):
                row = rows[number]
                found.setdefault(row.at, complaint(message, row.write, self.model))
        return found

    def _sent(self, rows: Sequence[Row]) -> Mapping[str, Any]:
        columns = list(rows[0].cells)
        creating = rows[0].write.key is None
        head = ["id" if creating else ".id", *columns]
        data = [[self._identity(row), *(row.cells[column] for column in columns)] for row in rows]
        if creating and not rows[0].write.marker:
            head, data = columns, [line[1:] for line in data]
        answer = self.session.do(self.model, "load", f"writing {self.model}", fields=head, data=data)
        if not isinstance(answer, Mapping) or "ids" not in answer:
            raise AnswerLostError(f"writing {self.model}: an answer that says nothing of the rows")
        return answer

    def _identity(self, row: Row) -> str:
        return row.write.key or f"{self.prefix}{row.write.marker}"

    def _empty(self, rows: list[Row]) -> dict[int, Outcome]:
        """Only of records that were there: a create has one call, or a refused second one would leave half of it."""
        [row] = rows
        values = {name: [[6, 0, []]] for name in row.emptied}
        self.session.do(self.model, "write", f"writing {self.model}", ids=[int(row.write.key or 0)], vals=values)
        return {row.at: self.outcomes[row.at]}

    def _unlink(self, rows: list[Row]) -> dict[int, Outcome]:
        keys = [int(row.write.key or 0) for row in rows]
        self.session.do(self.model, "unlink", f"removing {self.model}", ids=keys)
        return {row.at: Outcome(OutcomeKind.APPLIED, row.write.key) for row in rows}


def _alike(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows with the same columns, in calls of `BATCH`, none of which holds the same record twice. A row without
    columns has nothing but tags to empty; its record is there, or not, as `_empty` will find."""
    portions: dict[Any, list[list[Row]]] = {}
    for row in rows:
        shape = (row.write.key is None, bool(row.write.marker), *sorted(row.cells))
        row.cells = {name: row.cells[name] for name in sorted(row.cells)}
        calls = portions.setdefault(shape, [[]])
        identity = row.write.key or row.write.marker
        met = {other.write.key or other.write.marker for other in calls[-1]}
        if len(calls[-1]) >= BATCH or (identity and identity in met):
            calls.append([])
        calls[-1].append(row)
    return (call for calls in portions.values() for call in calls)


def _first(answer: Mapping[str, Any]) -> str:
    messages = [m for m in answer.get("messages") or () if isinstance(m, Mapping)]
    return str(messages[0].get("message") or "") if messages else ""
