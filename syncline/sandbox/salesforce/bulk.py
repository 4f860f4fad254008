"""Bulk API 2.0 ingest jobs. A job is worked off between two polls; its results are three CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncline.sandbox.salesforce.faults import ApiError, Fault
from syncline.sandbox.salesforce.rest import json_object
from syncline.sandbox.salesforce.store import INTEGRATION_USER, Store
from syncline.sandbox.salesforce.values import shown
from syncline.sandbox.wire import Request, Response

_RESULTS = {"successfulResults": "done", "failedResults": "failed", "unprocessedrecords": "left"}


@dataclass(slots=True, kw_only=True)
class Job:
    id: str
    object: str
    operation: str
    external_id: str | None
    created: str
    version: str
    state: str = "Open"
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    done: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    left: list[list[str]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": INTEGRATION_USER,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            **({"externalIdFieldName": self.external_id} if self.external_id else {}),
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "jobType": "V2Ingest",
            "contentUrl": f"services/data/v{self.version}/jobs/ingest/{self.id}/batches",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "numberRecordsProcessed": len(self.done) + len(self.failed),
            "numberRecordsFailed": len(self.failed),
        }


class BulkJobs:
    """``/jobs/ingest``."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.jobs: dict[str, Job] = {}

    def handle(self, request: Request, version: str, rest: Sequence[str], fault: Fault | None) -> Response:
        if not rest:
            return self._open(request, version)
        job = self.jobs.get(rest[0])
        if job is None:
            raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
        if len(rest) == 1:
            return self._job(request, job, fault)
        if rest[1] == "batches" and request.method == "PUT":
            return self._upload(request, job)
        # The real names are successfulResults, failedResults and unprocessedrecords, compared without case.
        kind = next((k for name, k in _RESULTS.items() if name.lower() == rest[1].rstrip("/").lower()), None)
        if kind is None or request.method != "GET":
            raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
        extra = {"done": ["sf__Id", "sf__Created"], "failed": ["sf__Id", "sf__Error"], "left": []}[kind]
        return Response(body=_csv([extra + job.header, *getattr(job, kind)]), headers={"content-type": "text/csv"})

    def _open(self, request: Request, version: str) -> Response:
        if request.method == "GET":
            return Response.of(
                {"done": True, "records": [job.shown() for job in self.jobs.values()], "nextRecordsUrl": None}
            )
        body = json_object(request)
        name, operation = str(body.get("object")), str(body.get("operation"))
        self.store.definition(name)
        if operation not in {"insert", "update", "upsert", "delete"}:
            raise ApiError("INVALIDJOB", f"Unsupported operation {operation}")
        external = body.get("externalIdFieldName")
        if operation == "upsert":
            self.store.matching(name, str(external), "")
        made = Job(
            id=f"7500000000{len(self.jobs) + 1:05d}AAA",
            object=name,
            operation=operation,
            external_id=external,
            created=shown(self.store.clock.now()),
            version=version,
        )
        self.jobs[made.id] = made
        return Response.of(made.shown())

    def _upload(self, request: Request, job: Job) -> Response:
        if job.state != "Open" or job.header:
            raise ApiError("INVALIDJOBSTATE", "Found multiple contents for job", status=400)
        if len(request.body) > 150_000_000:
            raise ApiError("INVALIDREQUESTDATA", "The request is too large", status=413)
        rows = list(csv.reader(io.StringIO(request.body.decode())))
        job.header, job.rows = (rows[0], rows[1:]) if rows else ([], [])
        return Response(status=201)

    def _job(self, request: Request, job: Job, fault: Fault | None) -> Response:
        if request.method == "DELETE":
            del self.jobs[job.id]
            return Response(status=204)
        if request.method == "PATCH":
            state = json_object(request).get("state")
            if state not in {"UploadComplete", "Aborted"} or job.state != "Open":
                raise ApiError("INVALIDJOBSTATE", f"Job state cannot change from {job.state} to {state}")
            job.state = state
            if state == "Aborted":
                job.left = job.rows
        elif job.state == "UploadComplete":
            self._work(job, fault)
            job.state = "InProgress"
        elif job.state == "InProgress":
            job.state = "Failed" if job.left else "JobComplete"
        return Response.of(job.shown())

    def _work(self, job: Job, fault: Fault | None) -> None:
        rows = job.rows
        if fault is not None and fault.kind == "unprocessed":
            rows, job.left = rows[: -fault.rows], rows[-fault.rows :]
        for row in rows:
            given = dict(zip(job.header, row, strict=False))
            try:
                key, created = self._apply(job, given)
                job.done.append([key, str(created).lower(), *row])
            except ApiError as error:
                job.failed.append([given.get("Id", ""), error.as_text(), *row])

    def _apply(self, job: Job, cells: Mapping[str, str]) -> tuple[str, bool]:
        given: dict[str, Any] = {}
        for name, cell in cells.items():
            if cell == "" or name == "Id":
                continue  # an empty cell leaves the field alone
            parent, _, external = name.partition(".")
            given[parent] = {external: cell} if external else (None if cell == "#N/A" else cell)
        if job.operation == "insert":
            return str(self.store.create(job.object, given)["Id"]), True
        if job.operation == "delete":
            return str(self.store.delete(job.object, cells.get("Id", ""))["Id"]), False
        if job.operation == "update":
            return str(self.store.update(job.object, cells.get("Id", ""), given)["Id"]), False
        external = job.external_id or ""
        value = cells.get(external, "")
        if not value:
            raise ApiError("MISSING_ARGUMENT", f"{external} not specified")
        found = self.store.matching(job.object, external, value)
        if len(found) > 1:
            raise ApiError("DUPLICATE_EXTERNAL_ID", f"{external}: more than one record found for external id field")
        if not found:
            return str(self.store.create(job.object, given)["Id"]), True
        rest = {k: v for k, v in given.items() if k != external}
        return str(self.store.update(job.object, found[0]["Id"], rest)["Id"]), False


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
