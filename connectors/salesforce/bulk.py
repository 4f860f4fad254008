"""Bulk API 2.0 for batches that collections would be slow for: a CSV up, a job to wait for, three CSVs down."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from connectors.salesforce.errors import bulk_error, item_outcome
from connectors.salesforce.session import Session
from connectors.salesforce.writing import Row, in_calls
from connectors.sdk import ConnectorError, Outcome, OutcomeKind, ProtocolError, RefusedError, UnreachableError
from connectors.wording import failed
from model.errors import AnswerLostError

ROWS = 10_000
"""Rows of one job: one batch of the org's own splitting, and far from the 150 MB a job may hold."""

_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
_NULL = "#N/A"


def fits(row: Row) -> bool:
    """Whether CSV can say what the row says: no literal ``#N/A``, no parent given by an external id."""
    return bool(row.identity) and all(v != _NULL and not isinstance(v, Mapping) for v in row.write.fields.values())


class BulkWriting:
    """Creates (upserts by the marker) or updates of one object, as jobs."""

    def __init__(self, session: Session, name: str, marker: str) -> None:
        self.session = session
        self.name = name
        self.marker = marker

    def write(self, rows: Sequence[Row]) -> dict[int, Outcome]:
        """Outcomes by place in the batch. A job that cannot be begun raises; one that was begun ends in outcomes."""
        outcomes: dict[int, Outcome] = {}
        creates = [row for row in rows if row.write.key is None]
        updates = [row for row in rows if row.write.key is not None]
        for portion in [*in_calls(creates, ROWS), *in_calls(updates, ROWS)]:
            try:
                outcomes |= self._job(portion)
            except ConnectorError as error:
                if not outcomes:
                    raise
                outcomes |= {row.at: failed(error, row.write) for row in portion}
        return outcomes

    def _job(self, rows: Sequence[Row]) -> dict[int, Outcome]:
        creating = rows[0].write.key is None
        identity = self.marker if creating else "Id"
        asked = {"object": self.name, "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
        asked |= {"operation": "upsert", "externalIdFieldName": self.marker} if creating else {"operation": "update"}
        what = f"a bulk job for {self.name}"
        try:
            answer = self.session.restful("jobs/ingest", what, method="POST", json=asked)
        except AnswerLostError as error:
            raise UnreachableError(str(error)) from None  # an empty job changes nothing, whether it was opened or not
        job = answer.get("id") if isinstance(answer, Mapping) else None
        if not isinstance(job, str) or not job.isalnum():
            raise ProtocolError(f"{what}: an answer without an id")
        place = f"{self.session.data}/jobs/ingest/{job}"
        try:
            self._upload(place, what, _table(rows, identity))
        except UnreachableError as error:  # nothing is worked on before the job is closed
            raise UnreachableError(str(error)) from None
        try:
            self._close(job, what)
            self._wait(job, what)
        except ConnectorError as error:
            return {row.at: Outcome(OutcomeKind.UNKNOWN, row.write.key, message=str(error)) for row in rows}
        return self._collected(place, rows, identity, what)

    def _upload(self, place: str, what: str, table: bytes) -> None:
        answer = self.session.http.request(
            "PUT", f"{place}/batches", body=table, headers={"content-type": "text/csv; charset=UTF-8"}
        )
        if not answer.ok:
            raise RefusedError(f"{what}: the rows were not taken (HTTP {answer.status})", code="bulk-upload")

    def _close(self, job: str, what: str) -> None:
        try:
            self.session.restful(f"jobs/ingest/{job}", what, method="PATCH", json={"state": "UploadComplete"})
        except AnswerLostError:
            return  # the state of the job, asked next, tells whether it was closed
        except RefusedError as error:
            raise UnreachableError(f"{what}: could not be closed ({error.code})") from None

    def _wait(self, job: str, what: str) -> None:
        """Until the job ended. Raises AnswerLostError where that takes longer than the settings allow."""
        pause, spent = 1.0, 0.0
        while True:
            answer = self.session.restful(f"jobs/ingest/{job}", what)
            state = answer.get("state") if isinstance(answer, Mapping) else None
            if state in _ENDED:
                return
            if state == "Open":
                self._close(job, what)
            if spent >= self.session.settings.bulk_patience:
                raise AnswerLostError(f"{what}: still {state} after {spent:.0f} s")
            self.session.context.clock.sleep(pause)
            spent += pause
            pause = min(pause * 1.5, 30.0)

    def _collected(self, place: str, rows: Sequence[Row], identity: str, what: str) -> dict[int, Outcome]:
        """Outcomes from all three sets; a row that is in none of them is unknown, never taken for done."""
        by_identity = {row.identity: row for row in rows}
        outcomes = {
            row.at: Outcome(OutcomeKind.UNKNOWN, row.write.key, message=f"{what}: in none of the results")
            for row in rows
        }
        deeds: tuple[tuple[str, Callable[[Mapping[str, str], Row], Outcome]], ...] = (
            ("successfulResults", _applied),
            ("failedResults", _refused),
            ("unprocessedrecords", _unprocessed),
        )
        for kind, outcome in deeds:
            try:
                for cells in self._results(f"{place}/{kind}/"):
                    row = by_identity.get(cells.get(identity) or "")
                    if row is not None:
                        outcomes[row.at] = outcome(cells, row)
            except ConnectorError:
                continue  # its rows stay unknown
        return outcomes

    def _results(self, path: str) -> Iterator[dict[str, str]]:
        lines = (line.decode() + "\n" for line in self.session.http.lines(path, headers={"accept": "text/csv"}))
        yield from csv.DictReader(lines)


def _applied(cells: Mapping[str, str], row: Row) -> Outcome:
    return Outcome(OutcomeKind.APPLIED, cells.get("sf__Id") or row.write.key)


def _refused(cells: Mapping[str, str], row: Row) -> Outcome:
    return item_outcome(bulk_error(cells.get("sf__Error") or ""), row.write)


def _unprocessed(_: Mapping[str, str], row: Row) -> Outcome:
    return Outcome(OutcomeKind.RETRY, row.write.key, code="UNPROCESSED", message="the job ended before this row")


def _table(rows: Sequence[Row], identity: str) -> bytes:
    """The rows as CSV: an empty cell leaves a field alone, ``#N/A`` empties it."""
    columns = sorted({name for row in rows for name in row.fields} - {identity})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([identity, *columns])
    for row in rows:
        writer.writerow([row.identity, *(_cell(row.fields, name) for name in columns)])
    return out.getvalue().encode()


def _cell(fields: Mapping[str, Any], name: str) -> str:
    if name not in fields:
        return ""
    value = fields[name]
    if value is None or value == "":
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.contents if isinstance(value, orjson.Fragment) else value)
