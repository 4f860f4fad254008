"""The files connector under the contract suite, as CSV and as JSON Lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from connectors.files.connector import FilesConnector
from connectors.sdk import Write
from syncline.testing import ConnectorSuite


class TestCsvFiles(ConnectorSuite):
    quality = Path(__file__).parents[2] / "connectors" / "files" / "quality.yaml"
    stream: ClassVar[dict[str, Any]] = {"file": "people.csv"}

    def start(self) -> None:
        self.next = 0

    def make(self) -> FilesConnector:
        shared = {"key": "id", "page": 5, "writable": True, "create": True, "deletes": True, "minimum_share": 0}
        settings = {"folder": self.folder, "streams": {"people": {**shared, **self.stream}}}
        return FilesConnector(FilesConnector.Settings.model_validate(settings), self.context())

    def row(self, stream: str, n: int) -> Mapping[str, Any]:
        return {"name": f"Name {n}", "note": "n"}

    def text_field(self, stream: Any) -> str | None:
        return "name"

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        self.next += 1
        writes = [Write(None, row, marker=f"seed-{self.next}-{n}") for n, row in enumerate(rows)]
        return [str(outcome.key) for outcome in self.connect().upsert(stream, writes)]

    def edit(self, stream: str, key: str, fields: Mapping[str, Any]) -> None:
        self.connect().upsert(stream, [Write(key, fields)])

    def delete(self, stream: str, key: str) -> None:
        self.connect().remove(stream, [Write(key, {})])

    def bad_row(self, stream: Any) -> Mapping[str, Any] | None:
        return {"name": {"a cell": "has no parts"}} if self.stream["file"].endswith(".csv") else None

    def test_discover_describes_every_stream(self) -> None:
        self.planted(self.connect().stream("people"), 1)
        super().test_discover_describes_every_stream()


class TestJsonLinesFiles(TestCsvFiles):
    stream: ClassVar[dict[str, Any]] = {"file": "people.jsonl"}
