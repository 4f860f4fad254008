"""Laws of merging several systems into one canonical record: whoever is read first, the same comes of it."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.entities import schemas
from sync.decision import UNKNOWN, Base, Canonical, FieldMeta, blank
from sync.merge import Context, merge
from sync.policy import Rule, Survivorship

CONTACT = schemas()["contact"]
ORDER = ("crm", "shop", "erp")
STATUS, AT = "consents[email:marketing].status", "consents[email:marketing].at"
STRICT = ("opted_in", "pending", "opted_out")  # from the least restrictive to the most
HOME = ("addresses[home].street", "addresses[home].city")
WORK = ("addresses[work].street", "addresses[work].city")
PATHS = ("job_title", "tags", *HOME, *WORK, STATUS, AT)

texts = st.sampled_from(["a", "bb", "ccc", "old", None])
tags = st.lists(st.sampled_from("abcd"), unique=True).map(sorted)
orderly = st.sampled_from(
    [
        Survivorship(Rule.AUTHORITY, ORDER),
        Survivorship(Rule.MOST_COMPLETE, ORDER),
        Survivorship(Rule.MOST_RESTRICTIVE, ORDER, ("ccc", "bb", "old", "a", "None")),
    ]
)
"""Rules that put all values and all systems in one order. By `Rule.LATEST` the order of reading decides on purpose, and
`Rule.MANUAL` leaves what was read first until a person decides."""


@pytest.fixture(scope="module")
def contexts(plain_module):
    """One context per system, under one survivorship for all fields."""

    def make(survivorship):
        return {
            name: Context(
                name, plain_module(name, "people", "contact", {p: p for p in PATHS}), CONTACT, lambda _: survivorship
            )
            for name in ORDER
        }

    return make


def read_one_after_the_other(contexts, names, known, shown, *, new=False):
    """The canonical record after each system was read once, as ledger and links keep it; and all values kept aside."""
    canonical = Canonical("e", "contact", dict(known), "crm")
    links = {name: {} for name in ORDER}
    kept = []
    for name in names:
        merged = merge(contexts[name], canonical, links[name], shown[name], lambda _: new, {})
        kept += merged.clashes
        before = {path: Base(canonical.field_rev(path), canonical.values.get(path)) for path in merged.flows}
        linked = names[: names.index(name)] if new else ORDER
        for other, base in links.items():
            if other != name and other in linked:
                for path, entry in before.items():
                    base.setdefault(path, entry)
        if merged.flows:
            canonical.rev += 1
        for path, (value, _) in merged.flows.items():
            canonical.values[path] = value
            canonical.meta[path] = FieldMeta(canonical.rev, name)
        for path in merged.vouched:
            canonical.meta[path] = FieldMeta(canonical.field_rev(path), name)
        for path, entry in merged.base.items():
            links[name].pop(path, None)
            if entry is not None:
                links[name][path] = entry
    return canonical, links, kept


def observations(paths, values):
    return st.fixed_dictionaries({name: st.fixed_dictionaries(dict.fromkeys(paths, values)) for name in ORDER})


@settings(max_examples=150)
@given(shown=observations(["job_title"], texts), survivorship=orderly, new=st.booleans())
def test_whoever_is_read_first_the_same_value_survives(contexts, shown, survivorship, new):
    known = {} if new else {"job_title": "old"}
    made = contexts(survivorship)
    ends = {
        read_one_after_the_other(made, names, known, shown, new=new)[0].values.get("job_title")
        for names in permutations(ORDER)
    }
    if new:  # nothing known and known to be nothing are both no value
        ends = {None if blank(end) else end for end in ends}
    assert len(ends) == 1


@settings(max_examples=100)
@given(shown=observations(["tags"], tags), known=tags)
def test_whoever_is_read_first_the_same_set_comes_of_it(contexts, shown, known):
    made = contexts(Survivorship(Rule.AUTHORITY, ORDER))
    added = set().union(*(set(shown[name]["tags"]) - set(known) for name in ORDER))
    removed = set().union(*(set(known) - set(shown[name]["tags"]) for name in ORDER))
    for names in permutations(ORDER):
        canonical, _, kept = read_one_after_the_other(made, names, {"tags": known}, shown)
        assert canonical.values["tags"] == sorted((set(known) | added) - removed)
        assert not kept


@settings(max_examples=100)
@given(shown=observations([*HOME, *WORK], texts), survivorship=orderly)
def test_items_that_one_system_each_changed_all_arrive_in_any_order(contexts, shown, survivorship):
    """Keyed lists are merged item by item: the shop changes the home address, the ERP the one at work."""
    known = dict.fromkeys([*HOME, *WORK], "old")
    seen = {
        "crm": known,
        "shop": {**known, **{path: shown["shop"][path] for path in HOME}},
        "erp": {**known, **{path: shown["erp"][path] for path in WORK}},
    }
    made = contexts(survivorship)
    for names in permutations(ORDER):
        canonical, _, kept = read_one_after_the_other(made, names, known, seen)
        assert {path: canonical.values[path] for path in HOME} == {path: seen["shop"][path] for path in HOME}
        assert {path: canonical.values[path] for path in WORK} == {path: seen["erp"][path] for path in WORK}
        assert not kept


@settings(max_examples=150)
@given(shown=observations([*HOME], st.sampled_from(["a", "bb", "ccc", "old"])))
def test_an_address_is_never_made_up_of_two_that_contradict_each_other(contexts, shown):
    """Two systems changed one address at once, each in its own way: it ends as one of the two, never as a mixture."""
    known = dict.fromkeys(HOME, "old")
    seen = {"crm": known, "shop": shown["shop"], "erp": shown["erp"]}
    made = contexts(Survivorship(Rule.AUTHORITY, ORDER))
    changed = {name: {p for p in HOME if seen[name][p] != "old"} for name in ("shop", "erp")}
    contradict = any(seen["shop"][p] != seen["erp"][p] for p in changed["shop"] | changed["erp"])
    for names in permutations(ORDER):
        canonical, _, _ = read_one_after_the_other(made, names, known, seen)
        end = tuple(canonical.values[path] for path in HOME)
        if contradict and changed["shop"] and changed["erp"]:
            assert end in {tuple(seen[name][path] for path in HOME) for name in ("shop", "erp")}


@settings(max_examples=200)
@given(shown=observations([*HOME], st.sampled_from(["a", "bb", None])), survivorship=orderly)
def test_an_address_found_at_first_contact_is_one_of_the_two_where_they_contradict_each_other(
    contexts, shown, survivorship
):
    """Whoever is read first; where they do not contradict each other, each fills what the other lacks."""
    made = contexts(survivorship)
    both = [tuple(shown[name][path] for path in HOME) for name in ("crm", "shop")]
    contradict = any(None not in parts and parts[0] != parts[1] for parts in zip(*both, strict=True))
    for names in permutations(("crm", "shop")):
        merged, _, kept = read_one_after_the_other(made, names, {}, shown, new=True)
        end = tuple(merged.values.get(path) for path in HOME)
        if contradict:
            assert end in both
            assert {*both[0], *both[1]} - {*end, None} <= {value for one in kept for value in (one.ours, one.theirs)}
        else:
            assert end == tuple(one or other for one, other in zip(*both, strict=True))


@settings(max_examples=200)
@given(
    known=st.tuples(st.sampled_from(STRICT), st.sampled_from(["2026-02-01", None])),
    shown=st.lists(
        st.tuples(
            st.sampled_from(ORDER),
            st.sampled_from([*STRICT, "unknown", None]),
            st.sampled_from(["2026-01-01", "2026-02-01", None]),
        ),
        max_size=6,
    ),
    new=st.booleans(),
    survivorship=orderly,
)
def test_however_often_and_by_whomever_it_is_read_consent_never_loosens_without_a_newer_opt_in(
    contexts, known, shown, new, survivorship
):
    status, at = known
    canonical = Canonical("e", "contact", {STATUS: status, AT: at}, "crm")
    links = {name: {} for name in ORDER}
    made = contexts(survivorship)
    for name, said, moment in shown:
        before, since = STRICT.index(canonical.values[STATUS]), canonical.values[AT]
        observed = {STATUS: said, AT: moment}
        merged = merge(made[name], canonical, links[name], observed, lambda _, n=new: n, {})
        for path, (value, _) in merged.flows.items():
            canonical.values[path] = value
        for path, entry in merged.base.items():
            links[name].pop(path, None)
            if entry is not None:
                links[name][path] = entry
        assert canonical.values[STATUS] in STRICT
        if STRICT.index(canonical.values[STATUS]) < before:
            assert canonical.values[STATUS] == said
            assert moment is not None
            assert since is None or moment > since


values = st.sampled_from(["a", "bb", "cc", "ddd"])


@given(ours=values, theirs=values, who=st.permutations(ORDER), rule=st.sampled_from(list(Rule)))
def test_one_of_the_two_survives_or_a_person_is_asked_and_the_other_is_kept(contexts, ours, theirs, who, rule):
    made = contexts(Survivorship(rule, ORDER, ("ddd", "cc", "bb", "a")))
    canonical = Canonical("e", "contact", {"job_title": ours}, who[0])
    merged = merge(made[who[1]], canonical, {}, {"job_title": theirs}, lambda _: True, {})
    if ours == theirs:
        assert (merged.flows, merged.clashes) == ({}, [])
        return
    (clash,) = merged.clashes
    assert (clash.ours, clash.theirs) == (ours, theirs)
    assert ("job_title" in merged.flows) == (clash.winner == "theirs")
    assert merged.flows.get("job_title", (theirs,))[0] == theirs
    assert (clash.winner is None) == (rule is Rule.MANUAL)


@given(
    first=values,
    second=values,
    survivorship=st.sampled_from(
        [Survivorship(rule, ORDER, ("ddd", "cc", "bb", "a")) for rule in (Rule.AUTHORITY, Rule.MOST_COMPLETE)]
        + [Survivorship(Rule.MOST_RESTRICTIVE, ORDER, ("ddd", "cc", "bb", "a"))]
    ),
    who=st.permutations(ORDER),
)
def test_who_is_here_and_who_is_there_does_not_decide_who_wins(contexts, first, second, survivorship, who):
    made = contexts(survivorship)

    def survivor(ours, ours_from, theirs, theirs_from):
        canonical = Canonical("e", "contact", {"job_title": ours}, ours_from)
        merged = merge(made[theirs_from], canonical, {}, {"job_title": theirs}, lambda _: True, {})
        return merged.flows["job_title"][0] if merged.flows else ours

    assert survivor(first, who[0], second, who[1]) == survivor(second, who[1], first, who[0])


@given(one=values, other=values, last=values, who=st.permutations(ORDER))
def test_what_a_person_said_wins_over_every_authority(contexts, one, other, last, who):
    made = contexts(Survivorship(Rule.AUTHORITY, ORDER))
    canonical = Canonical("e", "contact", {"job_title": one}, "person")
    for name, said in zip(who, (other, last), strict=False):
        merged = merge(made[name], canonical, {"job_title": Base(0, UNKNOWN)}, {"job_title": said}, lambda _: True, {})
        assert not merged.flows
