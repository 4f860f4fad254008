"""Connectors are found by name, and a doubtful one is refused with the reason."""

from typing import ClassVar

import pytest

from connectors.contract import CONTRACT, Connector
from syncline.catalogue import BUILT_IN, Catalogue, CatalogueError, Source


class Newer(Connector):
    name = "newer"
    contract: ClassVar[int] = CONTRACT + 1


def one(reference, *more):
    return Catalogue({"x": (Source("x", reference, "acme-package"), *more)})


def test_every_built_in_connector_loads_under_its_name():
    catalogue = Catalogue.installed()
    assert set(BUILT_IN) <= set(catalogue.names)
    assert {name: catalogue.find(name).name for name in BUILT_IN} == {name: name for name in BUILT_IN}


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("nowhere.at.all:X", "acme-package cannot be loaded"),
        ("json:dumps", "is not a connector class"),
        ("json:nothing", "cannot be loaded"),
    ],
)
def test_what_cannot_be_used_names_the_package_and_the_reason(reference, says):
    with pytest.raises(CatalogueError, match=says):
        one(reference).find("x")


def test_a_connector_for_a_newer_contract_is_refused(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "acme_newer", type("Module", (), {"Newer": Newer}))
    with pytest.raises(CatalogueError, match=f"needs connector contract {CONTRACT + 1}"):
        one("acme_newer:Newer").find("x")


def test_two_claimants_of_one_name_are_one_error_naming_both():
    with pytest.raises(CatalogueError, match=r"acme-package .* and other-package"):
        one("a:B", Source("x", "c:D", "other-package")).find("x")


def test_a_claimed_name_only_hurts_who_uses_it(cli):
    rows = {row["name"]: row for row in cli("connectors", "--json").json}
    assert all(rows[name]["problem"] is None for name in BUILT_IN)
