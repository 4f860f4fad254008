"""What people who sync two lists are told: who was made, who joined whom, and what they have to answer."""

import re

import pytest

CONFIG = """\
syncline: 1
connections:
  files:
    connector: files
    folder: data
    streams:
      office: {file: office.csv, key: nr}
      shop: {file: shop.csv, key: nr}
"""
MAPPING = """\
mapping: files_{stream}
connection: files
stream: {stream}
entity: contact
direction: in
lifecycle: live
match: {{strong: ["emails[work]"]}}
rules:
  given_name: vorname
  family_name: nachname
  job_title: beruf
  "emails[work]": {{field: mail, transform: email}}
  birth_date: {{field: geboren, transform: date}}
"""
OFFICE = """\
nr,vorname,nachname,beruf,mail,geboren
1,Ada,Berg,Ärztin,ada@example.org,1990-01-01
2,Bo,Carl,Koch,bo@example.org,gestern
3,Cy,Dorn,Maler,keine,1990-01-03
"""
SHOP = """\
nr,vorname,nachname,beruf,mail,geboren
x1,Ada,Berg,Ärztin,ada@example.org,1990-01-01
x2,Bo,Carl,Koch,bo@example.org,morgen
x3,Eve,Falk,Wirtin,eve@example.org,1990-01-05
"""


@pytest.fixture
def lists(make_cli, write):
    """Two lists: one person in both of them, one in both with a date that is none, one without an e-mail address."""

    def made(office=OFFICE, shop=SHOP):
        files = {"config.yaml": CONFIG, "data/office.csv": office, "data/shop.csv": shop}
        return make_cli(
            write(files | {f"mappings/files_{s}.yaml": MAPPING.format(stream=s) for s in ("office", "shop")})
        )

    return made


def test_a_record_that_is_in_the_hub_but_for_one_value_counts_as_made_and_the_value_is_said_to_lack(lists):
    cli = lists()
    planned = cli("plan").out
    assert "from files.office:contact: created 3 (2 of them lack a value)" in planned
    assert "from files.shop:contact: created 1, linked 2 (1 of them lacks a value)" in planned
    said = cli("run", code=None).out
    assert "created 1, created but not-a-date 1, created but not-an-email 1" in said
    assert "linked but not-a-date 1" in said
    assert {(one["stream"], one["links"]) for one in cli("status", "--json").json} == {("office", 3), ("shop", 3)}
    found = {
        (one["stream"], one["seen"], one["written"], one["dead"])
        for one in cli("runs", "show", "1", "--json").json["balances"]
    }
    assert found == {("office", 3, 1, 2), ("shop", 3, 2, 1)}


def test_a_dead_letter_is_not_shown_as_a_question_about_whose_record_it_is(lists):
    cli = lists()
    cli("run", code=None)
    letter = cli("dead-letters", "list", "--json").json[0]["id"]
    said = cli("conflicts", "show", f"m{letter}", code=1)
    assert (said.out, f"syncline dead-letters show {letter}" in said.err) == ("", True)
    assert "no record is in question under m99" in cli("conflicts", "show", "m99", code=1).err


def test_the_reason_of_a_dead_letter_is_explained_as_any_code_is(lists):
    cli = lists()
    cli("run", code=None)
    for code in {one["code"] for one in cli("dead-letters", "list", "--json").json}:
        assert "Mend the value" in cli("check", "--explain", code).out


def test_how_many_rows_cannot_be_read_is_said_where_not_all_of_them_are_named(lists):
    cli = lists(OFFICE + "".join(f"{n},zu,viel,in,dieser,Zeile,{n}\n" for n in range(9)))
    said = cli("mappings", "preview", "files_office").err
    assert (said.count("cells, "), "unreadable: 4 more, 9 in all" in said) == (5, True)
    assert "and 8 more of the first" in cli("doctor", code=None).out


