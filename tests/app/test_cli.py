"""The command line over a project that works: what people see, what scripts read, how commands end."""

import csv
import json
import sqlite3
import subprocess
import sys

import pytest

from state.store import open_store
from syncline.cli.main import asked, hoisted
from syncline.settings import load_project

PEOPLE = {"Ada", "Bruno", "Chiyo", "Dónal", "Elif", "Frida", "Gustavo", "Hannah"}


def customers(folder):
    with (folder / "data/shop_customers.csv").open(encoding="utf-8", newline="") as file:
        return {row["first_name"]: row for row in csv.DictReader(file)}


def people(folder):
    with sqlite3.connect(folder / "data/crm.db") as database:
        database.row_factory = sqlite3.Row
        found = {row["given_name"]: dict(row) for row in database.execute("SELECT * FROM people")}
    database.close()
    return found


def execute(folder, sql, *values):
    with sqlite3.connect(folder / "data/crm.db") as database:
        database.execute(sql, values)
    database.close()


def edit_csv(folder, change):
    path = folder / "data/shop_customers.csv"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def set_rule(folder, path, rule):
    config = folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("      # A shop knows", f"      {path}: {rule}\n      # A shop knows"), encoding="utf-8"
    )


def test_the_sample_project_converges_in_one_run_and_is_idle_in_the_next(cli, starter):
    cli("check")
    cli("run")
    assert set(customers(starter)) == set(people(starter)) == PEOPLE
    assert people(starter)["Ada"]["town"] == "Berlin"
    assert customers(starter)["Bruno"]["phone"] == "+493023125031"
    after = (starter / "data/shop_customers.csv").read_bytes(), people(starter)
    second = cli("run", "--json").json
    assert {balance["side"] for balance in second["balances"]} == {"in"}
    assert all(balance["unchanged"] == balance["seen"] for balance in second["balances"])
    assert ((starter / "data/shop_customers.csv").read_bytes(), people(starter)) == after


def test_a_plan_writes_nothing_and_tells_what_the_run_then_does(cli, starter):
    before = (starter / "data/shop_customers.csv").read_bytes(), people(starter)
    plan = cli("plan", "--json", "--reveal").json
    assert ((starter / "data/shop_customers.csv").read_bytes(), people(starter)) == before
    planned = {(total["connection"], total["kind"]): total["count"] for total in plan["totals"]}
    assert planned == {("crm", "create"): 3, ("crm", "update"): 1, ("shop", "create"): 2, ("shop", "update"): 2}
    ada = next(action for action in plan["actions"] if (action["connection"], action["kind"]) == ("crm", "update"))
    assert {"field": "town", "before": "Potsdam", "after": "Berlin"} in ada["changes"]
    run = cli("run", "--json").json
    assert sum(balance["written"] for balance in run["balances"] if balance["side"] == "out") == sum(planned.values())


def test_values_in_a_plan_are_masked_unless_asked_for(cli):
    for shown in (cli("plan").out, cli("plan", "--json").out):
        assert "example.com" not in shown
        assert "Gustavo" not in shown
    assert "Gustavo" in cli("plan", "--reveal").out


def test_plan_exits_with_ten_where_there_are_changes_only_when_asked(cli):
    cli("plan", code=0)
    cli("plan", "--exit-code", code=10)
    cli("run")
    cli("plan", "--exit-code", code=0)


def test_a_tripped_brake_ends_with_six_writes_nothing_and_names_its_release(cli, starter):
    config = starter / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("create: {count: 500", "create: {count: 1"))
    before = customers(starter), people(starter)
    said = cli("run", code=6)
    assert (customers(starter), people(starter)) == before
    assert "--release crm.people:create" in said.err
    cli("run", "--release", "create", code=0)
    assert set(people(starter)) == PEOPLE


def test_a_held_lease_ends_with_seventy_five_and_says_who_holds_it(cli, starter):
    project, _ = load_project(starter, environment={})
    store = open_store(project.state_url, cli.world.clock)
    lease = store.acquire(["entity:contact"], "somebody else", 60, cli.world.clock.now())
    said = cli("run", code=75)
    assert "somebody else" in said.err
    store.release(lease)
    store.close()
    cli("run", code=0)


