"""Pages whose rows are alike take a shorter way through the store; what comes back must not tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import StateError
from state.reports import Reports
from sync.decision import (
    UNKNOWN,
    ActionKind,
    Base,
    Canonical,
    EntityState,
    FieldMeta,
    Intent,
    IntentRow,
    Link,
    LinkState,
    WriteBatch,
)

SIZES = [1, 19, 20, 200, 221, 643]
LAWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("size", SIZES)
def test_a_page_of_any_size_is_stored_whole(hub, size):
    ids = [f"c{n:04}" for n in range(size)]
    people = [hub.person(identity, given_name=f"{identity} 'ä'", tags=[]) for identity in ids]
    links = [Link(hub.erp, identity[1:], identity, "v", f"print-{identity}") for identity in ids]
    marks = {("contact", identity) for identity in ids}
    keys = [("contact", f"e:{identity}", identity) for identity in ids]
    hub.commit(created=people, links=links, dirty=marks, match_keys=keys)
    assert hub.store.canonicals(ids) == {person.id: person for person in people}
    assert hub.store.links_of([*ids, *ids]) == {link.entity_id: [link] for link in links}
    assert hub.store.links(hub.erp, [link.key for link in links]) == {link.key: link for link in links}
    assert hub.store.candidates("contact", [key for _, key, _ in keys]) == {key: [of] for _, key, of in keys}
    assert hub.store.dirty("contact", "", 1000) == [(identity, 1) for identity in ids]
    hub.commit(dirty=marks, clean=[(identity, 1) for identity in ids])
    assert hub.store.dirty("contact", "", 1000) == [(identity, 2) for identity in ids]


def test_records_that_differ_in_anything_are_stored_as_those_that_do_not(hub):
    plain = hub.person("c0", a=1)
    others = [
        replace(plain, id="c1", entity="account"),
        replace(plain, id="c2", source="crm"),
        replace(plain, id="c3", rev=2, meta={"a": FieldMeta(2, "crm")}),
        replace(plain, id="c4", state=EntityState.MERGED),
        replace(plain, id="c5", run=77),
        replace(plain, id="c6", meta={"a": FieldMeta(1, "crm")}),
    ]
    hub.commit(created=[plain, *others])
    assert hub.store.canonicals([f"c{n}" for n in range(9)]) == {one.id: one for one in [plain, *others]}
    changed = [replace(one, values={"b": None}) for one in [plain, *others]]
    hub.commit(changed=changed)
    assert hub.store.canonicals([one.id for one in changed]) == {one.id: replace(one, run=one.run) for one in changed}


def test_a_record_with_revisions_of_its_own_is_not_taken_for_one_without(hub):
    people = [hub.person("c1", a=1), replace(hub.person("c2", a=1), meta={"a": FieldMeta(1, "crm")})]
    hub.commit(created=people)
    assert hub.store.canonicals(["c1", "c2"]) == {person.id: person for person in people}


def test_of_several_records_with_one_id_or_key_the_last_one_counts(hub):
    hub.commit(changed=[hub.person("c1", a=1), hub.person("c1", a=2)])
    assert hub.store.canonicals(["c1"])["c1"].values == {"a": 2}
    for rows in (
        [Link(hub.erp, "1", "c1", "v1"), Link(hub.erp, "1", "c2", "v2")],
        [Link(hub.erp, "1", "c1", "v1"), Link(hub.crm, "1", "c1"), Link(hub.erp, "1", "c3", "v3")],
    ):
        hub.commit(links=rows)
        assert hub.store.links(hub.erp, ["1"]) == {"1": rows[-1]}


def test_links_that_differ_are_stored_as_those_that_do_not(hub):
    rows = [
        Link(hub.erp, "1", "c1"),
        Link(hub.crm, "1", "c1", None, "print"),
        Link(hub.erp, "0", "c1", "v", None, {}, LinkState.GONE),
        Link(hub.erp, "2", "c2", "v", None, {"a": Base(1, UNKNOWN)}),
    ]
    hub.commit(links=rows)
    hub.commit(links=[replace(row, version="new") for row in rows])
    found = hub.store.links_of(["c1", "c2", "c3"])
    assert {entity: [(link.binding, link.key) for link in links] for entity, links in found.items()} == {
        "c1": [(hub.crm, "1"), (hub.erp, "0"), (hub.erp, "1")],
        "c2": [(hub.erp, "2")],
    }
    assert sorted(chain.from_iterable(found.values()), key=repr) == sorted(
        (replace(row, version="new") for row in rows), key=repr
    )


@settings(LAWS, max_examples=150)
@given(data=st.data())
def test_links_of_entities_come_back_however_many_are_alike(hub, data):
    """Most have one link each, and the next has none, two, or one of another kind."""
    rows = []
    for number in range(data.draw(st.integers(1, 4))):
        plain = Link(hub.erp, f"k{number}", f"c{number}", "v", f"p{number}")
        others = [
            [],
            [replace(plain, key=f"k\n{number}")],
            [replace(plain, fingerprint=None)],
            [replace(plain, base={"a": Base(2, UNKNOWN)})],
            [replace(plain, binding=hub.crm)],
            [replace(plain, version=None)],
            [replace(plain, state=LinkState.GONE)],
            [plain, replace(plain, key=f"x{number}")],
            [plain, replace(plain, key=f"x{number}\n", fingerprint=None)],
        ]
        rows.append(data.draw(st.just([plain]) | st.sampled_from(others)))
    hub.commit(links=list(chain.from_iterable(rows)))
    ids = [f"c{number}" for number in range(len(rows))]
    expected = {i: sorted(links, key=lambda link: link.key) for i, links in zip(ids, rows, strict=True) if links}
    found = hub.store.links_of(ids)
    hub.commit(relinked=[(link.binding, link.key) for link in chain.from_iterable(rows)])
    assert found == expected


def test_a_page_with_a_row_too_many_stores_nothing_and_says_no_values(hub):
    hub.load("c900")
    before = hub.contents()
    with hub.store.database.write() as tx:
        tx.run("CREATE UNIQUE INDEX one_print ON link (fingerprint)")
    with pytest.raises(StateError, match="contradicts another one") as refused:
        hub.commit(links=[Link(hub.crm, f"secret-{n}", "c1", None, "same") for n in range(250)])
    assert "secret" not in str(refused.value)
    assert hub.contents() == before


# the write log


def log(hub, *rows, outcome="applied"):
    return WriteBatch(hub.crm, ActionKind.UPDATE, "m1", 7, outcome, list(rows))


def told(hub, entity_id):
    events = Reports(hub.store.database, hub.clock).timeline(entity_id)
    return [(event.what, event.key, event.detail) for event in events if event.kind == "written"]


def test_each_write_is_told_with_its_own_paths(hub):
    hub.commit(
        writes=[log(hub, ("c1", "1", ("a", "b")), ("c2", "2", ("b",)), ("c3", None, ()), ("c0", "0", ("a", "b")))]
    )
    hub.commit(writes=[log(hub, outcome="nothing"), log(hub, ("c1", "1", ("c",)), outcome="refused")])
    assert told(hub, "c0") == [("update a, b", "0", "applied")]
    assert told(hub, "c1") == [("update a, b", "1", "applied"), ("update c", "1", "refused")]
    assert told(hub, "c2") == [("update b", "2", "applied")]
    assert told(hub, "c3") == [("update", None, "applied")]


def test_a_record_written_twice_in_one_batch_is_told_twice(hub):
    again = [("c1", "1", ("a",)), ("c2", None, ("a",)), ("c1", "1", ("b",)), ("c1", "1", ("b",)), ("c2", "", ("c",))]
    hub.commit(writes=[log(hub, *again)])
    assert [what for what, _, _ in told(hub, "c1")] == ["update a", "update b", "update b"]
    assert [what for what, _, _ in told(hub, "c2")] == ["update a", "update c"]


def test_what_rows_share_is_stored_once(hub):
    rows = [(f"c{n}", str(n), ("a", "b")) for n in range(300)]
    hub.commit(writes=[log(hub, *rows)])
    contents = hub.contents()
    assert len(contents["write_batch"]) == 1
    assert {row[-1] for row in contents["write_log"]} == {None}
    assert len(contents["write_log"]) == 300


# intents

_PLAIN = st.none() | st.text("aé\u2028", max_size=2)
_JSON = st.recursive(
    _PLAIN | st.booleans() | st.integers(-1, 2) | st.sampled_from([0.0, 1.0, 2**63 - 1]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=4,
)
_ANY = _JSON | st.sampled_from([Decimal("1.50"), b"\x00", 2**70, "\ud800", datetime(2026, 1, 2, tzinfo=UTC)])


@st.composite
def _batches(draw):
    """Rows alike in their names, of values that are often one and the same on both sides."""
    leaf = draw(st.sampled_from([_PLAIN, _JSON, _ANY]))
    names = draw(st.lists(st.sampled_from("NMO"), unique=True))
    paths = draw(st.lists(st.sampled_from(["n", "m", "o"]), unique=True))
    revs = draw(st.dictionaries(st.sampled_from(["n", "m", "o"]), st.integers(0, 9)))
    newer = draw(st.none() | st.sampled_from(["n", "m", "o"]))
    version = draw(st.none() | st.just("v1"))
    rows = []
    for number in range(draw(st.integers(1, 4))):
        said = [draw(leaf) for _ in names]
        same = draw(st.booleans())
        meant = [said[at] if same and at < len(said) else draw(leaf | st.just(UNKNOWN)) for at in range(len(paths))]
        fields, values = dict(zip(names, said, strict=True)), dict(zip(paths, meant, strict=True))
        rows.append(IntentRow(f"c{number}", draw(st.none() | st.just("k")), fields, values, dict(revs), version))
        if newer:
            revs = {**revs, newer: number}
    return rows


def reopened(hub, rows):
    intent = Intent(binding=hub.crm, kind=ActionKind.CREATE, rows=rows, run=hub.run, sent_at=hub.clock.now())
    (number,) = hub.store.intend([intent], hub.lease)
    (found,) = hub.store.open_intents("crm")
    hub.commit(closed_intents=[(number, [])])
    return found.rows


@LAWS
@given(rows=_batches())
def test_a_batch_comes_back_as_its_rows_do_one_by_one_among_others(hub, rows):
    different = IntentRow("z", "k", {"other": "x"}, {"p": UNKNOWN}, {"p": 3}, "v")
    expected = reopened(hub, [*rows, different])[:-1]
    found = reopened(hub, rows)
    assert found == expected
    assert [list(map(_typed, row[2:4])) for row in found] == [list(map(_typed, row[2:4])) for row in expected]


@LAWS
@given(rows=_batches())
def test_json_in_a_batch_comes_back_as_it_was(hub, rows):
    clean = [row for row in rows if _is_json([*row.fields.values(), *row.values.values()])]
    assert [_typed(row._asdict()) for row in reopened(hub, clean)] == [_typed(row._asdict()) for row in clean]


def test_rows_read_back_do_not_share_what_is_changed_later(hub):
    rows = [IntentRow(f"c{n}", None, {"N": "x"}, {"n": "x"}, {"n": 1}) for n in range(2)]
    first, second = reopened(hub, rows)
    first.revs["n"] = 2
    first.values["n"] = "y"
    assert (second.revs, second.values, first.fields) == ({"n": 1}, {"n": "x"}, {"N": "x"})


def _is_json(value):
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return (
        value is None or value is UNKNOWN or (type(value) in (str, bool, int, float) and value not in (2**70, "\ud800"))
    )


def _typed(value):
    """With types: 1, 1.0 and True are equal and not the same."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return [_typed(item) for item in value] if isinstance(value, list) else (type(value), value)


