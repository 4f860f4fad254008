"""Plans on the command line: kept, applied, approved, released; and what an edited mapping would change."""

import csv
import json
import logging
import sqlite3
from datetime import timedelta

import pytest

from syncline.init.compose import STARTER, compose
from syncline.scheduler import run_due
from syncline.schedules import Schedule
from syncline.settings import load_project


def customers(folder):
    with (folder / "data/shop_customers.csv").open(encoding="utf-8", newline="") as file:
        return {row["first_name"]: row for row in csv.DictReader(file)}


def people(folder):
    with sqlite3.connect(folder / "data/crm.db") as database:
        found = {row[0] for row in database.execute("SELECT given_name FROM people")}
    database.close()
    return found


def execute(folder, sql):
    with sqlite3.connect(folder / "data/crm.db") as database:
        database.execute(sql)
    database.close()


def configure(folder, old, new):
    config = folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")


def ask_approval(folder, *names):
    config = folder / "config.yaml"
    config.write_text(f"{config.read_text(encoding='utf-8')}\napproval: [{', '.join(names)}]\n", encoding="utf-8")


@pytest.fixture
def plan(tmp_path):
    return tmp_path / "plan.json"


def test_plan_apply_plan_is_empty(cli, starter, plan):
    before = customers(starter), people(starter)
    said = cli("plan", "--out", str(plan))
    assert (customers(starter), people(starter)) == before
    assert f"syncline apply {plan}" in said.err
    done = cli("apply", str(plan), "--json").json
    assert (done["fates"], done["left"]) == ({"written": 8}, [])
    assert set(customers(starter)) == people(starter)
    cli("plan", "--exit-code", code=0)


def test_the_file_holds_what_the_terminal_masks_and_nobody_else_can_read_it(cli, plan):
    said = cli("plan", "--out", str(plan), "--limit", "1")
    assert "Gustavo" not in said.out + said.err
    assert plan.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(plan.read_text(encoding="utf-8"))["actions"]) == 8
    assert "Gustavo" in plan.read_text(encoding="utf-8")


def test_what_drifted_ends_with_eight_and_is_listed_without_values(cli, starter, plan):
    cli("plan", "--out", str(plan))
    execute(starter, "UPDATE people SET family_name = 'Canary' WHERE given_name = 'Gustavo'")
    said = cli("apply", str(plan), code=8)
    assert "changed" in said.out
    assert "last_name would be written otherwise now" in said.out
    assert "7 of 8 planned actions carried out" in said.err
    assert "Canary" not in said.out + said.err
    assert "Gustavo" not in customers(starter)
    cli("apply", str(plan), code=8)
    cli("run")
    assert customers(starter)["Gustavo"]["last_name"] == "Canary"


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        (
            "mappings/crm_people.yaml",
            "job_title: job_title",
            "job_title: {field: job_title, direction: in}",
            "crm_people",
        ),
        ("config.yaml", "create: {count: 500", "create: {count: 400", "brakes"),
        ("config.yaml", "table: people", "table: people\n        page: 7", "connections.crm"),
    ],
)
def test_a_plan_does_not_outlive_what_it_rests_on(cli, starter, plan, file, old, new, named):
    cli("plan", "--out", str(plan))
    path = starter / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    before = customers(starter), people(starter)
    assert named in cli("apply", str(plan), code=1).err
    assert (customers(starter), people(starter)) == before


def test_what_is_no_plan_altered_or_another_hubs_is_refused(cli, starter, plan, make_cli, tmp_path):
    cli("plan", "--out", str(plan))
    whole = plan.read_bytes()
    for data, said in ((b"{}", "no plan"), (whole.replace(b"Gustavo", b"Gustave"), "altered"), (whole[:-9], "altered")):
        plan.write_bytes(data)
        assert said in cli("apply", str(plan), code=1).err
    plan.write_bytes(whole)
    compose(tmp_path / "other", [STARTER])
    other = make_cli(tmp_path / "other")
    assert "another hub" in other("apply", str(plan), code=1).err
    assert "cannot be read" in cli("apply", str(tmp_path / "nothing.json"), code=1).err


def test_a_plan_that_cannot_be_written_leaves_nothing_behind(cli, tmp_path):
    assert "cannot be written" in cli("plan", "--out", str(tmp_path / "nowhere" / "plan.json"), code=1).err
    cli("plan", "--out", str(tmp_path / "x.json"), "--proposed", code=2)
    assert list(tmp_path.glob("*.part")) == []


