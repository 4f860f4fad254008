"""The bench measures what it says: real runs, checked results. Nothing is timed here."""

from __future__ import annotations

from bench import hub, rules
from bench.__main__ import main


def test_the_bench_runs_every_workload_and_checks_what_it_brought_about(capsys):
    assert main(["--records", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines] == ["500", "flo", "CSV", "… n", "… 1", "HTT", "CSV", "… n", "CSV"]


def test_three_systems_are_brought_to_agree_and_the_result_is_checked(capsys):
    assert hub.main(["--records", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:7] for line in lines] == ["500 con", "floor: ", "first l", "nothing", "1 % cha", "1 % cha"]
    assert [line.split("  ")[-1] for line in lines[2:]] == ["one 1, two 1", "none", "one 2, two 2", "two 2"]


def test_the_rules_are_measured_on_records_that_they_take_as_they_are(capsys):
    mapping, pages = rules.compiled(), rules.pages(500)
    for projection, request in zip(mapping.project(pages[0]), rules.creates(mapping, pages)[0], strict=True):
        assert not projection.problems
        assert projection.values == request.values
        assert len(projection.values) == len(mapping.reads) == 20
    assert rules.main(["--records", "500"]) == 0
    assert [line[:3] for line in capsys.readouterr().out.splitlines()] == [
        "500",
        "flo",
        "pro",
        "ren",
        "fin",
        "flo",
        "pro",
    ]
