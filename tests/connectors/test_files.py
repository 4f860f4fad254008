"""The files connector: what is read, what is refused as cut off, what is written."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.files.connector import FilesConnector
from connectors.files.settings import FileStream
from connectors.files.source import Source, look
from connectors.sdk import (
    CursorExpiredError,
    FieldType,
    OutcomeKind,
    Page,
    SourceIncompleteError,
    UnreachableError,
    Write,
)
from model.errors import ConfigurationError

ROWS = "id,name,city\n" + "".join(f"{i},name {i},Town\n" for i in range(10))


def connector(folder: Path, file: str = "people.csv", **stream: Any) -> FilesConnector:
    streams = {"people": {"file": file, "key": "id", "page": 4, **stream}}
    return FilesConnector(FilesConnector.Settings.model_validate({"folder": folder, "streams": streams}))


def written(folder: Path, content: str | bytes, file: str = "people.csv") -> Path:
    path = folder / file
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def keys(pages: list[Page]) -> list[str]:
    return [record.key for page in pages for record in page.records]


def cursor(pages: list[Page]) -> str:
    assert [page.cursor is None for page in pages] == [True] * (len(pages) - 1) + [False]
    return str(pages[-1].cursor)


def test_every_row_is_read_once_and_an_unchanged_file_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    files = connector(tmp_path)
    pages = list(files.read("people", None))
    assert keys(pages) == [str(i) for i in range(10)]
    assert pages[0].records[0].data == {"id": "0", "name": "name 0", "city": "Town"}
    assert not any(page.full for page in pages)
    assert list(files.read("people", cursor(pages))) == []
    os.utime(path, (1, 1))  # touched is not changed
    assert list(files.read("people", cursor(pages))) == []


def test_a_file_put_back_to_what_it_was_before_the_hub_wrote_it_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    files = connector(tmp_path, writable=True)
    since = cursor(list(files.read("people", None)))
    before = path.stat()
    assert list(files.read("people", since)) == []
    (outcome,) = files.upsert("people", [Write("3", {"name": "Ana"}, None, "m")])
    assert outcome.kind is OutcomeKind.APPLIED
    written(tmp_path, ROWS)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a backup does that is put back
    assert len(keys(list(files.read("people", since)))) == 10


def test_a_change_that_keeps_size_and_date_is_seen(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    since = cursor(list(connector(tmp_path).read("people", None)))
    before = path.stat()
    written(tmp_path, ROWS.replace("name 3", "NAME 3"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert len(keys(list(connector(tmp_path).read("people", since)))) == 10


@pytest.mark.parametrize("changed", [{"null": "Town"}, {"key": "name"}, {"deletes": True}, {"guard_formulas": True}])
def test_an_unchanged_file_that_is_to_be_read_in_another_way_is_read(tmp_path: Path, changed: dict[str, Any]) -> None:
    written(tmp_path, ROWS)
    since = cursor(list(connector(tmp_path).read("people", None)))
    assert list(connector(tmp_path, page=7).read("people", since)) == []
    assert len(keys(list(connector(tmp_path, **changed).read("people", since)))) == 10


def test_a_list_is_full_only_where_deletions_are_wanted(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    assert all(page.full for page in connector(tmp_path, deletes=True).read("people", None))


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 9])
def test_the_last_page_carries_the_cursor_at_any_page_edge(tmp_path: Path, count: int) -> None:
    written(tmp_path, "id\n" + "".join(f"{i}\n" for i in range(count)))
    pages = list(connector(tmp_path).read("people", None))
    assert keys(pages) == [str(i) for i in range(count)]
    assert cursor(pages)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("id,name,city\n", "no rows"),
        ("id,name,city\n1,a,b\n2,c", r"people.csv:3: the last line is cut off"),
        ('id,name,city\n1,a,b\n2,"c', r"people.csv:3: a quoted cell"),
        ('id,name,city\n1,"a,b\n' + "2,c,d\n" * 50_000, r"people.csv:2: "),
        ("id,name,city\n1,a,b\n", "after 11 the last time"),
        (ROWS.replace("city", "town"), "lost city"),
    ],
)
def test_a_file_that_looks_cut_off_is_refused_and_deletes_nothing(tmp_path: Path, content: str, said: str) -> None:
    written(tmp_path, ROWS)
    since = cursor(list(connector(tmp_path, deletes=True).read("people", None)))
    written(tmp_path, content)
    handed: list[Page] = []
    files = connector(tmp_path, deletes=True, minimum_share=0.5 if "last time" in said else 0)
    with pytest.raises(SourceIncompleteError, match=said):
        handed.extend(files.read("people", since))
    assert not any(page.cursor for page in handed)


def test_a_missing_file_is_refused_and_deletes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceIncompleteError, match=r"people\.csv: there is no such file"):
        list(connector(tmp_path, deletes=True).read("people", None))
    with pytest.raises(SourceIncompleteError):
        list(connector(tmp_path, deletes=True).keys("people"))
    with pytest.raises(SourceIncompleteError):
        connector(tmp_path, deletes=True).fetch("people", ["1"])


def test_a_file_that_shrank_between_read_and_sweep_deletes_nothing(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    files = connector(tmp_path, deletes=True)
    list(files.read("people", None))
    written(tmp_path, "id,name,city\n1,a,b\n")
    with pytest.raises(SourceIncompleteError):
        list(files.keys("people"))
    with pytest.raises(SourceIncompleteError):
        files.fetch("people", ["5"])


def test_rows_that_are_no_records_are_flaws_with_their_line(tmp_path: Path) -> None:
    rows = [
        b"id,name",
        b"1,a",
        b",nobody",
        b"1,twin",
        b"2",
        b"3,a,b",
        b'4,"x"y',
        b"5,\xff\xfe",
        b'6,"two\nlines"',
        b"7,b",
    ]
    written(tmp_path, b"\n".join(rows) + b"\n")
    pages = list(connector(tmp_path, deletes=True).read("people", None))
    assert keys(pages) == ["1", "6", "7"]
    assert [(flaw.place, flaw.problem.code) for page in pages for flaw in page.flaws] == [
        ("people.csv:3", "no-key"),
        ("people.csv:4", "duplicate-key"),
        ("people.csv:5", "cell-count"),
        ("people.csv:6", "cell-count"),
        ("people.csv:7", "bad-quotes"),
        ("people.csv:8", "undecodable"),
    ]
    assert not pages[-1].full  # a missing record may be one of these lines


def test_lines_are_counted_through_quoted_newlines_blank_lines_and_pages(tmp_path: Path) -> None:
    body = 'id,name\n1,"two\nlines"\n2,b\n\n3,c\n4,"x\r\ny\rz"\n5,e\n2,twin\n6,f\n,nobody\n7,g\n8,h\n9,i\n1,twin\n'
    written(tmp_path, body)
    pages = list(connector(tmp_path).read("people", None))
    assert keys(pages) == [str(i) for i in range(1, 10)]
    assert [flaw.place for page in pages for flaw in page.flaws] == [f"people.csv:{line}" for line in (11, 13, 17)]
    assert [len(page.records) + len(page.flaws) for page in pages] == [4, 4, 4]


CELLS = st.text(alphabet='a,"\r\n\x00 ;', max_size=5)
LINES = st.lists(st.one_of(st.sampled_from(["1,2\r\n", "3,4\n", "5,6\r", "\n", "7\n"]), CELLS), max_size=9)


@settings(max_examples=300, deadline=None)
@given(lines=LINES, page=st.integers(1, 5), named=st.booleans())
def test_lines_without_a_quote_are_read_as_the_csv_rules_read_them(lines: list[str], page: int, named: bool) -> None:
    """A file with a byte that cannot be decoded is read by the csv rules from its first line to its last."""
    found = []
    for last in (b"ok,x", b"\xff,x"):
        content = "".join(lines).encode() + last + b"\n"
        header = {} if named else {"header": ["id", "name"]}
        stream = FileStream.model_validate({"file": "people.csv", "key": "id", "page": page, **header})
        with tempfile.TemporaryFile() as file:
            file.write(b"id,name\r\n" + content if named else content)
            try:
                found.append([list(line) for line in Source(file, stream, look(file, "utf-8")).lines()])
            except SourceIncompleteError as error:
                found.append(str(error))
    simple, by_the_rules = found
    if isinstance(by_the_rules, list) and by_the_rules[-1][2] and by_the_rules[-1][2].code == "undecodable":
        assert (simple[-1][0], simple[-1][1]["id"][-2:]) == (by_the_rules[-1][0], "ok")
        simple, by_the_rules = simple[:-1], by_the_rules[:-1]
    assert simple == by_the_rules


def test_a_blank_line_of_a_file_with_one_column_is_no_row(tmp_path: Path) -> None:
    written(tmp_path, "id\na\n\nb\n")
    [page] = connector(tmp_path).read("people", None)
    assert (keys([page]), page.flaws) == (["a", "b"], [])


def test_an_endless_cell_is_refused_with_and_without_quotes(tmp_path: Path) -> None:
    for cell in ("x" * 131_073, f'"{"x" * 131_073}"'):
        written(tmp_path, f"{ROWS}a,{cell},Town\n")
        with pytest.raises(SourceIncompleteError, match=r"^people.csv:12: a cell of more than 131072 characters"):
            list(connector(tmp_path).read("people", None))


def test_json_lines_are_counted_through_blank_and_broken_ones(tmp_path: Path) -> None:
    lines = ['\ufeff{"id": 1}', "", '{"id": "2"}', "{", "[]", '{"id": 3}', '{"id": true}', '{"id": 4}', '{"id": 1}']
    written(tmp_path, "\n".join([*lines, *(f'{{"id": {i}}}' for i in range(5, 12)), '{"id": 7}']), "people.jsonl")
    pages = list(connector(tmp_path, "people.jsonl").read("people", None))
    assert keys(pages) == [str(i) for i in range(1, 12)]
    places = [flaw.place for page in pages for flaw in page.flaws]
    assert places == [f"people.jsonl:{line}" for line in (4, 5, 7, 9, 17)]
    assert all(len(page.records) + len(page.flaws) == 4 for page in pages)


def test_an_unreadable_line_takes_back_the_promise_of_a_full_list(tmp_path: Path) -> None:
    written(tmp_path, "id,name\n1,a\n2\n3,c\n")
    pages = list(connector(tmp_path, deletes=True).read("people", None))
    assert keys(pages) == ["1", "3"]
    assert not pages[-1].full


def test_a_file_that_changes_while_it_is_read_gives_no_position(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    reading = connector(tmp_path, page=2).read("people", None)
    handed = [next(reading)]
    with path.open("a") as file:
        file.write("10,late,Town\n")
    with pytest.raises(SourceIncompleteError, match="changed while"):
        handed.extend(reading)
    assert not any(page.cursor for page in handed)


def test_a_record_that_an_unreadable_line_may_hold_is_not_reported_gone(tmp_path: Path) -> None:
    written(tmp_path, "id,name\n1,a\n2\n")
    assert [record.key for record in connector(tmp_path, deletes=True).fetch("people", ["1", "2"])] == ["1"]
    written(tmp_path, "id,name\n1,a\n3,c\n")
    fetched = connector(tmp_path, deletes=True).fetch("people", ["1", "2"])
    assert [(record.key, record.deleted) for record in fetched] == [("1", False), ("2", True)]


@pytest.mark.parametrize(
    ("content", "stream"),
    [
        (b'\xef\xbb\xbfid;name\r\n007;"a;b\r\nc"\r\n', {"delimiter": ";"}),
        ("id,name\n007,'a;b\r\nc'\n".replace("'", '"').encode("utf-16"), {"encoding": "utf-16"}),
        (b'007\t"a;b\r\nc"\n', {"delimiter": "\t", "header": ["id", "name"]}),
    ],
)
def test_marks_delimiters_encodings_and_quoted_newlines(tmp_path: Path, content: bytes, stream: dict[str, Any]) -> None:
    written(tmp_path, content)
    pages = list(connector(tmp_path, **stream).read("people", None))
    assert [record.data for record in pages[0].records] == [{"id": "007", "name": "a;b\r\nc"}]
    assert not pages[0].flaws


def test_null_and_empty_are_two_things_where_a_null_text_is_declared(tmp_path: Path) -> None:
    written(tmp_path, "id,name,city\n1,NULL,\n")
    assert next(iter(connector(tmp_path, null="NULL").read("people", None))).records[0].data["name"] is None
    assert next(iter(connector(tmp_path, null="NULL").read("people", None))).records[0].data["city"] == ""
    assert next(iter(connector(tmp_path).read("people", None))).records[0].data["name"] == "NULL"


def test_spaces_around_cells_are_no_part_of_them_where_that_is_declared(tmp_path: Path) -> None:
    written(tmp_path, "id, name, city\n1, Ada ,NULL\n 2,, NULL\n")
    (page,) = connector(tmp_path, trim=True, null="NULL").read("people", None)
    assert [dict(record.data) for record in page.records] == [
        {"id": "1", "name": "Ada", "city": None},
        {"id": "2", "name": "", "city": None},
    ]
    (page,) = connector(tmp_path, trim=True).read("people", None)
    assert [record.data["city"] for record in page.records] == ["NULL", "NULL"]
    (page,) = connector(tmp_path).read("people", None)
    assert page.records[0].data["name"] == " Ada "
    with pytest.raises(ValueError, match="leave trim or writable out"):
        connector(tmp_path, trim=True, writable=True)


def test_a_header_that_cannot_be_used_is_a_diagnostic_with_its_place(tmp_path: Path) -> None:
    written(tmp_path, "nr,name,name\n1,a,b\n")
    with pytest.raises(ConfigurationError) as caught:
        list(connector(tmp_path).read("people", None))
    assert [(d.code, d.file, d.line) for d in caught.value.diagnostics] == [
        ("repeated-column", "people.csv", 1),
        ("unknown-column", "people.csv", 1),
    ]
    assert [d.code for d in connector(tmp_path).check()] == ["repeated-column", "unknown-column"]


def test_a_foreign_cursor_asks_for_a_full_read(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    with pytest.raises(CursorExpiredError):
        list(connector(tmp_path).read("people", "yesterday"))


# JSON Lines


def test_json_lines_keep_types_and_set_broken_lines_aside(tmp_path: Path) -> None:
    written(
        tmp_path, '{"id": 1, "tags": ["a"], "ok": true}\n{broken}\n[1]\n\n{"id": null}\n{"id": "2"}', "people.jsonl"
    )
    pages = list(connector(tmp_path, "people.jsonl").read("people", None))
    assert keys(pages) == ["1", "2"]
    assert pages[0].records[0].data == {"id": 1, "tags": ["a"], "ok": True}
    assert [flaw.place for page in pages for flaw in page.flaws] == [
        "people.jsonl:2",
        "people.jsonl:3",
        "people.jsonl:5",
    ]
    fields = {field.name: field.type for field in connector(tmp_path, "people.jsonl").discover("people")}
    assert fields == {"id": FieldType.TEXT, "tags": FieldType.LIST, "ok": FieldType.BOOLEAN}


def test_a_json_line_cut_in_the_middle_is_an_incomplete_file(tmp_path: Path) -> None:
    written(tmp_path, '{"id": 1}\n{"id": 2, "na', "people.jsonl")
    with pytest.raises(SourceIncompleteError, match=r"people\.jsonl:2"):
        list(connector(tmp_path, "people.jsonl").read("people", None))


# writing


def test_writing_keeps_columns_order_and_what_it_does_not_know(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbfid;note;name\r\n2;keep;b\r\ncut\r\n1;"a;b";a\r\n')
    outcomes = connector(tmp_path, delimiter=";", writable=True).upsert(
        "people", [Write("1", {"name": "A"}), Write(None, {"name": "n"}, marker="e9"), Write("8", {"name": "x"})]
    )
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.APPLIED, OutcomeKind.APPLIED, OutcomeKind.MISSING]
    assert outcomes[1].record is not None
    assert outcomes[1].record.data == {"id": "e9", "note": "", "name": "n"}
    assert path.read_bytes() == b'\xef\xbb\xbfid;note;name\r\n2;keep;b\r\ncut\r\n1;"a;b";A\r\ne9;;n\r\n'
    assert [found.name for found in tmp_path.iterdir() if found.suffix == ".new"] == []


def test_the_same_create_again_makes_no_second_row(tmp_path: Path) -> None:
    written(tmp_path, "id,hub,name\n")
    files = connector(tmp_path, writable=True, create=True, key_from="field", marker="hub")
    for _ in range(2):
        outcome = files.upsert("people", [Write(None, {"id": "7", "name": "a"}, marker="e1")])[0]
    assert (outcome.kind, outcome.key) == (OutcomeKind.APPLIED, "7")
    assert keys(list(files.read("people", None))) == ["7"]


def test_a_key_that_another_row_has_is_a_duplicate(tmp_path: Path) -> None:
    written(tmp_path, "id,name\n7,a\n")
    files = connector(tmp_path, writable=True, key_from="field")
    outcome = files.upsert("people", [Write(None, {"id": "7", "name": "b"}, marker="e1")])[0]
    assert (outcome.kind, outcome.of) == (OutcomeKind.DUPLICATE, "7")
    assert [record.data["name"] for record in files.find("people", "id", ["7"])] == ["a"]


def test_a_row_with_a_value_the_file_cannot_hold_is_refused_alone(tmp_path: Path) -> None:
    written(tmp_path, "id,name\n", "people.csv")
    files = connector(tmp_path, writable=True, create=True, null="NULL", encoding="cp1252")
    values: list[Any] = ["Grüße", "漢", "NULL", {"a": 1}, None, 'a"b\nc', True]
    outcomes = files.upsert("people", [Write(None, {"name": value}, marker=f"e{i}") for i, value in enumerate(values)])
    outcomes += files.upsert("people", [Write(None, {"nonsense": 1}, marker="e9")])
    refused = [i for i, outcome in enumerate(outcomes) if outcome.kind is OutcomeKind.REFUSED]
    assert refused == [1, 2, 3, 7]
    read = {record.key: record.data["name"] for record in next(iter(files.read("people", None))).records}
    assert read == {"e0": "Grüße", "e4": None, "e5": 'a"b\nc', "e6": "true"}


def test_removing_takes_the_line_out(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    files = connector(tmp_path, writable=True)
    outcomes = files.remove("people", [Write("3", {}), Write("99", {})])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.APPLIED, OutcomeKind.MISSING]
    assert "3" not in keys(list(files.read("people", None)))
    assert len(keys(list(files.read("people", None)))) == 9


def test_a_file_that_does_not_exist_yet_is_made_by_the_first_write(tmp_path: Path) -> None:
    files = connector(tmp_path, writable=True, create=True)
    assert [(list(page.records), page.full) for page in files.read("people", None)] == [([], True)]
    assert files.check() == []
    files.upsert("people", [Write(None, {"name": "a"}, marker="e1"), Write(None, {"city": "B"}, marker="e2")])
    assert (tmp_path / "people.csv").read_text() == "id,name,city\ne1,a,\ne2,,B\n"


def test_json_lines_are_written_by_record_path(tmp_path: Path) -> None:
    path = written(tmp_path, '{"id":"1","address":{"city":"A","zip":"1"}}\n{broken\n', "people.jsonl")
    files = connector(tmp_path, "people.jsonl", writable=True)
    files.upsert("people", [Write("1", {"address.city": "B"}), Write(None, {"address.city": "C"}, marker="e1")])
    assert path.read_text().splitlines() == [
        '{"id":"1","address":{"city":"B","zip":"1"}}',
        "{broken",
        '{"address":{"city":"C"},"id":"e1"}',
    ]


def test_formulas_are_disarmed_and_read_back_as_they_were(tmp_path: Path) -> None:
    files = connector(tmp_path, writable=True, create=True, guard_formulas=True)
    values = ["=1+1", "+49 30 1", "@x", "-", "'quoted", "plain", ""]
    outcomes = files.upsert("people", [Write(None, {"name": v}, marker=f"e{i}") for i, v in enumerate(values)])
    assert "'=1+1" in (tmp_path / "people.csv").read_text()
    assert [outcome.record.data["name"] for outcome in outcomes if outcome.record] == values
    assert [record.data["name"] for page in files.read("people", None) for record in page.records] == values


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, ROWS)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnreachableError, match="as it was"):
        connector(tmp_path, writable=True).upsert("people", [Write("1", {"name": "x"})])
    assert path.read_text() == ROWS
    assert [found.name for found in tmp_path.iterdir() if found.suffix == ".new"] == []


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    written(tmp_path, "id,name\n0,zero\n")

    def work(name: str) -> None:
        files = connector(tmp_path, writable=True)
        for i in range(20):
            files.upsert("people", [Write(None, {"name": name}, marker=f"{name}{i}")])

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys(list(connector(tmp_path).read("people", None))))) == 61


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(names=st.lists(_TEXT, min_size=1, max_size=6), guard=st.booleans())
@example(names=["'=1", "''=1", "'", "'a"], guard=True)
def test_any_text_comes_back_as_it_was_written(tmp_path: Path, names: list[str], guard: bool) -> None:
    (tmp_path / "people.csv").unlink(missing_ok=True)
    files = connector(tmp_path, writable=True, create=True, guard_formulas=guard)
    files.upsert("people", [Write(None, {"name": name, "end": "."}, marker=f"e{i}") for i, name in enumerate(names)])
    read = [record.data["name"] for page in files.read("people", None) for record in page.records]
    assert read == names


@pytest.mark.parametrize(
    "stream",
    [
        {"file": "../etc/passwd.csv"},
        {"file": "/etc/people.csv"},
        {"file": "people.xlsx"},
        {"encoding": "utf-ate"},
        {"key": ["id", "name"], "writable": True},
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, stream: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        connector(tmp_path, **{"file": "people.csv", **stream})
