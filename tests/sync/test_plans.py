"""What was planned is what is applied; what waits for a person waits, and nothing else is written meanwhile."""

import dataclasses
import random

import pytest

from mappings.contract import Match, OnDelete, StrongRule
from model.errors import StateError
from sync.decision import ActionKind
from sync.permit import Fate
from sync.plans import line_of
from sync.policy import Braked, Limit
from sync.ports import PlanState
from syncline.plan_files import PlanFile, PlanWriter


@pytest.fixture
def path(tmp_path):
    return tmp_path / "plan.json"


@pytest.fixture
def planned(path):
    def plan(world, **options):
        """Plan into a file, some time before it is applied."""
        engine = world.engine()
        writer = PlanWriter(path, world.store.seal())
        report = engine.plan(keeper=writer, **options)
        world.clock.advance(60)
        return report

    return plan


@pytest.fixture
def applied(path):
    def apply(world, **options):
        world.clock.advance(60)
        with PlanFile(path, world.store.seal()) as plan:
            done = world.engine().apply(plan, **options)
        assert all(balance.adds_up for balance in done.run.balances.values())
        return done

    return apply


def people(*numbers):
    return [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in numbers]


def put(world, system, *numbers):
    for number, row in zip(numbers, people(*numbers), strict=True):
        world.systems[system].put("people", f"{system}{number}", **row)


def everyone(world, *names):
    return [world.people(name) for name in names]


# plan, apply, plan


def test_a_plan_is_applied_as_it_is_and_leaves_nothing_to_plan(two, planned, applied):
    put(two, "crm", 1, 2, 3)
    put(two, "shop", 3, 4)
    report = planned(two)
    assert two.writes() == 0
    done = applied(two)
    assert done.fates == {Fate.WRITTEN: sum(report.totals.values())} == {Fate.WRITTEN: 3}
    assert done.drifted == 0
    assert done.run.status == "ok"
    assert everyone(two, "crm") == everyone(two, "shop") == [people(1, 2, 3, 4)]
    assert two.engine().plan().changes_nothing
    two.assert_calm()


def test_an_update_and_a_blank_are_applied_as_planned(two, planned, applied):
    put(two, "crm", 1, 2)
    two.sync()
    two.systems["crm"].put("people", "crm1", title="Director")
    two.systems["crm"].put("people", "crm2", name="P2 Jones", email="p2@example.com")
    two.sync(select=["crm"])
    planned(two)
    assert applied(two).fates == {Fate.WRITTEN: 2}
    assert {row.get("title") for row in two.people("shop")} == {"Director", None}
    assert two.engine().plan().changes_nothing


def test_what_changed_since_is_left_and_named_and_everything_else_is_done(two, planned, applied):
    put(two, "crm", 1, 2)
    planned(two)
    two.systems["crm"].put("people", "crm1", name="Somebody else")
    done = applied(two)
    assert done.fates == {Fate.WRITTEN: 1, Fate.CHANGED: 1}
    (left,) = done.drifts
    assert (left.fate, left.kind, left.subject) == (Fate.CHANGED, ActionKind.CREATE, "crm.people crm1")
    assert "name" in left.detail
    assert two.people("shop") == people(2)
    two.sync()
    assert {row["name"] for row in two.people("shop")} == {"Somebody else", "P2"}


def test_new_work_is_not_done_but_stays_for_the_next_run(two, planned, applied):
    put(two, "crm", 1)
    planned(two)
    put(two, "crm", 2)
    done = applied(two)
    assert done.fates == {Fate.WRITTEN: 1, Fate.NEW: 1}
    assert done.drifted == 0
    assert done.run.waiting == 1
    assert two.people("shop") == people(1)
    two.sync()
    assert two.people("shop") == people(1, 2)


@pytest.mark.parametrize(("rule", "fate"), [("authority", Fate.CHANGED), ("manual", Fate.HELD)])
def test_a_value_that_nobody_saw_in_the_plan_is_not_overwritten(two, planned, applied, rule, fate):
    two.authority("crm", "shop", rule=rule)
    put(two, "crm", 1)
    two.sync()
    two.systems["crm"].put("people", "crm1", title="Director")
    planned(two)
    (key,) = two.systems["shop"].table("people").rows
    two.systems["shop"].put("people", key, title="Clerk")
    done = applied(two)
    assert done.fates == {fate: 1}, done.drifts
    assert "title" in done.drifts[0].detail or fate is Fate.HELD
    assert [row["title"] for row in two.people("shop")] == ["Clerk"]