def test_a_record_that_is_not_there_does_not_hide_the_others_asked_for(lists):
    said = lists()("mappings", "preview", "files_office", "-r", "1", "-r", "77", "-r", "3", code=1)
    assert "files_office: 1 " in said.out
    assert "files_office: 3 " in said.out
    assert "no record '77'" in said.err


def test_a_header_that_cannot_be_used_is_said_before_there_is_a_mapping(lists):
    cli = lists("nummer" + OFFICE.removeprefix("nr"))
    for path in (cli.folder / "mappings").iterdir():
        path.unlink()
    assert "no column 'nr'" in cli("check", "--online", code=5).out
    assert "no column" not in cli("check", code=5).out


def test_a_preview_calls_a_column_as_the_file_does(lists):
    cli = lists(OFFICE.replace("beruf", "Beruf o.Ä.").replace("vorname", "Vor.N"))
    path = cli.folder / "mappings/files_office.yaml"
    text = path.read_text("utf-8").replace("job_title: beruf", r"job_title: 'Beruf o\.Ä\.'")
    path.write_text(text.replace("  given_name: vorname\n", ""), "utf-8")
    said = cli("mappings", "preview", "files_office", "-r", "1").out
    assert "Beruf o.Ä." in said
    assert "Not read by any rule: Vor.N" in said
    assert "\\" not in said


def numbers(cli):
    return {
        (one["path"], one["theirs_key"]): one["id"]
        for one in cli("conflicts", "list", "--kind", "field", "--json").json
    }


@pytest.fixture
def apart(lists):
    """Three people whom both lists know: five fields differ, two of them only in how they are written."""
    office = "nr,vorname,nachname,beruf,mail,geboren\n" + "".join(
        f"{n},{name},Berg,{work},{n}@example.org,1990-01-0{n}\n"
        for n, name, work in ((1, "ADA", "Ärztin"), (2, "Bo", "Koch"), (3, "Cy", "Maler"))
    )
    shop = office.replace("ADA", "Ada").replace("Bo", "Bob").replace("Koch", "KOCH").replace("Maler", "Malerei")
    cli = lists(office, shop.replace("1990-01-02", "1992-01-02").replace("\n", "\nx").removesuffix("x"))
    cli("run", code=None)
    return cli


def values(cli, key):
    return {one["path"]: one["value"] for one in cli("record", "show", f"files:office:{key}", "--json").json["fields"]}


def test_several_conflicts_are_answered_at_once_by_their_numbers(apart):
    found = numbers(apart)
    assert len(found) == 5
    two = found["given_name", "x1"], found["birth_date", "x2"]
    assert "Decided: 2 conflicts" in apart("conflicts", "resolve", *two, "--winner", "theirs").err
    assert set(numbers(apart).values()) == set(found.values()) - set(two)
    assert (values(apart, 1)["given_name"], values(apart, 2)["birth_date"]) == ("Ada", "1992-01-02")


def test_conflicts_that_are_only_a_matter_of_letter_case_are_answered_together(apart):
    alike = apart("conflicts", "list", "--alike", "--json").json
    assert {(one["path"], one["theirs_key"]) for one in alike} == {("given_name", "x1"), ("job_title", "x2")}
    apart("conflicts", "resolve", "--alike", "--winner", "theirs", code=2)
    assert len(numbers(apart)) == 5, "nobody could be asked"
    apart("conflicts", "resolve", "--alike", "--winner", "theirs", "--yes")
    assert set(numbers(apart)) == {("given_name", "x2"), ("birth_date", "x2"), ("job_title", "x3")}
    assert (values(apart, 1)["given_name"], values(apart, 2)["job_title"]) == ("Ada", "KOCH")