def test_a_person_is_read_with_values_of_every_kind_among_others(hub):
    odd = Canonical("c1", "contact", {"a": [1, {"b": "]},{"}], "c": None}, "erp", run=hub.run)
    hub.commit(created=[odd, hub.person("c2"), hub.person("c3", x="\u2028")])
    assert {key: one.values for key, one in hub.store.canonicals(["c3", "c1", "c2", "c9"]).items()} == {
        "c1": odd.values,
        "c2": {},
        "c3": {"x": "\u2028"},
    }


def test_ids_that_hold_what_pages_are_joined_with_are_kept_apart(hub):
    people = [hub.person(identity, x=1) for identity in ("a\nb", "a", "c,d", "\n")]
    hub.commit(created=people, dirty={("contact", person.id) for person in people})
    asked = [person.id for person in people]
    assert hub.store.canonicals(asked) == {person.id: person for person in people}
    assert hub.store.canonicals(["a\nb", "none"]) == {"a\nb": people[0]}
    assert hub.store.canonicals(["none", "a"]) == {"a": people[1]}
    seen = hub.store.dirty("contact", "", 10)
    assert seen == [(identity, 1) for identity in sorted(asked)]
    hub.commit(clean=seen[1:])
    assert hub.store.dirty("contact", "", 10) == seen[:1]