def test_a_dead_letter_ends_with_three_and_can_be_listed_shown_repaired_and_retried(cli, starter):
    cli("run")
    edit_csv(starter, lambda text: text.replace("030 23125 014", "not a number"))
    said = cli("run", code=3)
    assert "dead-letters list" in said.err
    (letter,) = cli("dead-letters", "list", "--json").json
    assert (letter["binding"], letter["key"], letter["path"]) == ("shop.customers:contact", "K-1001", "phones[mobile]")
    assert "not a number" not in cli("dead-letters", "list").out
    assert "not a number" in cli("dead-letters", "show", str(letter["id"])).out
    assert "not a number" not in cli("dead-letters", "show", str(letter["id"]), "--mask").out
    cli("dead-letters", "discard", str(letter["id"]), code=2)
    assert len(cli("dead-letters", "list", "--json").json) == 1
    cli("dead-letters", "discard", "--all", "--yes")
    assert cli("dead-letters", "list", "--json").json == []


@pytest.mark.parametrize(
    ("decision", "town"),
    [(("--winner", "ours"), None), (("--winner", "theirs"), None), (("--value", "Lübeck"), "Lübeck")],
)
def test_a_conflict_ends_with_four_waits_and_is_resolved_by_a_person(cli, starter, decision, town):
    set_rule(starter, '"addresses[billing].country"', "manual")
    set_rule(starter, "family_name", "manual")
    cli("run")
    edit_csv(starter, lambda text: text.replace("Lindqvist", "Lindqvist-Berg"))
    execute(starter, "UPDATE people SET family_name = 'Lindkvist' WHERE id = 1")
    said = cli("run", code=4)
    assert "conflicts list" in said.err
    (conflict,) = cli("conflicts", "list", "--json").json
    assert conflict["path"] == "family_name"
    listed = cli("conflicts", "list").out
    assert "Lindkvist" not in listed
    assert "Lindqvist-Berg" not in listed
    shown = cli("conflicts", "show", conflict["id"], "--json").json["values"]
    assert {shown["ours"], shown["theirs"]} == {"Lindkvist", "Lindqvist-Berg"}
    assert "Lind" not in cli("conflicts", "show", conflict["id"], "--mask").out
    wanted = town or shown[decision[1]]
    cli("conflicts", "resolve", conflict["id"], *decision)
    cli("run")
    assert people(starter)["Ada"]["family_name"] == customers(starter)["Ada"]["last_name"] == wanted
    assert cli("conflicts", "list", "--json").json == []


def test_a_record_explains_every_value_and_can_be_found_by_its_key_in_any_system(cli):
    cli("run")
    shown = cli("record", "show", "shop:customers:K-1001", "--json").json
    fields = {field["path"]: field for field in shown["fields"]}
    assert (fields["job_title"]["value"], fields["job_title"]["source"]) == ("Head of Purchasing", "crm")
    assert fields["addresses[billing].city"]["source"] == "shop"
    assert {link["connection"] for link in shown["links"]} == {"crm", "shop"}
    assert {event["kind"] for event in shown["timeline"]} >= {"created", "changed", "written"}
    assert cli("record", "show", "crm:people:1", "--json").json["id"] == shown["id"]
    masked = cli("record", "show", shown["id"], "--mask").out
    assert "Lindqvist" not in masked
    assert "ada." not in masked
    cli("record", "show", "crm:people:4711", code=1)


def test_a_wrong_link_is_split_and_does_not_come_back(cli, starter):
    cli("run")
    cli("links", "split", "shop:customers:K-1002", code=2)
    founded = cli("links", "split", "shop:customers:K-1002", "--yes").out.strip()
    (link,) = cli("links", "show", founded, "--json").json
    assert (link["connection"], link["key"]) == ("shop", "K-1002")
    cli("run", code=None)
    ids = {cli("links", "show", key).out.splitlines()[0] for key in ("shop:K-1002", "crm:2")}
    assert len(ids) == 2


