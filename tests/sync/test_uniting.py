"""Two entities turn out to be one: what the kept one takes over, and what never comes back."""

from __future__ import annotations

import pytest

from connectors.contract import Replay, Writes
from mappings.contract import Match, OnDelete, StrongRule
from model.errors import StateError
from state.reports import Reports
from sync.decision import EntityState, LinkState, Side, Why

CONDITIONAL = Writes(batch=2, replay=Replay.LOOKUP, marker="hub", conditional=True)
CONSENT = {
    "emails[work]": "email",
    "consents[email:marketing].status": "consent",
    "consents[email:marketing].at": "at",
}
ADDRESS = {
    "emails[work]": "email",
    "addresses[billing].street": "street",
    "addresses[billing].city": "city",
    "addresses[billing].postal_code": "code",
}


def entity(world, name, key):
    return world.store.links(world.mappings_id(name), [key])[key].entity_id


def pair(world, first=("crm", "c1"), second=("crm", "c2")):
    return entity(world, *first), entity(world, *second)


def values(world, entity_id):
    return world.store.canonicals([entity_id])[entity_id].values


def rows(world, name, stream="people"):
    return world.systems[name].table(stream).rows


def parked(world, name, why=Why.DISPUTED, side=Side.IN):
    return [one for page in world.store.all_parked(world.mappings_id(name), side, why, 9) for one in page]


@pytest.fixture
def ana_twice(two):
    """Ana is in the CRM twice, and so in the shop: c1 and n1, c2 and n2."""
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.systems["crm"].put("people", "c2", name="Anna", email="anna@example.com", dept="Sales")
    two.sync()
    assert len(two.people("shop")) == 2
    return two


def test_every_record_of_both_shows_the_kept_values_and_what_only_the_other_knew(ana_twice):
    keep, drop = pair(ana_twice)
    union = ana_twice.engine().unite(keep, drop)
    assert (union.gained, union.given_up) == (("department",), ("emails[work]", "full_name"))
    assert {key for _, key, _ in union.records} == {"c2", entity_key(ana_twice, keep, "shop", other=True)}
    ana_twice.sync()
    shown = {"name": "Ana", "email": "ana@example.com", "title": "Owner", "dept": "Sales"}
    for name in ("crm", "shop"):
        assert ana_twice.people(name) == [shown, shown]
    ana_twice.assert_calm()


def entity_key(world, keep, name, *, other):
    """The record of ``keep`` in a stream that was (or was not) another entity's before: found by its marker."""
    (key,) = [key for key, row in rows(world, name).items() if (row["hub"] != keep) is other]
    return key


