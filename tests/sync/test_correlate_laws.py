"""Laws of scored correlation: neither which of two records came first matters, nor how its fields are ordered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.contract import Match, ScoredRule
from model.entities import schemas
from sync.correlate import Index, correlate, score
from sync.decision import Canonical

CONTACT = schemas()["contact"]
RULE = ScoredRule(
    weights={"full_name": 3.0, "emails[*]": 4.0, "phones[*]": 2.0, "birth_date": 1.0},
    blocks=(("birth_date",), ("emails[*]",)),
    link_at=0.9,
    dispute_at=0.7,
)
MATCH = Match(scored=RULE)
INDEX = Index.of(CONTACT, [MATCH])

names = st.sampled_from(["Ana Trujillo", "Trujillo Ana", "Anna Trujilo", "Bo Li", "", None])
mails = st.sampled_from(["ana@example.com", "ANA@example.com", "anna@example.com", "bo@example.org", None])
phones = st.sampled_from(["+493023125014", "3023125014", "+493023125041", None])
dates = st.sampled_from(["1980-02-29", "1980-02-28", None])
people = st.fixed_dictionaries(
    {},
    optional={
        "full_name": names,
        "emails[work]": mails,
        "emails[home]": mails,
        "phones[mobile]": phones,
        "birth_date": dates,
    },
)


@given(people, people)
def test_a_score_is_the_same_from_both_sides(one, other):
    assert score(RULE, CONTACT, one, other) == pytest.approx(score(RULE, CONTACT, other, one), abs=1e-12)


@given(people, people)
def test_a_score_is_between_nothing_and_certain(one, other):
    assert 0.0 <= score(RULE, CONTACT, one, other) <= 1.0 + 1e-12


@given(people)
def test_a_record_is_certain_to_be_itself_or_says_nothing(one):
    assert score(RULE, CONTACT, one, one) == pytest.approx(1.0 if any(one.values()) else 0.0)


@given(people, people, st.randoms(use_true_random=False))
def test_the_order_of_fields_changes_no_score_and_no_key(one, other, dice):
    names = list(one)
    dice.shuffle(names)
    turned = {name: one[name] for name in names}
    assert score(RULE, CONTACT, turned, other) == pytest.approx(score(RULE, CONTACT, one, other), abs=1e-12)
    assert INDEX.keys(turned) == INDEX.keys(one)


def found(record, known):
    canonicals = {entity_id: Canonical(entity_id, "contact", values, "crm") for entity_id, values in known.items()}
    candidates = {}
    for entity_id, values in known.items():
        for key in INDEX.keys(values):
            candidates.setdefault(key, []).append(entity_id)
    return correlate(MATCH, INDEX, record, candidates, canonicals, lambda _: False)


@given(people, people)
def test_whichever_of_two_records_came_first_they_are_one_two_or_in_doubt_alike(one, other):
    first, second = found(one, {"e": other}), found(other, {"e": one})
    assert (first.entity_id, first.disputed) == (second.entity_id, second.disputed)


@given(people, st.lists(people, min_size=2, max_size=4))
def test_the_order_of_candidates_decides_nothing(record, known):
    ids = {f"e{at}": values for at, values in enumerate(known)}
    one, other = found(record, ids), found(record, dict(reversed(ids.items())))
    assert one.entity_id == other.entity_id
    assert set(one.disputed) == set(other.disputed)


PEOPLE = ScoredRule(
    weights={
        "family_name": 3.0,
        "given_name": 2.0,
        "birth_date": 3.0,
        "emails[*]": 2.0,
        "addresses[billing].postal_code": 1.0,
    },
    blocks=(("family_name",),),
    dispute_at=0.72,
)
MARIA = {"family_name": "Schmidt", "given_name": "Maria"}


def judged(record, known, rule=PEOPLE):
    match = Match(scored=rule)
    index = Index.of(CONTACT, [match])
    found = correlate(
        match,
        index,
        record,
        {key: ["e"] for key in index.keys(known)},
        {"e": Canonical("e", "contact", known, "crm")},
        lambda _: False,
    )
    return "linked" if found.entity_id else "asked" if found.disputed else "new"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"birth_date": "1990-03-03"}, {"emails[work]": "maria@example.com"}),
        ({"addresses[billing].postal_code": "20095"}, {"addresses[billing].postal_code": "20099"}),
        ({"addresses[billing].postal_code": "20095"}, {"addresses[billing].postal_code": "80331"}),
        ({"birth_date": "1990-03-03"}, {"birth_date": "1951-12-24"}),
        ({"emails[work]": "m.schmidt@a.example"}, {"emails[work]": "maria@b.example"}),
    ],
)
def test_names_alone_link_nobody_whether_all_else_is_blank_or_differs(one, other):
    assert judged(MARIA | one, MARIA | other) != "linked"
    assert judged(MARIA | other, MARIA | one) != "linked"


@pytest.mark.parametrize(
    "shared",
    [
        {"addresses[billing].postal_code": "20095"},
        {"birth_date": "1990-03-03"},
        {"birth_date": "1990-03-03", "addresses[billing].postal_code": "20095"},
    ],
)
def test_names_and_something_else_that_agrees_are_one_person(shared):
    assert judged(MARIA | shared, MARIA | shared) == "linked"


def test_two_of_one_household_with_given_names_alike_are_for_a_person():
    home = {"family_name": "Meier", "addresses[billing].postal_code": "50667"}
    assert judged(home | {"given_name": "Jan"}, home | {"given_name": "Jana"}) == "asked"
    born = {"birth_date": "1980-02-29"}
    assert judged(home | born | {"given_name": "Jon"}, home | born | {"given_name": "John"}) == "linked"


def test_one_family_name_and_given_names_of_a_few_letters_in_common_are_two_people():
    assert (
        judged({"family_name": "Hoffmann", "given_name": "Ilka"}, {"family_name": "Hoffmann", "given_name": "Klaus-D."})
        == "new"
    )


def test_somebody_who_moved_and_has_another_address_is_asked_about():
    moved = {"birth_date": "1990-03-03", "emails[work]": "maria@b.example", "addresses[billing].postal_code": "20095"}
    before = moved | {"emails[work]": "m.schmidt@a.example", "addresses[billing].postal_code": "50667"}
    assert judged(MARIA | moved, MARIA | before) == "asked"


def test_a_rule_that_weighs_nothing_but_names_links_by_them():
    rule = ScoredRule(weights={"family_name": 3.0, "given_name": 2.0}, blocks=(("family_name",),))
    assert judged(MARIA, MARIA, rule) == "linked"