def test_two_entities_are_merged_after_a_look_at_what_that_changes(cli, starter):
    cli("run")
    keep, drop = (cli("links", "show", key).out.splitlines()[0] for key in ("crm:people:1", "crm:people:2"))
    refused = cli("links", "merge", "crm:people:1", "crm:people:2", code=2)
    assert "crm.people 2" in refused.err
    assert "family_name" in refused.err
    assert cli("record", "show", drop, "--json").json["state"] == "live", "nobody agreed"
    names = people(starter)
    assert not any(str(row["family_name"]) in refused.err for row in names.values()), "fields, never values"
    assert cli("links", "merge", "crm:people:1", drop, "--yes").out.strip() == keep
    assert f"merged into {keep}" in cli("record", "show", drop).out
    assert f"merged into {keep}" in cli("links", "show", drop).err
    assert {link["key"] for link in cli("links", "show", "crm:people:2", "--json").json} >= {"1", "2"}
    cli("run", code=3)  # the sample CRM gives an e-mail address to one person only
    with (starter / "data/shop_customers.csv").open(encoding="utf-8", newline="") as file:
        assert [row["first_name"] for row in csv.DictReader(file)].count("Ada") == 2
    assert [row["binding"] for row in cli("dead-letters", "list", "--json").json] == ["crm.people:contact"]
    for pair, said in (((keep, drop), "merged into another"), ((keep, keep), "already"), ((keep, "crm:9"), "nothing")):
        assert said in cli("links", "merge", *pair, "--yes", code=1).err


def test_status_and_runs_tell_what_happened(cli):
    assert cli("status", code=1).err.startswith("nothing has been run yet")
    cli("run")
    rows = {row["connection"]: row for row in cli("status", "--json").json}
    assert (rows["crm"]["links"], rows["crm"]["complete"], rows["crm"]["last_status"]) == (8, True, "ok")
    (run,) = cli("runs", "list", "--json").json
    assert (run["status"], run["trigger"]) == ("ok", "person")
    shown = cli("runs", "show", str(run["id"]), "--json").json
    assert all(balance["adds_up"] for balance in shown["balances"])
    cli("runs", "show", "99", code=1)


def test_no_list_shows_personal_data(cli, starter):
    cli("run")
    edit_csv(starter, lambda text: text.replace("030 23125 014", "canary"))
    cli("run", code=3)
    lists = [["status"], ["runs", "list"], ["runs", "show", "2"], ["conflicts", "list", "--state", "all"]]
    lists += [["dead-letters", "list", "--why", "all"], ["links", "show", "crm:1"]]
    for words in lists:
        for form in ([], ["--json"]):
            said = cli(*words, *form)
            for personal in ("Lindqvist", "example.com", "23125", "canary", "Berlin"):
                assert personal not in said.out + said.err, words


def test_an_invalid_project_ends_every_command_with_five_and_the_lines(cli, starter):
    config = starter / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("connector: sql", "connector: sqll"), encoding="utf-8")
    assert "config.yaml:" in cli("check", code=5).out
    assert "config.yaml:" in cli("plan", code=5).err
    assert "config.yaml:" in cli("run", code=5).err
    (found,) = cli("check", "--json", code=5).json
    assert (found["code"], found["hint"]) == ("unknown-connector", "did you mean 'sql'?")


def test_check_online_knows_the_fields_the_database_really_has(cli, starter):
    mapping = starter / "mappings/crm_people.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("job_title: job_title", "job_title: job_titel"))
    cli("check")
    said = cli("check", "--online", code=5)
    assert "crm_people.yaml:" in said.out
    assert "'job_title'" in said.out or "job_title?" in said.out


def test_a_mistyped_selection_is_wrong_usage_with_a_hint(cli):
    assert "did you mean 'crm'?" in cli("plan", "--select", "crn", code=2).err


def test_an_unreachable_system_fails_the_run_and_leaves_the_others_in_peace(cli, starter):
    (starter / "data/crm.db").unlink()
    said = cli("run", code=1)
    assert "crm.people" in said.err
    assert set(customers(starter)) == PEOPLE - {"Gustavo", "Hannah"}