def test_nothing_is_written_where_the_records_show_the_kept_values_already(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.systems["crm"].put("people", "c2", name="Ana")
    two.sync()
    before = two.writes()
    two.engine().unite(*pair(two))
    two.sync()
    assert two.writes() == before + 2, "the two records without an address get one"
    two.assert_calm()


def test_what_a_system_writes_in_its_own_way_is_not_written_again(two):
    shop = two.systems["shop"]
    shop.stores = lambda row: {**row, "name": row["name"].upper()} if "name" in row else row
    for key in ("c1", "c2"):
        two.systems["crm"].put("people", key, name="Ana", title="Owner")
    two.sync()
    before = two.writes()
    two.engine().unite(*pair(two))
    two.sync()
    assert two.writes() == before
    two.mappings[1].equal = lambda path, written, read: path == "full_name" and (written or "").upper() == read
    two.systems["crm"].put("people", "c3", name="ANA", title="Owner")
    two.sync()
    before = two.writes()
    two.engine().unite(entity(two, "crm", "c1"), entity(two, "crm", "c3"))
    two.sync()
    assert two.writes() == before + 1, "the CRM tells the two ways apart, the shop does not"
    two.assert_calm()


def test_what_a_record_was_not_told_yet_is_told_by_the_kept_entity(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.systems["crm"].put("people", "c2", name="Anna", email="anna@example.com", title="Owner")
    two.systems["shop"].put("people", "s2", name="Anna", email="anna@example.com")  # says nothing about a title
    two.systems["shop"].refuses = lambda row: "shut"
    two.sync()
    two.engine().unite(*pair(two))
    two.systems["shop"].refuses = lambda row: None
    two.sync()
    assert {row["title"] for row in two.people("shop")} == {"Owner"}
    two.assert_calm()


def test_both_values_are_kept_and_the_story_of_each_names_the_other(ana_twice):
    keep, drop = pair(ana_twice)
    ana_twice.engine().unite(keep, drop)
    reports = Reports(ana_twice.store.database, ana_twice.clock)
    told = str(reports.timeline(keep))
    assert "Anna" in told
    assert drop in told
    ended = reports.record(drop)
    assert (ended.state, ended.merged_into, ended.links) == ("merged", keep, ())
    assert {one.path: one.value for one in ended.fields}["full_name"] == "Anna"
    assert reports.record(keep).merged_into is None
    (department,) = [one for one in reports.record(keep).fields if one.path == "department"]
    assert (department.source, department.why) == ("crm", "merged")


def test_later_edits_of_any_record_reach_all_the_others(ana_twice):
    ana_twice.engine().unite(*pair(ana_twice))
    ana_twice.sync()
    ana_twice.systems["shop"].put("people", "n2", title="Chair")
    ana_twice.systems["crm"].put("people", "c1", dept="Board")
    ana_twice.sync()
    for name in ("crm", "shop"):
        assert {(row["title"], row["dept"]) for row in ana_twice.people(name)} == {("Chair", "Board")}
    ana_twice.assert_calm()


def test_an_edit_that_nobody_had_read_yet_is_not_lost(ana_twice):
    keep, drop = pair(ana_twice)
    ana_twice.systems["crm"].put("people", "c2", title="Chair", name="Annie")
    ana_twice.engine().unite(keep, drop)
    ana_twice.sync()
    with ana_twice.store.database.read() as tx:
        kept = str(tx.rows("SELECT theirs, ours FROM conflict WHERE entity_id = ?", keep))
    assert "Annie" in kept
    assert values(ana_twice, keep)["full_name"] in ("Ana", "Annie")
    ana_twice.assert_calm()


def test_a_record_deleted_in_a_system_is_not_created_there_again(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.sync()
    two.systems["shop"].drop("people", "n1")
    two.sync()
    two.mappings[1].create_out = False
    two.systems["crm"].put("people", "c2", name="Anna", email="anna@example.com")
    two.sync()
    two.mappings[1].create_out = True
    drop, keep = pair(two)
    two.engine().unite(keep, drop)
    two.sync()
    assert two.people("shop") == []
    assert [link.state for link in two.store.links_of([keep])[keep] if link.binding.connection == "shop"] == [
        LinkState.GONE
    ]
    two.assert_calm()


def test_the_question_about_a_deletion_is_about_the_kept_one_then(ana_twice):
    keep, drop = pair(ana_twice)
    ana_twice.systems["shop"].drop("people", "n2")
    ana_twice.sync()
    ana_twice.engine().unite(keep, drop)
    (question,) = parked(ana_twice, "shop")
    assert question.candidates == (keep,)
    ana_twice.engine().settle_deletion(question.id, everywhere=False)
    ana_twice.sync()
    assert {row["name"] for row in ana_twice.people("crm")} == {"Ana"}
    assert len(ana_twice.people("shop")) == 1
    ana_twice.assert_calm()


@pytest.mark.parametrize("kept", [0, 1])
def test_an_opt_out_of_either_stands_even_against_a_later_opt_in_of_the_other(world, kept):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=CONSENT)
    world.authority("crm", "shop")
    put = world.systems["crm"].put
    put("people", "c1", email="ana@example.com", consent="opted_out", at="2026-01-01T00:00:00Z")
    put("people", "c2", email="anna@example.com", consent="opted_in", at="2026-06-01T00:00:00Z")
    world.sync()
    both = pair(world)
    world.engine().unite(both[kept], both[1 - kept])
    world.sync()
    assert {row["consent"] for name in ("crm", "shop") for row in world.people(name)} == {"opted_out"}
    assert {row["at"] for name in ("crm", "shop") for row in world.people(name)} == {"2026-01-01T00:00:00Z"}
    world.assert_calm()


def test_half_of_one_address_never_completes_half_of_another(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=ADDRESS)
    world.authority("crm", "shop")
    world.systems["crm"].put("people", "c1", email="ana@example.com", city="Berlin", street="Main 1")
    world.systems["crm"].put("people", "c2", email="anna@example.com", city="Bonn", code="53111")
    world.sync()
    keep, drop = pair(world)
    world.engine().unite(keep, drop)
    world.sync()
    shown = {(row["city"], row["street"], row.get("code")) for name in ("crm", "shop") for row in world.people(name)}
    assert shown == {("Berlin", "Main 1", None)}
    world.assert_calm()


def test_a_missing_address_is_taken_over_whole(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=ADDRESS)
    world.systems["crm"].put("people", "c1", email="ana@example.com")
    world.systems["crm"].put("people", "c2", email="anna@example.com", city="Bonn", code="53111")
    world.sync()
    world.engine().unite(*pair(world))
    world.sync()
    shown = {(row["city"], row["code"]) for name in ("crm", "shop") for row in world.people(name)}
    assert shown == {("Bonn", "53111")}
    world.assert_calm()


def test_tags_of_both_are_kept(world):
    rules = {"emails[work]": "email", "tags": "tags"}
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=rules)
    world.systems["crm"].put("people", "c1", email="ana@example.com", tags=["a", "c"])
    world.systems["crm"].put("people", "c2", email="anna@example.com", tags=["b", "c"])
    world.sync()
    world.engine().unite(*pair(world))
    world.sync()
    assert all(row["tags"] == ["a", "b", "c"] for name in ("crm", "shop") for row in world.people(name))
    world.assert_calm()


# References


NAME = Match(strong=(StrongRule(paths=("name",)),))
MEMBER = Match(strong=(StrongRule(paths=("emails[work]",)), StrongRule(paths=("full_name", "account"))))


@pytest.fixture
def firms(world, make_stream, plain):
    """Two firms, f1 and f2, each with a person, p1 and p2, in two systems."""
    for name in ("erp", "crm"):
        world.system(name, make_stream("firms"), make_stream("people", parents=("firms",)))
        rules = {"name": "name", "parent": "parent", "website": "site"}
        world.mappings.append(plain(name, "firms", "account", rules, match=NAME, references={"parent": "firms"}))
        people = {"full_name": "name", "emails[work]": "email", "account": "firm", "job_title": "title"}
        world.contacts(name, rules=people, references={"account": "firms"}, match=MEMBER)
    world.authority("erp", "crm")
    world.systems["erp"].put("firms", "f1", name="Acme")
    world.systems["erp"].put("firms", "f2", name="Acme Ltd", site="acme.example")
    world.systems["erp"].put("people", "p1", name="Ana", email="ana@example.com", firm="f1")
    world.systems["erp"].put("people", "p2", name="Bo", email="bo@example.com", firm="f2")
    world.sync()
    return world


def firm(world, binding, key):
    return world.store.links(binding("erp", "firms", "account"), [key])[key].entity_id


def unite_firms(world, binding, keep="f1", drop="f2"):
    keep, drop = firm(world, binding, keep), firm(world, binding, drop)
    return keep, drop, world.engine().unite(keep, drop)


def test_whoever_pointed_to_the_one_points_to_the_other_and_nobody_is_written_for_it(firms, binding):
    keep, drop, union = unite_firms(firms, binding)
    assert union.referring == 1
    bo = entity(firms, "erp", "p2")
    assert values(firms, bo)["account"] == keep
    with firms.store.database.read() as tx:
        (row,) = tx.rows("SELECT old, new, why FROM history WHERE entity_id = ? AND path = 'account'", bo)
    assert (drop in row[0], keep in row[1], row[2]) == (True, True, "merged")
    for name in ("erp", "crm"):
        firms.systems[name].written.clear()
    firms.sync()
    written = [at for name in ("erp", "crm") for at in firms.systems[name].written]
    assert {stream for stream, _, _ in written} == {"firms"}
    assert all(row["site"] == "acme.example" for name in ("erp", "crm") for row in rows(firms, name, "firms").values())
    firms.assert_calm()


def test_a_person_who_changes_to_either_record_of_the_firm_stays_where_they_are(firms, binding):
    keep, _, _ = unite_firms(firms, binding)
    firms.sync()
    before = firms.writes()
    firms.systems["erp"].put("people", "p2", firm="f1")
    firms.sync()
    assert firms.writes() == before
    firms.systems["erp"].put("people", "p3", name="Cy", email="cy@example.com", firm="f2")
    firms.sync()
    assert values(firms, entity(firms, "erp", "p3"))["account"] == keep
    firms.assert_calm()


def test_people_of_a_firm_whose_record_was_deleted_in_a_system_move_to_the_kept_one_there(firms, binding):
    (gone,) = [key for key, row in rows(firms, "crm", "firms").items() if row["name"] == "Acme Ltd"]
    (kept,) = rows(firms, "crm", "firms").keys() - {gone}
    firms.systems["crm"].drop("firms", gone)
    firms.sync()
    unite_firms(firms, binding)
    firms.sync()
    assert {row["firm"] for row in rows(firms, "crm").values()} == {kept}
    firms.assert_calm()


def test_a_move_to_a_third_firm_that_one_system_was_not_told_yet_is_not_taken_back(firms, binding):
    firms.authority("crm", "erp")
    firms.systems["erp"].put("firms", "f3", name="Other")
    firms.sync()
    firms.systems["crm"].down = True
    firms.systems["erp"].put("people", "p2", firm="f3")
    firms.sync()
    unite_firms(firms, binding)
    firms.systems["crm"].down = False
    (bo,) = [key for key, row in rows(firms, "crm").items() if row["name"] == "Bo"]
    firms.systems["crm"].put("people", bo, title="Chair")
    firms.sync()
    assert (rows(firms, "erp")["p2"]["firm"], rows(firms, "erp")["p2"]["title"]) == ("f3", "Chair")
    (other,) = [key for key, row in rows(firms, "crm", "firms").items() if row["name"] == "Other"]
    assert rows(firms, "crm")[bo]["firm"] == other
    firms.assert_calm()


@pytest.mark.parametrize(("keep", "drop", "left"), [("f2", "f1", True), ("f3", "f1", False), ("f1", "f3", False)])
def test_a_choice_between_two_firms_never_leads_to_the_one_that_ended(firms, binding, keep, drop, left):
    firms.authority(rule="manual", path="account")
    firms.systems["erp"].put("firms", "f3", name="Other")
    firms.sync()
    acme = rows(firms, "crm")[next(key for key, row in rows(firms, "crm").items() if row["name"] == "Ana")]["firm"]
    (bo,) = [key for key, row in rows(firms, "crm").items() if row["name"] == "Bo"]
    firms.systems["erp"].put("people", "p2", firm="f3")
    firms.systems["crm"].put("people", bo, firm=acme)
    firms.sync()
    kept, _, _ = unite_firms(firms, binding, keep, drop)
    person = entity(firms, "erp", "p2")
    conflicts = firms.store.open_conflicts([person])
    assert bool(conflicts) is left, "there is no choice where both are one firm"
    if left:
        firms.engine().resolve(conflicts[person]["account"].id, "theirs")
    assert values(firms, person)["account"] == kept
    firms.sync()
    firms.assert_calm()


def test_people_are_found_by_the_kept_firm(firms, binding):
    keep, _, _ = unite_firms(firms, binding)
    index = firms.engine().hub.indexes["contact"]
    bo = entity(firms, "erp", "p2")
    found = index.keys_for(("full_name", "account"), values(firms, bo))
    assert firms.store.candidates("contact", found) == {key: [bo] for key in found}
    firms.systems["crm"].put("people", "x9", name="Bo", firm=next(iter(rows(firms, "crm", "firms"))))
    firms.sync()
    assert keep in str(values(firms, bo))
    assert [question.candidates for question in parked(firms, "crm")] == [(bo,)], "recognised, and his place is taken"


def test_nobody_becomes_their_own_parent(firms, binding):
    firms.systems["erp"].put("firms", "f1", parent="f2")
    firms.sync()
    keep, _, _ = unite_firms(firms, binding)
    assert values(firms, keep)["parent"] is None
    firms.sync()
    assert not any(row.get("parent") for name in ("erp", "crm") for row in rows(firms, name, "firms").values())
    firms.assert_calm()
    firms.systems["erp"].put("firms", "f3", name="Holding")
    firms.systems["erp"].put("firms", "f2", parent="f3")
    firms.sync()
    assert values(firms, keep)["parent"] == firm(firms, binding, "f3")


def test_a_child_that_became_the_parent_of_its_parent_ends_without_one(firms, binding):
    firms.systems["erp"].put("firms", "f2", parent="f1")
    firms.sync()
    keep, _, _ = unite_firms(firms, binding)
    assert values(firms, keep)["parent"] is None
    firms.sync()
    assert not any(row.get("parent") for name in ("erp", "crm") for row in rows(firms, name, "firms").values())
    firms.assert_calm()


# Questions and doubts


def test_two_records_merged_in_a_system_are_one_when_a_person_says_so(ana_twice):
    keep, drop = pair(ana_twice)
    ana_twice.systems["crm"].drop("people", "c2", into="c1")
    ana_twice.sync()
    (question,) = parked(ana_twice, "crm")
    with pytest.raises(StateError, match="name the entity to keep"):
        ana_twice.engine().settle_match(question.id, None)
    assert ana_twice.engine().settle_match(question.id, keep) == keep
    assert parked(ana_twice, "crm") == []
    report = ana_twice.sync()
    assert report.conflicts == 0
    assert ana_twice.store.canonicals([drop])[drop].state is EntityState.MERGED
    assert {row["name"] for name in ("crm", "shop") for row in ana_twice.people(name)} == {"Ana"}
    ana_twice.assert_calm()


def test_the_entity_of_the_record_that_is_gone_may_be_the_one_that_is_kept(ana_twice):
    gone, there = pair(ana_twice)
    ana_twice.systems["crm"].drop("people", "c1", into="c2")
    ana_twice.sync()
    (question,) = parked(ana_twice, "crm")
    ana_twice.engine().settle_match(question.id, gone)
    ana_twice.sync()
    assert [row["name"] for row in ana_twice.people("crm")] == ["Ana"]
    assert {row["name"] for row in ana_twice.people("shop")} == {"Ana"}
    assert ana_twice.store.canonicals([there])[there].state is EntityState.MERGED
    ana_twice.assert_calm()


@pytest.mark.parametrize("kept", [0, -1])
def test_three_records_merged_into_one_are_one_after_two_answers(two, kept):
    for number in (1, 2, 3):
        two.systems["crm"].put("people", f"c{number}", name=f"A{number}", email=f"a{number}@example.com")
    two.sync()
    for number in (2, 3):
        two.systems["crm"].drop("people", f"c{number}", into="c1")
    two.sync()
    while questions := parked(two, "crm"):
        two.engine().settle_match(questions[0].id, questions[0].candidates[kept])
    two.sync()
    two.sync()
    entities = {entity(two, "crm", f"c{number}") for number in (1, 2, 3)}
    assert len(entities) == 1
    assert len({row["name"] for name in ("crm", "shop") for row in two.people(name)}) == 1
    two.assert_calm()


def test_a_question_to_which_one_entity_was_deleted_says_so_and_can_be_discarded(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.IGNORE)
    for key in ("c1", "c2"):
        world.systems["crm"].put("people", key, name=key, email=f"{key}@example.com")
    world.sync()
    keep, drop = pair(world)
    world.systems["crm"].drop("people", "c2", into="c1")
    world.sync()
    (key,) = [key for key, row in rows(world, "shop").items() if row["hub"] == drop]
    world.systems["shop"].drop("people", key)
    world.sync()
    (question,) = parked(world, "crm")
    with pytest.raises(StateError, match="was deleted"):
        world.engine().settle_match(question.id, keep)
    assert world.engine().discard([question.id]) == 1


def test_what_cannot_be_read_in_a_record_is_not_overwritten_by_the_kept_value(world):
    world.system("crm")
    world.system("shop")
    world.contacts("crm", valid=lambda path, value: path != "job_title" or value != "???")
    world.contacts("shop")
    put = world.systems["crm"].put
    put("people", "c1", name="Ana", title="Owner")
    put("people", "c2", name="Ana", title="???")
    world.sync()
    world.engine().unite(*pair(world))
    world.sync()
    assert [(row["name"], row["title"]) for row in world.people("crm")] == [("Ana", "???"), ("Ana", "Owner")]
    put("people", "c2", title="Chief")
    report = world.sync()
    assert (report.dead, report.conflicts) == (0, 1), "what could not be read was never agreed on"
    world.assert_calm()


def test_half_an_address_edited_before_the_kept_one_was_written_is_settled_as_a_whole(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=ADDRESS)
    world.authority("shop", "crm")
    world.systems["crm"].put("people", "c1", email="ana@example.com", city="Berlin", street="Main 1")
    world.systems["crm"].put("people", "c2", email="anna@example.com", city="Bonn", street="Side 2")
    world.sync()
    keep, drop = pair(world)
    (second,) = [key for key, row in rows(world, "shop").items() if row["hub"] == drop]
    world.engine().unite(keep, drop)
    world.systems["shop"].put("people", second, city="Cologne")
    world.sync()
    world.sync()
    shown = {(row["city"], row["street"]) for name in ("crm", "shop") for row in world.people(name)}
    assert shown == {("Cologne", "Side 2")}, "never the street of the one with the city of the other"
    world.assert_calm()


def test_a_disputed_match_names_the_kept_one_then(ana_twice):
    ana_twice.systems["crm"].put("people", "c9", name="Ana", email="anna@example.com")
    ana_twice.sync()
    keep, drop = pair(ana_twice)
    (question,) = parked(ana_twice, "crm")
    assert question.candidates == (drop,)
    ana_twice.engine().unite(keep, drop)
    (question,) = parked(ana_twice, "crm")
    assert question.candidates == (keep,)
    with pytest.raises(StateError, match="merged into another"):
        ana_twice.engine().settle_match(question.id, drop)
    ana_twice.engine().settle_match(question.id, keep)
    ana_twice.sync()
    assert {row["name"] for row in ana_twice.people("crm")} == {"Ana"}
    ana_twice.assert_calm()


def test_what_a_system_refuses_because_there_are_two_is_written_when_they_are_merged_there(ana_twice):
    shop = ana_twice.systems["shop"]

    def taken(row):
        return "taken" if row.get("email") in {r["email"] for r in rows(ana_twice, "shop").values()} else None

    shop.refuses = taken
    keep, drop = pair(ana_twice)
    ana_twice.engine().unite(keep, drop)
    assert ana_twice.sync().dead == 1
    second = entity_key(ana_twice, keep, "shop", other=True)
    shop.drop("people", second, into=entity_key(ana_twice, keep, "shop", other=False))
    report = ana_twice.sync()
    assert (report.dead, report.left) == (0, {})
    ana_twice.assert_calm()


def test_what_was_refused_of_the_one_that_ends_is_forgotten(ana_twice):
    keep, drop = pair(ana_twice)
    ana_twice.systems["shop"].refuses = lambda row: "bad" if row.get("title") == "Bad" else None
    ana_twice.systems["crm"].put("people", "c2", title="Bad")
    assert ana_twice.sync().dead == 1
    ana_twice.engine().unite(keep, drop)
    assert parked(ana_twice, "shop", Why.DEAD, Side.OUT) == []
    assert ana_twice.sync().dead == 0
    ana_twice.assert_calm()


def test_an_open_conflict_of_the_one_that_ends_ends_with_it_and_that_of_the_other_stays(ana_twice):
    ana_twice.authority(rule="manual", path="job_title")
    for key, other in (("c1", "n1"), ("c2", "n2")):
        ana_twice.systems["crm"].put("people", key, title=f"C {key}")
        ana_twice.systems["shop"].put("people", other, title=f"S {key}")
    ana_twice.sync()
    keep, drop = pair(ana_twice)
    assert ana_twice.engine().unite(keep, drop).conflicts == 1
    left = ana_twice.store.open_conflicts([keep, drop])
    assert list(left) == [keep]
    ana_twice.sync()
    ana_twice.engine().resolve(left[keep]["job_title"].id, value="Chair")
    ana_twice.sync()
    assert {row["title"] for name in ("crm", "shop") for row in ana_twice.people(name)} == {"Chair"}
    ana_twice.assert_calm()


def test_a_write_without_an_answer_is_looked_up_first(ana_twice):
    keep, drop = pair(ana_twice)
    ana_twice.systems["crm"].put("people", "c2", title="Chair")
    ana_twice.systems["shop"].lose_answers = 1
    ana_twice.sync()
    with pytest.raises(StateError, match="no answer came"):
        ana_twice.engine().unite(keep, drop)
    ana_twice.sync()
    ana_twice.engine().unite(keep, drop)
    ana_twice.sync()
    assert {row["name"] for name in ("crm", "shop") for row in ana_twice.people(name)} == {"Ana"}
    ana_twice.assert_calm()


def test_a_create_in_doubt_is_not_sent_for_the_kept_one_either(world, make_stream):
    natural = Writes(batch=2, replay=Replay.NATURAL)
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=natural))
        world.contacts(name)
    world.sync()
    world.mappings[1].direction = type(world.mappings[1].direction)("out")  # the shop is not read
    shop = world.systems["shop"]
    world.systems["crm"].put("people", "c2", name="Anna", email="anna@example.com")
    shop.lose_answers = 1
    world.sync()
    world.sync()
    assert len(parked(world, "shop", Why.DISPUTED, Side.OUT)) == 1
    shop.refuses = lambda row: "shut"
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    world.sync()
    keep, drop = pair(world)
    world.engine().unite(keep, drop)
    shop.refuses = lambda row: None
    world.sync()
    assert len(world.people("shop")) == 1
    (doubt,) = parked(world, "shop", Why.DISPUTED, Side.OUT)
    assert doubt.key == keep


