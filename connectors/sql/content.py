"""Whether a SQLite file is byte for byte the one that was read last: then no table in it needs to be read again."""

from __future__ import annotations

import os
from hashlib import file_digest, sha256
from pathlib import Path

from sqlalchemy import Engine

from connectors.sql.engine import connected
from connectors.sql.settings import SqlChildren, SqlStream


def content_of(engine: Engine, stream: SqlStream, names: tuple[str, ...]) -> str | None:
    """An address of what a full read of the stream would show now, as a cursor; None where the bytes do not tell.

    They do not tell of views (which may look at the clock or elsewhere), of virtual tables, and while a write-ahead log
    holds what the file itself lacks. Taken before reading, it can only be older than what is read: then the next read
    is made needlessly, and none is left out. (Bytes of a file that the hub writes may be those of before its own last
    write, put back from a backup: there the file must be untouched, too.)
    """
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    tables: tuple[SqlStream | SqlChildren, ...] = (stream, *stream.children.values())
    if not all(one.namespace in (None, "main") and _is_plain_table(engine, one.table) for one in tables):
        return None
    log = Path(f"{name}-wal")
    if log.exists() and log.stat().st_size:
        return None
    with Path(name).open("rb") as file:
        digest = file_digest(file, sha256)
        state = os.fstat(file.fileno())
    if stream.writable:
        digest.update(f"{state.st_mtime_ns} {state.st_ctime_ns} ".encode())
    digest.update(f"{stream.model_dump_json()} {names}".encode())
    return f"content:{digest.hexdigest()[:32]}"


def _is_plain_table(engine: Engine, table: str) -> bool:
    with connected(engine) as connection:
        found = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", (table,)
        ).fetchone()
    return found is not None and not str(found[0]).upper().startswith("CREATE VIRTUAL")
