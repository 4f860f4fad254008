"""Schema locks: what a system describes is kept, mappings are held to it, and drift is told by its effect on rules."""

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Field, FieldType
from mappings.reading.reader import read_yaml
from model.diagnostics import Severity
from syncline import drift
from syncline.lock_reading import as_written, read_text
from syncline.locks import Lock, lock_file, made, text_of, tidied, write

CRM = "schemas/crm.yaml"


def execute(folder, *statements):
    with sqlite3.connect(folder / "data/crm.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def people(folder, columns):
    """Make the table of the sample CRM anew, with other columns."""
    execute(
        folder, "DROP TABLE people", f"CREATE TABLE people (id INTEGER PRIMARY KEY, syncline_id TEXT UNIQUE, {columns})"
    )


AS_EVER = """given_name TEXT, family_name TEXT NOT NULL, job_title TEXT, email TEXT UNIQUE, mobile TEXT, town TEXT,
country TEXT"""


@pytest.fixture
def locked(cli, starter):
    cli("connections", "discover", "crm", "--lock")
    return cli


def found(cli, *words, code):
    return [
        (one["code"], one["severity"], one["file"], one["line"], one["path"], one["message"])
        for one in cli("check", "--json", *words, code=code).json
        if one["code"] != "required-blank"
    ]


def line_of(folder, file, text):
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


# what is written


names = st.text(min_size=1, max_size=30)
facts = st.builds(
    Field,
    name=names,
    type=st.sampled_from(FieldType),
    label=st.text(max_size=250),
    max_length=st.none() | st.integers(1, 10**6),
    required=st.booleans(),
    nullable=st.booleans(),
    readable=st.booleans(),
    creatable=st.booleans(),
    updatable=st.booleans(),
    unique=st.booleans(),
    choices=st.none() | st.lists(st.text(max_size=12), max_size=4).map(tuple),
    restricted=st.booleans(),
    references=st.lists(names, max_size=3).map(tuple),
)
locks = st.builds(
    made, st.just("crm"), st.just("acme"), st.dictionaries(names, st.lists(facts, max_size=4), max_size=3)
)


@settings(max_examples=60, deadline=None)
@given(locks)
def test_whatever_a_system_calls_its_fields_a_lock_reads_back_as_it_was_written_either_way(lock):
    text = text_of(lock)
    assert as_written(text) == lock
    said = []
    edited = read_text(f"{text}# somebody was here\n", CRM, "crm", said)
    assert said == []
    assert edited.streams == lock.streams
    assert edited.lines == read_text(text, CRM, "crm", said).with_places().lines


@settings(max_examples=50, deadline=None)
@given(locks)
def test_a_lock_is_yaml_in_which_every_field_stands_in_the_line_that_is_told(lock):
    text = text_of(lock)
    data, positions, said = read_yaml(text, CRM)
    assert said == []
    assert {stream: list(body["fields"]) for stream, body in data["streams"].items()} == {
        stream: list(fields) for stream, fields in lock.streams.items()
    }
    for (stream, name), line in read_text(text, CRM, "crm", []).with_places().lines.items():
        assert positions.of(("streams", stream, "fields", name), key=True)[0] == line


def test_the_order_in_which_a_system_lists_things_makes_no_difference():
    fields = [Field(name="b", choices=("y", "x")), Field(name="a", label=" A\n name ", references=("Q", "P"))]
    one = made("crm", "acme", {"S": fields, "R": []})
    other = made(
        "crm", "acme", {"R": [], "S": [replace(fields[1], label="A name"), replace(fields[0], choices=("x", "y"))]}
    )
    assert text_of(one) == text_of(other)


def test_a_field_that_changes_changes_its_own_line_only():
    fields = [Field(name=name, max_length=40) for name in "abc"]
    before = text_of(made("crm", "acme", {"S": fields})).splitlines()
    after = text_of(made("crm", "acme", {"S": [fields[0], replace(fields[1], required=True), fields[2]]})).splitlines()
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        ("      b: {type: text, length: 40}", "      b: {type: text, length: 40, required: true}")
    ]


def test_a_writing_that_fails_leaves_the_former_lock_and_nothing_else(tmp_path):
    path = lock_file(tmp_path, "crm")
    write(path, made("crm", "acme", {"S": [Field(name="a")]}))
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        write(path, Lock(connection="crm", connector="acme", streams={"S": {"a": None}}))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["crm.yaml"]


