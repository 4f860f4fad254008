"""Undo, losers and frozen fields, as a person meets them on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def synced(cli):
    cli("run", code=None)
    cli("run")
    return cli


def crm(cli, sql):
    with closing(sqlite3.connect(cli.folder / "data" / "crm.db")) as database:
        rows = database.execute(sql).fetchall()
        database.commit()
    return rows


def shop(cli):
    lines = (cli.folder / "data" / "shop_customers.csv").read_text(encoding="utf-8").splitlines()
    return {line.partition(",")[0]: line for line in lines[1:]}


def edit_shop(cli, old, new):
    path = cli.folder / "data" / "shop_customers.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def latest(cli):
    return cli("runs", "list", "--json").json[0]["id"]


def test_undo_shows_first_masked_and_changes_nothing(synced):
    crm(synced, "UPDATE people SET town = 'Bremen' WHERE id = 1")
    synced("run")
    said = synced("undo", str(latest(synced)))
    assert "addresses[billing].city" in said.out
    assert "Bremen" not in said.out
    assert "crm.people 1" in said.out
    assert "--apply" in said.err
    assert "Bremen" in shop(synced)["K-1001"]
    assert "Bremen" in synced("undo", str(latest(synced)), "--reveal").out


def test_undo_apply_takes_it_back_and_the_next_run_leaves_it_so(synced):
    crm(synced, "UPDATE people SET town = 'Bremen' WHERE id = 1")
    synced("run")
    before = latest(synced)
    report = synced("undo", str(before), "--apply", "--yes", "--json").json
    assert (report["undoes"], report["run"]["run"], report["counts"]["fields"]) == (before, before + 1, 1)
    assert "Bremen" not in shop(synced)["K-1001"]
    assert crm(synced, "SELECT town FROM people WHERE id = 1") == [("Bremen",)]
    assert synced("plan", "--exit-code").code == 0
    assert synced("runs", "list", "--json").json[0]["trigger"] == f"undo {before}"


def test_undo_asks_before_it_writes(synced):
    crm(synced, "UPDATE people SET town = 'Bremen' WHERE id = 1")
    synced("run")
    said = synced("undo", str(latest(synced)), "--apply", code=2)
    assert "Give --yes" in said.err
    assert "Bremen" in shop(synced)["K-1001"]


def test_undoing_the_first_run_removes_what_it_made(synced):
    said = synced("undo", "1", "--apply", "--yes")
    assert "the run made it" in said.out
    assert "stay linked" in said.err
    assert set(shop(synced)) == {"K-1001", "K-1002", "K-1003", "K-1004", "K-1005", "K-1006"}
    assert crm(synced, "SELECT count(*) FROM people") == [(5,)]
    assert synced("plan", "--exit-code").code == 0


def test_what_was_edited_since_is_listed_with_who_and_when(synced):
    crm(synced, "UPDATE people SET town = 'Bremen' WHERE id = 1")
    synced("run")
    run = latest(synced)
    edit_shop(synced, "Bremen", "Kassel")
    report = synced("undo", str(run), "--json").json
    (left,) = report["left"]
    assert (left["path"], left["by"], left["why"]) == ("addresses[billing].city", "shop", "edited since")
    assert "Kassel" in shop(synced)["K-1001"]


def test_a_run_that_never_was_is_said(synced):
    assert "there is no run 99" in synced("undo", "99", code=1).err


def test_a_tripped_brake_undoes_nothing(synced):
    config = synced.folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    tight = "brakes:\n  crm:\n    delete: {count: 0, share: 0}\n"
    config.write_text(text.replace("brakes:\n", tight), encoding="utf-8")
    said = synced("undo", "1", "--apply", "--yes", code=6)
    assert "--apply --release crm.people:delete" in said.err
    assert crm(synced, "SELECT count(*) FROM people") == [(8,)]
    synced("undo", "1", "--apply", "--yes", "--release", "delete")
    assert crm(synced, "SELECT count(*) FROM people") == [(5,)]


def test_losers_are_listed_by_number_and_one_is_restored(synced):
    crm(synced, "UPDATE people SET job_title = 'Head' WHERE id = 1")
    synced("run")
    rows = synced("record", "losers", "crm:people:1", "--field", "job_title", "--json").json
    (lost,) = rows
    assert (lost["value"], lost["winner"], lost["how"]) == ("Head of Purchasing", "Head", "overwritten")
    assert "Head of Purchasing" not in synced("record", "losers", "crm:people:1", "--mask").out
    synced("record", "restore", "crm:people:1", "job_title", str(lost["number"]))
    assert crm(synced, "SELECT job_title FROM people WHERE id = 1") == [("Head",)]
    synced("run")
    assert crm(synced, "SELECT job_title FROM people WHERE id = 1") == [("Head of Purchasing",)]


def test_a_number_that_no_value_has_is_said_with_what_to_do(synced):
    said = synced("record", "restore", "crm:people:1", "job_title", "77", code=1)
    assert "record losers" in said.err


def test_a_record_that_lost_nothing_says_so(synced):
    assert "No value of it was ever lost" in synced("record", "losers", "crm:people:4").err


def test_a_frozen_field_is_explained(synced):
    for number in range(6):
        crm(synced, "UPDATE people SET town = 'BERLIN' WHERE id = 1")
        synced("run", code=None)
        text = shop(synced)["K-1001"]
        edit_shop(synced, text, text.replace("BERLIN", "berlin"))
        edit_shop(synced, shop(synced)["K-1006"], f"K-1006,Frida,S{number},frida.sorensen@example.com,,Aarhus,Denmark")
        synced("run", code=None)
    (conflict,) = synced("conflicts", "list", "--json").json
    assert conflict["rule"] == "oscillation"
    said = synced("conflicts", "show", conflict["id"])
    assert "between crm and shop it went back to a former value 5 times" in said.out
    masked = synced("conflicts", "show", conflict["id"], "--mask", "--json").json
    assert {turn["by"] for turn in masked["turns"]} == {"crm", "shop"}
    assert "berlin" not in str(masked).lower()
