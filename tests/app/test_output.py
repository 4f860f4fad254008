"""What reaches a terminal: all of it, within its width, and nothing that acts on it."""

import io
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.decision import ActionKind, BindingId
from sync.report import FieldChange, PlannedAction
from syncline.cli.output import Output, clean, fitted, plain
from syncline.cli.plan_views import show_actions


def signs(*texts):
    return Counter("".join("".join(texts).split()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.text("abc XYZ.-", max_size=60), min_size=4, max_size=4), min_size=1, max_size=4),
    st.sampled_from([40, 80, 120]),
)
def test_a_table_on_a_terminal_is_as_wide_as_it_and_keeps_every_sign(monkeypatch, capsys, rows, width):
    monkeypatch.setenv("COLUMNS", str(width))
    output = Output(color=False)
    output.plain = False
    capsys.readouterr()
    columns = ("field", "value", "from", "because")
    output.table(columns, rows, "")
    out = capsys.readouterr().out
    assert all(len(line) <= width for line in out.splitlines())
    filled = [index for index in range(4) if any(row[index] for row in rows)]
    if filled:
        shown = signs(*(columns[index] for index in filled), *(row[index] for row in rows for index in filled))
        assert signs(out.replace("─", "")) == shown


@given(
    st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1, max_size=8),
    st.integers(20, 200),
)
def test_columns_fit_and_each_keeps_something(columns, room):
    wanted, spaced = [width for width, _ in columns], [has for _, has in columns]
    widths = fitted(wanted, spaced, room)
    assert sum(widths) <= room
    assert all(1 <= width <= want for width, want in zip(widths, wanted, strict=True))
    if sum(wanted) <= room:
        assert widths == wanted


def test_ids_and_moments_stay_whole_and_long_texts_give_way():
    assert fitted([20, 90, 16], [False, True, True], 76) == [20, 40, 16]
    assert fitted([75, 42, 6], [False, False, False], 76) == [35, 35, 6]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a�[31mb"),
        ("a\nb\r\n\tc", "a⏎b⏎ c"),
        ("a\u202eb\u2066c", "a�b�c"),
        ("a\u2028b\u0085c", "a⏎b�c"),
        ("Ærø – 北京", "Ærø – 北京"),
    ],
)
def test_nothing_in_a_text_acts_on_the_terminal(text, shown):
    assert clean(text) == shown


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_what_a_terminal_cannot_show_is_replaced(monkeypatch, encoding):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", terminal)
    Output().line("half \ud800 → whole")
    shown = terminal.buffer.getvalue().decode(encoding)
    assert shown == ("half ? ? whole\n" if encoding == "ascii" else "half ? → whole\n")


def test_a_set_is_listed_in_one_order():
    assert plain({"b": frozenset({"y", "x", "z"})}) == {"b": ["x", "y", "z"]}


def test_a_plan_shows_of_a_write_only_what_it_changes(capsys):
    values = [("city", "Bonn", "Jena"), ("address2", None, None), ("zip", "1", "1")]
    action = PlannedAction(
        kind=ActionKind.UPDATE,
        binding=BindingId("shop", "customers", "contact"),
        entity_id="e1",
        key="7",
        changes=[FieldChange(field=name, before=before, after=after) for name, before, after in values],
        reason="edited",
    )
    show_actions(Output(color=False), [action], 1, reveal=True)
    assert capsys.readouterr().out.splitlines()[2:] == ['    city: "Bonn" → "Jena"']
