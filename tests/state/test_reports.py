from __future__ import annotations

from dataclasses import replace

import pytest

from state.reports import Reports, open_reports
from sync.decision import (
    UNKNOWN,
    ActionKind,
    Balance,
    Base,
    Bucket,
    Conflict,
    ConflictState,
    FieldMeta,
    HistoryRow,
    Link,
    LinkState,
    Parked,
    Side,
    StreamState,
    Why,
    WriteBatch,
)


@pytest.fixture
def reports(hub):
    return Reports(hub.store.database, hub.clock)


@pytest.fixture
def story(hub):
    """c1 was created from the ERP, then the CRM changed its title, was written to, and something was left over."""
    hub.commit(
        created=[hub.person("c1", given_name="Anne", job_title="Boss")],
        links=[Link(hub.erp, "1", "c1"), Link(hub.crm, "a:b", "c1")],
        stream=(hub.erp, StreamState(cursor="here", complete=True, read_at=hub.clock.now())),
    )
    hub.clock.advance(10)
    person = replace(hub.person("c1", given_name="Anne", job_title="CEO"), rev=2)
    person.meta["job_title"] = FieldMeta(2, "crm")
    hub.commit(
        changed=[person],
        links=[Link(hub.erp, "1", "c1", base={"job_title": Base(1, "Boss")})],
        history=[HistoryRow("c1", "job_title", 2, "Boss", "CEO", "crm", hub.crm, "a:b", "m1", "latest")],
    )
    hub.clock.advance(10)
    rival = {"entity_id": "c1", "ours_source": "erp", "theirs_binding": hub.crm, "theirs_key": "a:b", "rule": "manual"}
    hub.commit(
        writes=[WriteBatch(hub.erp, ActionKind.UPDATE, "m2", None, "refused", [("c1", "1", ("job_title",))])],
        conflicts=[Conflict(path="given_name", ours="Anne", theirs=UNKNOWN, **rival)],
        parked=[
            Parked(
                binding=hub.erp, side=Side.OUT, key="c1", why=Why.DEAD, code="too-long", message="title is too long"
            ),
            Parked(binding=hub.crm, side=Side.IN, key="zz", why=Why.DISPUTED, code="several", message="two fit"),
        ],
    )
    return hub


def test_a_run_is_shown_with_its_balances(hub, reports):
    balances = {
        (hub.erp, Side.IN): Balance(3, {Bucket.WRITTEN: 2, Bucket.SKIPPED: 1}, {"created": 2, "filter": 1}),
        (hub.crm, Side.OUT): Balance(),
    }
    hub.clock.advance(5)
    hub.store.finish_run(hub.run, "attention", balances, "one thing", hub.clock.now())
    shown = reports.run(hub.run)
    assert (shown.status, shown.trigger, shown.message) == ("attention", "person", "one thing")
    assert (shown.ended_at - shown.started_at).total_seconds() == 5
    assert shown.selection == (hub.erp, hub.crm)
    assert dict(shown.balances) == balances
    later = hub.store.start_run([], "schedule", hub.clock.now())
    assert [(run.id, run.status) for run in reports.runs(10)] == [(later, "running"), (hub.run, "attention")]
    assert [run.id for run in reports.runs(1)] == [later]
    assert reports.run(99) is None


def test_status_tells_where_each_binding_stands(story, reports):
    story.store.finish_run(story.run, "ok", {(story.erp, Side.IN): Balance()}, None, story.clock.now())
    crm, erp = reports.status()
    assert (crm.binding, erp.binding) == (story.crm, story.erp)
    assert (erp.links, erp.in_sync, erp.parked, erp.open_conflicts) == (1, 0, {("out", "dead"): 1}, 0)
    assert (erp.last_run, erp.last_status, erp.complete, erp.cursor, erp.age) == (story.run, "ok", True, "here", 20.0)
    assert (crm.links, crm.in_sync, crm.parked, crm.open_conflicts) == (1, 1, {("in", "disputed"): 1}, 1)
    assert (crm.last_run, crm.complete, crm.age) == (None, False, None)


def test_an_exception_that_is_agreed_on_does_not_count_as_behind(hub, reports):
    hub.commit(created=[hub.person("c1", x="LONG")], links=[Link(hub.erp, "1", "c1", base={"x": Base(1, "LO")})])
    assert reports.status()[0].in_sync == 1


def test_what_was_decided_not_to_be_pushed_does_not_count_as_behind(hub, reports):
    behind = Link(hub.erp, "1", "c1", base={"x": Base(0, "left there on purpose")})
    hub.commit(created=[hub.person("c1", x="ours")], links=[behind], dirty={("contact", "c1")})
    ((_, generation),) = hub.store.dirty("contact", "", 10)
    assert reports.status()[0].in_sync == 0, "nobody has decided about it yet"
    hub.commit(clean=[("c1", generation)])
    assert reports.status()[0].in_sync == 1


