"""Writing customers and companies: a few by single calls, many through the bulk API, one outcome each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.magento import bulk, rendering
from connectors.magento.errors import outcome, rendered, request_error, said
from connectors.magento.kinds import Kind
from connectors.magento.reading import STAMP, Reader
from connectors.magento.session import Session
from connectors.sdk import (
    AnswerLostError,
    ConnectorError,
    Field,
    Outcome,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    Write,
)
from connectors.wording import failed


class Row(NamedTuple):
    """A row to send: its place in the batch, and the record as the shop shall have it."""

    at: int
    write: Write
    record: Mapping[str, Any]


class Writer:
    """Writes one kind of record. ``home`` tells the website of new customers, ``regions`` a country's regions."""

    def __init__(
        self,
        session: Session,
        reader: Reader,
        kind: Kind,
        fields: Mapping[str, Field],
        home: Callable[[], int],
        regions: Callable[[str], Sequence[Mapping[str, Any]]],
    ) -> None:
        self._session = session
        self._reader = reader
        self._kind = kind
        self._fields = fields
        self._home = home
        self._regions = regions

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        good: list[tuple[int, Write]] = []
        for at, write in enumerate(batch):
            refusal = rendering.refusal(write, self._fields)
            if refusal is None:
                good.append((at, write))
            else:
                outcomes[at] = refusal
        creates = self._prepared([(at, w) for at, w in good if w.key is None], {}, outcomes)
        keys = [write.key for _, write in good if write.key is not None]
        before = self._reader.rows(self._kind, keys) if keys else {}
        updates = self._prepared([(at, w) for at, w in good if w.key is not None], before, outcomes)
        self._send("POST", creates, outcomes)
        self._send("PUT", updates, outcomes)
        self._name_holders(batch, {row.at: row.record for row in (*creates, *updates)}, outcomes)
        return [outcomes[at] for at in range(len(batch))]

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        for at, write in enumerate(batch):
            if write.key is None or not (write.key.isascii() and write.key.isdigit()):
                outcomes[at] = Outcome(OutcomeKind.MISSING, write.key, message="not a key of this shop")
                continue
            self._singly("DELETE", Row(at, write, {}), outcomes)
        return [outcomes[at] for at in range(len(batch))]

    def _prepared(
        self, writes: Sequence[tuple[int, Write]], before: Mapping[str, Mapping[str, Any]], outcomes: dict[int, Outcome]
    ) -> list[Row]:
        rows = []
        for at, write in writes:
            held = before.get(write.key, {}) if write.key is not None else {}
            if write.key is not None and not held:
                outcomes[at] = Outcome(OutcomeKind.MISSING, write.key, message="there is no such record")
            elif write.expects is not None and held.get(STAMP, write.expects) != write.expects:
                outcomes[at] = Outcome(OutcomeKind.STALE, write.key, version=held.get(STAMP))
            else:
                rows.append(Row(at, write, self._body(write, held)))
        return rows

    def _body(self, write: Write, held: Mapping[str, Any]) -> dict[str, Any]:
        if self._kind.name == "companies":
            return rendering.company(write.fields, held)
        marker = self._session.settings.marker
        values = dict(write.fields)
        if write.key is None:
            values.setdefault("website_id", self._home())
            if marker and write.marker:
                values[f"custom.{marker}"] = write.marker
        return rendering.customer(values, held, self._regions)

    def _send(self, method: str, rows: Sequence[Row], outcomes: dict[int, Outcome]) -> None:
        """What goes wrong before anything was sent is an error of the whole batch, later one of its rows."""
        least = self._session.settings.bulk_from
        single = rows
        if method == "POST" and 0 < least <= len(rows):  # a queued update would overwrite what was edited meanwhile
            single = ()
            try:
                outcomes |= self._together(rows)
            except RefusedError:
                single = rows  # the shop takes no bulk calls, or not this one: nothing was queued
            except ConnectorError as error:
                if not outcomes and not isinstance(error, AnswerLostError):
                    raise
                outcomes |= {row.at: failed(error, row.write) for row in rows}
        for row in single:
            self._singly(method, row, outcomes)

    def _together(self, rows: Sequence[Row]) -> dict[int, Outcome]:
        kind = self._kind
        bodies: list[bulk.Row] = [(row.write, {kind.wrap: row.record}) for row in rows]
        done = bulk.send(self._session, kind.new_path, bodies, kind, f"writing {kind.name}")
        return {row.at: one for row, one in zip(rows, done, strict=True)}

    def _singly(self, method: str, row: Row, outcomes: dict[int, Outcome]) -> None:
        try:
            outcomes[row.at] = self._called(method, row)
        except ConnectorError as error:
            if not outcomes and not isinstance(error, AnswerLostError):
                raise
            outcomes[row.at] = failed(error, row.write)

    def _called(self, method: str, row: Row) -> Outcome:
        kind, write = self._kind, row.write
        path, parts = (f"{kind.path}/{{key}}", {"key": write.key}) if write.key is not None else (kind.new_path, None)
        body = None if method == "DELETE" else {kind.wrap: row.record}
        answer = self._session.send(method, path, parts=parts, json=body)
        what = f"writing {kind.name}"
        if answer.ok:
            try:
                made = answer.json()
            except ProtocolError as error:  # some page instead of the shop's answer: it may have been done or not
                raise AnswerLostError(f"{what}: {error}") from None
            if write.key is not None:
                return Outcome(OutcomeKind.APPLIED, write.key)
            key = made.get("id") if isinstance(made, dict) else None
            if key is None:
                raise AnswerLostError(f"{what}: the shop does not say what was made")
            return Outcome(OutcomeKind.APPLIED, str(key))
        told = rendered(said(answer))
        if not told:
            raise request_error(answer, what)
        return outcome(write, told, f"http-{answer.status}", kind.named)

    def _name_holders(
        self, batch: Sequence[Write], sent: Mapping[int, Mapping[str, Any]], outcomes: dict[int, Outcome]
    ) -> None:
        """Duplicates are told with the record that holds the address, looked up on the website in question."""
        name = "email" if self._kind.name == "customers" else "company_email"
        taken = {
            at: str(batch[at].fields.get(name) or "") for at, o in outcomes.items() if o.kind is OutcomeKind.DUPLICATE
        }
        if not any(taken.values()):
            return
        try:
            found = self._reader.find(self._kind, name, list(taken.values()))
        except ConnectorError:
            return  # the outcomes stand without the explanation
        for at, email in taken.items():
            website = sent[at].get("website_id")
            holders = [
                record
                for record in found
                if str(record.data.get(name)).casefold() == email.casefold() and record.key != batch[at].key
            ]
            own = [record for record in holders if website is None or record.data.get("website_id") == website]
            if own or holders:
                outcomes[at] = outcomes[at]._replace(of=(own or holders)[0].key)
