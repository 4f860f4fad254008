from __future__ import annotations

from dataclasses import replace

from state.reports import Reports
from sync.decision import (
    UNKNOWN,
    ActionKind,
    Conflict,
    ConflictState,
    Intent,
    IntentRow,
    Link,
    LinkState,
    Parked,
    Side,
    Why,
)


def conflict(hub, **changes):
    given = {
        "entity_id": "c1",
        "path": "job_title",
        "ours": "Boss",
        "ours_source": "erp",
        "theirs": None,
        "theirs_binding": hub.crm,
        "theirs_key": "x",
        "base": UNKNOWN,
        "rule": "manual",
    }
    return Conflict(**{**given, **changes})


def states(hub):
    with hub.store.database.read() as tx:
        return [
            tuple(row) for row in tx.rows("SELECT theirs, state, winner, rule FROM conflict ORDER BY theirs, state")
        ]


def test_one_conflict_is_open_per_path_and_the_replaced_rival_is_kept(hub):
    hub.commit(conflicts=[conflict(hub)])
    first = hub.store.open_conflicts(["c1", "c2"])["c1"]["job_title"]
    assert replace(first, id=None) == conflict(hub)
    assert first.base is UNKNOWN
    hub.commit(conflicts=[conflict(hub, theirs="CEO"), conflict(hub, theirs="CTO", theirs_binding=hub.erp)])
    second = hub.store.open_conflicts(["c1"])["c1"]["job_title"]
    assert (second.theirs, second.id) == ("CTO", first.id)
    assert states(hub) == [
        ('"CEO"', "settled", None, "superseded"),
        ('"CTO"', "open", None, "manual"),
        ("null", "settled", None, "superseded"),
    ]


def test_the_same_rival_seen_again_is_the_same_conflict(hub):
    hub.commit(conflicts=[conflict(hub)])
    hub.commit(conflicts=[conflict(hub, ours="Chief")])
    assert hub.store.open_conflicts(["c1"])["c1"]["job_title"].ours == "Chief"
    assert len(states(hub)) == 1


def test_a_closed_conflict_stays_on_record(hub):
    hub.commit(conflicts=[conflict(hub), conflict(hub, path="email", state=ConflictState.SETTLED, winner="ours")])
    number = hub.store.open_conflicts(["c1"])["c1"]["job_title"].id
    hub.commit(closed_conflicts=[("c1", "job_title", "theirs")])
    assert hub.store.open_conflicts(["c1"]) == {}
    closed = hub.store.conflict(number)
    assert (closed.state, closed.winner, closed.theirs) == (ConflictState.RESOLVED, "theirs", None)
    hub.commit(conflicts=[conflict(hub)])
    assert hub.store.open_conflicts(["c1"])["c1"]["job_title"].id != number


def test_a_conflict_settled_by_a_rule_closes_the_open_one(hub):
    hub.commit(conflicts=[conflict(hub)])
    hub.commit(conflicts=[conflict(hub, rule="latest", state=ConflictState.SETTLED, winner="ours")])
    assert hub.store.open_conflicts(["c1"]) == {}
    assert states(hub) == [("null", "settled", "ours", "latest")]


def parked(hub, key, **changes):
    given = {"binding": hub.erp, "side": Side.IN, "key": key, "why": Why.DEAD, "code": "bad-date", "message": "no date"}
    return Parked(**{**given, **changes})


def test_a_parked_record_comes_back_and_attempts_add_up(hub):
    entry = parked(
        hub,
        "1",
        why=Why.WAITING,
        data={"a": None, "ä": [1]},
        awaits=("erp", "companies", "9"),
        candidates=("c1", "c2"),
        field="f",
        path="p",
        version="v",
        rev=3,
    )
    hub.commit(parked=[entry])
    assert replace(hub.store.parked(hub.erp, Side.IN, ["1"])["1"], id=None) == entry
    hub.commit(parked=[parked(hub, "1")], unparked=[(hub.erp, Side.IN, "1")])
    again = hub.store.parked(hub.erp, Side.IN, ["1"])["1"]
    assert (again.attempts, again.why, again.awaits) == (2, Why.DEAD, None)
    assert hub.store.parked(hub.erp, Side.OUT, ["1"]) == {}
    assert hub.store.parked_by_id([again.id, 999]) == [again]
    hub.commit(unparked=[(hub.erp, Side.IN, "1")])
    assert hub.store.parked(hub.erp, Side.IN, ["1"]) == {}


