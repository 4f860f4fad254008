"""A connector to the API of `bench.api`, as a plug-in author would write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import Field

from bench.people import COLUMNS
from syncline import sdk
from syncline.sdk import Outcome, OutcomeKind, Page, Record, Write

PAGE = 200

PEOPLE = sdk.Stream(
    name="people",
    version="seq",
    watermark=sdk.Watermark(field="seq", overlap=timedelta(0)),
    writes=sdk.Writes(
        batch=PAGE, at_once=8, replay=sdk.Replay.UPSERT, marker="hub", conditional=True, returns_record=True
    ),
    fields=tuple(sdk.Field(name=name) for name in (*COLUMNS, "hub", "seq")),
)


class ApiSettings(sdk.Settings):
    """Where the API is."""

    url: str = Field(description="address of the API")


class ApiConnector(sdk.Connector[ApiSettings]):
    """Reads by change number, a page at a time; writes in batches."""

    name = "bench-api"
    label = "API of the bench"
    Settings = ApiSettings
    streams = (PEOPLE,)

    def __init__(self, settings: ApiSettings, context: sdk.Context | None = None) -> None:
        super().__init__(settings, context)
        self._http = self.context.http(settings.url)

    def check(self) -> list[sdk.Diagnostic]:
        self._answer("GET", "people", query={"after": 0, "limit": 1})
        return []

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        after = since or "0"
        while True:
            rows = self._answer("GET", stream, query={"after": after, "limit": PAGE})
            after = str(rows[-1]["seq"]) if rows else after
            yield Page([_record(row) for row in rows], cursor=after, full=since is None)
            if len(rows) < PAGE:
                return

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        rows = self._answer("POST", f"{stream}/lookup", json=list(keys), idempotent=True)
        return [_record(row) for row in rows]

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        rows = [{"id": w.key, "hub": w.marker, "if": w.expects, "fields": w.fields} for w in batch]
        return [_outcome(row) for row in self._answer("POST", stream, json=rows)]

    def close(self) -> None:
        self._http.close()

    def _answer(self, method: str, path: str, **options: Any) -> list[dict[str, Any]]:
        answer = self._http.request(method, path, **options)
        if not answer.ok:
            raise sdk.RefusedError(f"the API refused {method} {path} (HTTP {answer.status})")
        found = answer.json()
        if not isinstance(found, list):
            raise sdk.ProtocolError(f"the API answered {method} {path} with something else than a list")
        return found


def _record(row: Mapping[str, Any]) -> Record:
    return Record(row["id"], row, version=str(row["seq"]))


def _outcome(row: Mapping[str, Any]) -> Outcome:
    if "stale" in row:
        return Outcome(OutcomeKind.STALE, row["stale"])
    return Outcome(OutcomeKind.APPLIED, row["id"], str(row["seq"]), _record(row))