@settings(max_examples=100, deadline=None)
@given(locks, st.integers(0, 10**6), st.integers(0, 12), st.text(alphabet='{}[]:,"\\-# \n\tax1', max_size=6))
def test_a_lock_that_was_damaged_anywhere_is_read_or_blamed_and_never_breaks_the_reader(lock, place, length, other):
    text = text_of(lock)
    place %= len(text)
    said = []
    found = read_text(text[:place] + other + text[place + length :], CRM, "crm", said)
    assert found is not None or any(one.severity is Severity.ERROR for one in said)


# discover --lock


def test_discovering_with_lock_writes_the_streams_that_mappings_use(cli, starter):
    said = cli("connections", "discover", "crm", "--lock")
    assert "people" in said.out
    text = (starter / CRM).read_text(encoding="utf-8")
    assert "      family_name: {type: text, required: true, nullable: false}\n" in text
    assert "connections discover crm --lock" in text
    assert cli("connections", "discover", "crm", "--lock").out == ""
    assert (starter / CRM).read_text(encoding="utf-8") == text


def test_renewing_shows_the_difference_field_by_field_and_check_only_shows_it(locked, starter):
    before = (starter / CRM).read_bytes()
    people(starter, AS_EVER.replace("job_title TEXT", "job_titel TEXT").replace("mobile TEXT", "mobile VARCHAR(20)"))
    rows = locked("connections", "discover", "crm", "--check", "--json", code=10).json
    assert [(row["field"], row["words"], row["hint"]) for row in rows] == [
        ("job_titel", "is new (text)", None),
        ("job_title", "is gone", "is it called 'job_titel' now?"),
        ("mobile", "takes at most 20 characters now", None),
    ]
    assert (starter / CRM).read_bytes() == before
    said = locked("connections", "discover", "crm", "--lock")
    assert "takes at most 20 characters now" in said.out
    assert "mobile: {type: text, length: 20}" in (starter / CRM).read_text(encoding="utf-8")
    locked("connections", "discover", "crm", "--check", code=0)


def test_a_check_without_a_lock_ends_as_one_with_differences(cli, starter):
    cli("connections", "discover", "crm", "--check", code=10)
    assert not (starter / "schemas").exists()


def test_a_lock_of_another_connector_is_different_even_where_its_fields_are_the_same(locked, starter):
    lock = starter / CRM
    lock.write_text(lock.read_text(encoding="utf-8").replace("connector: sql", "connector: acme"), encoding="utf-8")
    assert locked("connections", "discover", "crm", "--check", "--json", code=10).json == []


def test_streams_are_locked_by_name_and_others_stay_locked(locked, starter):
    execute(starter, "CREATE TABLE firms (id INTEGER PRIMARY KEY, title TEXT)")
    config = starter / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("      people:\n", "      firms: {table: firms, key: id}\n      people:\n"), encoding="utf-8"
    )
    locked("connections", "discover", "crm", "--lock")
    assert "firms" not in (starter / CRM).read_text(encoding="utf-8")
    locked("connections", "discover", "crm", "firms", "--lock")
    assert {"firms", "people"} == read_text((starter / CRM).read_text(encoding="utf-8"), CRM, "crm", []).streams.keys()
    execute(starter, "ALTER TABLE firms ADD COLUMN size INTEGER")
    assert "size" in locked("connections", "discover", "crm", "--lock").out
    (starter / CRM).unlink()
    locked("connections", "discover", "crm", "--lock", "--all")
    assert {"firms", "people"} == read_text((starter / CRM).read_text(encoding="utf-8"), CRM, "crm", []).streams.keys()
    said = locked("connections", "discover", "crm", "firm", "--lock", code=2)
    assert "firms" in said.err


