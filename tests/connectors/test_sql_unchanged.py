"""A SQLite file that did not change is not read again."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk import Write
from connectors.sql.connector import SqlConnector

PLAIN = {"table": "customers", "key": "id", "columns": ["id", "email", "name"], "page": 2}


def unwatched(path: Path, **stream: Any) -> SqlConnector:
    settings = {"url": f"sqlite:///{path}", "streams": {"customers": {**PLAIN, **stream}}}
    return SqlConnector(SqlConnector.Settings.model_validate(settings))


def read_on(connector: SqlConnector, since: str | None) -> tuple[list[str], str | None]:
    pages = list(connector.read("customers", since))
    connector.close()
    return [record.key for page in pages for record in page.records], next((p.cursor for p in pages if p.cursor), since)


@pytest.fixture
def plain_file(tmp_path: Path) -> Path:
    path = tmp_path / "erp.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, name TEXT)")
        database.execute("CREATE TABLE other (id INTEGER)")
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", [(n, f"{n}@x.com", "Ana") for n in range(5)])
    database.close()
    return path


def test_a_file_that_is_byte_for_byte_the_same_is_not_read_again(plain_file: Path) -> None:
    first, cursor = read_on(unwatched(plain_file), None)
    assert first == ["0", "1", "2", "3", "4"]
    assert read_on(unwatched(plain_file), cursor) == ([], cursor)
    assert read_on(unwatched(plain_file), None)[0] == first, "unless everything is asked for"
    with sqlite3.connect(plain_file) as database:
        database.execute("UPDATE customers SET name = 'Bo' WHERE id = 3")
    database.close()
    again, moved = read_on(unwatched(plain_file), cursor)
    assert again == first
    assert read_on(unwatched(plain_file), moved) == ([], moved)


def test_a_file_put_back_to_what_it_was_before_the_hub_wrote_it_is_read_again(plain_file: Path) -> None:
    before, bytes_before = plain_file.stat(), plain_file.read_bytes()
    first, cursor = read_on(unwatched(plain_file, writable=True), None)
    assert read_on(unwatched(plain_file, writable=True), cursor) == ([], cursor)
    unwatched(plain_file, writable=True).upsert("customers", [Write("3", {"name": "Bo"}, None, "m")])
    plain_file.write_bytes(bytes_before)
    os.utime(plain_file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a backup does that is put back
    assert read_on(unwatched(plain_file, writable=True), cursor)[0] == first


def test_another_setting_of_a_stream_reads_the_same_file_again(plain_file: Path) -> None:
    everything, cursor = read_on(unwatched(plain_file), None)
    assert read_on(unwatched(plain_file, columns=["id", "name"]), cursor)[0] == everything
    narrowed = unwatched(plain_file)
    narrowed.narrow("customers", ["name"])
    assert read_on(narrowed, cursor)[0] == everything


def test_what_stands_in_a_write_ahead_log_only_is_read(plain_file: Path) -> None:
    database = sqlite3.connect(plain_file, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    _, cursor = read_on(unwatched(plain_file), None)
    database.execute("UPDATE customers SET name = 'Bo' WHERE id = 3")
    assert read_on(unwatched(plain_file), cursor) == (["0", "1", "2", "3", "4"], cursor)
    database.close()


def test_a_view_and_rows_that_are_marked_deleted_are_read_every_time(plain_file: Path) -> None:
    with sqlite3.connect(plain_file) as database:
        database.execute("CREATE VIEW recent AS SELECT * FROM customers WHERE date('now') > '2026-01-01'")
        database.execute("ALTER TABLE customers ADD COLUMN gone INTEGER")
    database.close()
    assert read_on(unwatched(plain_file, table="recent"), None)[1] is None
    marked = {"soft_delete": {"column": "gone"}, "columns": ["id", "name", "gone"]}
    assert read_on(unwatched(plain_file, **marked), None)[1] is None
