from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model.errors import StateError
from state.store import open_store
from sync.decision import ActionKind, Balance, Changes, HistoryRow, Intent, Link, Parked, Side, StreamState, Why


def rewrite_everything(hub, store):
    """What a plan would do, and more, on the rehearsal store."""
    now = hub.clock.now()
    lease = store.acquire(["contact"], "plan", 60, now)
    run = store.start_run([hub.erp], "plan", now)
    intent = Intent(binding=hub.crm, kind=ActionKind.CREATE, rows=[], run=run, sent_at=now)
    store.intend([intent], lease)
    store.mark_all_dirty("contact")
    store.remember_mapping("erp", "new", ["x"])
    gone = Parked(binding=hub.crm, side=Side.OUT, key="c1", why=Why.DEAD, code="x", message="y")
    changes = Changes(
        created=[hub.person("c9")],
        changed=[hub.person("c1", given_name="Other")],
        links=[Link(hub.crm, "z", "c1")],
        relinked=[(hub.erp, "2")],
        history=[HistoryRow("c1", "given_name", 2, "c1", "Other", "erp", hub.erp, "1", "m", "authority")],
        parked=[gone],
        stream=(hub.erp, StreamState(cursor="later")),
    )
    store.commit(changes, run, lease, now)
    store.finish_run(run, "ok", {(hub.erp, Side.IN): Balance()}, None, now)
    store.release(lease)


def test_a_rehearsal_starts_as_the_store_is_and_reaches_nothing_of_it(hub):
    hub.load("c1", "c2")
    hub.commit(stream=(hub.erp, StreamState(cursor="here")), dirty={("contact", "c2")})
    before = hub.contents()
    with hub.store.rehearsal() as rehearsal:
        assert rehearsal.fingerprints(hub.erp, ["1", "2"]) == {"1": "print-c1", "2": "print-c2"}
        assert rehearsal.stream_state(hub.erp).cursor == "here"
        rewrite_everything(hub, rehearsal)
        assert rehearsal.canonicals(["c1"])["c1"].values == {"given_name": "Other"}
        assert set(rehearsal.canonicals(["c9"])) == {"c9"}
        assert rehearsal.live_links(hub.crm) == 1
        assert rehearsal.stream_state(hub.erp).cursor == "later"
        with rehearsal.seen(hub.erp) as seen:
            seen.add([])
            assert list(seen.missing(10)) == [["1"]]
        assert hub.contents() == before
    assert hub.contents() == before
    assert hub.store.fingerprints(hub.erp, ["1", "2"]) == {"1": "print-c1", "2": "print-c2"}


def test_a_real_run_goes_on_while_a_plan_is_rehearsed(hub):
    hub.load("c1", "c2")
    with hub.store.rehearsal() as rehearsal:
        rewrite_everything(hub, rehearsal)
        hub.commit(changed=[hub.person("c1", given_name="Real")], links=[Link(hub.crm, "z", "c1")])
        assert rehearsal.canonicals(["c1"])["c1"].values == {"given_name": "Other"}
    assert hub.store.canonicals(["c1"])["c1"].values == {"given_name": "Real"}


def test_rehearsed_numbers_do_not_collide_and_leave_no_gaps(hub):
    given = {"binding": hub.erp, "side": Side.IN, "why": Why.DEAD, "code": "x", "message": "y"}
    hub.commit(parked=[Parked(key="1", **given)])
    with hub.store.rehearsal() as rehearsal:
        rewrite_everything(hub, rehearsal)
        assert len({p.id for p in rehearsal.parked(hub.crm, Side.OUT, ["c1"]).values()}) == 1
    hub.commit(parked=[Parked(key="2", **given)])
    found = hub.store.parked(hub.erp, Side.IN, ["1", "2"])
    assert found["2"].id == found["1"].id + 1


def test_a_rehearsal_ends_with_its_exception_and_leaves_no_file(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def fail():
        with hub.store.rehearsal() as rehearsal:
            rewrite_everything(hub, rehearsal)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert hub.store.canonicals(["c9"]) == {}


def test_threads_share_a_rehearsal(hub):
    hub.load(*(f"c{n}" for n in range(20)))
    with hub.store.rehearsal() as rehearsal:
        lease = rehearsal.acquire(["contact"], "plan", 60, hub.clock.now())

        def work(number):
            rehearsal.commit(Changes(dirty={("contact", f"c{number}")}), 1, lease, hub.clock.now())
            return set(rehearsal.canonicals([f"c{number}"]))

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(20))) == [{f"c{number}"} for number in range(20)]
        assert len(rehearsal.dirty("contact", "", 100)) == 20
    assert hub.store.dirty("contact", "", 100) == []


def test_a_lost_connection_ends_the_rehearsal_instead_of_reaching_the_real_tables(hub):
    if hub.store.database.sqlite:
        pytest.skip("a file cannot be disconnected")
    hub.load("c1")
    before = hub.contents()
    with hub.store.rehearsal() as rehearsal:
        with rehearsal.database.read() as tx:
            backend = tx.one("SELECT pg_backend_pid()")[0]
        with hub.store.database.read() as tx:
            tx.rows("SELECT pg_terminate_backend(?)", backend)
        for _ in range(3):
            with pytest.raises(StateError):
                rehearsal.mark_all_dirty("contact")
    assert hub.contents() == before


def test_no_real_table_has_a_name_within_a_rehearsal(hub):
    if hub.store.database.sqlite:
        pytest.skip("a copied file has no other tables")
    with hub.store.rehearsal() as rehearsal, rehearsal.database.read() as tx:
        assert tx.one("SELECT to_regclass('alembic_version')::text, to_regclass('link')::text") == (None, "link")


def test_a_store_in_memory_can_be_rehearsed_too(clock, tmp_path: Path):
    store = open_store("sqlite://", clock)
    with store.rehearsal() as rehearsal:
        rehearsal.start_run([], "plan", clock.now())
    assert store.start_run([], "person", clock.now()) == 1
    store.close()