def test_a_field_in_conflict_counts_as_behind_and_no_other_field_does(hub, reports):
    base = {"x": Base(0, "theirs"), "y": Base(0, "left there on purpose")}
    hub.commit(
        created=[hub.person("c1", x="ours", y="ours")],
        links=[Link(hub.erp, "1", "c1", base=base), Link(hub.crm, "2", "c1", base={"y": base["y"]})],
    )
    rival = {"entity_id": "c1", "ours_source": "crm", "theirs_binding": hub.erp, "theirs_key": "1", "rule": "manual"}
    hub.commit(conflicts=[Conflict(path="x", ours="ours", theirs="theirs", **rival)])
    crm, erp = reports.status()
    assert (crm.in_sync, erp.in_sync) == (1, 0)


def test_conflicts_are_listed_and_shown(story, reports):
    (shown,) = reports.conflicts()
    assert (shown.entity, shown.run, shown.closed_at, shown.conflict.path) == ("contact", story.run, None, "given_name")
    assert shown.conflict.theirs is UNKNOWN
    assert reports.conflict(shown.id) == shown
    assert reports.conflict(99) is None
    story.commit(closed_conflicts=[("c1", "given_name", "ours")])
    assert reports.conflicts() == []
    assert [view.conflict.winner for view in reports.conflicts(ConflictState.RESOLVED)] == ["ours"]
    assert len(reports.conflicts(None)) == 1


def test_parked_records_are_listed_by_reason_and_side(story, reports):
    assert {view.parked.key for view in reports.parked()} == {"c1", "zz"}
    assert [view.parked.key for view in reports.parked(Why.DEAD)] == ["c1"]
    assert [view.parked.key for view in reports.parked(side=Side.IN)] == ["zz"]
    assert reports.parked(Why.DEAD, Side.IN) == []
    assert len(reports.parked(limit=1)) == 1
    (view,) = reports.parked(Why.DEAD)
    assert reports.parked_one(view.id) == view
    assert reports.parked_one(99) is None


def test_an_entity_is_found_by_its_id_or_by_a_record_key_with_colons(story, reports):
    for text in ("c1", "erp:customers:1", "erp:1", "crm:Contact:a:b", "crm:a:b"):
        assert reports.find_entity(text) == ["c1"]
    for text in ("", "c2", "erp:2", "nobody:1", "erp:customers:", "a:b"):
        assert reports.find_entity(text) == []
    story.commit(aliases=[(story.erp, "old", "1")], links=[Link(story.crm, "gone", "c1", state=LinkState.GONE)])
    assert reports.find_entity("erp:old") == ["c1"]
    assert reports.find_entity("crm:gone") == ["c1"]


def test_a_record_shows_where_each_value_came_from(story, reports):
    shown = reports.record("c1")
    given, title = shown.fields
    assert (given.path, given.value, given.source, given.why, given.run) == ("given_name", "Anne", "erp", "created", 1)
    assert (title.value, title.rev, title.source, title.why, title.mapping) == ("CEO", 2, "crm", "latest", "m1")
    assert (title.binding, title.key) == (story.crm, "a:b")
    assert (title.at - given.at).total_seconds() == 10
    assert {(link.binding, link.key): dict(link.base) for link in shown.links} == {
        (story.erp, "1"): {"job_title": Base(1, "Boss")},
        (story.crm, "a:b"): {},
    }
    assert reports.record("c2") is None


def test_links_are_shown_of_an_entity_or_of_a_record_key(story, reports):
    assert len(reports.links("c1")) == 2
    assert [link.key for link in reports.links(binding=story.crm, key="a:b")] == ["a:b"]
    assert reports.links(binding=story.crm, key="1") == []


def test_the_timeline_tells_everything_in_order(story, reports):
    story.clock.advance(10)
    story.commit(closed_conflicts=[("c1", "given_name", "ours")])
    told = [(event.kind, event.what, event.detail) for event in reports.timeline("c1")]
    assert told == [
        ("created", "contact", ""),
        ("changed", "job_title", "latest"),
        ("conflict", "given_name", "manual"),
        ("written", "update job_title", "refused"),
        ("parked", "too-long", "title is too long"),
        ("closed", "given_name", "ours won"),
    ]
    assert reports.timeline("c1", 1)[0].kind == "closed"
    assert reports.timeline("c2") == []


def test_reports_open_by_address(state_url, hub):
    opened = open_reports(state_url, hub.clock)
    assert [run.id for run in opened.runs()] == [hub.run]
    opened.close()
