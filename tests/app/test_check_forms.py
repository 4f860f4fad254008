"""What `syncline check` prints for programs and for people who ask what a diagnostic means."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from model.diagnostics import Diagnostic, Severity
from syncline.cli.telling import roomy
from syncline.explained import SECTIONS, explained, markdown
from syncline.sarif import sarif

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
SAYING = {"note", "add", "report", "warn", "say", "_say", "_StopError", "Trouble", "_finding", "_missing"}
OF_RECORDS_OR_TESTS = (
    "syncline/testing/",
    "syncline/scaffold/",
    "syncline/cli/",
    "sync/",
    "state/",
    "syncline/sandbox/",
)
"""Where the same words say something else, or something to authors of connectors."""


def emitted():
    """Codes of diagnostics as the source has them: given by keyword, or first among what a diagnostic is made of."""
    for package in ("syncline", "connectors", "mappings", "model"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(OF_RECORDS_OR_TESTS):
                continue
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call):
                    yield from ((code, f"{name}:{call.lineno}") for code in codes_of(call))


def codes_of(call):
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called == "Diagnostic":
        found = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    elif called in SAYING:
        found = call.args[:1]
    else:
        return
    for value in found:
        for part in ast.walk(value):  # a condition may choose between two codes
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and CODE.match(part.value):
                yield part.value


def test_every_diagnostic_the_source_can_emit_is_explained():
    places = dict(emitted())
    assert len(places) > 80
    assert {code: place for code, place in places.items() if explained(code) is None} == {}


def test_every_reason_for_which_a_value_or_a_row_of_a_file_is_set_aside_is_explained():
    found = {}
    for package in ("mappings", "connectors/files", "connectors/sql"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(call, ast.Call)
                    and getattr(call.func, "id", "") in ("UnfitError", "Problem")
                    and call.args
                ):
                    code = getattr(call.args[0], "value", None)
                    found |= {code: f"{path.name}:{call.lineno}"} if isinstance(code, str) else {}
    assert len(found) > 50
    assert {code: place for code, place in found.items() if explained(code) is None} == {}


def test_no_code_is_explained_twice_or_without_being_emitted():
    listed = [code for _, entries in SECTIONS.values() for code in entries]
    assert len(listed) == len(set(listed))
    packages = ("syncline", "connectors", "mappings", "model", "sync")
    files = [path for package in packages for path in (ROOT / package).rglob("*.py") if "explained" not in path.parts]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    assert [code for code in listed if f'"{code}"' not in source] == []


def test_the_page_of_diagnostics_is_what_the_program_says():
    page = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    assert page == markdown(), "python -m syncline.explained > docs/diagnostics.md"


def test_an_entry_says_what_happens_and_what_to_do():
    for _, entries in SECTIONS.values():
        for code, (cause, remedy) in entries.items():
            assert cause.endswith("."), code
            assert remedy.endswith((".", "?", "…")), code


def test_a_code_is_explained_on_request(cli):
    said = cli("check", "--explain", "unknown-path")
    assert said.out.startswith("unknown-path\n")
    assert max(map(len, said.out.splitlines())) <= 80
    assert cli("check", "--explain", "unknown-path", "--json").json.keys() == {"code", "cause", "remedy"}
    assert "did you mean 'unknown-path'?" in " ".join(cli("check", "--explain", "unknwn-path", code=2).err.split())


SAME = {"code", "message", "severity", "file", "line", "column", "path", "hint"}


@pytest.fixture
def broken(starter):
    mapping = starter / "mappings/crm_people.yaml"
    text = mapping.read_text(encoding="utf-8").replace("rules:\n", "rules:\n  nick_name: x\n  nick_naem: x\n", 1)
    mapping.write_text(text, encoding="utf-8")
    return mapping


def test_json_has_the_same_keys_for_everything_found(cli, broken):
    found = cli("check", "--json", code=5).json
    assert len(found) >= 2
    assert {frozenset(one) for one in found} == {frozenset(SAME)}


def test_sarif_says_the_same_as_the_lines(cli, broken):
    plain = cli("check", "--json", code=5).json
    log = cli("check", "--sarif", code=5).json
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({one["code"] for one in plain})
    for one, result in zip(plain, run["results"], strict=True):
        assert (result["ruleId"], rules[result["ruleIndex"]]) == (one["code"], one["code"])
        assert result["level"] == one["severity"]
        [location] = result["locations"]
        region = location["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (one["line"], one["column"])
        assert one["message"] in result["message"]["text"]
    prints = [result["partialFingerprints"]["syncline/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


PARTS = json.loads((Path(__file__).parent / "sarif_parts.json").read_text(encoding="utf-8"))


def test_sarif_is_what_the_published_schema_allows_for_every_diagnostic_there_is(cli, broken):
    Draft7Validator.check_schema(PARTS)
    validator = Draft7Validator(PARTS)
    log = cli("check", "--sarif", code=5).json
    assert [error.message for error in validator.iter_errors(log)] == []
    codes = [code for _, section in SECTIONS.values() for code in section]
    places = ({"file": "/a b/ä.yaml", "line": 3, "column": 1}, {"file": "c.yaml", "line": 9}, {"file": "d.yaml"}, {})
    found = [
        Diagnostic(code=code, message="m", severity=severity, path=path, hint=path, **place)
        for code in codes
        for severity, path, place in zip([*Severity, Severity.NOTE], ("a.b", None, "", "c"), places, strict=True)
    ]
    log = json.loads(json.dumps(sarif(found, Path("/a"))))
    assert [error.message for error in validator.iter_errors(log)] == []
    results = log["runs"][0]["results"]
    assert len(results) == 4 * len(codes) > 800
    uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("/a%20b/%C3%A4.yaml")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: log["runs"][0].pop("tool"),
        lambda log: log["runs"][0]["results"][0].update(level="fatal"),
        lambda log: log["runs"][0]["results"][0].update(message="text"),
        lambda log: log["runs"][0]["results"][0].update(properties={}),
        lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
    ],
)
def test_the_parts_of_the_schema_catch_what_is_no_sarif(cli, broken, spoil):
    log = cli("check", "--sarif", code=5).json
    spoil(log)
    assert not Draft7Validator(PARTS).is_valid(log)


def test_files_of_the_project_are_named_in_sarif_as_seen_from_it(cli, broken, monkeypatch):
    monkeypatch.chdir(cli.folder)
    [run] = cli("check", "--sarif", code=5).json["runs"]
    names = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    assert names == {"mappings/crm_people.yaml"}


def test_a_finding_keeps_its_fingerprint_when_it_moves_down(cli, broken):
    before = cli("check", "--sarif", code=5).json["runs"][0]["results"]
    broken.write_text("# a new first line\n" + broken.read_text(encoding="utf-8"), encoding="utf-8")
    after = cli("check", "--sarif", code=5).json["runs"][0]["results"]
    assert [one["partialFingerprints"] for one in before] == [one["partialFingerprints"] for one in after]
    assert before != after


def test_a_clean_project_is_an_empty_run_and_one_form_is_asked_for_at_a_time(cli):
    [run] = cli("check", "--sarif").json["runs"]
    assert all(result["level"] != "error" for result in run["results"])
    cli("check", "--sarif", "--json", code=2)


def test_lines_name_the_code_that_can_be_explained(cli, broken):
    said = cli("check", code=5)
    assert said.out.splitlines()[0].endswith("[unknown-path]")
    assert "syncline check --explain unknown-path" in said.err


def one_of_each(cli):
    return [Diagnostic(**{**one, "severity": Severity(one["severity"])}) for one in cli("check", "--json", code=5).json]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_terminal_nothing_is_wider_than_it_and_places_stay_whole(cli, broken, width):
    for one in one_of_each(cli):
        head, *lines = roomy(one, width, color=False)
        assert one.place in head
        assert one.code in head
        assert all(len(line) < max(width, 41) for line in lines)
        said = " ".join(" ".join(lines).split())
        assert one.message in said
        assert one.hint is None or f"→ {one.hint}" in said


def test_what_only_shows_between_mappings_is_found_by_check(cli, starter):
    config = starter / "config.yaml"
    text = config.read_text(encoding="utf-8")
    begin, end = text.index("entities:"), text.index("# The systems.")
    config.write_text(text[:begin] + text[end:], encoding="utf-8")
    (found,) = cli("check", "--json").json
    assert (found["code"], found["severity"], found["path"]) == ("no-order", "note", "contact")
    assert "1 note" in cli("check").err
    (starter / "mappings/shop_customers.yaml").unlink()
    assert cli("check", "--json").json == []


def test_nothing_is_missed_between_mappings_while_one_of_them_cannot_be_read(cli, starter):
    mapping = starter / "mappings/shop_customers.yaml"
    mapping.write_text("mapping: [", encoding="utf-8")
    assert {one["file"] for one in cli("check", "--json", code=5).json} == {str(mapping)}


def test_config_is_read_past_its_syntax_errors_and_what_follows_from_them_is_not_said(cli, starter):
    config = starter / "config.yaml"
    text = config.read_text(encoding="utf-8")
    text = text.replace("    connector: sql", "\tconnector: sql").replace("    folder: data", "    folder:data")
    config.write_text(text.replace("every: 15m", "evry: 15m"), encoding="utf-8")
    found = cli("check", "--json", code=5).json
    assert [one["code"] for one in found if one["file"].endswith("config.yaml")] == [
        "missing-space",
        "tab",
        "unknown-key",
    ]


def test_a_reference_in_long_form_to_a_stream_there_is_not_is_said(cli, starter):
    mapping = starter / "mappings/crm_people.yaml"
    text = mapping.read_text(encoding="utf-8")
    rule = "rules:\n  account: {field: company, reference: {stream: peple}}\n"
    mapping.write_text(text.replace("rules:\n", rule, 1), encoding="utf-8")
    found = [one for one in cli("check", "--json", code=5).json if one["code"] == "unknown-stream"]
    assert [(one["hint"], one["severity"]) for one in found] == [("did you mean 'people'?", "error")]


def test_a_file_that_is_not_there_or_not_of_the_project_is_never_said_to_be_right(cli, starter, tmp_path):
    assert "there is no file" in cli("check", str(starter / "mappings/typo.yaml"), code=2).err
    (tmp_path / "elsewhere.yaml").write_text("rules: [", encoding="utf-8")
    assert "no file of the project" in cli("check", str(tmp_path / "elsewhere.yaml"), code=2).err


def test_a_folder_stands_for_what_is_in_it_and_mistakes_elsewhere_are_pointed_to(cli, starter):
    path = starter / "mappings/crm_people.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("family_name:", "famly_name:", 1), encoding="utf-8")
    assert "famly_name" in cli("check", str(starter / "mappings"), code=5).out
    said = cli("check", str(starter / "config.yaml"))
    assert said.out == ""
    assert "No errors there, but elsewhere: syncline check" in said.err


def test_strict_counts_warnings_and_not_what_is_only_noted(cli, starter):
    path = starter / "mappings/crm_people.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("direction:", "lifecycle: deprecated\ndirection:", 1), encoding="utf-8"
    )
    assert [one["severity"] for one in cli("check", "--strict", "--json").json] == ["note"]


def test_online_tells_the_real_fields_also_of_mappings_with_mistakes_and_beside_connections_that_cannot_be_used(
    cli, starter
):
    mapping = starter / "mappings/crm_people.yaml"
    text = mapping.read_text(encoding="utf-8").replace("job_title: job_title", "job_title: job_titel")
    mapping.write_text(text.replace("direction: both", "direction: sideways") + "nonsense: 1\n", encoding="utf-8")
    offline = {one["code"] for one in cli("check", "--json", code=5).json}
    assert "unknown-field" not in offline
    assert offline < {one["code"] for one in cli("check", "--online", "--json", code=5).json}
    config = starter / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("connections:\n", "connections:\n  far: {connector: sql, url: '${env:NOT_SET}'}\n", 1)
    )
    said = cli("check", "--online", code=5).out
    assert "NOT_SET is not set" in said
    assert "people has no field 'job_titel' (did you mean 'job_title'?)" in said


def test_a_system_that_cannot_be_asked_hides_no_mistake_of_a_mapping(cli, starter):
    mapping = starter / "mappings/crm_people.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8") + "nonsense: 1\n", encoding="utf-8")
    (starter / "data/crm.db").unlink()
    codes = {one["code"] for one in cli("check", "--online", "--json", code=5).json}
    assert codes >= {"unknown-key", "not-discovered"}