def test_what_is_done_already_is_said_and_not_done_twice(two, planned, applied):
    put(two, "crm", 1)
    planned(two)
    two.sync()
    before = two.writes()
    done = applied(two)
    assert done.fates == {Fate.DONE: 1}
    assert done.drifted == 1
    assert two.writes() == before
    assert "it has the record" in done.drifts[0].detail


def test_what_is_gone_is_said(two, planned, applied):
    put(two, "crm", 1, 2)
    two.sync()
    two.systems["crm"].put("people", "crm1", title="Director")
    planned(two)
    (key,) = [k for k, row in two.systems["shop"].table("people").rows.items() if row["name"] == "P1"]
    two.systems["shop"].drop("people", key)
    done = applied(two)
    assert done.fates == {Fate.GONE: 1}
    assert done.drifted == 1


def test_a_newcomer_whose_records_turn_out_to_be_two_people_is_left(two, planned, applied):
    put(two, "crm", 1)
    put(two, "shop", 1)
    two.systems["crm"].put("people", "crm1", title="Director")
    planned(two)
    two.systems["shop"].put("people", "shop1", email="other@example.com")
    done = applied(two)
    assert Fate.WRITTEN not in done.fates
    assert done.drifted == 1


@pytest.fixture
def employed(world, plain, make_stream):
    """Two systems with companies, and people who are in one of them."""
    rules = {"full_name": "name", "account": "company", "emails[work]": "email"}
    match = Match(strong=(StrongRule(paths=("name",)),))
    for name in ("crm", "shop"):
        world.system(name, make_stream("companies"), make_stream("people"))
        world.mappings.append(plain(name, "companies", "account", {"name": "name"}, match=match))
        world.contacts(name, rules=rules, references={"account": "companies"})
    return world


def test_a_person_who_moves_to_another_company_moves_as_planned(employed, planned, applied):
    for number, name in enumerate(("Acme", "Globex"), 1):
        employed.systems["crm"].put("companies", f"c{number}", name=name)
        employed.systems["shop"].put("companies", f"s{number}", name=name)
    employed.systems["crm"].put("people", "p1", name="Ann", email="ann@example.com", company="c1")
    employed.sync()
    employed.systems["crm"].put("people", "p1", company="c2")
    (action,) = planned(employed).actions
    assert [(change.before, change.after) for change in action.changes] == [("s1", "s2")]
    assert applied(employed).fates == {Fate.WRITTEN: 1}
    assert employed.people("shop")[0]["company"] == "s2"


def test_a_person_who_was_moved_there_meanwhile_is_not_moved_by_the_plan(employed, planned, applied):
    for number, name in enumerate(("Acme", "Globex", "Initech"), 1):
        employed.systems["crm"].put("companies", f"c{number}", name=name)
        employed.systems["shop"].put("companies", f"s{number}", name=name)
    employed.systems["crm"].put("people", "p1", name="Ann", email="ann@example.com", company="c1")
    employed.sync()
    employed.systems["crm"].put("people", "p1", company="c2")
    planned(employed)
    (key,) = employed.systems["shop"].table("people").rows
    employed.systems["shop"].put("people", key, company="s3")
    done = applied(employed)
    assert Fate.WRITTEN not in done.fates
    assert employed.people("shop")[0]["company"] == "s3"


def test_what_refers_to_a_record_that_is_gone_for_good_is_not_planned(employed, planned):
    employed.systems["crm"].put("companies", "c1", name="Acme")
    employed.sync()
    (key,) = employed.systems["shop"].table("companies").rows
    employed.systems["shop"].drop("companies", key)
    employed.sync()
    employed.systems["crm"].put("people", "p1", name="Ann", email="ann@example.com", company="c1")
    assert planned(employed).changes_nothing
    assert employed.sync().writes == 0
    assert employed.people("shop") == []


def test_a_lease_that_is_lost_while_a_plan_is_applied_ends_in_a_report(two, planned, applied, monkeypatch):
    put(two, "crm", 1)
    planned(two)
    shop = two.connectors["shop"]
    read = shop.read

    def sleeps(*asked):
        monkeypatch.setattr(shop, "read", read)
        two.clock.advance(3600)
        two.sync()
        return read(*asked)

    monkeypatch.setattr(shop, "read", sleeps)
    done = applied(two)
    assert (done.run.status, done.fates) == ("busy", {})
    assert two.people("shop") == people(1)


