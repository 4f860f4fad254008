"""The SQL connector under the contract suite, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connectors.sql.connector import SqlConnector
from syncline.testing import ConnectorSuite

STREAMS = {
    "customers": {
        "table": "customers",
        "key": "id",
        "watermark": "changed",
        "overlap": 120,
        "soft_delete": {"column": "gone"},
        "version": "rev",
        "marker": "hub_id",
        "writable": True,
        "page": 5,
        "batch": 60,
    },
    "items": {"table": "items", "key": "sku", "writable": True, "key_from": "marker", "page": 5, "batch": 60},
}


class TestSqlOnSqlite(ConnectorSuite):
    quality = Path(__file__).parents[2] / "connectors" / "sql" / "quality.yaml"
    serial, moment = "INTEGER PRIMARY KEY", "DATETIME"

    def url(self) -> str:
        return f"sqlite:///{self.folder / 'erp.db'}"

    def start(self) -> None:
        self.engine = create_engine(self.url())
        for statement in (
            "DROP TABLE IF EXISTS customers",
            "DROP TABLE IF EXISTS items",
            (
                f"CREATE TABLE customers (id {self.serial}, hub_id VARCHAR(40) UNIQUE, name VARCHAR(60) NOT NULL,"
                f" note VARCHAR(80), changed {self.moment}, gone BOOLEAN, rev INTEGER NOT NULL DEFAULT 1)"
            ),
            "CREATE TABLE items (sku VARCHAR(40) PRIMARY KEY, title VARCHAR(60) NOT NULL, note VARCHAR(40))",
        ):
            self._run(statement)

    def finish(self) -> None:
        super().finish()
        if hasattr(self, "engine"):
            self.engine.dispose()

    def _run(self, statement: str, **values: Any) -> Any:
        with self.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None

    def _now(self) -> Any:
        return self.clock.now().isoformat(" ", "seconds")

    def make(self) -> SqlConnector:
        settings = {"url": self.url(), "zone": "UTC", "streams": STREAMS}
        return SqlConnector(SqlConnector.Settings.model_validate(settings), self.context())

    def row(self, stream: str, n: int) -> Mapping[str, Any]:
        return {"name": f"Name {n}", "note": "n"} if stream == "customers" else {"title": f"Item {n}", "note": "n"}

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        if stream == "customers":
            sql = "INSERT INTO customers (name, note, changed) VALUES (:name, :note, :now) RETURNING id"
            return [str(self._run(sql, now=self._now(), **row)) for row in rows]
        sql = "INSERT INTO items VALUES (:sku, :title, :note) RETURNING sku"
        return [str(self._run(sql, sku=f"sku-{row['title']}", **row)) for row in rows]

    def edit(self, stream: str, key: str, fields: Mapping[str, Any]) -> None:
        ((name, value),) = fields.items()
        if stream == "customers":
            sql = f"UPDATE customers SET {name} = :value, changed = :now, rev = rev + 1 WHERE id = :key"
            self._run(sql, value=value, now=self._now(), key=int(key))
        else:
            self._run(f"UPDATE items SET {name} = :value WHERE sku = :key", value=value, key=key)

    def delete(self, stream: str, key: str) -> None:
        if stream == "customers":
            sql = "UPDATE customers SET gone = :yes, changed = :now WHERE id = :key"
            self._run(sql, yes=True, now=self._now(), key=int(key))
        else:
            self._run("DELETE FROM items WHERE sku = :key", key=key)


class TestSqlOnPostgres(TestSqlOnSqlite):
    serial, moment = "SERIAL PRIMARY KEY", "TIMESTAMP WITH TIME ZONE"

    @pytest.fixture(autouse=True)
    def _bench(self, postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        self._url = postgres_url.replace("hub@", "hub:canary-word@")
        self.begin(tmp_path)
        yield
        self.finish()

    def url(self) -> str:
        return self._url

    def _now(self) -> Any:
        return self.clock.now()