def test_a_braked_run_names_its_plan_which_is_shown_masked_and_released(cli, starter):
    configure(starter, "create: {count: 500", "create: {count: 1")
    said = cli("run", code=6)
    assert "syncline brake show 1" in said.err
    (listed,) = cli("brake", "list", "--json").json
    assert (listed["why"], listed["count"], listed["state"]) == ("brake", 8, "waiting")
    shown = cli("brake", "show", "1")
    assert "over the brake: create 3 in crm.people" in shown.out
    assert "Gustavo" not in shown.out
    assert "Gustavo" in cli("brake", "show", "1", "--reveal").out
    assert len(cli("brake", "show", "1", "--limit", "2", "--json").json["actions"]) == 2
    cli("brake", "release", "1", code=2)
    assert "Gustavo" not in customers(starter)
    cli("brake", "release", "1", "--yes")
    assert set(customers(starter)) == people(starter)
    assert cli("brake", "list", "--json").json == []
    assert [one["state"] for one in cli("brake", "list", "--all", "--json").json] == ["released"]
    assert "was released" in cli("brake", "show", "1", code=1).err


def test_where_approval_is_needed_a_run_writes_nothing_and_ends_with_seven(cli, starter):
    ask_approval(starter, "shop.customers")
    before = customers(starter)
    said = cli("run", code=7)
    assert "approval is needed" in said.err
    assert customers(starter) == before
    assert "Chiyo" in people(starter), "elsewhere it is business as usual"
    cli("run", code=7)
    (listed,) = cli("brake", "list", "--json").json
    assert listed["id"] == 1
    cli("brake", "release", "1", "--yes")
    assert set(customers(starter)) == people(starter)
    cli("run", code=0)


def test_a_discarded_plan_comes_back_as_long_as_its_work_is_due(cli, starter):
    ask_approval(starter, "shop")
    cli("run", code=7)
    cli("brake", "discard", "1", code=2)
    cli("brake", "discard", "1", "--yes")
    assert "does not wait" in cli("brake", "release", "1", "--yes", code=1).err
    cli("run", code=7)
    assert [one["id"] for one in cli("brake", "list", "--json").json] == [2]


def test_the_scheduler_goes_on_and_does_not_pile_up_plans(cli, starter, caplog):
    ask_approval(starter, "shop")
    project, _ = load_project(starter, environment={})
    tick = run_due(project, cli.world)
    soon = Schedule(name="soon", every=timedelta(seconds=10), text="10s")
    with caplog.at_level(logging.INFO, logger="syncline"):
        for number in range(3):
            execute(starter, f"UPDATE people SET town = 'Town {number}' WHERE given_name = 'Hannah'")
            assert tick(soon).status == "attention"
    assert "plan waits for a person" in caplog.text
    assert "Town" not in caplog.text
    assert len(cli("brake", "list", "--json").json) == 1


@pytest.mark.parametrize(("name", "hint"), [("shopp", "shop"), ("shop.customer", "shop.customers")])
def test_approval_of_what_is_not_there_is_an_error_at_its_place(cli, starter, name, hint):
    ask_approval(starter, name)
    (found,) = cli("check", "--json", code=5).json
    assert found["code"] == "unknown-selection"
    assert hint in found["hint"]


@pytest.fixture
def edited(starter, tmp_path):
    """A copy of a mapping with an edit, outside the project."""

    def edit(old, new):
        text = (starter / "mappings/crm_people.yaml").read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "try.yaml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return str(path)

    return edit


def test_an_edit_that_reaches_no_system_says_so(cli, starter, edited):
    cli("run")
    mapping = edited("  job_title: job_title", "  # what people do\n  job_title: job_title")
    assert "would change nothing" in cli("plan", "--mapping", mapping, "--exit-code", code=0).err


def test_an_edit_is_counted_by_entity_record_and_field_and_nothing_is_stored(cli, starter, edited):
    cli("run")
    before = customers(starter), people(starter), cli("runs", "list", "--json").json
    rule = '  "addresses[billing].city": town'
    mapping = edited(rule, '  "addresses[billing].city": {field: family_name, direction: in, lifecycle: live}')
    found = cli("plan", "--mapping", mapping, "--json", "--exit-code", "--limit", "3", code=10).json
    assert found["entities"] == 8
    assert [(one["connection"], one["kind"], one["count"]) for one in found["written"]] == [("shop", "update", 8)]
    assert [(one["stream"], one["field"], one["count"]) for one in found["fields"]] == [("customers", "city", 8)]
    assert len(found["examples"]) == 3
    said = cli("plan", "--mapping", mapping)
    assert "Berlin" not in said.out
    assert "8 entities would be written otherwise" in said.err
    assert (customers(starter), people(starter), cli("runs", "list", "--json").json) == before
    cli("plan", "--exit-code", code=0)


def test_what_an_edit_would_stop_from_being_written_is_counted_apart(cli, starter, edited):
    found = cli("plan", "--mapping", edited("create: both", "create: in"), "--json").json
    assert [(one["connection"], one["kind"], one["count"]) for one in found["no_longer_written"]] == [
        ("crm", "create", 3)
    ]


def test_a_mistake_in_an_edited_mapping_is_said_at_its_line(cli, edited):
    said = cli("plan", "--mapping", edited("job_title: job_title", "job_titel: job_title"), code=5)
    assert "try.yaml:" in said.err
    assert "job_titel" in said.err
