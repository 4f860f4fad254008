"""Whatever people type, reading it ends in data with positions or in a diagnostic with a place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.reading.reader import MAX_CHARACTERS, read_yaml
from mappings.reading.scalars import flow, scalar


def only(text: str) -> tuple[str, int | None, int | None]:
    data, _, found = read_yaml(text, "a.yaml")
    assert data is None
    (one,) = found
    assert one.file == "a.yaml"
    return one.code, one.line, one.column


def test_every_key_and_value_knows_its_place() -> None:
    data, positions, found = read_yaml("a: 1\nb:\n  - x\n  - {c: yes, 'emails[*]': true}\n", "a.yaml")
    assert found == []
    assert data == {"a": 1, "b": ["x", {"c": "yes", "emails[*]": True}]}
    assert positions.of(("b", 1, "c")) == (4, 9)
    assert positions.of(("b", 1, "c"), key=True) == (4, 6)
    assert positions.of(("b", 1, "nowhere")) == (4, 5)  # the nearest place around it
    assert positions.of(("nowhere",)) == (1, 1)


def test_words_of_yaml_1_1_are_text() -> None:
    data, _, _ = read_yaml("[yes, no, on, 12:30, 010, 0o10, 1e3, .5, ~, null, 'null', .inf]", "a.yaml")
    assert data == ["yes", "no", "on", "12:30", 10, 8, 1000.0, 0.5, None, None, "null", ".inf"]


def test_a_repeated_key_is_named_with_both_places_and_the_first_stands() -> None:
    data, _, found = read_yaml("a: 1\nb: 2\na: 3\n", "a.yaml")
    assert data == {"a": 1, "b": 2}
    assert [(one.code, one.line, one.path) for one in found] == [("duplicate-key", 3, "a")]
    assert "line 1" in found[0].message


def test_keys_of_another_place_are_not_merged_in_without_a_word():
    data, _, found = read_yaml("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n'<<': z\n", "f.yaml")
    assert data == {"a": {"x": 1}, "b": {"y": 2}, "<<": "z"}
    assert [(one.code, one.line, one.path) for one in found] == [("merge-key", 3, "b")]


def test_an_alias_stands_for_what_its_anchor_holds() -> None:
    data, positions, found = read_yaml("a: &x {k: 1}\nb: *x\n", "a.yaml")
    assert (data, found) == ({"a": {"k": 1}, "b": {"k": 1}}, [])
    assert positions.of(("b", "k")) == (2, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [", ("never-closed", 1, 4)),
        ("a: 1\n b: 2", ("bad-indentation", 2, 2)),
        ("&a [*a]", ("yaml-alias", 1, 5)),
        ("? [a]\n: b", ("yaml-key", 1, 3)),
        ("x: !!python/object:os.system ls", ("yaml-tag", 1, 4)),
        ("--- a\n--- b", ("several-documents", 2, 1)),
        ("a: \x01", ("yaml-syntax", 1, 4)),
    ],
)
def test_what_is_no_yaml_is_said_with_its_place(text: str, expected: tuple[str, int, int]) -> None:
    assert only(text) == expected


def test_levels_without_end_are_refused_before_they_cost_anything() -> None:
    assert only("[" * 5000)[0] == "too-deep"
    assert only("\n".join("  " * depth + "a:" for depth in range(200)))[0] == "too-deep"


def test_aliases_that_multiply_are_refused() -> None:
    rows = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    rows += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert only("\n".join(rows))[0] == "too-large"


def test_a_file_that_is_too_long_is_not_parsed_at_all() -> None:
    assert only("a" * (MAX_CHARACTERS + 1))[0] == "too-large"


SIGNS = st.text(alphabet="ab:{}[],&*!|>-?'\"#%@`~ \n\t\\0\u00e4\x00\ufeff", max_size=60)


@settings(max_examples=400, deadline=None)
@given(text=SIGNS | st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    data, positions, found = read_yaml(text, "a.yaml")
    assert positions.of(("a", 0)) >= (1, 1)
    assert all(one.line and one.column and one.file for one in found)
    assert data is None or isinstance(data, (str, int, float, bool, list, dict))


_KEYS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8)
_PLAIN_VALUES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12)


@given(
    st.recursive(
        _PLAIN_VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
        max_leaves=8,
    )
)
@settings(max_examples=300, deadline=None)
def test_a_value_as_we_write_it_is_read_as_that_value(value: object) -> None:
    assert read_yaml(f"a: {flow(value)}\n", "a.yaml")[0] == {"a": value}


@pytest.mark.parametrize("word", ["no", "On", "null", "True", "1e5", "-", "a: b", "#x", "it's", "\u2028", "C:\\x"])
def test_a_text_that_looks_like_something_else_is_quoted(word: str) -> None:
    assert scalar(word)[0] in "\"'"
    assert read_yaml(f"{scalar(word)}: [{scalar(word)}]\n", "a.yaml")[0] == {word: [word]}
