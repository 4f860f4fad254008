"""`mappings laws` and `mappings diff`: what people see, what scripts read, and how the commands end."""

import json
import shutil
import subprocess

import pytest

from syncline.cli.specimens import fields_of
from syncline.settings import load_workbench


@pytest.fixture
def people(starter):
    return starter / "mappings" / "crm_people.yaml"


BREAK = ("{field: email, transform: email}", "{field: email, transform: email, max_length: 9}")
"""What is cut is no address any more."""


def edit(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert before in text, text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_starter_project_is_lawful(cli):
    said = cli("mappings", "laws", "--records", "200")
    assert said.out.count("lawful; tried 200 records in") == 2
    assert "All come back." in said.err


@pytest.fixture
def real(tmp_path):
    """Records of somebody's, in a file."""
    file = tmp_path / "records.jsonl"
    file.write_text('{"email": "a@x.com"}\n\n{"email": "much.longer@x.com"}\n', encoding="utf-8")
    return str(file)


def test_a_rule_that_would_not_come_back_is_listed_with_its_records(cli, people):
    edit(people, *BREAK)
    said = cli("mappings", "laws", "crm_people", "--records", "200", code=1)
    assert "emails[work] (email)" in said.out
    assert "law «out»" in said.out
    assert "entity" in said.out
    assert "@example" in said.out  # made up, so that nobody's address is shown
    assert "1 mapping would not bring everything back." in said.err


def test_values_of_real_records_are_masked_unless_asked_for(cli, people, before, real):
    edit(people, *BREAK)
    for words in (("laws", "crm_people", "--records", "0"), ("diff", "crm_people", "--against", str(before))):
        for extra in ((), ("--json",)):
            said = cli("mappings", *words, "--file", real, *extra, code=None)
            assert "m•••" in said.out
            assert "longer" not in said.out
            assert "longer" in cli("mappings", *words, "--file", real, *extra, "--reveal", code=None).out


def test_laws_as_json_name_law_rule_and_record(cli, people):
    edit(people, *BREAK)
    (found,) = cli("mappings", "laws", "crm_people", "--records", "100", "--json", code=1).json
    assert (found["mapping"], found["lawful"], found["records"], found["entities"]) == ("crm_people", False, 100, 100)
    breach = next(one for one in found["breaches"] if one["law"] == "out")
    assert (breach["code"], breach["path"], breach["field"]) == ("unreadable", "emails[work]", "email")
    assert "after" not in breach
    assert "@" in breach["before"]


def test_a_rule_that_breaks_several_laws_is_one_rule_and_every_line_fits(cli, people):
    edit(people, *BREAK)
    edit(people, "job_title: job_title", "job_title: {field: job_title, max_length: 3, placeholder: 'abc'}")
    said = cli("mappings", "laws", "crm_people", "--records", "300", code=1)
    told = cli("mappings", "laws", "crm_people", "--records", "300", "--json", code=1).json[0]
    paths = {breach["path"] for breach in told["breaches"]}
    assert len({(one["path"], one["law"]) for one in told["breaches"]}) > len(paths)
    assert f"crm_people: {len(paths)} rule" in said.out
    assert max(map(len, said.out.splitlines())) < 80
    few = cli("mappings", "laws", "crm_people", "--records", "300", "--limit", "1", code=1)
    assert "more: --limit" in few.out


def test_laws_and_diff_need_no_secret_where_no_system_is_asked(cli, starter, before):
    config = starter / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("url: sqlite:///data/crm.db", "url: ${env:NOT_SET}"))
    cli("check", code=5)
    assert "All come back." in cli("mappings", "laws", "--records", "20").err
    assert "mean the same" in cli("mappings", "diff", "crm_people", "--against", str(before)).out
    said = cli("mappings", "laws", "crm_people", "--sample", "3", code=5)
    assert "NOT_SET is not set" in said.err


