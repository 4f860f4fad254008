"""What is said of the built-in connectors, and that there is something behind it."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from syncline.catalogue import BUILT_IN, Catalogue
from syncline.quality import RULES, Tier, tier
from syncline.sandbox.run import systems

ROOT = Path(__file__).parents[2]


def kept(name):
    return YAML(typ="safe").load((ROOT / "connectors" / name / "quality.yaml").read_text(encoding="utf-8"))


def suites():
    """Test files that inherit the contract suite."""
    files = (ROOT / "tests" / "connectors").rglob("test_*.py")
    return [text for file in files if "(ConnectorSuite)" in (text := file.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_is_of_silver_quality_or_better_and_what_it_says_of_itself_is_there(name):
    assert tier(Catalogue.installed().find(name)) in (Tier.SILVER, Tier.GOLD)
    assert kept(name)["contract_suite"] == "done"
    assert [text for text in suites() if f"connectors.{name}" in text], "a test file inherits the suite for it"
    assert (name in systems()) is (kept(name)["fake"] == "done")
    page = (ROOT / "docs" / "connectors" / f"{name}.md").read_text(encoding="utf-8")
    assert "Access" in page
    assert any((ROOT / "mappings" / "library" / name).glob("*.yaml"))


def test_the_list_says_streams_ways_deletions_and_batches_of_each(cli):
    rows = {row["name"]: row for row in cli("connectors", "--json").json}
    for name in BUILT_IN:
        assert rows[name]["streams"], name
        assert all(one["deletions"] in {"tombstones", "sweep", "unseen"} for one in rows[name]["streams"])
    (orders,) = [one for one in rows["shopify"]["streams"] if one["name"] == "orders"]
    assert (orders["creates"], orders["updates"], orders["batch"]) == (False, False, None)
    told = {line.split()[0]: line for line in cli("connectors").out.splitlines()}
    assert "both; in: orders" in told["shopify"]
    assert "200" in told["salesforce"]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, Tier.GOLD),
        ({"removes": "{exempt: nothing is ever deleted there}"}, Tier.SILVER),
        ({"safe_creates": "{exempt: there is nothing to find them by}"}, Tier.BRONZE),
        ({"documentation": "{exempt: nobody has written it}"}, Tier.NONE),
        ({"check": "perhaps"}, Tier.NONE),
    ],
)
def test_the_tier_follows_from_what_is_kept(tmp_path, monkeypatch, rules, expected):
    package = tmp_path / "acme_of_some_tier"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "connector.py").write_text(
        "from syncline.sdk import Connector\nclass Acme(Connector):\n    name = 'acme'\n"
    )
    lines = [f"{rule}: {rules.get(rule, 'done')}" for rule in RULES]
    (package / "quality.yaml").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("acme_of_some_tier", "acme_of_some_tier.connector"):
        monkeypatch.delitem(__import__("sys").modules, module, raising=False)
    connector = __import__("acme_of_some_tier.connector", fromlist=["Acme"]).Acme
    assert tier(connector) is expected
