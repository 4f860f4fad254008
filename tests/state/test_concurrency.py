from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from model.clock import ManualClock
from state.store import open_store
from sync.decision import BindingId


def test_read_modify_write_from_four_threads_loses_nothing(store):
    with store.database.write() as tx:
        tx.run("CREATE TABLE counter (n INTEGER)")
        tx.run("INSERT INTO counter (n) VALUES (0)")
    lock = "" if store.database.sqlite else " FOR UPDATE"

    def count() -> None:
        for _ in range(60):
            with store.database.write() as tx:
                (n,) = tx.one(f"SELECT n FROM counter{lock}")
                tx.run("UPDATE counter SET n = ?", n + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.database.read() as tx:
        assert tx.one("SELECT n FROM counter")[0] == 240


def test_a_reader_is_not_kept_waiting_by_a_writer_and_sees_the_last_commit(hub):
    hub.load("c1")
    with hub.store.database.write() as tx:
        tx.run("DELETE FROM link")
        assert hub.store.fingerprints(hub.erp, ["1"]) == {"1": "print-c1"}
        with hub.store.seen(hub.erp) as seen:
            seen.add(["2"])
            assert list(seen.missing(10)) == [["1"]]
    assert hub.store.fingerprints(hub.erp, ["1"]) == {}


LOADER = """
import sys
from datetime import UTC, datetime
from state.store import open_store
from sync.decision import BindingId, Canonical, Changes, Link, StreamState
store = open_store(sys.argv[1])
now = datetime.now(UTC)
lease = store.acquire(["contact"], "loader", 1, now)
binding = BindingId("erp", "customers", "contact")
print("begun", flush=True)
for page in range(100000):
    ids = [f"c{page}-{n}" for n in range(50)]
    store.commit(
        Changes(
            created=[Canonical(i, "contact", {"x": "y" * 500}, "erp", run=1) for i in ids],
            links=[Link(binding, i, i, fingerprint="f") for i in ids],
            match_keys=[("contact", i, i) for i in ids],
            dirty={("contact", i) for i in ids},
            stream=(binding, StreamState(cursor=str(page))),
        ), 1, lease, now)
"""


@pytest.mark.parametrize("delay", [0.05, 0.11, 0.17])
def test_killed_at_any_moment_a_page_is_there_in_full_or_not_at_all(state_url, delay):
    open_store(state_url, ManualClock()).close()
    with subprocess.Popen([sys.executable, "-c", LOADER, state_url], stdout=subprocess.PIPE) as loader:
        assert loader.stdout is not None
        loader.stdout.readline()
        threading.Event().wait(delay)
        os.kill(loader.pid, signal.SIGKILL)
    store = open_store(state_url, ManualClock())
    binding = BindingId("erp", "customers", "contact")
    with store.database.read() as tx:
        counts = {tx.one(f"SELECT count(*) FROM {table}")[0] for table in ("canonical", "link", "match_key", "dirty")}
    cursor = store.stream_state(binding).cursor
    store.close()
    assert counts == {0 if cursor is None else (int(cursor) + 1) * 50}


COMPETITOR = """
import sys
from datetime import UTC, datetime
from model.errors import LeaseHeldError
from state.store import open_store
store = open_store(sys.argv[1])
sys.stdin.readline()
try:
    store.acquire(["a", "b"], sys.argv[2], 60, datetime.now(UTC))
    print("won")
except LeaseHeldError as refused:
    print("refused")
"""


def test_of_several_processes_exactly_one_takes_the_scopes(state_url):
    open_store(state_url, ManualClock()).close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COMPETITOR, state_url, f"p{n}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert said == ["refused", "refused", "won"]
