"""Both sides are counted, a sample is compared, and what that proves is said in figures."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.drawing import at_most, drawn, upper_bound
from sync.population import audit_population


@pytest.fixture
def forty(two):
    for n in range(40):
        two.systems["crm"].put("people", f"c{n:02}", name=f"P{n}", email=f"p{n}@example.com", title="Owner")
    two.sync()
    two.sync()
    return two


def census(world, name="shop", **options):
    (found,) = [
        one for one in audit_population(world.engine(), **options).populations if one.binding.connection == name
    ]
    assert found.adds_up
    return found


def test_where_all_agree_both_sides_are_counted_and_nothing_is_wrong(forty):
    before = forty.writes()
    found = census(forty, sample=10)
    assert not found.wrong
    assert (found.drift.listed, found.linked, found.links, found.entities, found.unlinked) == (40, 40, 40, 40, 0)
    assert (found.sample.size, found.sample.population, found.sample.wrong) == (10, 40, 0)
    assert round(found.sample.bound, 3) == 0.259
    assert forty.writes() == before


def test_the_same_seed_draws_the_same_records_and_another_one_others(forty):
    for key in forty.systems["shop"].table("people").rows:
        forty.systems["shop"].table("people").rows[key]["title"] = "Chair"  # seen by no ordinary read
    first, again, other = ([one.key for one in census(forty, sample=5, seed=seed).drift.examples] for seed in (1, 1, 2))
    assert first == again
    assert len(first) == 5
    assert first != other


def test_what_differs_in_the_sample_bounds_what_differs_among_all(forty):
    rows = forty.systems["shop"].table("people").rows
    for key in sorted(rows)[:20]:
        rows[key]["title"] = "Chair"
    found = census(forty, sample=40)
    assert found.sample.whole
    assert (found.sample.wrong, found.sample.bound) == (20, 0.5), "all were compared: nothing is left to be guessed"
    part = census(forty, sample=12, seed=3)
    assert part.wrong
    assert part.sample.wrong / 12 < part.sample.bound < 1


def test_what_is_missing_on_either_side_is_counted_exactly_and_not_sampled(forty):
    shop = forty.systems["shop"]
    del shop.table("people").rows["n7"]
    shop.tick = -1
    shop.put("people", "s1", name="Late", email="late@example.com")
    found = census(forty, sample=1)
    assert (found.drift.gone, found.drift.unknown.total(), found.linked, found.links) == (1, 1, 39, 40)
    assert found.wrong


def test_what_was_not_created_there_is_counted_among_the_entities(two):
    two.mappings[1].create_out = False
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.sync()
    found = census(two)
    assert (found.entities, found.unlinked, found.links) == (1, 1, 0)
    assert (found.sample.size, found.sample.bound) == (0, 0.0)
    assert not found.wrong


def test_a_stream_that_cannot_be_asked_for_single_records_is_sampled_from_its_listing(forty):
    forty.systems["shop"].table("people").rows["n7"]["title"] = "Chair"
    kind = type(forty.connectors["shop"])
    listing_only = type("ListingOnly", (), {name: getattr(kind, name) for name in ("read",)})
    connector = forty.connectors["shop"]
    plain = listing_only()
    for name in ("stream", "declared_streams", "_record", "_up", "discover", "narrow"):
        setattr(plain, name, getattr(connector, name))
    plain.system = connector.system
    forty.connectors["shop"] = plain
    assert census(forty, sample=40).sample.wrong == 1


@given(st.integers(0, 60), st.integers(1, 60), st.integers())
def test_a_sample_has_its_size_no_doubles_and_the_order_of_the_population(many, size, seed):
    sample, counted = drawn(range(many), size, seed)
    assert counted == many
    assert len(sample) == min(many, size)
    assert sample == sorted(set(sample))


def test_every_one_is_drawn_as_often_as_every_other():
    times = [0] * 20
    for seed in range(4000):
        for one in drawn(range(20), 5, seed)[0]:
            times[one] += 1
    assert all(abs(count - 1000) < 130 for count in times), times  # four and a half standard deviations


@pytest.mark.parametrize(
    ("found", "sampled", "share"),
    [(0, 300, 0.00994), (0, 59, 0.0495), (1, 300, 0.01572), (3, 100, 0.07571), (10, 100, 0.16372), (5, 5, 1.0)],
)
def test_the_bound_is_the_exact_one_of_the_tables(found, sampled, share):
    assert upper_bound(found, sampled) == pytest.approx(share, abs=2e-5)


@given(st.integers(1, 200), st.data())
def test_at_the_bound_so_few_are_just_not_believed_any_more(sampled, data):
    found = data.draw(st.integers(0, sampled - 1))
    bound = upper_bound(found, sampled)
    exact = sum(comb(sampled, k) * bound**k * (1 - bound) ** (sampled - k) for k in range(found + 1))
    assert exact == pytest.approx(0.05, abs=1e-6)
    assert at_most(found, sampled, bound) == pytest.approx(exact, abs=1e-9)
    assert found / sampled < bound <= 1
    assert bound < upper_bound(found + 1, sampled) + 1e-12
