"""`mappings test`, `preview`, `docs`: seen before it happens, and nothing happens because of it."""

import sqlite3
import sys
from io import StringIO

import pytest

from mappings.compile import load
from model.entities import schemas
from model.records import Flaw, Page, Problem, Record
from syncline import preview
from syncline.cli.main import app
from syncline.preview import sampled

CONFIG = """
syncline: 1
entities:
  contact: {survivorship: {default: {rule: latest}}}
connections:
  shop:
    connector: files
    folder: data
    streams:
      people: {file: people.csv, key: id}
      firms: {file: firms.csv, key: id}
  crm:
    connector: files
    folder: data
    streams:
      contacts: {file: contacts.csv, key: no, writable: true, create: true}
      accounts: {file: accounts.csv, key: no, writable: true, create: true}
"""
PEOPLE = """connection: shop
stream: people
entity: contact
direction: in
match: {strong: ["emails[*]"]}
defaults: {canonical: {active: true}}
filter: {in: [{field: kind, not: hidden}]}
rules:
  given_name: first
  family_name: last
  job_title: title
  "emails[work]": mail
  "phones[work]": {field: phone, transform: {phone: DE}}
  account: {field: firm, reference: firms}
examples:
  - name: plain
    record: {first: Ana, mail: ana@example.com, title: null}
    canonical: {given_name: Ana, "emails[work]": ana@example.com, job_title: null}
"""
CONTACTS = """connection: crm
stream: contacts
entity: contact
match: {strong: ["emails[*]"]}
defaults: {record: {origin: hub}}
rules:
  given_name: {field: first, max_length: 6}
  family_name: last
  "emails[work]": {field: mail, loses: [case]}
  "phones[work]": phone
  account: {field: account, reference: accounts}
"""
FIRMS = """connection: shop
stream: firms
entity: account
direction: in
match: {strong: [name]}
rules: {name: name}
"""
ACCOUNTS = """connection: crm
stream: accounts
entity: account
match: {strong: [name]}
rules: {name: name}
"""
ROWS = """id,first,last,title,mail,phone,firm,kind,shoe
1,Ana,Trujillo,Owner,ana@example.com,030 23125 031,F1,,38
2,Bo,Li,,bo@example.com,nix,F1,,
3,Zoë,Ångström,Chief of everything,zoe@example.com,,,,
4,Cy,Ng,Buyer,cy@example.com,,,hidden,
5,Maximiliana,Po,Buyer,maxi@example.com,,,,41
6,Di,Ro,Buyer,di@example.com,,,,
"""


@pytest.fixture
def shop(write, make_cli):
    folder = write(
        {
            "config.yaml": CONFIG,
            "mappings/people.yaml": PEOPLE,
            "mappings/contacts.yaml": CONTACTS,
            "mappings/firms.yaml": FIRMS,
            "mappings/accounts.yaml": ACCOUNTS,
            "data/people.csv": ROWS,
            "data/firms.csv": "id,name\nF1,Acme\n",
            "data/contacts.csv": "no,first,last,mail,phone,account,origin\n",
            "data/accounts.csv": "no,name\n",
        }
    )
    return make_cli(folder)


