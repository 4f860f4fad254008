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

from connectors.odoo.faults import RefusalError, complaint, outcome
from connectors.odoo.preparing import Row
from connectors.odoo.session import Session
from connectors.sdk import AnswerLostError, ConnectorError, Outcome, OutcomeKind
from connectors.wording import failed

BATCH = 200

Deed = Callable[[list[Row]], "dict[int, Outcome]"]


class Writing:
    """One batch to one model. ``outcomes`` (some may be known before) fills up as calls are answered."""

    def __init__(self, session: Session, model: str, prefix: str, outcomes: dict[int, Outcome]) -> None:
        self.session = session
        self.model = model
        self.prefix = prefix
        self.outcomes = outcomes
        self._answered = False

    def upsert(self, rows: Sequence[Row]) -> None:
        for same in _alike(rows):
            self._settle(same, self._load)
        tagged = [row for row in rows if row.tags and self._applied(row)]
        for row in tagged:
            self._settle([row], self._tag)

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

    def _applied(self, row: Row) -> bool:
        known = self.outcomes.get(row.at)
        return known is not None and known.kind is OutcomeKind.APPLIED

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
            if len(rows) == 1:
                return {rows[0].at: outcome(error, rows[0].write)}
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
            refused = _refused(answer, left)
            if not refused:
                raise RefusalError(f"writing {self.model}", {"name": "ImportError", "message": _first(answer)})
            results |= refused
            left = [row for row in left if row.at not in refused]
        return results

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

    def _tag(self, rows: list[Row]) -> dict[int, Outcome]:
        [row] = rows
        known = self.outcomes[row.at]
        values = {name: [[6, 0, keys]] for name, keys in row.tags.items()}
        try:
            self.session.do(self.model, "write", f"writing {self.model}", ids=[int(known.key or 0)], vals=values)
        except RefusalError as error:
            return {row.at: outcome(error, row.write)._replace(key=known.key)}
        except ConnectorError as error:
            told = failed(error, row.write)._replace(key=known.key)
            creating = row.write.key is None and told.kind is not OutcomeKind.REFUSED
            return {row.at: told._replace(kind=OutcomeKind.UNKNOWN) if creating else told}
        return {row.at: known}

    def _unlink(self, rows: list[Row]) -> dict[int, Outcome]:
        keys = [int(row.write.key or 0) for row in rows]
        self.session.do(self.model, "unlink", f"removing {self.model}", ids=keys)
        return {row.at: Outcome(OutcomeKind.APPLIED, row.write.key) for row in rows}


def _alike(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows with the same columns, in calls of `BATCH`, none of which holds the same record twice. A row without
    columns has nothing but tags to write; its record is there, or not, as `_tag` will find."""
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


def _refused(answer: Mapping[str, Any], rows: Sequence[Row]) -> dict[int, Outcome]:
    """The outcomes of rows that the messages complain about; warnings alone refuse nothing."""
    found: dict[int, Outcome] = {}
    for message in answer.get("messages") or ():
        number = message.get("record") if isinstance(message, Mapping) else None
        if isinstance(number, int) and message.get("type") == "error" and 0 <= number < len(rows):
            row = rows[number]
            found.setdefault(row.at, complaint(message, row.write))
    return found


def _first(answer: Mapping[str, Any]) -> str:
    messages = [m for m in answer.get("messages") or () if isinstance(m, Mapping)]
    return str(messages[0].get("message") or "") if messages else ""