# What cannot be


def test_unknown_ended_and_unlike_entities_are_refused_and_nothing_changes(firms, binding):
    engine, ana, bo = firms.engine(), entity(firms, "erp", "p1"), entity(firms, "erp", "p2")
    acme = firm(firms, binding, "f1")
    for keep, drop, said in (
        (ana, "nobody", "there is no entity nobody"),
        ("nobody", ana, "there is no entity nobody"),
        (ana, ana, "one entity already"),
        (ana, acme, "contact and"),
    ):
        with pytest.raises(StateError, match=said):
            engine.unite(keep, drop)
        with pytest.raises(StateError, match=said):
            engine.foretell_union(keep, drop)
    engine.unite(ana, bo)
    for keep, drop in ((ana, bo), (bo, ana)):
        with pytest.raises(StateError, match="merged into another"):
            engine.unite(keep, drop)


def test_a_deleted_entity_is_refused(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    for key in ("c1", "c2"):
        world.systems["crm"].put("people", key, name=key, email=f"{key}@example.com")
    world.sync()
    keep, drop = pair(world)
    world.systems["crm"].drop("people", "c2")
    world.sync()
    with pytest.raises(StateError, match="was deleted"):
        world.engine().unite(keep, drop)


def test_what_is_foretold_is_what_happens_and_foretelling_changes_nothing(ana_twice):
    keep, drop = pair(ana_twice)
    engine = ana_twice.engine()
    foretold = engine.foretell_union(keep, drop)
    assert ana_twice.store.canonicals([drop])[drop].state is EntityState.LIVE
    before = ana_twice.writes()
    ana_twice.sync()
    assert ana_twice.writes() == before
    assert engine.unite(keep, drop) == foretold


def test_two_live_records_of_one_entity_are_written_one_after_the_other(world, make_stream):
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=CONDITIONAL))
        world.contacts(name)
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    for number in range(2, 5):
        world.systems["crm"].put("people", f"c{number}", name=f"A{number}", email=f"a{number}@example.com")
    world.sync()
    keep = entity(world, "crm", "c1")
    for number in range(2, 5):
        world.engine().unite(keep, entity(world, "crm", f"c{number}"))
    for _ in range(2):
        world.sync()
    assert {row["name"] for name in ("crm", "shop") for row in world.people(name)} == {"Ana"}
    world.assert_calm()


def test_what_was_united_by_mistake_is_split_again(ana_twice):
    ana_twice.engine().unite(*pair(ana_twice))
    ana_twice.sync()
    ana_twice.systems["crm"].put("people", "c2", name="Eva", email="eva@example.com")
    founded = ana_twice.engine().split(ana_twice.mappings_id("crm"), "c2")
    ana_twice.sync()
    assert values(ana_twice, founded)["full_name"] == "Eva"
    assert {row["name"] for row in ana_twice.people("crm")} == {"Ana", "Eva"}
    ana_twice.assert_calm()