def test_records_that_refer_to_each_other_are_created_in_order_with_the_real_keys(employed, planned, applied):
    world = employed
    world.systems["crm"].put("companies", "c1", name="Acme")
    world.systems["crm"].put("people", "p1", name="Ann", email="ann@example.com", company="c1")
    report = planned(world)
    assert "(created first: crm.companies c1)" in str(report.actions)
    done = applied(world)
    assert done.fates == {Fate.WRITTEN: 2}, done.drifts
    (company,) = world.systems["shop"].table("companies").rows
    assert world.people("shop")[0]["company"] == company
    assert world.engine().plan().changes_nothing


def test_a_cycle_is_closed_by_a_second_write_that_the_plan_covers(world, plain, planned, applied, make_stream):
    for name in ("crm", "shop"):
        world.system(name, make_stream("companies"), make_stream("people"))
        world.mappings.append(
            plain(name, "companies", "account", {"name": "name", "parent": "over"}, references={"parent": "companies"})
        )
    world.systems["crm"].put("companies", "c1", name="Acme", over="c2")
    world.systems["crm"].put("companies", "c2", name="Holding", over="c1")
    planned(world)
    done = applied(world)
    assert done.fates == {Fate.WRITTEN: 2}, done.drifts
    rows = world.systems["shop"].table("companies").rows
    names = {key: row["name"] for key, row in rows.items()}
    assert {(row["name"], names[row["over"]]) for row in rows.values()} == {("Acme", "Holding"), ("Holding", "Acme")}
    assert world.engine().plan().changes_nothing


def test_an_unreachable_system_leaves_its_part_of_the_plan_to_be_applied_again(two, planned, applied):
    put(two, "crm", 1)
    planned(two)
    two.systems["shop"].down = True
    done = applied(two)
    assert done.run.status == "failed"
    assert Fate.WRITTEN not in done.fates
    two.systems["shop"].down = False
    assert applied(two).fates == {Fate.WRITTEN: 1}
    assert two.people("shop") == people(1)


def test_a_lost_answer_is_looked_up_and_nothing_is_created_twice(two, planned, applied):
    put(two, "crm", 1, 2)
    planned(two)
    two.systems["shop"].lose_answers = 1
    first = applied(two)
    assert first.fates == {Fate.HELD: 2}, first.drifts
    again = applied(two)
    assert again.fates == {Fate.DONE: 2}
    assert two.people("shop") == people(1, 2)


FIELDS = ("name", "title", "dept")


def edit(world, dice, times):
    """People at work in both systems: new records, also of one person in both, and edits."""
    for _ in range(times):
        name = dice.choice(["crm", "shop"])
        keys = [key for key in world.systems[name].table("people").rows if not key.startswith("n")]
        if not keys or dice.random() < 0.4:
            number = dice.randrange(12)
            world.systems[name].put("people", f"{name}{number}", name=f"P{number}", email=f"p{number}@example.com")
        else:
            value = dice.choice([None, f"v{dice.randrange(5)}"])
            world.systems[name].put("people", dice.choice(keys), **{dice.choice(FIELDS): value})


@pytest.mark.parametrize("seed", range(12))
def test_on_an_unchanged_world_everything_planned_is_written_and_then_nothing_is_planned(two, planned, applied, seed):
    dice = random.Random(seed)
    edit(two, dice, 12)
    if seed % 2:
        two.sync()
        edit(two, dice, 8)
    report = planned(two)
    assert applied(two).fates == ({Fate.WRITTEN: total} if (total := sum(report.totals.values())) else {})
    assert two.engine().plan().changes_nothing


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_meanwhile_nothing_is_sent_that_was_not_planned(two, planned, applied, path, seed):
    dice = random.Random(seed)
    edit(two, dice, 15)
    two.sync()
    edit(two, dice, 10)
    planned(two)
    with PlanFile(path, two.store.seal()) as plan:
        allowed = [(one.binding.connection, {c.field: c.after for c in one.changes}) for one in plan.items()]
    edit(two, dice, 6)
    sent = []
    for name, system in two.systems.items():
        system.stores = lambda row, name=name: sent.append((name, dict(row))) or row
    done = applied(two)
    assert len(sent) == done.fates[Fate.WRITTEN]
    for one in sent:
        assert one in allowed
        allowed.remove(one)
    two.sync()
    two.assert_calm()


# plans that do not fit


def test_a_changed_mapping_refuses_the_whole_plan_and_is_named(two, planned, applied):
    put(two, "crm", 1)
    planned(two)
    two.mappings[1].version = "another"
    with pytest.raises(StateError, match="mapping shop_people_contact"):
        applied(two)
    assert two.writes() == 0


