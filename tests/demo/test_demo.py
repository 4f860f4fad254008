"""The demonstration keeps its word, and touches nothing that is not its own."""

from __future__ import annotations

import pytest

from model.errors import SynclineError
from syncline.demo.main import run
from syncline.demo.systems import rows, running


def test_the_sample_data_came_along_whole():
    counts = {name: len(rows(name)) for name in ("northwind_customers", "northwind_orders", "adventureworks_prospects")}
    assert counts == {"northwind_customers": 91, "northwind_orders": 830, "adventureworks_prospects": 2059}


def test_all_three_systems_are_filled_and_answer(tmp_path):
    with running(tmp_path) as systems:
        assert systems.erp("SELECT count(*) FROM companies") == [(91,)]
        assert len(systems.salesforce.rows("Account")) == 48
        assert len(systems.shopify.rows("orders")) == 830


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(SynclineError, match="nothing was touched"):
        run(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"


@pytest.mark.slow
def test_the_demonstration_ends_in_agreement_and_can_be_played_again(tmp_path):
    folder = tmp_path / "demo"
    assert run(folder) == 0
    assert run(folder) == 0