def test_an_unexpected_error_is_one_line_without_its_text(cli, starter):
    def broken(**parts):
        raise RuntimeError("ada.lindqvist@example.com")

    cli.world.factories = {"sync.run:Engine": broken}
    said = cli("run", code=1)
    assert "ada.lindqvist" not in said.out + said.err
    assert "RuntimeError" in said.err
    assert "--debug" in said.err
    assert "Traceback" in cli("--debug", "run", code=1).err


def test_control_characters_in_records_cannot_reach_the_terminal(cli, starter):
    edit_csv(starter, lambda text: text.replace("Torino", "Tor\x1b[31mino"))
    assert "\x1b" not in cli("plan", "--reveal").out


def test_global_options_may_stand_anywhere():
    assert hoisted(["plan", "--project", "x", "--json", "-q"]) == ["--project", "x", "-q", "plan", "--json"]
    assert hoisted(["a", "--", "--debug"]) == ["a", "--", "--debug"]


HEAVY = ("pydantic", "sqlalchemy", "httpx", "ruamel.yaml", "apscheduler", "simple_salesforce", "rich.table", "state")


def test_help_loads_nothing_heavy():
    script = (
        "import sys, contextlib, io\n"
        "from syncline.cli.main import app\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    app(['--help'], standalone_mode=False)\n"
        "assert 'plan' in out.getvalue()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_program_runs_as_a_module_and_prints_json_to_a_pipe(starter):
    command = [sys.executable, "-m", "syncline", "-p", str(starter), "connections", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [row["name"] for row in json.loads(done.stdout)] == ["shop", "crm"]
    assert done.stderr == ""


def test_looking_back_needs_no_secret_and_no_sound_mapping(cli, starter):
    cli("run")
    config = starter / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("sqlite:///data/crm.db", "${env:CRM_URL}"))
    (starter / "mappings/crm_people.yaml").write_text("rules: [", encoding="utf-8")
    cli("run", code=5)
    assert len(cli("status", "--json").json) == 2
    assert cli("record", "show", "crm:1", "--json").json["entity"] == "contact"
    assert cli("runs", "list", "--json").json
    assert cli("conflicts", "list", "--state", "all", "--json").json is not None
    config.write_text("state: 7\n", encoding="utf-8")
    assert "config.yaml:1:" in cli("status", code=5).err


def test_one_value_is_explained_with_what_every_system_holds_of_it(cli, starter):
    set_rule(starter, "family_name", "manual")
    cli("run")
    execute(starter, "UPDATE people SET family_name = 'Lindkvist' WHERE id = 1")
    edit_csv(starter, lambda text: text.replace("Lindqvist", "Lindqvist-Berg"))
    cli("run", code=4)
    told = cli("record", "show", "shop:K-1001", "--field", "family_name").out
    assert 'value    "Lindkvist"' in told
    assert "edited there" in told
    assert "crm.people 1" in told
    assert '"Lindqvist-Berg"' in told
    title = cli("record", "show", "shop:K-1001", "--field", "job_title").out
    assert "(not mapped there)" in title
    one = cli("record", "show", "shop:K-1001", "--field", "family_name", "--json").json
    assert [(other["binding"], other["value"]) for other in one["elsewhere"]] == [
        ("shop.customers:contact", "Lindqvist-Berg")
    ]
    masked = cli("record", "show", "shop:K-1001", "--field", "family_name", "--mask").out
    assert "Lind" not in masked
    assert "did you mean 'family_name'?" in cli("record", "show", "crm:1", "--field", "famly_name", code=2).err


def test_a_record_that_could_be_two_people_is_shown_beside_them_and_answered(cli, starter):
    cli("run")
    edit_csv(starter, lambda text: text + "K-2000,Ada,Lindqvist,ada.lindqvist@example.com,,Kiel,Germany\n")
    cli("run", code=4)
    (question,) = cli("conflicts", "list", "--json").json
    shown = cli("conflicts", "show", question["id"])
    assert "Kiel" in shown.out
    assert "Berlin" in shown.out
    assert f"syncline conflicts resolve {question['id']} --new" in shown.err
    masked = cli("conflicts", "show", question["id"], "--mask")
    assert "Kiel" not in masked.out
    assert "Berlin" not in masked.out
    cli("conflicts", "resolve", question["id"], "--new")
    cli("run", code=3)
    (letter,) = cli("dead-letters", "list", "--json").json
    assert (letter["connection"], letter["field"]) == ("crm", "email"), "the database takes every address once"
    assert "ada.lindqvist" not in letter["message"]
    assert cli("conflicts", "list", "--json").json == []
    assert len(people(starter)) == len(PEOPLE)
    ids = {cli("links", "show", key).out.splitlines()[0] for key in ("shop:K-2000", "shop:K-1001")}
    assert len(ids) == 2


def test_a_scaffolded_mapping_checks_clean_against_the_real_stream_and_runs(cli, starter):
    (starter / "mappings/crm_people.yaml").unlink()
    cli("new", "mapping", "crm", "people", "contact")
    path = starter / "mappings/crm_people.yaml"
    assert "(and 1 proposed)" in cli("check").err
    path.write_text(path.read_text(encoding="utf-8").replace("lifecycle: proposed", "lifecycle: live"))
    assert not [one for one in cli("check", "--online", "--json").json if one["severity"] != "note"]
    cli("run")
    assert set(customers(starter)) == set(people(starter)) == PEOPLE


def test_what_a_system_turns_out_not_to_have_is_said_at_the_line_that_names_it(cli, starter):
    config = starter / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("table: people", "table: poeple"))
    place = "config.yaml:30:16 connections.crm.streams.people.table: there is no table or view poeple"
    assert place in cli("check", "--online", code=5).out
    assert place in cli("connections", "check", "crm", code=1).out
    assert place in cli("connections", "discover", "crm", code=5).err
    said = cli("run", code=1)
    assert "there is no table or view poeple" in said.err
    assert "defect" not in said.err
    assert "K-1001" in customers(starter)["Ada"].values()


