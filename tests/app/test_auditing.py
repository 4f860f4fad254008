"""Audits on the command line: what people see, what scripts read, how they end."""

import csv
import sqlite3

import pytest

from state.views import ParkedGroup
from sync.decision import BindingId, Side, Why
from sync.reconcile import IN_DOUBT
from syncline.cli.retrying import retriable


@pytest.fixture
def ran(cli):
    cli("run")
    return cli


def remember_wrongly(folder, old, new):
    """The hub's own memory is damaged: no record changed, so no ordinary run sees it."""
    with sqlite3.connect(folder / "var/syncline.db") as database:
        database.execute("UPDATE canonical SET vals = replace(vals, ?, ?)", (f'"{old}"', f'"{new}"'))
    database.close()


def edit_csv(folder, old, new):
    path = folder / "data/shop_customers.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def customers(folder):
    with (folder / "data/shop_customers.csv").open(encoding="utf-8", newline="") as file:
        return {row["first_name"]: row for row in csv.DictReader(file)}


def everything(folder):
    with sqlite3.connect(folder / "data/crm.db") as database:
        rows = database.execute("SELECT * FROM people ORDER BY id").fetchall()
    database.close()
    return rows, (folder / "data/shop_customers.csv").read_bytes()


def test_where_nothing_drifted_a_full_compare_says_so_and_changes_nothing(ran, starter):
    before = everything(starter)
    said = ran("reconcile")
    assert "Nothing drifted" in said.err
    assert ran("reconcile", "--json").json["drifted"] is False
    assert everything(starter) == before
    assert len(ran("runs", "list", "--json").json) == 1, "an audit is no run"


def test_drift_ends_with_ten_is_masked_planned_and_mended(ran, starter):
    remember_wrongly(starter, "Berlin", "Bonn")
    ran("run", "--full")
    said = ran("reconcile", code=10)
    assert "addresses[billing].city: 1 taken into the hub" in said.out
    assert "Bonn" not in said.out
    assert "Berlin" not in said.out
    assert 'agreed "Bonn", shows "Berlin"' in ran("reconcile", "--reveal", code=10).out
    found = {one["connection"]: one for one in ran("reconcile", "--json", code=10).json["bindings"]}
    assert found["crm"]["fields"] == [{"path": "addresses[billing].city", "take": 1}]
    assert found["crm"]["examples"][0]["differences"][0]["agreed"] == "B•••"
    assert "in the hub, from crm.people:contact: changed 1" in ran("reconcile", "--repair", code=10).out
    assert ran("reconcile", "--repair", "--json", code=10).json["plan"]["totals"] == []
    before = everything(starter)
    ran("reconcile", "--apply")
    assert everything(starter) == before
    assert ran("runs", "list", "--json").json[0]["trigger"] == "reconcile"
    ran("reconcile")


def test_a_compare_of_one_system_leaves_the_others_alone(ran):
    assert [one["connection"] for one in ran("reconcile", "crm", "--json").json["bindings"]] == ["crm"]
    assert "did you mean 'crm'" in ran("reconcile", "cmr", code=2).err


def test_a_population_is_counted_sampled_and_bounded(ran):
    said = ran("audit", "population", "--sample", "4", "--seed", "3")
    assert "0 of 4 sampled records differ or are gone:" in said.out
    assert "at most 52.8 % of 8 linked ones do, with 95 % confidence (seed 3)" in said.out
    one, other = (ran("audit", "population", "--sample", "4", "--seed", "3", "--json") for _ in range(2))
    assert one.out == other.out
    (crm, shop) = one.json["bindings"]
    assert {crm[name] for name in ("listed", "linked", "links", "entities")} == {8}
    assert crm["at_most"] == pytest.approx(0.5271, abs=1e-4)
    assert (shop["sampled"], shop["differing"], shop["unknown"]) == (4, 0, {})


def test_a_population_with_something_wrong_ends_with_ten(ran, starter):
    remember_wrongly(starter, "Berlin", "Bonn")
    said = ran("audit", "population", code=10)
    assert "all 8 linked records were compared: 1 differ or are gone" in said.out
    assert "Berlin" not in said.out
    assert ran("audit", "population", "--json", code=10).json["wrong"] is True


