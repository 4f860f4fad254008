from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import StateError
from sync.decision import (
    UNKNOWN,
    Balance,
    Base,
    BindingId,
    Bucket,
    Canonical,
    EntityState,
    FieldMeta,
    Link,
    LinkState,
    Side,
    StreamState,
    Why,
)

ODD = {
    "given_name": "Zoë 🦊 \u0000 \u2028",
    "family_name": None,
    "nickname": "",
    "tags": [],
    "revenue": {"amount": "12.50", "currency": "EUR"},
    "lines[1].x": {"deep": [1, {"a": None}, [True, "ß"]]},
    "employees": 2**53,
}


def test_a_canonical_record_comes_back_as_it_was(hub):
    meta = {"tags": FieldMeta(3, "person")}
    person = Canonical("c1", "contact", ODD, "erp", 3, meta, EntityState.LIVE, hub.run)
    hub.commit(created=[person])
    assert hub.store.canonicals(["c1", "c2"]) == {"c1": person}
    changed = replace(person, values={}, meta={}, rev=4, state=EntityState.DELETED)
    hub.commit(changed=[changed])
    assert hub.store.canonicals(["c1"]) == {"c1": changed}


def test_a_link_comes_back_with_unknown_null_and_empty_told_apart(hub):
    base = {"a": Base(0, UNKNOWN), "b": Base(1, None), "c": Base(2, ""), "d": Base(3, []), "e": Base(4, {"x": [None]})}
    link = Link(hub.erp, "k\"ä'%s?", "c1", None, None, base)
    hub.commit(links=[link])
    found = hub.store.links(hub.erp, [link.key, "other"])
    assert found == {link.key: link}
    assert found[link.key].base["a"].value is UNKNOWN
    assert hub.store.links_of(["c1"]) == {"c1": [link]}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(
        st.sampled_from(["email", "tags", "emails[work]"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**63 - 1)
            | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
            max_leaves=6,
        ),
    )
)
def test_any_json_survives(hub, values):
    person = hub.person("c1", **values)
    hub.commit(changed=[person])
    assert hub.store.canonicals(["c1"])["c1"].values == values


def test_what_is_no_json_is_refused_and_nothing_of_the_page_is_stored(hub):
    before = hub.contents()
    with pytest.raises(StateError, match="no JSON"):
        hub.commit(links=[Link(hub.erp, "1", "c1")], created=[hub.person("c1", given_name=object())])
    assert hub.contents() == before


def test_a_page_that_fails_late_stores_nothing(hub):
    hub.load("c1")
    before = hub.contents()
    with pytest.raises(StateError):
        hub.commit(dirty={("contact", "c2")}, links=[Link(hub.crm, "9", "c2")], created=[hub.person("c1")])
    assert hub.contents() == before


def test_creating_one_record_twice_in_a_page_is_refused(hub):
    with pytest.raises(StateError, match="twice"):
        hub.commit(created=[hub.person("c1"), hub.person("c1")])


def test_the_fingerprint_of_a_link_that_is_live_no_more_is_empty(hub):
    hub.load("c1", "c2")
    hub.commit(links=[Link(hub.erp, "2", "c2", state=LinkState.GONE), Link(hub.crm, "1", "c1", fingerprint="other")])
    assert hub.store.fingerprints(hub.erp, ["1", "2", "3"]) == {"1": "print-c1", "2": ""}
    assert hub.store.live_links(hub.erp) == 1
    assert set(hub.store.links(hub.erp, ["1", "2", "3"])) == {"1", "2"}


def test_a_binding_nobody_stored_anything_of_is_empty(hub):
    nobody = BindingId("x", "y", "z")
    assert hub.store.fingerprints(nobody, ["1"]) == {}
    assert hub.store.stream_state(nobody) == StreamState()
    assert hub.store.live_links(nobody) == 0
    assert list(hub.store.all_parked(nobody, Side.IN, Why.DEAD, 10)) == []


def test_aliases_are_followed_through_merges_of_merges_and_rings_end(hub):
    hub.load("c1")
    hub.commit(
        links=[Link(hub.erp, "7", "c7", state=LinkState.MERGED)],
        aliases=[
            (hub.erp, "7", "6"),
            (hub.erp, "6", "1"),
            (hub.erp, "5", "1"),
            (hub.erp, "a", "b"),
            (hub.erp, "b", "a"),
        ],
    )
    assert hub.store.entities_at(hub.erp, ["1", "5", "7", "a", "8"]) == {"1": "c1", "5": "c1", "7": "c1"}


def test_keys_are_found_by_entity_in_one_binding(hub):
    hub.load("c1", "c2")
    hub.commit(
        links=[Link(hub.crm, "x", "c1"), Link(hub.erp, "0", "c1"), Link(hub.erp, "2", "c2", state=LinkState.MERGED)]
    )
    assert hub.store.keys_at(hub.erp, ["c1", "c2"]) == {"c1": "0"}


def test_a_forgotten_link_is_gone_unless_the_page_makes_it_again(hub):
    hub.load("c1", "c2")
    hub.commit(relinked=[(hub.erp, "1"), (hub.erp, "2")], links=[Link(hub.erp, "2", "c1")])
    assert {key: link.entity_id for key, link in hub.store.links(hub.erp, ["1", "2"]).items()} == {"2": "c1"}