def test_a_broken_mapping_does_not_keep_its_stream_from_being_locked(cli, starter):
    path = starter / "mappings/crm_people.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("given_name: {", "gven_name: {"), encoding="utf-8")
    cli("connections", "discover", "crm", "--lock")
    assert "  people:" in (starter / CRM).read_text(encoding="utf-8")


def test_a_lock_that_cannot_be_read_is_said_to_be_and_written_anew(locked, starter):
    sound = (starter / CRM).read_text(encoding="utf-8")
    (starter / CRM).write_text(f"{sound}  x: [", encoding="utf-8")
    said = locked("connections", "discover", "crm", "--lock")
    assert f"{CRM}:" in said.err
    assert (starter / CRM).read_text(encoding="utf-8") == sound


# check, offline


def test_mappings_are_held_to_the_lock_without_asking_the_system(locked, starter):
    mapping = starter / "mappings/crm_people.yaml"
    text = mapping.read_text(encoding="utf-8").replace("job_title: job_title", "job_title: job_titel")
    mapping.write_text(text, encoding="utf-8")
    lock = starter / CRM
    locking = lock.read_text(encoding="utf-8").replace("town: {type: text}", "town: {type: text, writable: never}")
    lock.write_text(locking, encoding="utf-8")
    (starter / "data/crm.db").unlink()
    places = [one[:5] for one in found(locked, code=5)]
    file = str(mapping)
    assert places == [
        (
            "unknown-field",
            "error",
            file,
            line_of(starter, "mappings/crm_people.yaml", "job_titel"),
            "contact.job_title",
        ),
        (
            "read-only",
            "error",
            file,
            line_of(starter, "mappings/crm_people.yaml", "town"),
            "contact.addresses[billing].city",
        ),
    ]


def test_a_constant_that_a_locked_field_does_not_take_is_found_beside_other_mistakes(locked, starter):
    lock, mapping = starter / CRM, starter / "mappings/crm_people.yaml"
    text = lock.read_text(encoding="utf-8")
    assert "      town: {type: text}\n" in text
    choices = "      town:\n        type: choice\n        restricted: true\n        choices:\n          - Hof\n"
    lock.write_text(text.replace("      town: {type: text}\n", choices), encoding="utf-8")
    written = mapping.read_text(encoding="utf-8").replace("job_title: job_title", "job_title: job_titel")
    mapping.write_text(f"{written}defaults: {{record: {{town: Hoff}}}}\n", encoding="utf-8")
    said = {(one[0], one[3], one[5]) for one in found(locked, code=5)}
    line = line_of(starter, "mappings/crm_people.yaml", "Hoff")
    assert ("unknown-option", line, "'Hoff' is not one of the choices of town") in said
    assert "unknown-field" in {code for code, _, _ in said}


def test_a_run_asks_no_lock(locked, starter):
    """What a lock says may be outdated: it is for checking, and a run goes by what the system answers."""
    (starter / CRM).write_text("nonsense: [", encoding="utf-8")
    locked("run")


def test_a_stream_that_its_lock_does_not_describe_is_noted_at_the_mapping(locked, starter):
    lock = starter / CRM
    lock.write_text(lock.read_text(encoding="utf-8").replace("  people:", "  persons:"), encoding="utf-8")
    (note,) = found(locked, code=0)
    assert note[:4] == ("not-locked", "note", str(starter / "mappings/crm_people.yaml"), 3)


@pytest.mark.parametrize(
    ("before", "after", "code", "word"),
    [
        ("format: 1", "format: 2", "bad-lock", "format 1"),
        ("connection: crm", "connection: erp", "bad-lock", "'erp'"),
        ("connector: sql\n", "", "missing-key", "connector"),
        ("town: {type: text}", "town: {type: txet}", "unknown-choice", "txet"),
        ("town: {type: text}", "town: {type: text, lenght: 3}", "unknown-key", "lenght"),
        ("town: {type: text}", "town: {type: text, length: 0}", "out-of-range", "1 or more"),
        ("town: {type: text}", "town: {type: text, length: long}", "wrong-type", "number"),
        ("town: {type: text}", "town: {type: text, required: yes}", "wrong-type", "true or false"),
        ("town: {type: text}", "town: {type: choice, choices: [1]}", "wrong-type", "text"),
        ("town: {type: text}", "town: text", "wrong-type", "keys and values"),
        ("town: {type: text}", "town:", "bad-lock", "nothing is said"),
        ("town: {type: text}", "town: {length: 3}", "missing-key", "type"),
        ("town: {type: text}", "town: {type: text", "never-closed", "closed"),
    ],
)
def test_a_lock_edited_by_hand_is_blamed_where_it_is_wrong_and_mappings_are_not(
    locked, starter, before, after, code, word
):
    lock = starter / CRM
    text = lock.read_text(encoding="utf-8")
    assert before in text
    line = text[: text.index(before)].count("\n") + 1
    lock.write_text(text.replace(before, after), encoding="utf-8")
    (one,) = found(locked, code=5)
    assert one[:3] == (code, "error", str(lock))
    assert word in one[5]
    if code not in ("missing-key", "never-closed"):
        assert one[3] == line


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"- a list\n", b"42", b"connection: crm\n", b"a: " * 2000])
def test_any_other_file_in_its_place_is_said_to_be_no_lock(locked, starter, content):
    (starter / CRM).write_bytes(content)
    said = found(locked, code=5)
    assert said
    assert {one[2] for one in said} == {str(starter / CRM)}