def test_a_record_is_parked_whatever_it_holds(hub):
    import decimal

    odd = {"d": decimal.Decimal("1.10"), "b": b"\x00\xff", "big": 2**80, "surrogate": "\ud800", 5: {1}, "t": (1,)}
    hub.commit(parked=[parked(hub, "1", data=odd)])
    data = hub.store.parked(hub.erp, Side.IN, ["1"])["1"].data
    assert data == {"d": "1.10", "b": "AP8=", "big": str(2**80), "surrogate": "\\ud800", "5": [1], "t": [1]}


def test_parked_records_are_met_once_though_they_are_parked_again_meanwhile(hub):
    hub.commit(parked=[parked(hub, str(n)) for n in range(7)])
    met = []
    for page in hub.store.all_parked(hub.erp, Side.IN, Why.DEAD, 3):
        assert len(page) <= 3
        met += [entry.key for entry in page]
        assert len(met) <= 7
        hub.commit(unparked=[(hub.erp, Side.IN, entry.key) for entry in page])
        hub.commit(parked=[parked(hub, entry.key) for entry in page])
    assert sorted(met) == [str(n) for n in range(7)]


def test_an_intent_comes_back_until_each_row_has_its_outcome(hub):
    rows = [
        IntentRow("c1", None, {"Name": "Ä"}, {"name": "Ä", "email": UNKNOWN, "phone": None}, {"name": 1}, None),
        IntentRow("c2", "k", {}, {}, {}, "v7"),
    ]
    intent = Intent(binding=hub.crm, kind=ActionKind.CREATE, rows=rows, run=hub.run, sent_at=hub.clock.now())
    (number,) = hub.store.intend([intent], hub.lease)
    assert hub.store.open_intents("crm") == [replace(intent, id=number)]
    assert hub.store.open_intents("crm")[0].rows[0].values["email"] is UNKNOWN
    assert hub.store.open_intents("erp") == []
    hub.commit(closed_intents=[(number, rows[1:])])
    assert hub.store.open_intents("crm")[0].rows == rows[1:]
    hub.commit(closed_intents=[(number, [])])
    assert hub.store.open_intents("crm") == []
    assert hub.store.intend([intent], hub.lease)[0] > number


def test_a_durable_write_waits_for_the_disk_and_others_do_not(hub):
    if not hub.store.database.sqlite:
        return  # PostgreSQL waits for the disk at every commit
    with hub.store.database.write(durable=True) as tx:
        assert tx.one("PRAGMA synchronous")[0] == 2
    with hub.store.database.write() as tx:
        assert tx.one("PRAGMA synchronous")[0] == 1


def test_what_is_parked_about_an_entity_is_its_writes_and_the_questions_it_is_a_candidate_of(hub):
    hub.commit(
        parked=[
            parked(hub, "c1", side=Side.OUT),
            parked(hub, "c1"),  # a record whose key happens to be the same
            parked(hub, "7", candidates=("c2", "c1")),
            parked(hub, "8", candidates=("c11",)),
        ]
    )
    assert {(one.side, one.key) for one in hub.store.parked_about("c1")} == {(Side.OUT, "c1"), (Side.IN, "7")}


def test_what_is_parked_is_grouped_by_place_and_reason(hub):
    hub.commit(parked=[parked(hub, "2"), parked(hub, "1"), parked(hub, "3", code="other")])
    found = Reports(hub.store.database, hub.clock).parked_groups()
    assert [(one.binding, one.side, one.why, one.code, set(one.keys)) for one in found] == [
        (hub.erp, Side.IN, Why.DEAD, "bad-date", {"1", "2"}),
        (hub.erp, Side.IN, Why.DEAD, "other", {"3"}),
    ]
    for group in found:
        assert [entry.key for entry in hub.store.parked_by_id(group.ids)] == list(group.keys)


def test_entities_without_a_record_somewhere_are_counted(hub):
    hub.load("c1", "c2", "c3")
    assert hub.store.entities_without(hub.erp) == (3, 0)
    assert hub.store.entities_without(hub.crm) == (3, 3)
    ended, one, other = (
        Link(hub.erp, "3", "c3", state=LinkState.GONE),
        Link(hub.crm, "x", "c1"),
        Link(hub.crm, "y", "c1"),
    )
    hub.commit(links=[ended, one, other])
    assert hub.store.entities_without(hub.erp) == (3, 1)
    assert hub.store.entities_without(hub.crm) == (3, 2)


def test_a_set_is_kept_in_one_order(hub):
    plain, odd = {"s": {"b", "c", "a"}}, {"s": {"b", "a"}, "n": 2**70}
    hub.commit(parked=[parked(hub, "1", data=plain), parked(hub, "2", data=odd)])
    found = hub.store.parked(hub.erp, Side.IN, ["1", "2"])
    assert [found[key].data["s"] for key in ("1", "2")] == [["a", "b", "c"], ["a", "b"]]
