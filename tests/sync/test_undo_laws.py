"""Whatever a run did to systems that were in agreement, undoing it brings back what was there before it."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mappings.contract import OnDelete
from model.clock import ManualClock
from state.store import open_store

SYSTEMS = ("crm", "shop", "erp")
FIELDS = ("title", "dept")
edits = st.lists(
    st.tuples(
        st.sampled_from(SYSTEMS),
        st.sampled_from(["edit", "edit", "edit", "make", "drop"]),
        st.integers(0, 3),
        st.sampled_from(FIELDS),
        st.sampled_from(["a", "b", "c", None]),
    ),
    min_size=1,
    max_size=6,
)


def rows(world: Any) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        name: {
            row["email"]: {field: row.get(field) for field in FIELDS} for row in system.table("people").rows.values()
        }
        for name, system in world.systems.items()
    }


def hub(world: Any) -> dict[str, dict[str, Any]]:
    """Living entities by e-mail address."""
    with world.store.database.read() as tx:
        ids = [row[0] for row in tx.rows("SELECT id FROM canonical WHERE state = 'live'")]
    return {
        one.values["emails[work]"]: {path: one.values.get(path) for path in ("job_title", "department")}
        for one in world.store.canonicals(ids).values()
    }


def play(world: Any, script: list[tuple[str, str, int, str, str | None]], made: list[int]) -> None:
    for name, deed, which, field, value in script:
        people = world.systems[name].table("people").rows
        keys = sorted(people)
        if deed == "make":
            made.append(len(made))
            email = f"p{len(made)}@example.com"
            world.systems[name].put("people", f"m{len(made)}", name="P", email=email, **{field: value})
        elif deed == "drop" and len(keys) > 1:
            world.systems[name].drop("people", keys[which % len(keys)])
        elif deed == "edit" and keys:
            world.systems[name].put("people", keys[which % len(keys)], **{field: value})


def agreeing(make_world: Any, first: list[Any], made: list[int]) -> Any:
    clock = ManualClock()
    world = make_world(open_store("sqlite://", clock), clock)
    for name in SYSTEMS:
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    world.authority(*SYSTEMS)
    for number in range(3):
        world.systems["crm"].put("people", f"c{number}", name="C", email=f"c{number}@example.com", title="x")
    world.sync()
    play(world, first, made)
    for _ in range(3):
        world.sync()
    return world


@settings(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(first=edits, second=edits)
def test_undoing_the_latest_run_brings_back_what_was_before_it(make_world, first, second):
    made: list[int] = []
    world = agreeing(make_world, first, made)
    before = hub(world)
    play(world, second, made)
    systems = rows(world)
    emails = {
        (name, key): row["email"]
        for name, system in world.systems.items()
        for key, row in system.table("people").rows.items()
    }
    run = world.sync().run
    world.clock.advance(60)
    report = world.engine().undo(run, limit=None)
    assert report.done.status in ("ok", "attention"), report.done
    assert not [left for left in report.left if left.path and left.at is None], report.left
    lost = {(left.at[0].connection, left.path) for left in report.left if left.at is not None}
    again = {(at.connection, emails[at.connection, key]) for at, key in report.recreated}
    after, now = hub(world), rows(world)
    for email, values in before.items():
        assert {p: v or None for p, v in after[email].items()} == {p: v or None for p, v in values.items()}, email
    for name in SYSTEMS:
        assert now[name].keys() == systems[name].keys(), name
        for email, row in systems[name].items():
            for field, path in zip(FIELDS, ("job_title", "department"), strict=True):
                if (name, email) in again:  # created anew, from what the hub knew
                    assert (now[name][email][field] or None) in (row[field] or None, before[email][path] or None)
                elif (name, path) not in lost:
                    assert (now[name][email][field] or None) == (row[field] or None), (name, email, field)
    written = world.writes()
    world.sync()
    world.assert_calm()
    assert world.writes() == written
    world.store.close()


@settings(max_examples=30, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(first=edits, second=edits, third=edits)
def test_undoing_an_earlier_run_changes_nothing_that_was_edited_since(make_world, first, second, third):
    made: list[int] = []
    world = agreeing(make_world, first, made)
    before = hub(world)
    play(world, second, made)
    run = world.sync().run
    between = hub(world)
    play(world, third, made)
    for _ in range(2):
        world.sync()
    latest = hub(world)
    world.clock.advance(60)
    report = world.engine().undo(run, limit=None)
    assert report.done.status in ("ok", "attention"), report.done
    after = hub(world)
    for email, values in after.items():
        for path, value in values.items():
            if email in latest and latest[email][path] != between.get(email, latest[email])[path]:
                assert value == latest[email][path], "edited since"
            elif email in latest and email in between and email in before:
                assert (value or None) in (before[email][path] or None, latest[email][path] or None)
    written = world.writes()
    world.sync()
    world.assert_calm()
    assert world.writes() == written
    world.store.close()
