"""Where something is not known (an answer, a version, who is meant), nothing is sent blindly and nothing is lost."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from connectors.contract import Deletes, Field, Outcome, OutcomeKind, Replay, Writes
from mappings.contract import Match, OnDelete, StrongRule
from model.errors import AnswerLostError, LeaseHeldError, StateError, UnreachableError
from model.records import Page, Record
from sync.decision import LinkState, Side, Why

FIELDS = (Field(name="email", unique=True), Field(name="name"))
LOOKUP = Writes(batch=2, replay=Replay.LOOKUP, marker="hub")
CONDITIONAL = Writes(batch=2, replay=Replay.UPSERT, marker="hub", conditional=True, returns_record=True)
UPSERT = Writes(batch=2, replay=Replay.UPSERT, marker="hub")
NATURAL = Writes(batch=2, replay=Replay.NATURAL)


class Crash(BaseException):
    """The process dies here."""


def build(world, make_stream, writes, names=("crm", "shop"), **options):
    for name in names:
        world.system(name, make_stream("people", writes=writes, fields=FIELDS))
        world.contacts(name, **options)
    world.authority(*names)
    return world


def ana(world, system="crm", /, key="c1", **values):
    world.systems[system].put("people", key, **{"name": "Ana", "email": "ana@example.com", **values})


def rows(world, name, stream="people"):
    return world.systems[name].table(stream).rows


def parked(world, name, side, why):
    pages = world.store.all_parked(world.mappings_id(name), side, why, 10)
    return [entry for page in pages for entry in page]


def once(connector, deed, wrapper):
    """Let ``wrapper(original, *args)`` stand in for one call of a deed."""
    original = getattr(connector, deed)

    def stand_in(*args):
        setattr(connector, deed, original)
        return wrapper(original, *args)

    setattr(connector, deed, stand_in)


def unknown(upsert, stream, batch):
    upsert(stream, batch)
    return [Outcome(OutcomeKind.UNKNOWN) for _ in batch]


def test_a_create_with_an_unknown_outcome_is_not_sent_again_before_it_was_looked_up(world, make_stream):
    build(world, make_stream, LOOKUP)
    ana(world)
    ana(world, key="c2", name="Bo", email="bo@example.com")
    ana(world, key="c3", name="Cleo", email="cleo@example.com")
    once(world.connectors["shop"], "upsert", unknown)
    world.sync()
    assert len(rows(world, "shop")) == 3
    world.sync()
    assert len(rows(world, "shop")) == 3
    world.assert_calm()


def test_while_nobody_can_be_asked_a_system_is_neither_read_nor_written(world, make_stream):
    build(world, make_stream, LOOKUP)
    world.sync()
    ana(world)
    world.systems["shop"].lose_answers = 1
    world.sync()
    shop = world.connectors["shop"]

    def silent(find, *args):
        raise UnreachableError("no answer")

    once(shop, "find", silent)
    ana(world, title="Chair")
    report = world.sync()
    assert report.status == "failed"
    assert len(report.troubles) == 1
    assert len(rows(world, "shop")) == 1
    assert not world.store.links(world.mappings_id("shop"), ["n1"]), "it was not read as somebody's new record"
    world.sync()
    assert [row["title"] for row in rows(world, "shop").values()] == ["Chair"]
    world.assert_calm()


def company(world, make_stream, plain, writes):
    for name in ("erp", "crm"):
        world.system(
            name,
            make_stream("firms", writes=writes, fields=FIELDS),
            make_stream("people", parents=("firms",), writes=writes, fields=FIELDS),
        )
        world.mappings.append(
            plain(
                name,
                "firms",
                "account",
                {"name": "name", "parent": "parent", "industry": "industry"},
                match=Match(strong=(StrongRule(paths=("name",)),)),
                references={"parent": "firms"},
            )
        )
        rules = {"full_name": "name", "emails[work]": "email", "account": "firm", "job_title": "title"}
        world.contacts(name, rules=rules, references={"account": "firms"})
    world.authority("erp", "crm")


def test_intents_of_entities_whose_lease_another_holds_are_left_alone(world, make_stream, plain):
    company(world, make_stream, plain, LOOKUP)
    world.sync()
    world.systems["erp"].put("firms", "f1", name="Acme")
    world.systems["crm"].lose_answers = 1
    world.sync()
    assert len(world.store.open_intents("crm")) == 1
    lease = world.store.acquire(["entity:account"], "another process", 300, world.clock.now())
    world.sync(select=["contact"])
    assert len(world.store.open_intents("crm")) == 1
    world.store.release(lease)
    world.sync()
    assert world.store.open_intents("crm") == []
    assert len(rows(world, "crm", "firms")) == 1


def test_a_create_in_doubt_is_not_sent_again_because_the_entity_changed(world, make_stream):
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=NATURAL))
        world.contacts(name)
    world.sync()
    ana(world)
    world.systems["shop"].lose_answers = 1
    read, world.connectors["shop"].read = world.connectors["shop"].read, lambda stream, since: iter(())
    world.sync()
    world.sync()
    ana(world, title="Chair")
    world.sync()
    assert len(rows(world, "shop")) == 1
    assert [entry.code for entry in parked(world, "shop", Side.OUT, Why.DISPUTED)] == ["in-doubt"]
    world.connectors["shop"].read = read  # its feed shows the record at last
    world.sync()
    world.sync()
    assert [row.get("title") for row in rows(world, "shop").values()] == ["Chair"]
    assert parked(world, "shop", Side.OUT, Why.DISPUTED) == []
    world.assert_calm()


def test_a_record_that_waited_is_taken_up_as_it_is_now(world, make_stream, plain):
    company(world, make_stream, plain, LOOKUP)
    world.systems["erp"].put("firms", "f1", name="Acme", industry="steel", parent="f9")
    world.sync()  # linked, and parked until f9 comes
    (copy,) = rows(world, "crm", "firms")
    world.systems["crm"].put("firms", copy, industry="paper")
    world.sync()
    assert rows(world, "erp", "firms")["f1"]["industry"] == "paper"
    world.systems["erp"].put("firms", "f9", name="Holding")
    world.sync()
    world.sync()
    assert {row.get("industry") for row in rows(world, "crm", "firms").values()} == {"paper", None}
    assert rows(world, "erp", "firms")["f1"]["industry"] == "paper"
    world.assert_calm()


def test_a_record_shown_twice_on_one_page_is_taken_once_as_it_was_shown_last(two):
    ana(two)
    old, new = {"name": "Ana", "email": "a@x.com"}, {"name": "Anna", "email": "a@x.com"}
    page = Page([Record("c1", old, "1"), Record("c1", new, "2")], "2", True)
    once(two.connectors["crm"], "read", lambda read, stream, since: iter([page]))
    report = two.sync()
    assert report.status == "ok"
    assert [row["name"] for row in rows(two, "shop").values()] == ["Anna"]


def test_a_version_that_moved_without_news_for_us_blocks_nothing(world, make_stream):
    build(world, make_stream, CONDITIONAL)
    ana(world)
    world.sync()
    world.systems["shop"].put("people", "n1", nickname="An")  # a field that nobody maps
    world.sync()
    ana(world, title="Chair")
    world.sync()
    assert rows(world, "shop")["n1"]["title"] == "Chair"
    world.assert_calm()


def test_a_third_system_settles_no_conflict_between_two_others(world, make_stream):
    build(world, make_stream, LOOKUP, names=("crm", "shop", "erp"))
    world.authority(rule="manual", path="job_title")
    ana(world, title="Owner")
    world.sync()
    ana(world, title="Chair")
    world.systems["shop"].put("people", "n1", title="Boss")
    world.sync()
    world.systems["erp"].put("people", "n1", title="Chair")
    world.sync()
    world.sync()
    assert rows(world, "shop")["n1"]["title"] == "Boss"
    entity = world.store.links(world.mappings_id("crm"), ["c1"])["c1"].entity_id
    assert list(world.store.open_conflicts([entity])[entity]) == ["job_title"]


def test_a_defect_in_one_connectors_write_stops_no_other_and_doubles_nothing(world, make_stream):
    build(world, make_stream, LOOKUP, names=("crm", "shop", "erp"))
    ana(world)

    def defect(upsert, stream, batch):
        upsert(stream, batch)
        return connector.settings.nothing

    connector = world.connectors["shop"]
    original = type(connector).upsert
    type_of = type("Broken", (type(connector),), {"upsert": lambda self, s, b: (original(self, s, b), {}["x"])[1]})
    connector.__class__ = type_of
    report = world.sync()
    assert report.status == "failed"
    assert [trouble.code for trouble in report.troubles] == ["defect"]
    assert len(rows(world, "erp")) == 1
    connector.__class__ = type_of.__mro__[1]
    world.sync()
    assert len(rows(world, "shop")) == 1
    world.assert_calm()


def test_a_batch_given_up_halfway_leaves_the_other_systems_writes_alone(world, make_stream):
    build(world, make_stream, LOOKUP, names=("crm", "shop", "erp"))
    for n in range(2):
        ana(world, key=f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    world.sync()
    for n in range(2):
        ana(world, key=f"c{n}", name=f"P{n}", email=f"p{n}@example.com", title="Chair")

    def moved_then_down(fetch, stream, keys):
        world.systems["shop"].put("people", keys[0], dept="B")
        found = fetch(stream, keys)
        once(world.connectors["shop"], "upsert", down)
        return found

    def down(upsert, stream, batch):
        raise UnreachableError("gone")

    once(world.connectors["shop"], "fetch", moved_then_down)
    world.sync()
    assert [row["title"] for row in rows(world, "erp").values()] == ["Chair", "Chair"]
    world.sync()
    assert [row["title"] for row in rows(world, "shop").values()] == ["Chair", "Chair"]
    world.assert_calm()


def test_on_first_contact_a_system_is_told_what_its_record_says_nothing_about(two):
    ana(two, title="Owner")
    two.systems["shop"].put("people", "s1", name="Ana", email="ana@example.com")
    two.sync()
    assert rows(two, "shop")["s1"]["title"] == "Owner"


class DiesBeforeTheCall:
    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def intend(self, *args):
        self._store.intend(*args)
        raise Crash


def test_a_reference_that_was_never_sent_is_sent_after_the_crash(world, make_stream, plain):
    company(world, make_stream, plain, LOOKUP)
    erp = world.systems["erp"]
    erp.put("firms", "f1", name="Acme")
    erp.put("firms", "f2", name="Bolt")
    erp.put("people", "p1", name="Ana", email="ana@example.com", firm="f1")
    world.sync()
    erp.put("people", "p1", firm="f2")
    store, world.store = world.store, DiesBeforeTheCall(world.store)
    with contextlib.suppress(Crash):
        world.sync()
    world.store = store
    world.clock.advance(600)
    world.sync()
    (person,) = rows(world, "crm").values()
    assert rows(world, "crm", "firms")[person["firm"]]["name"] == "Bolt"
    world.assert_calm()


def test_our_own_lost_write_beside_somebodys_edit_is_still_our_own(world, make_stream):
    build(world, make_stream, LOOKUP, names=("shop", "crm"))
    ana(world, "crm", title="Owner", dept="A")
    world.sync()
    ana(world, "crm", title="Chair", dept="B")
    world.systems["shop"].lose_answers = 1
    world.sync()  # carried out, and no answer came
    world.systems["shop"].put("people", "n1", dept="C")
    ana(world, "crm", title="Boss", dept="B")
    world.sync()
    world.sync()
    for name in ("crm", "shop"):
        assert [(row["title"], row["dept"]) for row in rows(world, name).values()] == [("Boss", "C")]
    world.assert_calm()


def test_an_interrupted_first_read_starts_over_under_a_new_mapping(two):
    two.mappings.pop()
    two.contacts("shop", rules={"full_name": "name", "emails[work]": "email"})
    for n in range(7):
        two.systems["shop"].put("people", f"s{n}", name=f"P{n}", email=f"p{n}@example.com", title=f"T{n}")
    read = two.connectors["shop"].read

    def cut_short(stream, since):
        yield next(iter(read(stream, since)))
        raise UnreachableError("cut off")

    two.connectors["shop"].read = cut_short
    two.sync()
    two.connectors["shop"].read = read
    two.mappings.pop()
    two.contacts("shop")
    two.sync()
    two.sync()
    assert sorted(row["title"] for row in rows(two, "crm").values()) == [f"T{n}" for n in range(7)]


def test_a_call_that_takes_longer_than_the_lease_does_not_lose_it(two):
    beats = []

    @contextlib.contextmanager
    def pulse(beat):
        beats.append(beat)
        yield

    upsert = two.connectors["shop"].upsert

    def slow(stream, batch):
        for _ in range(5):
            two.clock.advance(60)
            beats[0]()
            with pytest.raises(LeaseHeldError):
                two.store.acquire(["entity:contact"], "another process", 300, two.clock.now())
        return upsert(stream, batch)

    two.connectors["shop"].upsert = slow
    ana(two)
    assert two.engine(pulse=pulse).run().status == "ok"
    assert len(two.people("shop")) == 1


def test_a_long_read_without_news_keeps_its_lease(two):
    for n in range(9):
        ana(two, key=f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    two.sync()
    read = two.connectors["crm"].read

    def slow(stream, since):
        for page in read(stream, since):
            two.clock.advance(100)
            with pytest.raises(StateError):
                two.store.acquire(["entity:contact"], "another process", 300, two.clock.now())
            yield page

    two.connectors["crm"].read = slow
    assert two.sync(full=True).status == "ok"


def test_a_lost_upsert_found_by_its_mark_is_not_sent_again_over_an_edit(world, make_stream):
    build(world, make_stream, UPSERT)
    world.sync()
    ana(world)
    world.systems["shop"].lose_answers = 1
    world.sync()
    world.systems["shop"].put("people", "n1", name="Anna")
    world.sync()
    assert rows(world, "crm")["c1"]["name"] == "Anna"
    assert rows(world, "shop")["n1"]["name"] == "Anna"


def test_a_settled_match_keeps_its_reference(world, make_stream, plain):
    company(world, make_stream, plain, LOOKUP)
    erp = world.systems["erp"]
    erp.put("firms", "f1", name="Acme")
    erp.put("people", "p1", name="Ana", email="info@example.com", firm=None)
    erp.put("people", "p2", name="Bo", email="info@example.com", firm="f1")
    world.sync()
    (doubt,) = parked(world, "erp", Side.IN, Why.DISPUTED)
    entity = world.engine().settle_match(doubt.id, doubt.candidates[0])
    assert world.store.canonicals([entity])[entity].values["account"]


def test_a_record_is_not_settled_onto_a_deleted_entity(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.IGNORE)
    ana(world)
    world.sync()
    world.systems["crm"].drop("people", "c1")
    world.sync()
    ana(world)  # it is back
    world.sync()
    (returned,) = parked(world, "crm", Side.IN, Why.DISPUTED)
    with pytest.raises(StateError, match="was deleted"):
        world.engine().settle_match(returned.id, returned.candidates[0])
    world.engine().settle_match(returned.id, None)
    world.sync()
    assert len(rows(world, "crm")) == 1


def test_who_turns_out_not_to_be_the_record_that_is_back_gets_another_one_at_once(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.IGNORE)
    ana(world)
    world.sync()
    (key,) = rows(world, "shop")
    world.systems["shop"].drop("people", key)
    world.sync()
    ana(world, "shop", key, name="Bo", email="bo@example.com")
    world.sync()
    (returned,) = parked(world, "shop", Side.IN, Why.DISPUTED)
    world.engine().settle_match(returned.id, None)
    world.sync()
    assert sorted(row["name"] for row in rows(world, "shop").values()) == ["Ana", "Bo"]
    assert sorted(row["name"] for row in rows(world, "crm").values()) == ["Ana", "Bo"]
    world.assert_calm()


def test_a_record_with_the_hubs_mark_is_not_split_off(two, binding):
    ana(two)
    two.sync()
    with pytest.raises(StateError, match="split the record of the other system"):
        two.engine().split(binding("shop", "people", "contact"), "n1")


def test_a_mark_that_lies_deeper_in_a_record_keeps_it_from_being_split_off_too(world, make_stream, binding):
    build(world, make_stream, replace(LOOKUP, marker="own.hub"))
    ana(world)
    world.sync()
    ((key, row),) = rows(world, "shop").items()
    shop = world.connectors["shop"]
    shop.fetch = lambda *_: [Record(key, {"name": "Ana", "own": {"hub": row["own.hub"]}})]
    with pytest.raises(StateError, match="carries the mark"):
        world.engine().split(binding("shop", "people", "contact"), key)


def test_a_record_is_looked_at_before_it_is_deleted_even_where_updates_are_conditional(world, make_stream):
    both = {"on_delete_in": OnDelete.DELETE, "on_delete_out": OnDelete.DELETE}
    build(world, make_stream, CONDITIONAL, **both)
    ana(world, title="Owner")
    world.sync()
    world.systems["crm"].drop("people", "c1")
    read = world.connectors["shop"].read

    def just_before(stream, since):
        yield from read(stream, since)
        world.systems["shop"].put("people", "n1", title="Chair")

    world.connectors["shop"].read = just_before
    world.sync()
    link = world.store.links(world.mappings_id("shop"), ["n1"])["n1"]
    assert world.store.canonicals([link.entity_id])[link.entity_id].values["job_title"] == "Chair"
    assert rows(world, "shop") == {}


def test_two_records_of_one_entity_in_one_stream_are_both_written(two):
    ana(two)
    ana(two, key="c2")
    two.sync()
    (doubt,) = parked(two, "crm", Side.IN, Why.DISPUTED)
    two.engine().settle_match(doubt.id, doubt.candidates[0])
    two.sync()
    two.systems["shop"].put("people", "n1", title="Chair")
    two.sync()
    assert [row.get("title") for row in rows(two, "crm").values()] == ["Chair", "Chair"]
    two.assert_calm()


def test_a_refused_write_that_nobody_wants_any_more_is_let_go(two):
    ana(two, title="Owner")
    two.sync()
    two.systems["shop"].refuses = lambda row: "bad" if row.get("title") == "Bad" else None
    ana(two, title="Bad")
    two.sync()
    assert len(parked(two, "shop", Side.OUT, Why.DEAD)) == 1
    two.systems["shop"].put("people", "n1", title="Bad")
    two.sync()
    ana(two, title="Owner")
    two.systems["shop"].put("people", "n1", title="Owner")
    two.sync()
    assert parked(two, "shop", Side.OUT, Why.DEAD) == []


def test_being_throttled_halfway_leaves_the_rest_due(world, make_stream):
    build(world, make_stream, LOOKUP)
    for n in range(5):
        ana(world, key=f"c{n}", name=f"P{n}", email=f"p{n}@example.com")

    def enough(upsert, stream, batch):
        return [*upsert(stream, batch[:1]), Outcome(OutcomeKind.THROTTLED)]

    once(world.connectors["shop"], "upsert", enough)
    report = world.sync()
    assert report.status == "failed"
    assert report.waiting == 4
    assert len(rows(world, "shop")) == 1
    world.sync()
    assert len(rows(world, "shop")) == 5
    world.assert_calm()


def test_a_conflict_ends_with_its_entity(world, make_stream):
    build(world, make_stream, LOOKUP, on_delete_in=OnDelete.DELETE)
    world.authority(rule="manual", path="job_title")
    ana(world, title="Owner")
    world.sync()
    ana(world, title="Chair")
    world.systems["shop"].put("people", "n1", title="Boss")
    world.sync()
    entity = world.store.links(world.mappings_id("crm"), ["c1"])["c1"].entity_id
    assert world.store.open_conflicts([entity])
    world.systems["crm"].drop("people", "c1")
    world.sync()
    assert world.store.open_conflicts([entity]) == {}


def test_a_match_in_doubt_is_looked_at_again_when_the_entities_changed(two):
    ana(two, email="info@example.com")
    ana(two, key="c2", name="Bo", email="info@example.com")
    two.sync()
    ana(two, email="ana@example.com")
    two.sync()
    two.sync()
    assert parked(two, "crm", Side.IN, Why.DISPUTED) == []
    assert sorted(row["name"] for row in rows(two, "shop").values()) == ["Ana", "Bo"]
    two.assert_calm()


ADDRESS = {"emails[work]": "email", "addresses[billing].street": "street", "addresses[billing].city": "city"}


def test_no_half_of_an_address_travels_while_a_person_decides_about_the_other(world, make_stream):
    build(world, make_stream, LOOKUP, rules=ADDRESS)
    world.authority(rule="manual")
    put = {name: world.systems[name].put for name in ("crm", "shop")}
    put["crm"]("people", "c1", email="a@x.com", street="Main 1", city="Bonn")
    world.sync()
    put["crm"]("people", "c1", city="Köln")
    put["shop"]("people", "n1", street="Side 2")
    world.sync()
    assert (rows(world, "shop")["n1"]["street"], rows(world, "shop")["n1"]["city"]) == ("Side 2", "Bonn")
    assert (rows(world, "crm")["c1"]["street"], rows(world, "crm")["c1"]["city"]) == ("Main 1", "Köln")


def test_the_survivor_of_a_merge_is_read_before_it_is_written(world, make_stream):
    build(world, make_stream, CONDITIONAL)
    ana(world, title="Owner")
    world.sync()
    read = world.connectors["shop"].read

    def lagging(stream, since):  # the survivor is not in the feed yet
        for page in read(stream, since):
            yield page._replace(records=[record for record in page.records if record.key != "s2"])

    world.connectors["shop"].read = lagging
    world.systems["shop"].put("people", "s2", name="Ana Bo", email=None, title="Boss")
    world.systems["shop"].drop("people", "n1", into="s2")
    world.sync()
    entity = world.store.links(world.mappings_id("shop"), ["s2"])["s2"].entity_id
    with world.store.database.read() as tx:
        kept = [row[0] for row in tx.rows("SELECT theirs FROM conflict WHERE entity_id = ?", entity)]
    assert any("Boss" in str(value) for value in kept), "what the survivor held is kept as the losing value"
    assert world.store.links(world.mappings_id("shop"), ["n1"])["n1"].state is LinkState.MERGED


class DiesAfter:
    """Dies just after its n-th durable step."""

    def __init__(self, store, steps):
        self._store, self._steps = store, steps

    def __getattr__(self, name):
        return getattr(self._store, name)

    def commit(self, *args):
        self._store.commit(*args)
        self._steps -= 1
        if not self._steps:
            raise Crash


def test_what_was_sent_again_and_stays_in_doubt_is_not_read_as_another_record(world, make_stream):
    build(world, make_stream, UPSERT)
    ana(world, email=None)  # nothing to know her by but the marker

    def vanish(upsert, stream, batch):
        raise AnswerLostError("no answer")

    once(world.connectors["shop"], "upsert", vanish)
    world.sync()
    once(world.connectors["shop"], "upsert", unknown)
    report = world.sync()
    assert [trouble.connection for trouble in report.troubles] == ["shop"]
    world.sync()
    assert len(rows(world, "crm")) == len(rows(world, "shop")) == 1
    world.assert_calm()


def test_a_crash_right_after_a_create_was_found_to_be_in_doubt_forgets_no_doubt(world, make_stream):
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=NATURAL))
        world.contacts(name)
    world.sync()
    ana(world)
    world.systems["shop"].lose_answers = 1
    world.connectors["shop"].read = lambda stream, since: iter(())
    world.sync()
    store, world.store = world.store, DiesAfter(world.store, 1)
    with contextlib.suppress(Crash):
        world.sync()
    world.store = store
    world.clock.advance(600)
    world.sync()
    assert len(rows(world, "shop")) == 1


def test_a_create_is_found_by_a_unique_value_that_the_system_wrote_its_own_way(world, make_stream):
    build(world, make_stream, NATURAL)
    world.sync()
    shop = world.systems["shop"]
    shop.stores = lambda row: {**row, "email": row["email"].lower()} if row.get("email") else row
    find = world.connectors["shop"].find
    world.connectors["shop"].find = lambda stream, field, values: find(stream, field, [v.lower() for v in values])
    world.mappings[1].equal = lambda path, written, read: path == "emails[work]" and written.lower() == read
    ana(world, email="Ana@Example.com")
    shop.lose_answers = 1
    world.sync()
    world.sync()
    assert len(rows(world, "shop")) == 1
    world.assert_calm()


def test_what_a_record_found_by_a_unique_value_does_not_show_is_told_to_it(world, make_stream):
    build(world, make_stream, NATURAL, names=("crm",))
    listed = make_stream("people", writes=NATURAL, fields=FIELDS, watermark=None, deletes=Deletes.SWEEP)
    shop = world.system("shop", listed)
    world.contacts("shop")
    world.sync()
    shop.put("people", "s1", name="Ana", email="ana@example.com")  # somebody's own, which no listing shows yet
    shop.hidden = {"s1"}
    ana(world, dept="Web")
    world.connectors["shop"].upsert, upsert = _unsent, world.connectors["shop"].upsert
    world.sync()
    world.connectors["shop"].upsert, shop.hidden = upsert, set()
    world.sync()
    world.sync()
    assert rows(world, "shop") == {"s1": {"name": "Ana", "email": "ana@example.com", "dept": "Web"}}
    world.assert_calm()


def _unsent(stream, batch):
    raise AnswerLostError("the line broke before anything was sent")


@pytest.mark.parametrize("direction", ["both", "out"])
def test_a_system_that_is_added_later_is_given_everybody(two, direction):
    ana(two)
    two.sync()
    two.sync()
    two.system("erp")
    two.contacts("erp", direction=direction)
    two.sync()
    assert [row["name"] for row in rows(two, "erp").values()] == ["Ana"]
    two.assert_calm()


def test_a_mapping_that_begins_to_write_gives_what_it_held_back(two):
    former = two.mappings.pop()
    two.contacts("shop", direction="in")
    ana(two)
    two.sync()
    two.mappings[-1] = former
    former.version = "000000000000"
    two.sync()
    assert [row["name"] for row in rows(two, "shop").values()] == ["Ana"]


@pytest.mark.parametrize("writes", [LOOKUP, NATURAL], ids=["lookup", "natural"])
def test_a_lost_create_found_late_is_compared_with_what_was_sent(world, make_stream, writes):
    build(world, make_stream, writes, names=("shop", "crm"))
    world.sync()
    ana(world, "crm", title="Owner")
    world.systems["shop"].lose_answers = 1
    world.sync()
    world.systems["shop"].down = True
    ana(world, "crm", title="Boss")
    world.sync()
    world.systems["shop"].down = False
    world.sync()
    world.sync()
    for name in ("crm", "shop"):
        assert [row["title"] for row in rows(world, name).values()] == ["Boss"]
    world.assert_calm()


def test_a_system_whose_listing_broke_off_is_given_nothing_new(two):
    ana(two)
    ana(two, "shop", key="s1")
    read = two.connectors["shop"].read

    def broken(stream, since):
        raise UnreachableError("cut off")

    two.connectors["shop"].read = broken
    two.sync()
    assert len(rows(two, "shop")) == 1
    two.connectors["shop"].read = read
    two.sync()
    assert len(rows(two, "shop")) == 1
    two.assert_calm()


def test_what_a_system_adds_to_a_new_record_travels_back_in_the_same_run(two):
    two.systems["shop"].stores = lambda row: {"dept": "Web", **row}
    ana(two)
    two.sync()
    assert [row.get("dept") for row in rows(two, "crm").values()] == ["Web"]
    two.assert_calm()


def test_a_lost_create_is_found_beside_another_record_with_the_same_unique_value(world, make_stream, binding):
    build(world, make_stream, NATURAL)
    ana(world)
    world.sync()
    world.engine().split(binding("crm", "people", "contact"), "c1")
    world.systems["shop"].lose_answers = 1
    world.sync()
    world.sync()
    world.sync()
    assert len(rows(world, "shop")) == 2


def test_news_from_one_answer_is_written_elsewhere_once(world, make_stream):
    build(world, make_stream, CONDITIONAL, names=("crm", "shop", "erp"))
    world.systems["shop"].stores = lambda row: {"dept": "Web", **row}
    ana(world)
    world.sync()
    world.sync()
    assert rows(world, "erp")["n1"]["dept"] == "Web"
    assert [kind for _, kind, _ in world.systems["erp"].written] == ["create"]


def test_a_record_split_off_while_a_write_to_it_is_in_doubt_stays_split_off(world, make_stream, binding):
    build(world, make_stream, NATURAL, names=("shop", "crm"))
    ana(world, "shop", key="s1")
    ana(world, "crm", key="c1", name="Anna")
    world.systems["crm"].lose_answers = 1
    world.sync()
    apart = world.engine().split(binding("crm", "people", "contact"), "c1")
    world.sync()
    assert world.store.links(world.mappings_id("crm"), ["c1"])["c1"].entity_id == apart


def test_what_is_learnt_while_writing_to_one_system_is_not_undone_by_writing_to_the_next(world):
    for name in ("crm", "shop", "erp"):
        world.system(name)
        world.contacts(name)
    world.authority("crm", "shop", "erp")
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner", dept="A")
    world.sync()
    world.systems["crm"].put("people", "c1", title="Chair")
    connector = world.connectors["shop"]
    fetch = connector.fetch

    def busy(stream, keys):
        connector.fetch = fetch
        world.systems["shop"].put("people", keys[0], dept="B")
        return fetch(stream, keys)

    connector.fetch = busy  # somebody edits the record in the shop just before it is looked at once more
    world.sync()
    (entity,) = world.store.canonicals([world.store.links(world.mappings_id("crm"), ["c1"])["c1"].entity_id]).values()
    assert (entity.values["job_title"], entity.values["department"]) == ("Chair", "B")
    for name in ("crm", "shop", "erp"):
        assert [(row["title"], row["dept"]) for row in world.people(name)] == [("Chair", "B")]
    world.assert_calm()


def test_a_record_just_made_hears_of_what_another_systems_answer_brings_in_the_same_round(world, make_stream):
    build(world, make_stream, CONDITIONAL, names=("crm", "erp", "shop"))
    world.systems["shop"].stores = lambda row: {"dept": "Web", **row}
    ana(world)
    world.sync()
    world.sync()
    assert [rows(world, name)[key]["dept"] for name, key in (("crm", "c1"), ("erp", "n1"))] == ["Web", "Web"]


def test_a_value_that_can_be_read_again_under_the_same_version_is_not_overwritten_unseen(world, make_stream):
    build(world, make_stream, LOOKUP)
    shown = world.connectors["crm"]._record

    def without_dept(stream, key):
        record = shown(stream, key)
        return record._replace(data={name: value for name, value in record.data.items() if name != "dept"})

    ana(world, dept="Sales")
    world.connectors["crm"]._record = without_dept  # nobody may read the field for a while
    world.sync()
    ana(world, key="c2", name="Bo", email="bo@example.com")
    world.sync()  # and c1 is not listed any more
    world.connectors["crm"]._record = shown
    world.systems["shop"].put("people", "n1", dept="Web")
    world.sync()
    (entity,) = world.store.links(world.mappings_id("crm"), ["c1"]).values()
    with world.store.database.read() as tx:
        texts = [str(text) for (text,) in tx.rows("SELECT theirs FROM conflict UNION SELECT old FROM history")]
    known = " ".join([*texts, *map(str, world.store.canonicals([entity.entity_id])[entity.entity_id].values.values())])
    assert "Sales" in known
    assert "Web" in known


@pytest.mark.parametrize("rest", [{}, {"title": None}], ids=["not shown", "shown as empty"])
@pytest.mark.parametrize("writes", [LOOKUP, UPSERT, NATURAL], ids=["lookup", "upsert", "natural"])
def test_what_a_create_in_steps_never_came_to_is_written_and_empties_nothing(world, make_stream, writes, rest):
    build(world, make_stream, replace(writes, in_steps=True))
    world.sync()
    ana(world, title="Owner")

    def halfway(upsert, stream, batch):
        first = {name: value for name, value in batch[0].fields.items() if name != "title"}
        upsert(stream, [batch[0]._replace(fields={**first, **rest})])
        raise AnswerLostError("no answer to the second step")

    once(world.connectors["shop"], "upsert", halfway)
    world.sync()
    world.sync()
    for name in ("crm", "shop"):
        assert [row["title"] for row in rows(world, name).values()] == ["Owner"]
    world.assert_calm()


@pytest.mark.parametrize("kind", [OutcomeKind.REFUSED, OutcomeKind.RETRY, OutcomeKind.UNKNOWN])
@pytest.mark.parametrize("writes", [LOOKUP, NATURAL], ids=["lookup", "natural"])
def test_a_create_of_which_a_part_went_wrong_is_known_for_what_it_made(world, make_stream, writes, kind):
    build(world, make_stream, writes, match=Match())
    world.sync()
    ana(world, title="Owner")

    def in_part(upsert, stream, batch):
        first = {name: value for name, value in batch[0].fields.items() if name != "title"}
        (made,) = upsert(stream, [batch[0]._replace(fields=first)])
        return [made._replace(kind=kind, code="no-titles", record=None)]

    once(world.connectors["shop"], "upsert", in_part)
    world.systems["shop"].refuses = lambda row: "no-titles" if row.keys() == {"title"} else None
    world.sync()
    world.sync()
    (refused,) = parked(world, "shop", Side.OUT, Why.DEAD)
    assert (refused.code, refused.data) == ("no-titles", {"title": "Owner"})
    assert [row["title"] for row in rows(world, "crm").values()] == ["Owner"], "nobody emptied it"
    world.systems["shop"].put("people", "n1", name="Anna")
    world.sync()
    assert [row["name"] for row in rows(world, "crm").values()] == ["Anna"]
    assert len(rows(world, "shop")) == 1
    world.systems["shop"].refuses = lambda row: None
    world.engine().retry([refused.id])
    world.sync()
    assert [row["title"] for row in rows(world, "shop").values()] == ["Owner"]
    world.assert_calm()


def test_one_record_that_stays_in_doubt_does_not_keep_a_system_shut(world, make_stream):
    build(world, make_stream, UPSERT)
    world.sync()
    ana(world)
    shop = world.connectors["shop"]
    shop.upsert = lambda _, batch: [Outcome(OutcomeKind.UNKNOWN) for _ in batch]
    world.sync()
    assert world.sync().status == "failed", "what was made there would be taken for somebody's new record"
    world.systems["shop"].put("people", "s9", name="Bo", email="bo@example.com")
    world.clock.advance(3700)
    assert not world.sync().troubles
    assert sorted(row["name"] for row in rows(world, "crm").values()) == ["Ana", "Bo"]
    (asked,) = parked(world, "shop", Side.OUT, Why.DISPUTED)
    assert asked.data["name"] == "Ana"


@pytest.mark.parametrize("kind", [OutcomeKind.RETRY, OutcomeKind.THROTTLED])
def test_a_lost_create_that_could_not_be_sent_again_is_still_looked_up(world, make_stream, kind):
    build(world, make_stream, UPSERT, match=Match())
    world.sync()
    ana(world)
    shop = world.connectors["shop"]
    once(shop, "upsert", lambda upsert, stream, batch: [Outcome(OutcomeKind.UNKNOWN) for _ in batch])
    world.sync()

    def later(upsert, stream, batch):  # what was sent first is there by now; what is sent now, is not carried out
        upsert(stream, batch)
        return [Outcome(kind) for _ in batch]

    once(shop, "upsert", later)
    world.sync()
    world.sync()
    assert len(rows(world, "shop")) == 1
    assert len(rows(world, "crm")) == 1
    world.assert_calm()


class SleepsAfter:
    """A store after whose ``number``-th call of ``deed`` the process stands still, while something else goes on."""

    def __init__(self, store, deed, number, meanwhile):
        self._store, self._deed, self._left, self._meanwhile = store, deed, number, meanwhile

    def __getattr__(self, name):
        found = getattr(self._store, name)
        if name != self._deed:
            return found

        def deed(*args, **kwargs):
            result = found(*args, **kwargs)
            self._left -= 1
            if self._left == 0:
                self._meanwhile()
            return result

        return deed


@pytest.mark.parametrize(
    ("deed", "numbers"), [("intend", range(1, 2)), ("commit", range(1, 9))], ids=["intend", "commit"]
)
def test_who_stood_still_until_another_took_over_sends_nothing_any_more(world, make_stream, deed, numbers):
    build(world, make_stream, LOOKUP)
    world.sync()
    store = world.store
    for number in numbers:
        for at in range(4):
            ana(world, key=f"{deed}{number}{at}", name="Ana", email=f"{deed}{number}{at}@example.com")

        def another():
            world.clock.advance(600)
            world.store = store
            world.sync()

        world.store = SleepsAfter(store, deed, number, another)
        world.sync()
        world.store = store
        world.sync()
        assert len(rows(world, "shop")) == len(rows(world, "crm"))
    world.assert_calm()


def test_a_record_that_may_not_be_seen_keeps_no_deletion_of_another_from_being_noticed(world, make_stream):
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", fields=FIELDS, deletes=Deletes.SWEEP))
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    world.authority("crm", "shop")
    for at in range(3):
        ana(world, key=f"c{at}", name=f"N{at}", email=f"n{at}@example.com")
    world.sync()
    world.systems["crm"].hidden.add("c0")
    world.systems["crm"].drop("people", "c1")
    fetch = world.connectors["crm"].fetch
    world.connectors["crm"].fetch = lambda stream, keys: fetch(stream, [key for key in keys if key != "c0"])
    report = world.sync(sweep=True, release=["all"])
    assert "heard nothing of 1" in report.troubles[0].message
    assert sorted(row["name"] for row in rows(world, "shop").values()) == ["N0", "N2"]


def test_a_record_with_a_value_that_could_not_be_read_is_deleted_once_somebody_corrected_it(world):
    both = {"on_delete_in": OnDelete.DELETE, "on_delete_out": OnDelete.DELETE}
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, valid=lambda _, value: value != "?", **both)
    ana(world)
    world.sync()
    world.systems["shop"].put("people", "n1", title="?")
    world.sync()
    world.systems["crm"].drop("people", "c1")
    world.sync(release=["all"])
    assert rows(world, "shop")["n1"]["title"] == "?"
    world.systems["shop"].put("people", "n1", title="Chair")
    world.sync(release=["all"])
    assert rows(world, "shop") == {}


def test_a_record_that_was_linked_once_is_not_what_came_of_a_lost_create(world, make_stream):
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=NATURAL, fields=FIELDS))
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.IGNORE, match=Match())
    ana(world)
    world.sync()
    world.systems["crm"].drop("people", "c1")  # Ana is gone, and her record in the shop is kept
    world.sync(release=["all"])
    ana(world, key="c2")
    store, world.store = world.store, DiesBeforeTheCall(world.store)
    with contextlib.suppress(Crash):
        world.sync()
    world.store = store
    world.clock.advance(600)
    world.sync()
    assert world.store.links(world.mappings_id("shop"), ["n1"])["n1"].state is LinkState.GONE
    assert len(rows(world, "shop")) == 2