def test_a_system_that_cannot_be_read_fails_an_audit(ran, starter):
    (starter / "data/crm.db").unlink()
    for command in (["reconcile"], ["audit", "population"]):
        said = ran(*command, code=1)
        assert "crm" in said.err


def test_a_backfill_is_planned_first_and_touches_one_field_only(ran, starter):
    with sqlite3.connect(starter / "var/syncline.db") as database:  # as if the town had never been read
        database.execute("UPDATE canonical SET vals = json_remove(vals, '$.\"addresses[billing].city\"'), meta = NULL")
    database.close()
    edit_csv(starter, "Bruno", "Brunello")
    before = everything(starter)
    planned = ran("backfill", "--field", "addresses[billing].city")
    assert "in the hub, from crm.people:contact: changed" in planned.out
    assert "--apply" in planned.err or "Nothing to write" in planned.err
    assert everything(starter) == before
    ran("backfill", "--field", "addresses[billing].city", "--apply")
    ada = ran("record", "show", "shop:K-1001", "--json").json
    assert {one["path"]: one["value"] for one in ada["fields"]}["addresses[billing].city"] == "Berlin"
    bruno = ran("record", "show", "shop:customers:K-1002", "--json").json
    assert {one["path"]: one["value"] for one in bruno["fields"]}["given_name"] == "Bruno", "read by the next run only"
    ran("run")
    assert "Brunello" in customers(starter)


def test_a_field_that_nobody_reads_cannot_be_backfilled(ran):
    assert "no mapping reads 'job_titel'; did you mean 'job_title'?" in ran("backfill", "-f", "job_titel", code=2).err
    assert "no mapping reads 'a b'" in ran("backfill", "-f", "a b", code=2).err


def test_retry_shows_what_it_would_try_and_counts_what_became_of_it(ran, starter):
    edit_csv(starter, "030 23125 014", "not a number")
    edit_csv(starter, "Italy", "Nowhere")
    ran("run", code=3)
    groups = ran("retry", "--preview", "--json").json
    assert [(one["connection"], one["side"], one["why"], one["count"], one["retried"]) for one in groups] == [
        ("shop", "in", "dead", 1, True),
        ("shop", "in", "dead", 1, True),
    ]
    assert "nobody can be asked here" in ran("retry", code=2).err
    edit_csv(starter, "Nowhere", "Italy")
    said = ran("retry", "--yes", "--json", code=3).json
    assert sorted((row["tried"], row["settled"], row["still"]) for row in said["tried"]) == [(1, 0, 1), (1, 1, 0)]
    edit_csv(starter, "not a number", "030 23125 014")
    assert "SETTLED" in ran("retry", "--yes").out
    assert "Nothing is set aside." in ran("retry").err


def test_retry_takes_only_the_codes_and_bindings_that_are_named(ran, starter):
    edit_csv(starter, "030 23125 014", "not a number")
    ran("run", code=3)
    (group,) = ran("retry", "--preview", "--json").json
    assert ran("retry", "--preview", "--json", "--code", "something-else").json == []
    assert ran("retry", "crm", "--preview", "--json").json == []
    assert ran("retry", "shop", "--preview", "--json", "--code", group["code"]).json == [group]


def test_retry_leaves_questions_for_a_person_alone(ran, starter):
    with sqlite3.connect(starter / "data/crm.db") as database:
        database.execute("DELETE FROM people WHERE given_name = 'Ada'")
    database.close()
    ran("run", "--sweep", code=4)
    (group,) = ran("retry", "--preview", "--json").json
    assert (group["code"], group["retried"]) == ("deleted-there", False)
    assert "waits for a person" in ran("retry").out


def test_what_may_have_happened_is_tried_again_only_where_it_is_asked_for_by_name(binding_named):
    doubted = binding_named(Side.OUT, Why.DEAD, IN_DOUBT)
    assert not retriable(doubted, [])
    assert not retriable(doubted, ["refused"])
    assert retriable(doubted, [IN_DOUBT])
    assert retriable(binding_named(Side.OUT, Why.DEAD, "refused"), [])
    assert retriable(binding_named(Side.IN, Why.WAITING, "reference-missing"), [])


@pytest.fixture
def binding_named():
    def named(side, why, code):
        at = BindingId("crm", "people", "contact")
        return ParkedGroup(binding=at, side=side, why=why, code=code, ids=(1,), keys=("k",))

    return named