def test_a_lock_bounds_what_is_made_up_where_a_secret_is_missing(cli, starter):
    cli("connections", "discover", "crm", "--lock")
    lock = starter / "schemas" / "crm.yaml"
    edit(lock, "given_name: {type: text", "given_name: {type: text, length: 2")
    config = starter / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("url: sqlite:///data/crm.db", "url: ${env:NOT_SET}"))
    workbench, _ = load_workbench(starter, environment={})
    mapping = workbench.by_name["crm_people"]
    lengths = {field.name: field.max_length for field in fields_of(starter, workbench, mapping)}
    assert lengths["given_name"] == 2


def test_the_same_seed_tells_the_same(cli, people):
    edit(people, *BREAK)
    first, again, other = (
        cli("mappings", "laws", "crm_people", "--seed", seed, "--records", "60", "--json", code=1).out
        for seed in ("3", "3", "4")
    )
    assert first == again != other


def test_laws_are_tried_on_real_records_of_the_stream(cli, starter):
    (found,) = cli("mappings", "laws", "shop_customers", "--sample", "5", "--records", "0", "--json").json
    assert (found["records"], found["entities"], found["lawful"]) == (5, 0, True)


def test_laws_are_tried_on_records_of_a_file(cli, people, real):
    edit(people, *BREAK)
    (found,) = cli("mappings", "laws", "crm_people", "--file", real, "--records", "0", "--json", code=1).json
    assert found["records"] == 2
    assert {breach["record"] for breach in found["breaches"]} == {"line 3"}


@pytest.mark.parametrize("text", ["no json", "[1]", '{"a": 1', "[" * 100_000])
def test_a_line_that_is_no_record_is_named(cli, tmp_path, text):
    file = tmp_path / "records.jsonl"
    file.write_text(f"{{}}\n{text}\n", encoding="utf-8")
    said = cli("mappings", "laws", "crm_people", "--file", str(file), code=5)
    assert "records.jsonl:2: this is no record" in said.err


def test_a_mapping_that_does_not_exist_is_told_with_the_nearest_name(cli):
    assert "did you mean 'crm_people'?" in cli("mappings", "laws", "crm_poeple", code=2).err
    assert "did you mean 'crm_people'?" in cli("mappings", "diff", "crm_poeple", code=2).err


def test_a_file_of_records_needs_one_mapping(cli, tmp_path):
    (tmp_path / "r.jsonl").write_text("{}\n")
    assert "of which mapping" in cli("mappings", "laws", "--file", str(tmp_path / "r.jsonl"), code=2).err


def test_laws_of_nothing_are_not_called_kept(cli, people):
    edit(people, "direction: both\n", "direction: both\nfilter: {in: [{field: town, is: nowhere}]}\n")
    said = cli("mappings", "laws", "crm_people", "--sample", "5", "--records", "0").out
    assert said.startswith("crm_people: nothing was left to try; tried 5 records in (5 left out)")


# ── diff


@pytest.fixture
def before(people, tmp_path):
    """The mapping as it was before an edit."""
    copy = tmp_path / "before.yaml"
    shutil.copy(people, copy)
    return copy


def test_an_edit_is_told_in_words_and_by_what_it_changes(cli, people, before):
    edit(people, *BREAK)
    said = cli("mappings", "diff", "crm_people", "--against", str(before))
    assert "~ emails[work]: " in said.out
    assert "max length: nothing → 9" in said.out
    assert "would differ" in said.out
    assert "Written otherwise" in said.out


def test_two_files_are_compared_as_they_are_given(cli, people, before):
    after = before.with_name("after.yaml")
    after.write_text(people.read_text(encoding="utf-8").replace(*BREAK), encoding="utf-8")
    told = cli("mappings", "diff", str(before), str(after), "--json").json
    assert [change["kind"] for change in told["changes"]] == ["changed"]
    assert told["before"] != told["after"]
    assert told["written"]
    assert "both versions mean the same" in cli("mappings", "diff", str(before), str(before)).out