def test_the_state_may_live_in_postgresql(cli, starter, postgres_schema):
    config = starter / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("sqlite:///var/syncline.db", "${env:STATE}")
    config.write_text(text, encoding="utf-8")
    cli.world.environment = {"STATE": postgres_schema}
    cli("doctor", code=None)
    cli("plan", "--exit-code", code=10)
    cli("run")
    cli("run")
    assert all(row["in_sync"] == row["links"] == 8 for row in cli("status", "--json").json)
    assert cli("record", "show", "crm:1", "--field", "job_title", "--json").json["source"] == "crm"
    edit_csv(starter, lambda text: text.replace("030 23125 014", "not a number"))
    cli("run", code=3)
    cli("dead-letters", "discard", "--all", "--yes")
    assert not (starter / "var").exists()


def test_what_proposed_rules_would_change_is_planned_and_not_run(cli, starter):
    cli("run")
    execute(starter, "UPDATE people SET town = 'Nowhere'")
    mapping = starter / "mappings" / "crm_people.yaml"
    text = mapping.read_text(encoding="utf-8")
    proposed = "{field: town, strength: enforce, lifecycle: proposed}"
    mapping.write_text(text.replace('city": town', f'city": {proposed}'), encoding="utf-8")
    cli("plan", "--exit-code", code=0)
    planned = cli("plan", "--proposed", "--json", "--exit-code", code=10).json
    assert {(total["connection"], total["kind"]) for total in planned["totals"]} == {("crm", "update")}
    cli("run")
    assert {person["town"] for person in people(starter).values()} == {"Nowhere"}


@pytest.mark.parametrize(
    "line",
    ["run", "run --release create", "-q -p x run file", "--project=x run", "run --project x -q", "-p x --debug run"],
)
def test_the_command_that_is_asked_for_is_known_before_any_is_made(line):
    assert asked(line.split()) == "run"


def test_help_and_nothing_ask_for_no_command():
    assert asked([]) == ""
    assert asked(["--help"]) == "--help"


def test_a_field_that_is_nothing_here_and_there_is_no_difference_of_a_linked_record(cli):
    cli("run")
    links = cli("links", "show", "shop:K-1004", "--json").json
    assert [link["differs"] for link in links] == [[], []]
