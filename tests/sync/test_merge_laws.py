"""Laws of the merge of one record into its canonical one, for any values and any baseline."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.entities import schemas
from sync.decision import UNKNOWN, Base, Canonical, FieldMeta, blank
from sync.merge import Context, merge
from sync.policy import Rule, Survivorship

CONTACT = schemas()["contact"]
TEXTS = ("full_name", "job_title", "department")
STATUS, AT = "consents[email:marketing].status", "consents[email:marketing].at"
RANK = {"opted_in": 0, "pending": 1, "opted_out": 2}

USUAL = Survivorship(Rule.AUTHORITY, ("shop", "crm"))

value = st.sampled_from(["a", "b", "c", None])
tags = st.lists(st.sampled_from("abcd"), unique=True).map(sorted)
rules = st.sampled_from(
    [Survivorship(rule, order) for rule in Rule for order in ((), ("crm",), ("shop", "crm"), ("crm", "shop"))]
)


@pytest.fixture(scope="module")
def context(plain_module):
    """The context of a crm mapping under one survivorship for all fields."""

    def make(survivorship=USUAL):
        paths = [*TEXTS, "tags", STATUS, AT]
        mapping = plain_module("crm", "people", "contact", {path: path for path in paths})
        return Context("crm", mapping, CONTACT, lambda path: survivorship)

    return make


@st.composite
def situations(draw, paths=TEXTS, values=value):
    """A canonical record, a baseline that can have come about, and an observation."""
    canonical = Canonical("e", "contact", {}, "shop", rev=5)
    base, observed = {}, {}
    for path in paths:
        ours, rev = draw(values), draw(st.integers(1, 5))
        if draw(st.booleans()):
            canonical.values[path] = ours
            canonical.meta[path] = FieldMeta(rev, draw(st.sampled_from(["shop", "erp", "person"])))
        if draw(st.booleans()):
            base[path] = Base(draw(st.integers(0, 4)), draw(st.one_of(st.just(UNKNOWN), values)))
        if draw(st.integers(0, 3)):
            observed[path] = draw(values)
    return canonical, base, observed


def applied(canonical, base, merged):
    """Canonical record and baseline afterwards, as the ledger and the link keep them."""
    after = Canonical("e", "contact", dict(canonical.values), "shop", canonical.rev + 1, dict(canonical.meta))
    for path, (new, _) in merged.flows.items():
        after.values[path] = new
        after.meta[path] = FieldMeta(after.rev, "crm")
    entries = dict(base)
    for path, entry in merged.base.items():
        entries.pop(path, None)
        if entry is not None:
            entries[path] = entry
    return after, entries


def never(_path):
    return False


def none_if_unknown(value):
    return None if value is UNKNOWN else value


@given(situation=situations(), survivorship=rules, new=st.booleans())
def test_seeing_the_same_again_is_no_news(context, situation, survivorship, new):
    canonical, base, observed = situation
    merged = merge(context(survivorship), canonical, base, observed, lambda _: new, {})
    after, entries = applied(canonical, base, merged)
    again = merge(context(survivorship), after, entries, observed, never, {clash.path: clash for clash in ()})
    open_paths = {clash.path for clash in merged.clashes if clash.winner is None}
    assert not again.flows
    assert {clash.path for clash in again.clashes} <= open_paths


@given(situation=situations(), survivorship=rules, new=st.booleans())
def test_what_both_sides_say_stays(context, situation, survivorship, new):
    canonical, base, observed = situation
    merged = merge(context(survivorship), canonical, base, observed, lambda _: new, {})
    for path, seen in observed.items():
        if path in canonical.values and canonical.values[path] == seen:
            assert path not in merged.flows
            assert path not in {clash.path for clash in merged.clashes}


@given(situation=situations(), survivorship=rules, new=st.booleans())
def test_no_value_vanishes(context, situation, survivorship, new):
    """What was observed and is not the former baseline is canonical afterwards, or kept as a rival's value."""
    canonical, base, observed = situation
    merged = merge(context(survivorship), canonical, base, observed, lambda _: new, {})
    after, _ = applied(canonical, base, merged)
    for path, seen in observed.items():
        entry = base.get(path)
        known = entry is not None and entry.value is not UNKNOWN and entry.value == seen
        if not blank(seen) and not known:
            kept = {clash.theirs for clash in merged.clashes if clash.path == path}
            assert after.values.get(path) == seen or seen in kept


@given(situation=situations(), survivorship=rules, new=st.booleans())
def test_a_canonical_value_is_only_replaced_with_a_trace(context, situation, survivorship, new):
    canonical, base, observed = situation
    merged = merge(context(survivorship), canonical, base, observed, lambda _: new, {})
    for path in merged.flows:
        entry, ours = base.get(path), canonical.values.get(path)
        unseen = (entry is None and new) or (entry is not None and entry.rev < canonical.field_rev(path))
        if unseen and not blank(ours):
            assert path in {clash.path for clash in merged.clashes}