def test_the_conflicts_of_one_field_or_of_one_stream_are_answered_together(apart):
    apart("conflicts", "resolve", "--field", "given_name", "--winner", "ours", "--yes")
    assert {path for path, _ in numbers(apart)} == {"birth_date", "job_title"}
    assert apart("conflicts", "list", "--there", "files.office", "--json").json == []
    assert (
        "no field in conflict is meant"
        in apart("conflicts", "resolve", "--there", "crm", "--winner", "ours", code=1).err
    )
    apart("conflicts", "resolve", "--there", "files.shop", "--winner", "ours", "--yes")
    assert numbers(apart) == {}


def test_of_several_conflicts_none_is_answered_where_one_is_not_open(apart):
    before = numbers(apart)
    said = apart("conflicts", "resolve", min(before.values()), "99", "--winner", "ours", code=1).err
    assert "not open: 99; nothing was decided" in said
    apart("conflicts", "resolve", "7", "m7", "--winner", "ours", code=2)
    apart("conflicts", "resolve", min(before.values()), "--all", "--winner", "ours", code=2)
    assert numbers(apart) == before


def test_dead_letters_of_one_reason_are_listed_and_forgotten_together(lists):
    cli = lists()
    cli("run", code=None)
    codes = [one["code"] for one in cli("dead-letters", "list", "--json").json]
    assert sorted(codes) == ["not-a-date", "not-a-date", "not-an-email"]
    assert "[not-a-date]" in cli("dead-letters", "list").out, "what --code takes is seen"
    assert len(cli("dead-letters", "list", "--code", "not-a-date", "--json").json) == 2
    assert "Forgot 2 dead letters" in cli("dead-letters", "discard", "--code", "not-a-date", "--yes").err
    assert [one["code"] for one in cli("dead-letters", "list", "--json").json] == ["not-an-email"]
    assert "with the code not-a-date" in cli("dead-letters", "retry", "--code", "not-a-date").err


def test_who_was_joined_with_whom_is_listed_without_a_name_being_told(lists):
    cli = lists()
    assert "2 records joined what the hub knew already: syncline links list" in cli("run", code=None).err
    assert "joined what" not in cli("run", code=None).err
    rows = cli("links", "list", "--json").json
    joined = {tuple((one["stream"], one["key"]) for one in row["records"]) for row in rows}
    assert joined == {(("office", "1"), ("shop", "x1")), (("office", "2"), ("shop", "x2"))}
    hidden = cli("links", "list").out
    assert "files.office 1, files.shop x1" in hidden
    assert not {"Ada", "Berg", "Carl"} & set(re.findall(r"\w+", hidden))
    assert "Ada, Berg" in cli("links", "list", "--reveal").out
    assert cli("links", "list", "--at", "files.shop", "--json").json == rows
    assert cli("links", "list", "--at", "crm", "--json").json == []
    said = cli("links", "list", "--limit", "1")
    assert (said.out.count("files.shop"), "--limit shows more" in said.err) == (1, True)


def test_a_record_that_the_hub_made_in_a_system_was_not_joined(cli):
    cli("run", code=None)
    made = cli("links", "list", "--json").json
    assert {len(row["records"]) for row in made} == {2}
    linked = sum(one["detail"].get("linked", 0) for one in cli("runs", "show", "1", "--json").json["balances"])
    assert 0 < len(made) == linked < min(one["links"] for one in cli("status", "--json").json)


def test_records_that_are_not_in_sync_are_named(apart):
    status = apart("status")
    assert "syncline links list --behind" in status.err
    rows = apart("links", "list", "--behind", "--json").json
    counted = {one["stream"]: one["links"] - one["in_sync"] for one in apart("status", "--json").json}
    named = [one["stream"] for row in rows for one in row["records"]]
    assert counted == {stream: named.count(stream) for stream in ("office", "shop")}
    assert sum(counted.values()) > 0
    apart("conflicts", "resolve", "--all", "--winner", "theirs", "--yes")
    apart("run", code=None)
    assert apart("links", "list", "--behind", "--json").json == []
    assert "--behind" not in apart("status").err