def test_a_lock_may_be_long_as_long_as_nobody_edits_it(locked, starter):
    lock = starter / CRM
    fields = [Field(name=f"Field_{number}__c", label="A label of some length" * 3) for number in range(2000)]
    known = read_text(lock.read_text(encoding="utf-8"), CRM, "crm", []).streams["people"].values()
    write(lock, made("crm", "sql", {"people": [*known, *fields]}))
    assert found(locked, code=0) == []
    lock.write_text(lock.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    (one,) = found(locked, code=5)
    assert one[0] == "bad-lock"
    assert "edited" in one[5]


def test_a_lock_of_no_connection_or_of_another_connector_is_not_used_and_that_is_said(locked, starter):
    lock = starter / CRM
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace("connector: sql", "connector: acme").replace("town:", "city:"), encoding="utf-8")
    (starter / "schemas/erp.yaml").write_text(text.replace("connection: crm", "connection: erp"), encoding="utf-8")
    said = found(locked, code=0)
    assert [(one[0], one[1], one[2]) for one in said] == [
        ("lock-unused", "warning", str(lock)),
        ("lock-unused", "warning", str(starter / "schemas/erp.yaml")),
    ]


def test_the_order_in_which_somebody_wrote_choices_into_a_lock_is_no_difference():
    lock = made("crm", "sql", {"S": [Field(name="a", choices=("one", "two"), references=("P", "Q"), label="A name")]})
    text = text_of(lock).replace("- one\n          - two", "- two\n          - one").replace("[P, Q]", "[Q, P]")
    edited = read_text(text.replace("A name", "A  name"), CRM, "crm", [])
    assert as_written(text) is None
    assert drift.changes("S", lock.streams["S"], edited.streams["S"]) == []


# check --online


def test_nothing_is_said_of_a_system_that_is_as_it_was(locked):
    assert found(locked, "--online", code=0) == []


def test_drift_is_told_by_field_and_by_the_rule_that_suffers_from_it(locked, starter):
    people(
        starter,
        "given_name VARCHAR(20), family_name TEXT NOT NULL, job_titel TEXT, mobile INTEGER, town TEXT, "
        "country INTEGER, region TEXT NOT NULL, extra TEXT, email TEXT GENERATED ALWAYS AS (given_name) VIRTUAL",
    )
    file = str(starter / "mappings/crm_people.yaml")

    def line(text):
        return line_of(starter, "mappings/crm_people.yaml", text)

    online = found(locked, "--online", code=5)
    assert {one[0] for one in online} == {"drift"}, "an effect is told once, with what brought it about"
    said = {(one[1], one[2], one[3], one[5]) for one in online}
    by_effect = {(severity, place, number, message.partition(": ")[0]) for severity, place, number, message in said}
    assert by_effect == {
        ("error", file, line("job_title"), "crm.people.job_title is gone"),
        ("error", file, line("emails[work]"), "crm.people.email became read-only; is no longer unique"),
        ("note", file, line("given_name: {"), "crm.people.given_name takes at most 20 characters now"),
        ("warning", file, line("billing].country"), "crm.people.country was text and is integer now"),
        ("warning", file, line("rules:"), "crm.people.region is new (text, required)"),
        (
            "note",
            str(starter / CRM),
            line_of(starter, CRM, "mobile:"),
            _still_fits("mobile", "phones[mobile]"),
        ),
        ("note", str(starter / CRM), None, "crm.people differs in 2 fields that no mapping uses"),
    }
    assert len(said) == 7


def _still_fits(name, path):
    return f"crm.people.{name} was text and is integer now; the rule contact.{path} still fits"