def files(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def edit(cli, name, old, new):
    path = cli.folder / "mappings" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_examples_that_hold_end_well(shop):
    said = shop("mappings", "test")
    assert said.out.startswith("pass  people: plain  (")
    assert "mappings/people.yaml:16)" in said.out
    assert "1 example passed" in said.err
    assert "Without examples: accounts, contacts, firms." in said.err


def test_an_example_that_fails_ends_with_one_and_says_what_where_and_by_which_rule(shop):
    edit(shop, "people.yaml", 'canonical: {given_name: Ana, "emails', 'canonical: {given_name: Bo, "emails')
    said = shop("mappings", "test", code=1)
    assert 'expected  "Bo"' in said.out
    assert 'got       "Ana"' in said.out
    assert "rule      given_name: first  (" in said.out
    assert "mappings/people.yaml:9)" in said.out
    [trial] = shop("mappings", "test", "people", "--json", code=1).json
    assert (trial["mapping"], trial["passed"], trial["ways"]) == ("people", False, ["in"])
    assert trial["differences"][0]["expected"] == {"value": "Bo"}


def test_an_example_of_which_nothing_was_tried_did_not_pass(shop):
    edit(
        shop,
        "people.yaml",
        "  - name: plain\n",
        "  - name: outwards\n    canonical: {given_name: Bo}\n    write: {first: Bo}\n  - name: plain\n",
    )
    said = shop("mappings", "test", "people")
    assert "skip  people: outwards  (" in said.out
    assert "1 example not tried" in said.err
    assert "1 example passed." in said.err


def test_an_example_of_a_file_that_others_extend_is_named_where_it_was_written(shop):
    shared = shop.folder / "mappings/shared/person.yaml"
    shared.parent.mkdir()
    shared.write_text((shop.folder / "mappings/people.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    own = "extends: shared/person\n\nrules:\n  given_name: {field: first, transform: upper}\n"
    (shop.folder / "mappings/people.yaml").write_text(own, encoding="utf-8")
    said = shop("mappings", "test", "people", code=1).out
    assert "mappings/shared/person.yaml:16)" in said
    assert 'got       "ANA"' in said
    assert "given_name: first  (" in said
    assert "mappings/people.yaml:4)" in said


def test_tests_and_docs_need_no_secret_and_no_system(shop):
    config = shop.folder / "config.yaml"
    config.write_text(config.read_text().replace("folder: data", "folder: ${env:NOT_SET}", 1), encoding="utf-8")
    shop("check", code=5)
    assert "1 example passed" in shop("mappings", "test").err
    assert "# people" in shop("mappings", "docs", "people").out


def test_a_broken_mapping_is_told_and_does_not_stop_the_test_of_another(shop):
    edit(shop, "contacts.yaml", "family_name: last", "famly_name: last")
    shop("mappings", "test", "people", code=0)
    for names in (("contacts",), ("people", "contacts")):
        said = shop("mappings", "test", *names, code=5)
        assert "did you mean 'family_name'?" in said.err
        assert said.out == ""


def test_without_names_the_sound_mappings_are_tested_and_the_others_told(shop):
    edit(shop, "contacts.yaml", "family_name: last", "famly_name: last")
    said = shop("mappings", "test", code=5)
    assert said.out.startswith("pass  people: plain  (")
    assert "did you mean 'family_name'?" in said.err
    assert "1 example passed." in said.err
    edit(shop, "people.yaml", 'canonical: {given_name: Ana, "emails', 'canonical: {given_name: Bo, "emails')
    assert "did you mean 'family_name'?" in shop("mappings", "test", code=1).err
    for path in (shop.folder / "mappings").glob("*.yaml"):
        path.write_text("rules: [", encoding="utf-8")
    assert "pass" not in shop("mappings", "test", code=5).out


def test_a_mapping_that_does_not_exist_is_guessed(shop):
    for command in ("test", "docs", "preview"):
        assert "did you mean 'people'?" in shop("mappings", command, "peopel", code=2).err


def test_a_record_is_followed_rule_by_rule_to_every_target(shop):
    [found] = shop("mappings", "preview", "people", "--record", "1", "--json").json
    rules = {one["rule"]: one for one in found["rules"]}
    assert rules["phones[work]"]["fields"] == {"phone": "030 23125 031"}
    assert rules["phones[work]"]["values"] == {"phones[work]": "+493023125031"}
    assert rules["account"]["values"] == {"account": {"stream": "firms", "key": "F1"}}
    assert found["defaults"] == {"active": True}
    assert found["unmapped"] == ["shoe"]
    [target] = found["targets"]
    written = {name: value for one in target["rules"] for name, value in one["fields"].items()}
    assert written == {"first": "Ana", "last": "Trujillo", "mail": "ana@example.com", "phone": "+493023125031"}
    [waiting] = [one for one in target["rules"] if one["waiting"]]
    assert waiting["values"] == {"account": {"stream": "firms", "key": "F1"}}
    assert target["defaults"] == {"origin": "hub"}
    assert target["not_carried"] == ["job_title", "active"]


def test_a_preview_is_read_by_people(shop):
    said = shop("mappings", "preview", "people", "--record", "2")
    assert "people: 2  (shop.people → contact)" in said.out
    assert "✗ phone is not a telephone number [not-a-phone]" in said.out
    assert "→ contacts  (a new record of crm.contacts)" in said.out
    assert "waits: the record it refers to is not known there yet" in said.out
    assert "Not carried there: active" in said.out
    assert "Not read by any rule" not in said.out
    assert 'Will be shown there as: given_name "Maximi"' in shop("mappings", "preview", "people", "-r", "5").out


def test_a_rule_that_its_condition_keeps_away_says_so_both_ways(shop):
    edit(shop, "people.yaml", "job_title: title", "job_title: {field: title, when: [{field: title, matches: B*}]}")
    edit(
        shop,
        "people.yaml",
        "rules:\n",
        "rules:\n  tags: {constant: [vip], list: set, when: [{field: kind, is: vip}]}\n",
    )
    edit(
        shop,
        "contacts.yaml",
        "family_name: last",
        "family_name: {field: last, when: {out: [{path: language, is: de}]}}",
    )
    said = shop("mappings", "preview", "people", "--record", "1")
    assert "(left out: only read when title matches B*)" in said.out
    assert "(left out: only read when kind is vip)" in said.out
    assert "(left out: only written when language is de)" in said.out
    [found] = shop("mappings", "preview", "people", "--record", "1", "--json").json
    assert {one["rule"]: one["unmet"] for one in found["rules"] if one["unmet"]} == {
        "job_title": "title matches B*",
        "tags": "kind is vip",
    }
    assert [one["unmet"] for one in found["targets"][0]["rules"] if one["unmet"]] == ["language is de"]


def test_what_a_rule_does_is_told_in_the_order_in_which_it_does_it(shop):
    edit(shop, "people.yaml", "given_name: first", "given_name: {expr: src.first, transform: [trim, title]}")
    edit(shop, "contacts.yaml", "family_name: last", "family_name: {field: last, transform: [upper, trim]}")
    [found] = shop("mappings", "preview", "people", "--record", "1", "--json").json
    assert {one["rule"]: one["how"] for one in found["rules"]}["given_name"] == "expression, trim, title"
    [target] = found["targets"]
    assert {one["rule"]: one["how"] for one in target["rules"]}["family_name"] == "trim, upper"


def test_a_record_that_the_filter_keeps_out_goes_nowhere(shop):
    said = shop("mappings", "preview", "people", "--record", "4")
    assert "It is left out: filter: kind is not hidden." in said.out
    assert "→ contacts" not in said.out


def test_a_preview_writes_nothing_anywhere_before_the_first_run_and_after_it(shop):
    before = files(shop.folder)
    shop("mappings", "preview", "people")
    assert files(shop.folder) == before
    shop("run", code=None)
    with sqlite3.connect(shop.folder / "var/syncline.db") as database:
        dump = list(database.iterdump())
    data = files(shop.folder / "data")
    shop("mappings", "preview", "people")
    assert files(shop.folder / "data") == data
    with sqlite3.connect(shop.folder / "var/syncline.db") as database:
        assert list(database.iterdump()) == dump
    database.close()


def test_after_a_run_a_reference_is_the_record_that_is_linked(shop):
    shop("run", code=None)
    [found] = shop("mappings", "preview", "people", "--record", "1", "--json").json
    [written] = [one["fields"] for one in found["targets"][0]["rules"] if one["rule"] == "account"]
    rows = (shop.folder / "data/accounts.csv").read_text(encoding="utf-8").splitlines()
    assert written == {"account": rows[1].split(",")[0]}


def test_a_proposed_mapping_can_be_previewed_and_is_shown_as_a_target(shop):
    edit(shop, "people.yaml", "direction: in", "direction: in\nlifecycle: proposed")
    assert shop("mappings", "preview", "people", "-r", "1").out.startswith("people: 1")
    edit(shop, "contacts.yaml", "stream: contacts", "stream: contacts\nlifecycle: proposed")
    assert (
        "→ contacts  (a new record of crm.contacts, proposed)" in shop("mappings", "preview", "people", "-r", "1").out
    )


def test_a_preview_needs_its_own_connection_and_mapping_only(shop):
    config = shop.folder / "config.yaml"
    whole = config.read_text(encoding="utf-8")
    config.write_text("folder: ${env:NOT_SET}".join(whole.rsplit("folder: data", 1)), encoding="utf-8")
    edit(shop, "firms.yaml", "name: name", "nmae: name")
    assert "→ contacts" in shop("mappings", "preview", "people", "-r", "1").out
    config.write_text(whole.replace("folder: data", "folder: ${env:NOT_SET}", 1), encoding="utf-8")
    assert "NOT_SET is not set" in shop("mappings", "preview", "people", "-r", "1", code=5).err


def test_a_sample_begins_with_failures_and_says_why_each_was_picked(shop):
    said = shop("mappings", "preview", "people", "--sample", "3", "--json")
    first, *others = said.json
    assert first["key"] == "2"
    assert "phone is not a telephone number" in first["picked_for"]
    assert "3 of 6 records, 1 with problems, 1 left out by the filter" in said.err
    assert others[0]["skipped"] == "filter: kind is not hidden"
    more = shop("mappings", "preview", "people", "--sample", "5", "--json").json
    reasons = {one["key"]: one["picked_for"] for one in more}
    assert "special characters in first" in reasons["3"]
    assert "longest first" in reasons["5"]
    assert len(shop("mappings", "preview", "people", "--json").json) == 5


def test_personal_values_are_hidden_where_asked(shop):
    for words in ([], ["--json"]):
        said = shop("mappings", "preview", "people", "--sample", "6", "--mask", *words).out
        for value in ("Trujillo", "ana@example.com", "030 23125", "+4930", "Ångström"):
            assert value not in said
    assert "Trujillo" in shop("mappings", "preview", "people", "-r", "1").out


def test_a_field_that_fills_several_paths_is_as_personal_as_the_most_personal_of_them(shop):
    """A region may be told, a street may not, and here one field holds both."""
    edit(shop, "people.yaml", "  job_title: title\n", "")
    template = '{transform: {template: "{region:word} {street}"}, field: title}'
    rule = f'  "addresses[billing].region, addresses[billing].street": {template}\n'
    edit(shop, "people.yaml", "  given_name: first\n", f"  given_name: first\n{rule}")
    for words in ([], ["--json"]):
        said = shop("mappings", "preview", "people", "-r", "3", "--mask", *words).out
        assert "everything" not in said
        assert "Chief" in said  # the region: public by itself


def test_a_huge_cell_does_not_bury_the_others(shop):
    path = shop.folder / "some.jsonl"
    path.write_text('{"first": "%s"}' % ("x" * 50_000), encoding="utf-8")
    said = shop("mappings", "preview", "people", "--file", str(path)).out
    assert "(50,000 characters)" in said
    assert len(said) < 5000
    [found] = shop("mappings", "preview", "people", "--file", str(path), "--json").json
    assert len(found["rules"][0]["fields"]["first"]) == 50_000


class Screen(StringIO):
    """A terminal of eighty columns."""

    def isatty(self):
        return True


def test_a_preview_fits_a_narrow_terminal(shop, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout", Screen())
    words = ["--project", str(shop.folder), "--no-color", "mappings", "preview", "people", "-r", "5"]
    app(words, obj=shop.world, standalone_mode=False)
    lines = sys.stdout.getvalue().splitlines()
    assert max(map(len, lines)) < 80
    at = lines.index('phone: "" (phone)')
    assert lines[at + 1] == "    phones[work]: null"
    assert 'firm: "" (reference to firms)' in lines
    assert "(on create)" in lines


def test_without_mappings_each_command_says_how_to_get_one(shop):
    for path in (shop.folder / "mappings").iterdir():
        path.unlink()
    for command in ("test", "docs", "laws"):
        assert "syncline mappings suggest" in shop("mappings", command, code=5).err


def test_records_can_come_from_a_file_without_any_system(shop):
    path = shop.folder / "some.jsonl"
    path.write_text('{"first": "Ana", "firm": "F1"}\n\n{"first": null}\n', encoding="utf-8")
    config = shop.folder / "config.yaml"
    config.write_text(config.read_text().replace("folder: data", "folder: ${env:NOT_SET}", 1), encoding="utf-8")
    found = shop("mappings", "preview", "people", "--file", str(path), "--json").json
    assert {one["key"] for one in found} == {"line 1", "line 3"}
    assert not (shop.folder / "var").exists()


@pytest.mark.parametrize("content", ["[1", "[1]", '"x"', "{", "[" * 100_000, '{"a": 1}\nnull'])
def test_a_file_of_something_else_is_told_by_its_line(shop, content):
    path = shop.folder / "some.jsonl"
    path.write_text(content, encoding="utf-8")
    said = shop("mappings", "preview", "people", "--file", str(path), code=5)
    assert f"some.jsonl:{content.count(chr(10)) + 1}: this is no record (a JSON object on each line)" in said.err


def test_a_file_of_many_wrong_lines_is_told_once(shop):
    path = shop.folder / "people.csv.jsonl"
    path.write_text("id,first\n" * 3000, encoding="utf-8")
    said = shop("mappings", "preview", "people", "--file", str(path), code=5)
    assert "jsonl:1: this is no record, and neither are 2,999 other lines" in said.err
    assert len(said.err.splitlines()) == 2
    csv = path.rename(path.with_suffix(""))
    assert "syncline init X --file" in shop("mappings", "preview", "people", "--file", str(csv), code=5).err


def test_a_line_separator_inside_a_text_is_no_end_of_a_line(shop):
    path = shop.folder / "some.jsonl"
    path.write_text('{"first": "A\u2028na\u0085"}\n', encoding="utf-8")
    [found] = shop("mappings", "preview", "people", "--file", str(path), "--json").json
    assert found["key"] == "line 1"


def test_a_file_that_cannot_be_read_is_told(shop):
    assert "cannot be read" in shop("mappings", "preview", "people", "--file", str(shop.folder / "no"), code=5).err
    (shop.folder / "latin.jsonl").write_bytes(b'{"a": "\xe9"}')
    path = str(shop.folder / "latin.jsonl")
    assert "is not UTF-8 text" in shop("mappings", "preview", "people", "--file", path, code=5).err


def test_a_key_that_is_not_there_is_told(shop):
    assert "shop.people has no record '99'" in shop("mappings", "preview", "people", "-r", "99", "-r", "1", code=1).err


def test_a_file_and_a_key_do_not_go_together(shop):
    assert "not both" in shop("mappings", "preview", "people", "-r", "1", "--file", "x", code=2).err


def test_a_mapping_that_only_writes_names_those_that_read(shop):
    edit(shop, "contacts.yaml", "stream: contacts", "stream: contacts\ndirection: out\ncreate: out")
    assert "contacts reads no records" in shop("mappings", "preview", "contacts", code=2).err
    assert "people" in shop("mappings", "preview", "contacts", code=2).err


def test_pages_are_written_into_a_folder_or_to_stdout(shop):
    said = shop("mappings", "docs", "--out", str(shop.folder / "pages"))
    names = {"accounts.md", "contacts.md", "firms.md", "people.md"}
    assert {path.name for path in (shop.folder / "pages").iterdir()} == names
    assert said.out.count(".md") == 4
    page = (shop.folder / "pages/people.md").read_text(encoding="utf-8")
    assert shop("mappings", "docs", "people").out == page
    assert [one["page"] for one in shop("mappings", "docs", "people", "--json").json] == [page]
    assert "--out" in shop("mappings", "docs", "--out", str(shop.folder / "config.yaml"), code=2).err


def mapping():
    compiled, _ = load(PEOPLE, "people.yaml", schemas())
    return compiled


def test_a_sample_reads_no_further_than_it_has_to(monkeypatch):
    read = []

    def pages():
        for number in range(1000):
            read.append(number)
            yield Page([Record(f"{number}-{at}", {"first": "x"}) for at in range(500)])

    picking = sampled(mapping(), pages(), 5)
    assert len(read) * 500 == picking.seen == preview.SAMPLED
    assert not picking.whole
    assert len(picking.picked) == 5


def test_a_sample_leaves_tombstones_out_and_tells_of_flaws():
    flaw = Flaw("people.csv:7", Problem("no-key", "the row has no key"))
    page = Page([Record("1", {}, deleted=True), Record("2", {"first": "x"})], flaws=[flaw])
    picking = sampled(mapping(), [page], 5)
    assert [one.record.key for one in picking.picked] == ["2"]
    assert picking.flaws == ["people.csv:7: the row has no key"]
    assert picking.whole


def test_only_a_record_with_nothing_odd_about_it_is_a_plain_one():
    rows = [{"first": "Anna", "phone": "nix"}, {"first": "Bea", "title": ""}, {"first": "Cy"}]
    rules = mapping().source.rules
    whole = dict.fromkeys((name for rule in rules for (name,) in rule.fields), "x")
    records = [
        Record(str(at), {**whole, "mail": "a@b.com", "phone": "030 23125 031", **row}) for at, row in enumerate(rows)
    ]
    why = {one.record.key: list(one.why) for one in sampled(mapping(), [Page(records)], 3).picked}
    assert why["0"][0].startswith("phone is not")
    assert "empty title" in why["1"]
    assert why["2"] == ["a plain one"]
    assert not any("a plain one" in why[key] for key in "01")


def test_the_same_records_give_the_same_sample():
    records = [Record(str(at), {"first": "x" * (at % 7), "title": None if at % 3 else "é"}) for at in range(50)]
    once, again = (sampled(mapping(), [Page(records)], 7) for _ in range(2))
    assert once == again
    assert len({one.record.key for one in once.picked}) == 7


def test_a_proposed_rule_is_computed_both_ways_and_marked_while_no_run_uses_it(shop):
    edit(
        shop, "people.yaml", "family_name: last", "family_name: {field: last, transform: collapse, lifecycle: proposed}"
    )
    edit(shop, "contacts.yaml", "family_name: last", "family_name: {field: last, lifecycle: proposed}")
    [found] = shop("mappings", "preview", "people", "--record", "1", "--json").json
    [read] = [one for one in found["rules"] if one["rule"] == "family_name"]
    [written] = [one for one in found["targets"][0]["rules"] if one["rule"] == "family_name"]
    name = read["values"]["family_name"]
    assert (read["lifecycle"], written["lifecycle"], written["fields"]) == ("proposed", "proposed", {"last": name})
    assert "collapse, proposed" in shop("mappings", "preview", "people", "--record", "1").out
    shop("run", code=None)
    assert name not in (shop.folder / "data/contacts.csv").read_text(encoding="utf-8")