@given(situation=situations(), survivorship=rules)
def test_who_wins_does_not_depend_on_the_order_of_fields(context, situation, survivorship):
    canonical, base, observed = situation
    one = merge(context(survivorship), canonical, base, observed, never, {})
    other = merge(context(survivorship), canonical, base, dict(reversed(observed.items())), never, {})
    assert one.flows == other.flows
    assert one.base == other.base


@given(
    ours=st.sampled_from([*RANK, "unknown", None]),
    theirs=st.sampled_from([*RANK, "unknown", None]),
    known=st.sampled_from(["2026-01-01", "2026-02-01", None]),
    moment=st.sampled_from(["2026-01-01", "2026-02-01", None]),
    agreed=st.sampled_from([*RANK, None]),
    survivorship=rules,
    new=st.booleans(),
)
def test_consent_never_loosens_without_a_newer_moment(context, ours, theirs, known, moment, agreed, survivorship, new):
    canonical = Canonical("e", "contact", {STATUS: ours, AT: known}, "shop")
    base = {} if new else {STATUS: Base(1, agreed), AT: Base(1, known)}
    observed = {STATUS: theirs, AT: moment}
    merged = merge(context(survivorship), canonical, base, observed, lambda _: new, {})
    after, _ = applied(canonical, base, merged)
    status = after.values.get(STATUS)
    if RANK.get(status, 9) < RANK.get(ours, -1):
        assert moment is not None
        assert known is None or moment > known
    if RANK.get(ours, -1) > RANK.get(status, -1):
        assert status in RANK, "no information restricts or loosens nothing"


@given(ours=tags, theirs=tags, base=tags)
def test_sets_keep_what_either_added_and_lose_what_either_removed(context, ours, theirs, base):
    canonical = Canonical("e", "contact", {"tags": ours}, "shop", rev=2, meta={"tags": FieldMeta(2, "shop")})
    merged = merge(context(), canonical, {"tags": Base(1, base)}, {"tags": theirs}, never, {})
    after, _ = applied(canonical, {}, merged)
    if theirs == base:
        assert after.values["tags"] == ours
        return
    found, was = set(after.values["tags"] or ()), set(base)
    assert set(ours) - was <= found
    assert set(theirs) - was <= found
    assert not (was - set(ours)) & found
    assert not (was - set(theirs)) & found
    assert set(ours) & set(theirs) <= found


STATES = ("same", "changed alike", "changed apart", "cleared", "gone", "unknown")


def seen_as(state, who):
    """What one system shows of a field that was ``old``."""
    return {"same": "old", "changed alike": "new", "changed apart": f"new-{who}", "cleared": None}[state]


@pytest.mark.parametrize("rule", list(Rule))
def test_every_combination_of_three_systems_and_two_fields_ends_agreed(context, plain_module, rule):
    """All 6³ situations of one field, beside each of another: whoever is read in whatever order, each system ends
    with the canonical value, something to push, or an open conflict, and nothing is lost."""
    fields, order = ("job_title", "department"), ("crm", "shop", "erp")
    policy = Survivorship(rule, order)
    contexts = {
        name: Context(name, plain_module(name, "people", "contact", {f: f for f in fields}), CONTACT, lambda _: policy)
        for name in order
    }
    for first in product(STATES, repeat=3):
        for second in {("same",) * 3, first, first[::-1], first[1:] + first[:1]}:
            _ends_agreed(contexts, dict(zip(fields, (first, second), strict=True)))


def _ends_agreed(contexts, states):
    canonical = Canonical("e", "contact", dict.fromkeys(states, "old"), "crm")
    links = {name: {} for name in contexts}
    shown, kept, conflicts = {}, set(), {}
    for at, (name, context) in enumerate(contexts.items()):
        observed = {}
        for path, row in states.items():
            if row[at] == "unknown":
                links[name].setdefault(path, Base(0, UNKNOWN))
                observed[path] = f"found-{name}"
            elif row[at] != "gone":  # says nothing about the field
                observed[path] = seen_as(row[at], name)
        shown[name] = observed
        merged = merge(context, canonical, links[name], observed, never, conflicts)
        before = {path: Base(canonical.field_rev(path), canonical.values.get(path)) for path in states}
        for other, base in links.items():
            if other != name:
                for path in merged.flows:
                    base.setdefault(path, before[path])
        kept |= {clash.theirs for clash in merged.clashes} | {clash.ours for clash in merged.clashes}
        kept |= {canonical.values.get(path) for path in merged.flows}
        for clash in merged.clashes:
            if clash.winner is None:
                conflicts[clash.path] = _Rival(clash.theirs, (name, "people", "contact"), clash.rule)
        canonical, links[name] = applied(canonical, links[name], merged)
    for name, observed in shown.items():
        for path, seen in observed.items():
            entry, now = links[name].get(path), canonical.values.get(path)
            agreed = now == seen or (blank(now) and blank(seen))
            assert agreed or path in conflicts or (entry is not None and entry.rev < canonical.field_rev(path))
            assert blank(seen) or seen == now or seen in kept or seen == "old"


class _Rival:
    def __init__(self, theirs, binding, rule):
        self.theirs, self.theirs_binding, self.rule = theirs, binding, rule