def test_what_an_outdated_lock_is_wrong_about_is_told_although_the_offline_check_fails_on_it(locked, starter):
    lock = starter / CRM
    lock.write_text(
        lock.read_text(encoding="utf-8").replace("town: {type: text}", "town: {type: text, writable: never}"),
        encoding="utf-8",
    )
    codes = [(one[0], one[5]) for one in found(locked, "--online", code=5)]
    assert [code for code, _ in codes] == ["read-only", "drift"]
    assert "town can be written now" in codes[1][1]


def test_a_field_that_only_a_filter_uses_is_not_said_to_be_used_by_nothing(locked, starter):
    mapping = starter / "mappings/crm_people.yaml"
    text = mapping.read_text(encoding="utf-8")
    assert "filter:" not in text
    mapping.write_text(f"{text}filter: {{in: [{{field: syncline_id, present: true}}]}}\n", encoding="utf-8")
    execute(starter, "DROP TABLE people", f"CREATE TABLE people (id INTEGER PRIMARY KEY, syncline_id TEXT, {AS_EVER})")
    (one,) = found(locked, "--online", code=0)
    assert one[5] == "crm.people.syncline_id is no longer unique; the filter still fits"


def test_a_stream_that_describes_nothing_any_more_is_told(write, make_cli):
    folder = write(
        {
            "config.yaml": "syncline: 1\nconnections:\n  crm: {connector: files, folder: data, "
            "streams: {people: {file: people.jsonl, key: id}}}\n",
            "mappings/m.yaml": "connection: crm\nstream: people\nentity: contact\ndirection: in\n"
            "rules: {family_name: name}\n",
            "data/people.jsonl": '{"id": 1, "name": "A"}\n',
        }
    )
    cli = make_cli(folder)
    cli("connections", "discover", "crm", "--lock")
    assert found(cli, "--online", code=0) == []
    (folder / "data/people.jsonl").write_text("{}\n", encoding="utf-8")
    (one,) = found(cli, "--online", code=0)
    assert one[:3] == ("drift", "warning", str(folder / CRM))
    assert "describes no fields now" in one[5]


def test_two_mappings_of_one_stream_share_the_question_and_the_drift(locked, starter):
    text = (starter / "mappings/crm_people.yaml").read_text(encoding="utf-8")
    other = text.replace("mapping: crm_people", "mapping: crm_leads").replace("entity: contact", "entity: lead")
    (starter / "mappings/crm_leads.yaml").write_text(other, encoding="utf-8")
    people(starter, AS_EVER.replace("town TEXT", "place TEXT"))
    said = [one for one in found(locked, "--online", code=5) if "town is gone" in one[5]]
    assert sorted((one[2].rpartition("/")[2], one[4]) for one in said) == [
        ("crm_leads.yaml", "lead.addresses[billing].city"),
        ("crm_people.yaml", "contact.addresses[billing].city"),
    ]


@given(facts, facts)
@settings(max_examples=100, deadline=None)
def test_every_difference_has_words_and_no_difference_has_none(one, other):
    one, other = tidied([one]), tidied([replace(other, name=one.name)])
    for name in one.keys() & other.keys():
        (change, *none) = drift.changes("S", one, other) or [None]
        assert none == []
        assert (change is None) == (one[name] == other[name])
        assert change is None or change.words


# doctor


def lock_line(cli):
    found = cli("doctor", "--json").json
    return next((one["health"], one["message"]) for one in found if one["check"] == "lock crm")


def test_doctor_says_of_each_lock_how_it_stands(cli, starter):
    health, message = lock_line(cli)
    assert (health, message.partition(":")[0]) == ("ok", "none")
    cli("connections", "discover", "crm", "--lock")
    health, message = lock_line(cli)
    assert health == "ok"
    assert "is current: 9 fields" in message
    people(starter, f"{AS_EVER}, region TEXT")
    health, message = lock_line(cli)
    assert health == "warning"
    assert "differ in 1 field" in message
    lock = starter / CRM
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace("  people:", "  persons:"), encoding="utf-8")
    health, message = lock_line(cli)
    assert health == "warning"
    assert "older than the mappings" in message
    lock.write_text(text.replace("connector: sql", "connector: acme"), encoding="utf-8")
    health, message = lock_line(cli)
    assert health == "warning"
    assert "'acme'" in message
    lock.write_text("x: [", encoding="utf-8")
    health, message = lock_line(cli)
    assert health == "warning"
    assert "mistakes" in message
