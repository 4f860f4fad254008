"""Creates that take several calls, of which a later one goes wrong; and creates of which no answer tells anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import Outcome, OutcomeKind
from mappings.contract import Match
from model.errors import AnswerLostError
from sync.decision import Side, Why
from tests.sync.test_doubts import LOOKUP, NATURAL, UPSERT, ana, build, once, parked, rows

NOBODY = Match()  # no rule tells who is who: whatever is read unlinked is somebody new


def without_title(upsert, stream, batch, **said):
    """The first step of a create, without what a later one would bring."""
    answers = []
    for write in batch:
        first = {name: value for name, value in write.fields.items() if name != "title"}
        (made,) = upsert(stream, [write._replace(fields={**first, **said.pop("default", {})})])
        answers.append(made._replace(record=None, code="later", **said))
    return answers


def nothing(_upsert, _stream, batch):
    return [Outcome(OutcomeKind.UNKNOWN) for _ in batch]


def titles(world, name):
    return [row.get("title") for row in rows(world, name).values()]


def start(world, make_stream, writes, **options):
    """A CRM with Ana, who is to be made in the shop. Returns the shop."""
    build(world, make_stream, writes, **options)
    world.sync()
    ana(world, title="Owner")
    return world.connectors["shop"]


@pytest.mark.parametrize("kind", [OutcomeKind.REFUSED, OutcomeKind.DUPLICATE, OutcomeKind.UNKNOWN])
def test_what_was_made_in_part_is_not_read_as_somebody_new(world, make_stream, kind):
    shop = start(world, make_stream, UPSERT, match=NOBODY)
    once(shop, "upsert", lambda *what: without_title(*what, kind=kind))
    world.sync()
    world.sync()
    assert titles(world, "crm") == titles(world, "shop") == ["Owner"]
    world.assert_calm()


def test_what_was_made_in_part_when_it_was_sent_again_is_not_read_as_somebody_new(world, make_stream):
    shop = start(world, make_stream, UPSERT, match=NOBODY)
    once(shop, "upsert", nothing)
    world.sync()
    once(shop, "upsert", lambda *what: without_title(*what, kind=OutcomeKind.REFUSED))
    world.sync()
    world.sync()
    assert titles(world, "crm") == titles(world, "shop") == ["Owner"]
    world.assert_calm()


def test_what_was_made_and_cannot_be_seen_yet_is_not_read_as_somebody_new(world, make_stream):
    shop = start(world, make_stream, UPSERT, match=NOBODY)
    once(shop, "upsert", nothing)
    world.sync()
    once(shop, "fetch", lambda *_: [])
    world.sync()
    world.sync()
    assert titles(world, "crm") == titles(world, "shop") == ["Owner"]


def test_what_was_made_in_part_and_cannot_be_read_back_is_linked_by_its_key(world, make_stream):
    shop = start(world, make_stream, NATURAL, match=NOBODY)
    ana(world, email="")

    def silent(*_):
        raise AnswerLostError("no answer")

    def in_part(*what):
        once(shop, "fetch", silent)
        return without_title(*what, kind=OutcomeKind.REFUSED)

    once(shop, "upsert", in_part)
    world.sync()
    world.sync()
    world.sync()
    assert titles(world, "crm") == titles(world, "shop") == ["Owner"]
    assert not parked(world, "shop", Side.OUT, Why.DISPUTED)


@pytest.mark.parametrize("direct", [False, True], ids=["read back", "in the answer"])
def test_the_default_of_a_first_step_is_nobodys_edit(world, make_stream, direct):
    shop = start(world, make_stream, replace(LOOKUP, in_steps=True, returns_record=direct), names=("shop", "crm"))
    once(shop, "upsert", lambda *what: without_title(*what, kind=OutcomeKind.UNKNOWN, default={"title": "Customer"}))
    world.sync()
    world.sync()
    assert titles(world, "crm") == titles(world, "shop") == ["Owner"]
    world.assert_calm()


@pytest.mark.parametrize("writes", [LOOKUP, UPSERT], ids=["lookup", "upsert"])
def test_nor_is_it_where_nobody_answered(world, make_stream, writes):
    shop = start(world, make_stream, replace(writes, in_steps=True))

    def silent(*what):
        without_title(*what, default={"title": "Customer"})
        raise AnswerLostError("no answer to the second step")

    once(shop, "upsert", silent)
    world.sync()
    world.sync()
    assert titles(world, "crm") == titles(world, "shop") == ["Owner"]
    world.assert_calm()


def test_a_later_step_that_names_somebody_elses_record_takes_nothing_from_them(world, make_stream):
    shop = start(world, make_stream, LOOKUP)
    world.sync()
    (key,) = rows(world, "shop")
    ana(world, key="c2", name="Bo", email="bo@example.com")
    once(shop, "upsert", lambda *_: [Outcome(OutcomeKind.REFUSED, key, code="later")])
    world.sync()
    world.sync()
    assert sorted(row["name"] for row in rows(world, "crm").values()) == ["Ana", "Bo"]
    links = world.store.links(world.mappings_id("crm"), ["c1"]) | world.store.links(world.mappings_id("shop"), [key])
    assert links["c1"].entity_id == links[key].entity_id
    assert [letter.code for letter in parked(world, "shop", Side.OUT, Why.DEAD)] == ["duplicate"]


@pytest.mark.parametrize("kind", [OutcomeKind.THROTTLED, OutcomeKind.UNAUTHORISED])
def test_a_system_that_says_stop_after_the_first_step_is_left_alone(world, make_stream, kind):
    shop = start(world, make_stream, LOOKUP)
    for at in range(5):
        ana(world, key=f"d{at}", name=f"N{at}", email=f"n{at}@example.com", title="T")
    until = world.clock.now() + timedelta(hours=5) if kind is OutcomeKind.THROTTLED else None
    calls = []

    def stop(*what):
        said = without_title(*what, kind=kind, until=until)
        for deed in ("fetch", "upsert"):
            once(shop, deed, lambda real, *args: (calls.append(args), real(*args))[1])
        return said

    once(shop, "upsert", stop)
    report = world.sync()
    assert calls == []
    assert [trouble.code for trouble in report.troubles] == [kind.value]


def test_nobody_sends_again_what_another_process_looked_up_meanwhile(world, make_stream):
    shop = start(world, make_stream, UPSERT)
    once(shop, "upsert", nothing)
    world.sync()

    def slow(find, *args):
        found = find(*args)
        world.clock.advance(600)
        world.sync()  # another process makes the record, and brings an edit of it
        ana(world, title="Chair")
        world.sync()
        return found

    once(shop, "find", slow)
    world.sync()
    world.sync()
    assert titles(world, "crm") == titles(world, "shop") == ["Chair"]


@pytest.mark.parametrize(
    "kind", [OutcomeKind.THROTTLED, OutcomeKind.RETRY, OutcomeKind.UNAUTHORISED, OutcomeKind.UNKNOWN]
)
def test_after_a_night_a_create_in_doubt_is_looked_for_more_than_once(world, make_stream, kind):
    shop = start(world, make_stream, UPSERT)
    once(shop, "upsert", nothing)
    world.sync()
    world.clock.advance(8 * 3600)
    once(shop, "upsert", lambda *what: [Outcome(kind) for _ in what[2]])
    world.sync()
    world.sync()
    assert titles(world, "shop") == ["Owner"]
    assert not parked(world, "shop", Side.OUT, Why.DISPUTED)


@pytest.mark.parametrize("answers", [None, []], ids=["no answer", "too few answers"])
def test_one_create_that_never_gets_an_answer_does_not_keep_a_system_shut(world, make_stream, answers):
    shop = start(world, make_stream, UPSERT)

    def silent(*_):
        if answers is None:
            raise AnswerLostError("no answer")
        return answers

    shop.upsert = silent
    world.sync()
    world.systems["shop"].put("people", "s9", name="Bo", email="bo@example.com")
    for _ in range(2):
        world.clock.advance(3700)
        world.sync()
    assert sorted(row["name"] for row in rows(world, "crm").values()) == ["Ana", "Bo"]
    (asked,) = parked(world, "shop", Side.OUT, Why.DISPUTED)
    assert asked.data["name"] == "Ana"
