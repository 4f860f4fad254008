"""The overlap of a watermark: what becomes visible late is found as long as it is not later than that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sql.connector import SqlConnector

START = datetime(2026, 1, 2, 10, tzinfo=UTC)
OVERLAP = 60


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("overlap") / "t.db"


@pytest.fixture(scope="module")
def connector(path: Path) -> Iterator[SqlConnector]:
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("CREATE TABLE t (id TEXT PRIMARY KEY, at DATETIME)")
        opened.commit()
    stream = {"table": "t", "key": "id", "watermark": "at", "overlap": OVERLAP, "page": 2}
    found = SqlConnector(
        SqlConnector.Settings.model_validate({"url": f"sqlite:///{path}", "zone": "UTC", "streams": {"t": stream}})
    )
    yield found
    found.close()


def text(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(" ").removesuffix("+00:00")


@settings(max_examples=60, deadline=None)
@given(
    commits=st.lists(st.tuples(st.integers(0, 600), st.integers(0, OVERLAP)), min_size=1, max_size=12),
    reads=st.lists(st.integers(0, 700), max_size=5),
)
def test_every_commit_that_is_no_later_than_the_overlap_is_read_and_none_further_back_again(
    path: Path, connector: SqlConnector, commits: list[tuple[int, int]], reads: list[int]
) -> None:
    """A row is stamped when its transaction begins, and seen when that ends: so long ``late``."""
    happens = sorted((stamp + late, f"{at:02}", stamp) for at, (stamp, late) in enumerate(commits))
    seen: set[str] = set()
    cursor, furthest = None, -1
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("DELETE FROM t")
        opened.commit()
        for now in [*sorted(reads), 10_000]:
            for moment, key, stamp in happens:
                if moment <= now:
                    opened.execute("INSERT OR IGNORE INTO t VALUES (?, ?)", (key, text(stamp)))
            opened.commit()
            stamps = {key: stamp for moment, key, stamp in happens if moment <= now}
            found: set[str] = set()
            for page in connector.read("t", cursor):
                found.update(record.key for record in page.records)
                cursor = page.cursor or cursor
            seen |= found
            assert seen == stamps.keys()
            if furthest >= 0:
                assert all(stamps[key] >= furthest - OVERLAP - 1 for key in found), "a second of resolution, no more"
            furthest = max([furthest, *stamps.values()])
