"""Why a record is one of an entity's: whoever asks is told, for every way in which a record gets there."""

from __future__ import annotations

from connectors.contract import Field, Replay, Writes
from mappings.contract import Match, ScoredRule, StrongRule
from state.reports import Reports
from state.views import How
from sync.decision import Side, Why

BY_NAME = Match(
    scored=ScoredRule(weights={"full_name": 2.0, "job_title": 1.0}, blocks=(("full_name",),), link_at=0.8),
)


def entity_of(world, name, key):
    return world.store.links(world.mappings_id(name), [key])[key].entity_id


def origin(world, name, key):
    """Of one record, as people are told."""
    at = world.mappings_id(name)
    shown = Reports(world.store.database, world.clock).record(entity_of(world, name, key))
    return shown.origins[at, key]


def history(world):
    with world.store.database.read() as tx:
        return [tuple(row) for row in tx.rows("SELECT key, why FROM history WHERE path = '' ORDER BY id")]


def question(world, name):
    ((row,),) = [list(page) for page in world.store.all_parked(world.mappings_id(name), Side.IN, Why.DISPUTED, 9)]
    return row


def ana(world, name, key, **more):
    world.systems[name].put("people", key, name="Ana Li", email="ana@example.com", **more)


def test_what_the_hub_founds_and_creates_is_told_without_a_row_of_its_own(two):
    ana(two, "crm", "c1")
    run = two.sync().run
    founded, created = origin(two, "crm", "c1"), origin(two, "shop", "n1")
    assert (founded.how, founded.by, founded.run) == (How.FOUNDED, "crm", run)
    assert (created.how, created.by, created.run) == (How.CREATED, "hub", run)
    assert founded.at is not None
    assert created.at is not None
    assert history(two) == []


def test_a_record_that_was_recognised_tells_by_which_fields(two):
    ana(two, "crm", "c1")
    ana(two, "shop", "s1")
    run = two.sync().run
    joined = origin(two, "shop", "s1")
    assert (joined.how, joined.why, joined.by, joined.run) == (How.JOINED, "same emails[work]", "shop", run)
    assert joined.mapping == two.mappings[1].version
    assert origin(two, "crm", "c1").how is How.FOUNDED


def test_a_score_tells_of_what_it_is_made_and_no_value(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, match=BY_NAME)
    world.systems["crm"].put("people", "c1", name="Ana Li", title="Owner")
    world.systems["shop"].put("people", "s1", name="Ana Li", title="Owner")
    world.sync()
    assert origin(world, "shop", "s1").why == "score 1.00: full_name 1.00, job_title 1.00"


def test_a_record_without_a_reason_that_the_hub_did_not_make_was_joined_before_reasons_were_kept(two):
    ana(two, "crm", "c1")
    ana(two, "shop", "s1")
    two.sync()
    with two.store.database.write() as tx:
        tx.run("DELETE FROM history WHERE path = ''")
    assert origin(two, "crm", "c1").how is How.FOUNDED
    assert origin(two, "shop", "s1").how is How.UNKNOWN
    assert origin(two, "shop", "s1").run is None


def test_a_persons_answer_is_told_with_what_was_asked(two):
    two.mappings[1].match = Match(strong=(StrongRule(paths=("emails[work]",)),), one_to_one=True)
    ana(two, "crm", "c1")
    ana(two, "shop", "s1")
    ana(two, "shop", "s2")
    two.sync()
    asked = question(two, "shop")
    two.engine().settle_match(asked.id, asked.candidates[0])
    told = origin(two, "shop", asked.key)
    assert (told.how, told.by) == (How.JOINED, "person")
    assert told.why == (
        "a person said so; it could be an entity: a record of this stream with the same emails[work] is it already"
    )


def test_records_of_an_entity_that_was_merged_tell_of_that_and_of_before(two):
    ana(two, "crm", "c1")
    two.systems["crm"].put("people", "c2", name="Anna", email="anna@example.com")
    two.systems["shop"].put("people", "s2", name="Anna", email="anna@example.com")
    two.sync()
    keep, drop = entity_of(two, "crm", "c1"), entity_of(two, "crm", "c2")
    two.engine().unite(keep, drop)
    moved, first = origin(two, "shop", "s2"), origin(two, "crm", "c2")
    assert (moved.how, moved.by, moved.former) == (How.JOINED, "person", drop)
    assert moved.why == "a person made two entities one"
    assert (moved.before.how, moved.before.why) == (How.JOINED, "same emails[work]")
    assert first.before.how is How.FOUNDED
    assert origin(two, "crm", "c1").how is How.FOUNDED


def test_a_record_that_was_split_off_founded_what_it_is_now(two):
    ana(two, "crm", "c1")
    ana(two, "shop", "s1")
    two.sync()
    two.engine().split(two.mappings_id("shop"), "s1")
    assert origin(two, "shop", "s1").how is How.FOUNDED
    assert origin(two, "crm", "c1").how is How.FOUNDED


def test_the_survivor_of_a_merge_in_a_system_tells_which_record_it_took_in(two):
    ana(two, "crm", "c1")
    two.sync()
    two.systems["shop"].put("people", "s9", name="Ana", email=None)
    two.systems["shop"].drop("people", "n1", into="s9")
    two.systems["shop"].table("people").rows.pop("s9")
    two.sync()
    told = origin(two, "shop", "s9")
    assert (told.how, told.why, told.by) == (How.JOINED, "n1 was merged into it there", "shop")


def test_a_record_found_after_a_lost_create_is_not_said_to_be_surely_the_hubs(world, make_stream):
    natural = Writes(batch=2, replay=Replay.NATURAL)
    fields = tuple(Field(name=name, unique=name == "email") for name in ("name", "email", "title", "dept"))
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=natural, fields=fields))
        world.contacts(name)
    world.sync()
    ana(world, "crm", "c1")
    world.systems["shop"].lose_answers = 1
    world.sync()
    world.sync()
    told = origin(world, "shop", "n1")
    assert told.how is How.JOINED
    assert "no answer came" in told.why


def test_undoing_and_undoing_the_undo_leaves_the_reason_as_it_was(two):
    ana(two, "crm", "c1")
    made = two.sync().run
    two.clock.advance(60)
    undone = two.engine().undo(made).done.run
    two.clock.advance(60)
    two.engine().undo(undone)
    assert origin(two, "crm", "c1").how is How.FOUNDED
    assert [why for _, why in history(two) if why not in ("undone", "deleted")] == []


def test_a_run_that_only_joined_is_no_edit_to_an_undo(two):
    ana(two, "crm", "c1")
    ana(two, "shop", "s1")
    joined = two.sync().run
    assert two.store.touched(joined) == []
    assert two.store.stories([entity_of(two, "crm", "c1")], joined)[entity_of(two, "crm", "c1")].steps == []


def test_which_of_two_records_founded_an_entity_is_not_guessed_also_when_it_was_merged_into_another(two):
    two.mappings[0].match = Match(strong=(StrongRule(paths=("emails[work]",)),), one_to_one=False)
    ana(two, "crm", "c1")
    ana(two, "crm", "c2")
    two.systems["crm"].put("people", "c3", name="Bo", email="bo@example.com")
    two.sync()
    with two.store.database.write() as tx:
        tx.run("DELETE FROM history WHERE path = ''")
    assert {origin(two, "crm", key).how for key in ("c1", "c2")} == {How.UNKNOWN}
    two.engine().unite(entity_of(two, "crm", "c3"), entity_of(two, "crm", "c1"))
    assert {origin(two, "crm", key).before.how for key in ("c1", "c2")} == {How.UNKNOWN}