def test_a_mark_is_cleared_only_as_it_was_seen_also_within_a_stretch_of_like_ones(hub):
    hub.commit(dirty={("contact", identity) for identity in ("a", "b", "c")})
    hub.commit(clean=[("a", 1), ("c", 1)])
    assert hub.store.dirty("contact", "", 10) == [("b", 1)]
    hub.commit(dirty={("contact", "a"), ("contact", "b")})
    hub.commit(clean=[("a", 1), ("b", 1)])
    assert hub.store.dirty("contact", "", 10) == [("b", 2)]


@LAWS
@given(data=st.data())
def test_fingerprints_are_found_in_whatever_order_they_are_asked_for(hub, data):
    keys = data.draw(st.lists(st.text(st.sampled_from("aAäz09￿\U0001f600 "), min_size=1), unique=True, max_size=12))
    states = {key: data.draw(st.sampled_from([LinkState.LIVE, LinkState.LIVE, LinkState.GONE])) for key in keys}
    hub.commit(links=[Link(hub.erp, key, f"c-{key}", None, f"print-{key}", {}, state) for key, state in states.items()])
    asked = data.draw(st.lists(st.sampled_from([*keys, "nobody's", "zzz"]), unique=True, min_size=1))
    asked = sorted(asked) if data.draw(st.booleans()) else asked
    found = hub.store.fingerprints(hub.erp, asked)
    prints = {key: f"print-{key}" if state is LinkState.LIVE else "" for key, state in states.items()}
    assert found == {key: prints[key] for key in asked if key in prints}
    hub.commit(relinked=[(hub.erp, key) for key in keys])
