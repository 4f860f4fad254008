"""What is done for a whole page at once is what would be done record by record."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Outcome, OutcomeKind
from mappings.contract import Projection
from model.clock import ManualClock
from model.records import Problem, Record, RecordRef
from sync.absorb import Observation, absorb
from sync.decision import (
    UNKNOWN,
    ActionKind,
    Base,
    BindingId,
    Canonical,
    Changes,
    EntityState,
    FieldMeta,
    IntentRow,
    Link,
    LinkState,
)
from sync.founding import found_together
from sync.ledger import Ids, Ledger, Scene
from sync.outcomes import Written, take, take_creates
from sync.reconcile import Standing, decide, newborn

ERP, SHOP, CRM = (BindingId(name, "people", "contact") for name in ("erp", "shop", "crm"))
emails = st.sampled_from([None, "a@x.com", "A@x.com", "b@x.com", "c@x.com", "d@x.com"])
texts = st.sampled_from([None, "Ana", "Bo"])


@st.composite
def observations(draw):
    found = []
    for key in draw(st.lists(st.integers(0, 8), unique=True, max_size=8)):
        values = {"full_name": draw(texts), "emails[work]": draw(emails)}
        odd = draw(st.sampled_from(["", "", "", "reference", "problem", "skipped", "deleted", "lacking"]))
        bad = Problem("invalid", "bad", "title", draw(st.sampled_from([None, "job_title"])))
        projection = Projection(
            {"full_name": "Ana"} if odd == "lacking" else values,
            {"account": RecordRef("firms", "f1")} if odd == "reference" else {},
            [bad] if odd == "problem" else [],
            "kept out" if odd == "skipped" else None,
        )
        found.append(Observation(Record(f"k{key}", {}, "1", odd == "deleted"), projection, "0123456789"))
    return found


@st.composite
def scenes(draw, page, index):
    """A few entities and links that exist already, and what load_scene would find of them."""
    scene = Scene()
    for n, email in enumerate(draw(st.lists(emails, max_size=3))):
        canonical = Canonical(f"e{n}", "contact", {"full_name": "Ana", "emails[work]": email}, "crm")
        scene.canonicals[canonical.id] = canonical
        scene.links_of[canonical.id] = []
        for key in index.keys(canonical.values):
            scene.candidates.setdefault(key, []).append(canonical.id)
        if draw(st.booleans()):
            link = Link(ERP, f"k{n}", canonical.id, "0", "012345", state=draw(st.sampled_from(LinkState)))
            scene.links[link.key] = link
            scene.links_of[canonical.id].append(link)
    unlinked = [o for o in page if o.record.key not in scene.links and not o.record.deleted]
    found_by = index.keys_of([o.projection.values for o in unlinked])
    scene.match_keys = {o.record.key: keys for o, keys in zip(unlinked, found_by, strict=True)}
    return scene


def told(changes: Changes):
    """Changes without their order, entities named by the records that are linked to them."""
    names = {}
    for link in changes.links:
        names.setdefault(link.entity_id, set()).add(link.key)

    def name(entity_id):
        return str(sorted(names.get(entity_id, {entity_id})))

    return {
        "created": {name(c.id): (c.values, c.source, c.rev, c.meta, c.state) for c in changes.created},
        "links": {
            link.key: (name(link.entity_id), link.version, link.fingerprint, link.base, link.state)
            for link in changes.links
        },
        "found by": {(key, name(entity_id)) for _, key, entity_id in changes.match_keys},
        "dirty": {name(entity_id) for _, entity_id in changes.dirty},
        "history": [(name(row.entity_id), row.path, row.new) for row in changes.history],
        "parked": {row.key: (row.why, row.code) for row in changes.parked},
        "writes": [(w.kind, w.mapping, w.intent, [(name(row[0]), *row[1:]) for row in w.rows]) for w in changes.writes],
    }


@pytest.fixture(scope="module")
def hub(make_world):
    """Three systems; nothing is stored."""
    world = make_world(None, ManualClock())
    for name in ("erp", "shop", "crm"):
        world.system(name)
        world.contacts(name, references={"account": "firms"})
    return world.engine().hub


@given(data=st.data())
def test_records_that_are_founded_together_are_founded_as_each_would_be(hub, data):
    binding = hub.bindings[ERP]
    page = data.draw(observations())
    scene = data.draw(scenes(page, binding.index))

    def ledger(own):
        return Ledger(own, hub.mappings, hub.indexes, 1, Ids(0, "test"))

    slow, fast = ledger(copy.deepcopy(scene)), ledger(copy.deepcopy(scene))
    for observation in copy.deepcopy(page):
        absorb(binding, observation, slow)
    left = found_together(binding, copy.deepcopy(page), fast)
    for observation in left:
        absorb(binding, observation, fast)
    assert told(fast.closed()) == told(slow.closed())


def test_a_record_with_the_address_that_another_one_just_got_is_no_newcomer(hub):
    binding = hub.bindings[ERP]
    known = Canonical("e1", "contact", {"full_name": "Ana", "emails[work]": "old@x.com"}, "erp")
    link = Link(ERP, "k1", "e1", "0", f"{binding.mapping.version[:6]}0123")
    scene = Scene(links={"k1": link}, canonicals={"e1": known}, links_of={"e1": [link]})
    page = [
        Observation(Record(key, {}, "1"), Projection({"full_name": name, "emails[work]": "new@x.com"}), "0123456789")
        for key, name in (("k1", "Ana"), ("k2", "Anna"))
    ]
    scene.match_keys = {"k2": ["emails[work]|new@x.com"]}
    assert found_together(binding, page, Ledger(scene, hub.mappings, hub.indexes, 1, Ids(0, "test"))) == page


@st.composite
def standings(draw):
    values = {"full_name": "Ana", "emails[work]": "a@x.com"}
    canonical = Canonical("e1", "contact", values, "erp", state=draw(st.sampled_from([EntityState.LIVE, *EntityState])))
    if draw(st.integers(0, 4)) == 0:
        canonical.rev, canonical.meta = 2, {"full_name": FieldMeta(2, "erp")}
    states = st.sampled_from([LinkState.LIVE, LinkState.LIVE, LinkState.GONE])
    links = [
        Link(at, f"{at.connection}1", "e1", state=draw(states))
        for at in draw(st.lists(st.sampled_from([ERP, SHOP, CRM]), max_size=2))
    ]
    if links and draw(st.booleans()):
        links[0].base["full_name"] = Base(0, UNKNOWN)
    return Standing(canonical, links)


@given(standing=standings(), closed=st.sets(st.sampled_from([ERP, SHOP, CRM]), max_size=1))
def test_what_counts_as_newborn_is_what_would_be_created_everywhere_else(hub, standing, closed):
    bindings = [hub.bindings[at] for at in (ERP, SHOP, CRM)]
    born, rest = newborn([standing], bindings, closed)
    verdicts = {verdict.binding: verdict for verdict in decide(standing, bindings, closed)}
    kinds = {at: verdict.action and verdict.action.kind for at, verdict in verdicts.items()}
    if born:
        ((founder, _),) = born.items()
        assert kinds == {at: None if at == founder else ActionKind.CREATE for at in (ERP, SHOP, CRM)}
        assert (verdicts[founder].bucket, verdicts[founder].unlink, verdicts[founder].moot) == ("unchanged", (), False)
    else:
        assert rest == [standing]


@given(data=st.data())
def test_answers_that_are_taken_together_are_taken_as_each_would_be(hub, data):
    binding = hub.bindings[SHOP]
    rows, outcomes, seen, scene = [], [], [], Scene()
    for n in range(data.draw(st.integers(0, 4))):
        values = {"full_name": f"V{n}", "emails[work]": f"{n}@x.com"}
        canonical = Canonical(f"e{n}", "contact", dict(values), "erp")
        if data.draw(st.integers(0, 5)) == 0:
            canonical.meta["full_name"] = FieldMeta(2, "erp")  # changed since it was rendered
        scene.canonicals[canonical.id] = canonical
        scene.links_of[canonical.id] = [Link(ERP, f"r{n}", canonical.id)]
        if data.draw(st.integers(0, 5)) == 0:
            scene.links_of[canonical.id].append(Link(SHOP, f"n{n}", canonical.id, state=LinkState.GONE))
        written = dict(values) if data.draw(st.integers(0, 5)) else {"full_name": f"V{n}"}
        rows.append(IntentRow(canonical.id, None, {}, written, dict.fromkeys(written, 1)))
        shown = {**values, "full_name": data.draw(st.sampled_from([f"V{n}", f"V{n}", f"v{n}"]))}
        record = Record(f"n{n}", {}, "1") if data.draw(st.integers(0, 5)) else None
        problems = [] if data.draw(st.integers(0, 5)) else [Problem("invalid", "bad", "title", "job_title")]
        outcomes.append(Outcome(OutcomeKind.APPLIED, f"n{n}", "1", record))
        seen.append(None if record is None else (Projection(shown, {}, problems), "0123456789"))

    def ledger(own):
        return Ledger(own, hub.mappings, hub.indexes, 1, Ids(0, "test"))

    def one_by_one(own, places):
        for place in places:
            answer = Written(ActionKind.CREATE, rows[place], outcomes[place], 7, True, seen[place])
            take(binding, copy.deepcopy(answer), own)

    slow, fast = ledger(copy.deepcopy(scene)), ledger(copy.deepcopy(scene))
    one_by_one(slow, range(len(rows)))
    links, rest = take_creates(binding, rows, outcomes, seen, fast)
    plain = [tuple(rows[place].revs) for place in range(len(rows)) if place not in rest]
    fast.made(links, plain, binding.mapping.version, 7)
    one_by_one(fast, rest)
    expected, got = told(slow.closed()), told(fast.closed())
    for told_ in (expected, got):
        told_["writes"] = [(*write[:3], sorted(write[3], key=repr)) for write in told_["writes"]]
    assert got == expected