def test_changed_settings_refuse_the_whole_plan_and_are_named(two, planned, applied):
    put(two, "crm", 1)
    planned(two)
    two.limits[Braked.CREATE] = Limit(1, 0.0)
    two.authority("shop", "crm")
    with pytest.raises(StateError, match=r"brakes, entities\.contact"):
        applied(two)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"P1", b"P9"), (b'"create"', b'"delete"'), (b"example.com", b"elsewhere.com"), (b'"count": 2', b'"count": 1')],
)
def test_an_altered_plan_is_refused(two, planned, applied, path, old, new):
    put(two, "crm", 1, 2)
    planned(two)
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    with pytest.raises(StateError, match="altered"):
        applied(two)


def test_a_plan_with_an_action_taken_out_or_cut_off_is_refused(two, planned, applied, path):
    put(two, "crm", 1, 2)
    planned(two)
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in ([*lines[:2], *lines[3:]], lines[:4], lines[:1], []):
        path.write_bytes(b"".join(kept))
        with pytest.raises(StateError):
            applied(two)
    assert two.writes() == 0


def test_a_plan_of_another_hub_is_refused(two, planned, path):
    put(two, "crm", 1)
    planned(two)
    with pytest.raises(StateError, match="another hub"):
        PlanFile(path, b"another seal, of another database")


def test_a_plan_file_is_one_json_document_that_only_its_owner_reads(two, planned, path):
    import json

    put(two, "crm", 1, 2)
    report = planned(two)
    assert path.stat().st_mode & 0o777 == 0o600
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert whole["summary"]["count"] == len(whole["actions"]) == sum(report.totals.values())
    first = whole["actions"][0]
    assert first["changes"][0] == {"field": "name", "before": None, "after": "P1"}
    assert first["causes"][0]["source"] == "crm"
    assert first["links"] == [{"connection": "crm", "stream": "people", "entity": "contact", "key": "crm1"}]


def test_a_plan_over_the_brake_is_applied_only_when_it_is_released(two, planned, applied):
    two.limits[Braked.CREATE] = Limit(1, 0.0)
    put(two, "crm", 1, 2)
    planned(two)
    done = applied(two)
    assert done.run.status == "braked"
    assert two.writes() == 0
    assert applied(two, release=["create"]).fates == {Fate.WRITTEN: 2}


# plans that wait


def kept(world):
    return [(plan.id, plan.why, plan.summary["count"]) for plan in world.store.kept_plans()]


def test_a_braked_run_keeps_its_plan_and_releasing_it_does_exactly_that(two):
    two.limits[Braked.CREATE] = Limit(1, 0.0)
    put(two, "crm", 1, 2)
    report = two.sync()
    assert report.status == "braked"
    assert [(one.why, one.count) for one in report.kept] == [("brake", 2)]
    put(two, "crm", 3)
    done = two.engine().release(report.kept[0].id)
    assert done.fates == {Fate.WRITTEN: 2, Fate.NEW: 1}
    assert two.people("shop") == people(1, 2)
    assert kept(two) == []
    with pytest.raises(StateError, match="was released"):
        two.engine().release(report.kept[0].id)


def test_a_plan_that_waits_is_not_made_again_until_it_says_something_else(two):
    two.limits[Braked.CREATE] = Limit(1, 0.0)
    put(two, "crm", 1, 2)
    two.sync()
    two.sync()
    two.sync(full=True)
    assert kept(two) == [(1, "brake", 2)]
    put(two, "crm", 3)
    two.sync()
    assert [count for _, _, count in kept(two)] == [3]
    assert {plan.state for plan in two.store.kept_plans(None)} == {PlanState.WAITING, PlanState.REPLACED}


def test_a_plan_is_overtaken_when_nothing_is_left_to_ask(two):
    two.limits[Braked.CREATE] = Limit(1, 0.0)
    put(two, "crm", 1, 2)
    two.sync()
    two.sync(release=["create"])
    assert kept(two) == []
    assert [plan.state for plan in two.store.kept_plans(None)] == [PlanState.OVERTAKEN]


def approving(world, *names):
    """The world's engine, with approval asked for."""
    engine = world.engine

    def with_approval(**options):
        made = engine(**options)
        made.hub.policy = dataclasses.replace(made.hub.policy, approval=frozenset(names))
        return made

    world.engine = with_approval