def test_a_field_that_meant_something_else_before_is_masked_as_both(cli, people, before, tmp_path):
    """The job title was written into the field that takes the country now, which may be told."""
    text = people.read_text(encoding="utf-8").partition("\nexamples:")[0]
    before.write_text(text.replace("job_title: job_title", "job_title: land"), encoding="utf-8")
    country = '"addresses[work].country": {field: land, transform: {country: name}}'
    people.write_text(text.replace("job_title: job_title", country), encoding="utf-8")
    file = tmp_path / "records.jsonl"
    file.write_text('{"land": "Germany"}\n', encoding="utf-8")
    for words in ([], ["--json"]):
        out = cli("mappings", "diff", str(before), str(people), "--file", str(file), *words).out
        assert "land" in out
        assert "Germany" not in out


def test_a_report_on_many_changes_fits_a_page_and_says_where_a_problem_is(cli, starter):
    files = (str(starter / "mappings/shop_customers.yaml"), str(starter / "mappings/crm_people.yaml"))
    said = cli("mappings", "diff", *files)
    assert max(map(len, said.out.splitlines())) < 80
    assert "Problems that are new" in said.out
    few = cli("mappings", "diff", *files, "--limit", "2").out
    assert few.count("more: --limit") >= 2


def test_one_file_is_not_compared_with_anything_by_guess(cli, before):
    assert "give two" in " ".join(cli("mappings", "diff", str(before), code=2).err.split())


@pytest.fixture
def commit(starter):
    """Put the mappings under version control as they are."""

    def git(*words):
        identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
        subprocess.run(["git", "-C", str(starter), *identity, *words], check=True, capture_output=True)

    def commit():
        git("init", "-q")
        git("add", "mappings")
        git("commit", "-q", "-m", "As it was")

    return commit


def test_what_a_mapping_extended_in_git_is_found_there(cli, people, commit):
    shared = people.parent / "shared" / "people.yaml"
    shared.parent.mkdir()
    text = people.read_text(encoding="utf-8")
    head, rules = text.split("rules:\n")
    shared.write_text(f"rules:\n{rules}", encoding="utf-8")
    people.write_text(f"extends: shared/people\n{head}rules:\n  nickname: nick\n", encoding="utf-8")
    commit()
    edit(shared, *BREAK)
    edit(people, "nickname: nick", "nickname: nickname")
    out = cli("mappings", "diff", "crm_people").out
    assert "~ nickname: field: nick → nickname" in out
    assert "~ emails[work]: max length: nothing → 9" in out


def test_an_edit_is_compared_with_git(cli, people, commit):
    assert "not kept in git; give the file as it was" in " ".join(
        cli("mappings", "diff", "crm_people", code=2).err.split()
    )
    commit()
    edit(people, *BREAK)
    assert "max length: nothing → 9" in cli("mappings", "diff", "crm_people").out
    said = cli("mappings", "diff", "crm_people", "--against", "no-such-revision", code=2)
    assert "git has no crm_people.yaml" in " ".join(said.err.split())
    assert cli("mappings", "diff", "crm_people", "--against", "--help", code=2).err


def test_a_version_with_mistakes_is_told_with_its_place(cli, before):
    edit(before, "rules:", "rulez:")
    said = cli("mappings", "diff", "crm_people", "--against", str(before), code=5)
    assert "before.yaml" in said.err


def test_diff_reads_records_of_the_stream_and_of_a_file(cli, people, before, tmp_path):
    edit(people, *BREAK)
    assert (
        cli("mappings", "diff", "crm_people", "--against", str(before), "--sample", "3", "--json").json["records"] == 3
    )
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps({"email": "much.longer@x.com"}), encoding="utf-8")
    told = cli("mappings", "diff", "crm_people", "--against", str(before), "--file", str(file), "--json").json
    assert [(one["name"], one["record"]) for one in told["written"]] == [("email", "line 1")]