def test_candidates_are_live_entities_with_the_key(hub):
    long = "name:" + "x" * 9000
    hub.load("c1", "c2", "c3")
    hub.commit(match_keys=[("contact", "e:a", i) for i in ("c2", "c1", "c3")] + [("contact", long, "c1")])
    hub.commit(
        changed=[replace(hub.person("c3"), state=EntityState.MERGED)],
        match_keys=[("contact", "e:a", "c1"), ("contact", "e:b", "c2")],
        dropped_match_keys=[("contact", "e:a", "c2"), ("contact", "e:b", "c2")],
    )
    assert hub.store.candidates("contact", ["e:a", "e:b", "e:z", long]) == {"e:a": ["c1"], "e:b": ["c2"], long: ["c1"]}
    assert hub.store.candidates("account", ["e:a"]) == {}


def test_a_mark_made_since_it_was_read_is_not_cleared(hub):
    hub.commit(dirty={("contact", "c1"), ("contact", "c2"), ("contact", "c3"), ("account", "a1")})
    seen = hub.store.dirty("contact", "", 10)
    assert seen == [("c1", 1), ("c2", 1), ("c3", 1)]
    hub.commit(dirty={("contact", "c1")})
    hub.commit(clean=seen, dirty={("contact", "c3")})
    assert hub.store.dirty("contact", "", 10) == [("c1", 2), ("c3", 2)]
    assert hub.store.dirty("contact", "c1", 1) == [("c3", 2)]
    assert hub.store.dirty("account", "", 10) == [("a1", 1)]
    assert hub.store.dirty("contact", "c3", 10) == []


def test_everything_can_be_marked_and_only_what_lives_is(hub):
    hub.load("c1", "c2")
    hub.commit(created=[replace(hub.person("c3"), state=EntityState.DELETED)], dirty={("contact", "c2")})
    hub.store.mark_all_dirty("contact")
    assert hub.store.dirty("contact", "", 10) == [("c1", 1), ("c2", 2)]


def test_the_watermark_moves_with_its_page(hub):
    state = StreamState(
        cursor="opaque|ä", complete=True, mapping="abc", swept_at=None, read_at=datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    )
    hub.commit(stream=(hub.erp, state))
    assert hub.store.stream_state(hub.erp) == state
    assert hub.store.stream_state(hub.crm) == StreamState()


def test_mapping_versions_are_found_by_the_beginning_of_a_fingerprint(hub):
    hub.store.remember_mapping("erp", "abcdef123456", ["emails[*]", "given_name"])
    hub.store.remember_mapping("erp", "abcdef123456", ["something else"])
    hub.store.remember_mapping("erp", "abcfff123456", ["given_name"])
    assert hub.store.covered_by("abcdef") == {"emails[*]", "given_name"}
    assert hub.store.covered_by("abc") is None
    assert hub.store.covered_by("zzz") is None


def test_what_a_full_listing_did_not_show_is_missing(hub):
    hub.load(*(f"c{n}" for n in range(10, 20)))
    hub.commit(links=[Link(hub.erp, "19", "c19", state=LinkState.GONE), Link(hub.crm, "10", "c10")])
    with hub.store.seen(hub.erp) as seen, hub.store.seen(hub.crm) as other:
        seen.add(["10", "11", "11", "unlinked"])
        seen.add(["11", "13"])
        other.add(["10"])
        hub.load("c90")
        pages = list(seen.missing(3))
        assert list(other.missing(3)) == []
    assert pages == [["12", "14", "15"], ["16", "17", "18"], ["90"]]
    with hub.store.seen(hub.erp) as fresh:
        assert sum(map(len, fresh.missing(100))) == 10


def test_an_idle_run_touches_no_row_but_its_own(hub):
    hub.load("c1")
    before = hub.contents()
    run = hub.store.start_run([hub.erp], "schedule", hub.clock.now())
    hub.store.remember_mapping("erp", "abc", ["x"])
    hub.store.finish_run(run, "ok", {(hub.erp, Side.IN): Balance(1, {Bucket.UNCHANGED: 1})}, None, hub.clock.now())
    changed = {name for name, rows in hub.contents().items() if rows != before[name]}
    assert changed == {"run", "balance", "mapping_version"}
    settled = hub.contents()
    hub.store.remember_mapping("erp", "abc", ["x"])
    assert hub.contents() == settled


def test_errors_of_the_driver_are_ours_and_show_no_values(hub):
    hub.load("c1")
    with hub.store.database.write() as tx:
        tx.run("DROP TABLE link")
        tx.run("DROP TABLE parked")
    for ask in (
        lambda: hub.store.fingerprints(hub.erp, ["secret"]),
        lambda: hub.store.parked(hub.erp, Side.IN, ["secret"]),
        lambda: hub.commit(links=[Link(hub.erp, "secret", "c1")]),
    ):
        with pytest.raises(StateError) as refused:
            ask()
        assert "secret" not in str(refused.value)


def test_who_refers_to_an_entity_is_found_in_values_and_in_what_live_links_are_agreed_on(hub):
    hub.load("c1", "c2", "c3", "c4", "c5")
    people = {key: hub.person(key, given_name="Ana") for key in ("c1", "c2", "c3", "c4", "c5")}
    people["c2"].values["reports_to"] = "c1"
    people["c5"].values["reports_to"] = "c1"
    people["c5"].state = EntityState.DELETED
    links = [
        Link(hub.erp, "3", "c3", base={"reports_to": Base(1, "c1")}),
        Link(hub.erp, "4", "c4", base={"reports_to": Base(1, "c1")}, state=LinkState.GONE),
    ]
    hub.commit(changed=list(people.values()), links=links)
    assert hub.store.referring(["contact"], "c1") == ["c2", "c3"]
    assert hub.store.referring(["account"], "c1") == []
    assert hub.store.referring(["contact"], "c") == []
