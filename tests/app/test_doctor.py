"""The doctor finds what would make a run fail, and changes nothing."""

import sqlite3

from syncline import doctor
from syncline.doctor import Health
from syncline.init.compose import compose
from syncline.settings import load_project


def healths(found):
    return {row["check"]: row["health"] for row in found}


def test_a_good_project_is_all_ok(cli, starter):
    found = healths(cli("doctor", "--json").json)
    assert set(found.values()) == {"ok"}
    assert set(found) >= {"versions", "configuration", "state", "connection shop", "connection crm"}
    assert not (starter / "var").exists()


def test_a_broken_mapping_ends_with_five_and_the_connections_are_looked_at_all_the_same(cli, starter):
    (starter / "mappings/crm_people.yaml").write_text("mapping: [", encoding="utf-8")
    found = healths(cli("doctor", "--json", code=5).json)
    assert (found["configuration"], found["connection crm"]) == ("error", "ok")


def test_what_check_only_notes_is_no_warning(tmp_path):
    compose(tmp_path / "p", ["salesforce"])
    values = {f"SALESFORCE_{name}": "https://x.example" for name in ("URL", "CLIENT_ID", "CLIENT_SECRET")}
    project, found = load_project(tmp_path / "p", environment=values)
    assert found
    assert doctor._configuration(found, project).health is Health.OK


def test_a_connection_that_cannot_be_reached_ends_with_one(cli, starter):
    (starter / "data/crm.db").unlink()
    said = cli("doctor", code=1)
    assert "error    connection crm" in said.out
    assert healths(cli("doctor", "--connection", "shop", "--json").json) == {"connection shop": "ok", "lock shop": "ok"}
    cli("connections", "check", code=1)
    cli("connections", "check", "shop")


def test_a_state_file_that_others_can_read_is_a_warning(cli, starter):
    cli("run")
    (starter / "var/syncline.db").chmod(0o644)
    assert healths(cli("doctor", "--json").json)["state-mode"] == "warning"


def test_a_state_of_a_newer_version_is_an_error_and_stays_as_it_is(cli, starter):
    cli("run")
    with sqlite3.connect(starter / "var/syncline.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = (starter / "var/syncline.db").read_bytes()
    assert healths(cli("doctor", "--json", code=1).json)["state"] == "error"
    assert (starter / "var/syncline.db").read_bytes() == before


def test_network_filesystems_are_recognised_by_the_longest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n", encoding="utf-8")
    assert doctor.filesystem(tmp_path / "var/syncline.db", mounts) == "nfs4"
    assert doctor.filesystem(tmp_path.parent / "else", mounts) == "ext4"
    assert doctor.filesystem(tmp_path, tmp_path / "nowhere") is None


def test_another_package_with_one_of_our_top_level_names_is_an_error():
    found = list(doctor._claims({"connectors": ["syncline", "some-etl"], "model": ["syncline"]}))
    assert [(one.check, one.health) for one in found] == [("packages", Health.ERROR)]
    assert "some-etl" in found[0].message
