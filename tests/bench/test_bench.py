"""The bench measures what it says: real runs, checked results. Nothing is timed here."""

from __future__ import annotations

from bench.__main__ import main


def test_the_bench_runs_every_workload_and_checks_what_it_brought_about(capsys):
    assert main(["--records", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines] == ["500", "flo", "CSV", "… n", "… 1", "HTT", "CSV", "… n"]
