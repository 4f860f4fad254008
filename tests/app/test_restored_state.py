"""A copy of the state that was put back, from the command line."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def put_back(cli):
    """The sample project, run; its state copied, people edited and run again; then the copy in its place."""
    cli("run", code=None)
    state = next(cli.folder.rglob("*.db"))
    copy = state.with_name("copy")
    shutil.copy(state, copy)
    customers = cli.folder / "data/shop_customers.csv"
    customers.write_text(
        customers.read_text("utf-8") + "K-2000,Nina,Nowak,nina.nowak@example.com,,Oslo,Norway\n", "utf-8"
    )
    cli.world.clock.advance(3600)
    cli("run", code=None)
    shutil.copy(copy, state)
    return cli


def test_every_run_is_refused_until_a_person_says_to_go_on(put_back):
    for _ in range(2):
        said = put_back("run", code=1)
        assert "older copy" in said.err
        assert "--release restored" in said.err
    put_back("reconcile", "--repair", code=None)
    released = put_back("run", "--release", "restored", code=None)
    assert "older copy" not in released.err
    assert "older copy" not in put_back("run", code=None).err
