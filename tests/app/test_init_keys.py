"""A file in which some rows lack a number is connected all the same, and the rows are named."""

import re

import pytest

from syncline.init.exports import look_at


def listing(spoilt=()):
    """Sixty customers, each with an e-mail address that many share; some rows are spoilt: the line → its number."""
    spoilt = dict(spoilt)
    rows = [f"{spoilt.get(line, 100 + line)};N{line % 7};a{line % 9}@x.org" for line in range(2, 62)]
    return "\n".join(["Kunden-Nr.;Name;E-Mail", *rows, ""])


@pytest.fixture
def connected(make_cli, tmp_path):
    def connect(text, *options):
        (tmp_path / "list.csv").write_text(text, encoding="utf-8")
        cli = make_cli(tmp_path / "p")
        return cli, cli("init", "--file", str(tmp_path / "list.csv"), *options).err

    return connect


def test_a_column_that_is_nearly_always_different_is_the_key_and_the_rows_at_fault_are_named(connected, tmp_path):
    _, said = connected(listing({5: "", 9: 103, 11: ""}))
    assert "told apart by 'Kunden-Nr.', but 2 rows have no value in it (lines 5, 11)" in said
    assert "1 has that of an earlier row (line 9)" in said
    config = (tmp_path / "p/config.yaml").read_text(encoding="utf-8")
    assert re.search(r"key: Kunden-Nr\. # 3 of 60 rows have none of their own", config)


def test_the_rows_named_are_those_that_a_run_sets_aside(connected, tmp_path):
    text = listing({5: "", 9: 103}).replace("104;N4;", '104;"N\n4";')  # a row of two lines moves those after it
    cli, said = connected(text)
    named = {int(line) for line in re.findall(r"lines? (\d+)", said)}
    cli("mappings", "suggest", "files", "list", "--entity", "contact")
    mapping = tmp_path / "p/mappings/files_list.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("lifecycle: proposed", "lifecycle: live"), "utf-8")
    cli("run", code=None)
    letters = {(one["code"], one["key"]) for one in cli("dead-letters", "list", "--json").json}
    assert letters == {("no-key", "list.csv:6"), ("duplicate-key", "list.csv:10")}
    assert named == {6, 10}


def test_a_number_with_a_slip_is_rather_the_key_than_a_name_without_one(tmp_path):
    rows = "\n".join(f"{'' if n == 7 else n};Name {n}" for n in range(50))
    (tmp_path / "a.csv").write_text(f"nr;name\n{rows}\n", encoding="utf-8")
    found = look_at(tmp_path / "a.csv")
    assert (found.key, list(found.found.blank)) == ("nr", [9])


def test_a_column_that_too_often_repeats_is_refused_by_name_and_taken_when_asked_for(connected, make_cli, tmp_path):
    text = listing(dict.fromkeys(range(20, 40), 103))
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    refused = make_cli(tmp_path / "p")("init", "--file", str(tmp_path / "list.csv"), code=5).err
    assert "nearest is 'Kunden-Nr.': 20 rows have that of an earlier row (lines 20, 21," in refused
    assert "and 10 more" in refused
    assert "--key Kunden-Nr." in refused
    _, said = connected(text, "--key", "Kunden-Nr.")
    assert "20 rows have that of an earlier row" in said


def test_the_key_of_one_of_several_files_is_named_with_it(make_cli, tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("nr;mail;place\n1;a@x.org;2\n2;b@x.org;2\n", encoding="utf-8")
    cli = make_cli(tmp_path / "p")
    files = ("--file", str(tmp_path / "a.csv"), "--file", str(tmp_path / "b.csv"))
    assert "FILE:COLUMN" in cli("init", *files, "--key", "mail", code=2).err
    assert "did you mean 'mail'" in cli("init", *files, "--key", "b.csv:mial", code=5).err
    cli("init", *files, "--key", "b.csv:mail", "--key", "a.csv:nr+place")
    config = (tmp_path / "p/config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"key: (.+?) #", config) == ["[nr, place]", "mail"]


def test_a_column_without_any_value_is_no_key_even_if_asked_for(make_cli, tmp_path):
    (tmp_path / "a.csv").write_text("nr;name\n;A\n;B\n", encoding="utf-8")
    said = make_cli(tmp_path / "p")("init", "--file", str(tmp_path / "a.csv"), "--key", "nr", code=5).err
    assert "has no value in 'nr' in any row" in said