@pytest.mark.parametrize("name", ["shop", "shop.people", "shop.people:contact"])
def test_where_approval_is_needed_nothing_is_written_before_it_is_given(two, name):
    approving(two, name)
    put(two, "crm", 1)
    put(two, "shop", 2)
    report = two.sync()
    assert report.status == "attention"
    assert two.people("crm") == people(1, 2), "elsewhere it is business as usual"
    assert two.people("shop") == people(2)
    ((number, why, count),) = kept(two)
    assert (why, count) == ("approval", 1)
    two.sync()
    assert kept(two) == [(number, why, count)]
    assert two.engine().release(number).fates == {Fate.WRITTEN: 1}
    assert two.people("shop") == people(1, 2)
    two.sync()
    assert kept(two) == []


def test_every_record_is_counted_once_however_long_its_approval_takes(two):
    approving(two, "shop")
    put(two, "crm", 1, 2)
    put(two, "shop", 3)
    two.systems["shop"].put("people", "shop3", dept="Sales")
    two.systems["crm"].put("people", "crm9", name="P9", email="p3@example.com", title="Director")
    report = two.sync()
    assert report.writes == 1, "one record is written in the CRM while it waits for the shop"
    seen = {(str(binding), str(side)): balance.seen for (binding, side), balance in report.balances.items()}
    assert seen["crm.people:contact", "out"] == seen["shop.people:contact", "out"] == 3


def test_every_record_of_an_entity_that_has_several_is_planned_and_applied(two, planned, applied):
    two.mappings[1].match = dataclasses.replace(two.mappings[1].match, one_to_one=False)
    put(two, "crm", 1)
    for key in ("a", "b", "c"):
        two.systems["shop"].put("people", key, name="P1", email="p1@example.com")
    two.sync()
    two.systems["crm"].put("people", "crm1", title="Director")
    report = planned(two)
    assert {action.key for action in report.actions} == {"a", "b", "c"}
    assert applied(two).fates == {Fate.WRITTEN: 3}
    assert [row["title"] for row in two.people("shop")] == ["Director"] * 3
    assert two.engine().plan().changes_nothing


def test_a_deletion_is_applied_as_planned(world, planned, applied):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    put(world, "crm", 1, 2)
    world.sync()
    world.systems["crm"].drop("people", "crm1")
    report = planned(world)
    assert [action.kind for action in report.actions] == [ActionKind.DELETE]
    assert applied(world).fates == {Fate.WRITTEN: 1}
    assert world.people("shop") == people(2)
    assert applied(world).fates == {Fate.DONE: 1}


def test_what_is_braked_and_what_wants_approval_wait_apart(two):
    approving(two, "shop")
    two.limits[Braked.CREATE] = Limit(1, 0.0)
    put(two, "crm", 1, 2)
    put(two, "shop", 3, 4)
    report = two.sync()
    assert {(one.why, one.count) for one in report.kept} == {("brake", 2), ("approval", 2)}
    assert two.writes() == 0


def test_what_wants_approval_does_not_trip_the_brake_for_others(two):
    approving(two, "shop")
    two.limits[Braked.CREATE] = Limit(1, 0.0)
    put(two, "crm", 1, 2)
    put(two, "shop", 3)
    assert two.sync().status == "attention"
    assert two.people("crm") == people(1, 2, 3)


def test_a_discarded_plan_is_forgotten_with_the_data_in_it_and_its_work_stays_due(two):
    approving(two, "shop")
    put(two, "crm", 1)
    number = two.sync().kept[0].id
    two.engine().discard_plan(number)
    assert kept(two) == []
    assert two.store.kept_lines(number, 0, 10) == []
    assert len(two.sync().kept) == 1


def test_a_release_that_could_not_reach_the_system_leaves_the_plan_to_wait(two):
    approving(two, "shop")
    put(two, "crm", 1)
    number = two.sync().kept[0].id
    two.systems["shop"].down = True
    assert two.engine().release(number).run.status == "failed"
    assert [plan for plan, _, _ in kept(two)] == [number]
    two.systems["shop"].down = False
    assert two.engine().release(number).fates == {Fate.WRITTEN: 1}


def test_a_plan_shows_some_of_every_kind_where_not_all_can_be_shown(two):
    put(two, "crm", *range(1, 30))
    two.sync()
    two.systems["crm"].put("people", "crm1", title="Director")
    put(two, "crm", *range(30, 60))
    plan = two.engine().plan(limit=5)
    assert sum(plan.totals.values()) == 31
    assert len(plan.actions) == 5
    assert {action.kind for action in plan.actions} == {ActionKind.CREATE, ActionKind.UPDATE}


def test_what_is_planned_is_the_same_line_in_every_plan(two):
    put(two, "crm", 1, 2)
    one, other = two.engine().plan().actions, two.engine().plan().actions
    assert [line_of(action) for action in one] == [line_of(action) for action in other]
