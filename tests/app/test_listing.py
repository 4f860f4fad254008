"""`mappings list`, `connections discover`: what works while something else does not, and says which."""

import pytest

from syncline.init.compose import compose


@pytest.fixture
def several(tmp_path, make_cli):
    """A project of systems whose secrets nobody has set."""
    compose(tmp_path / "several", ["salesforce", "shopify"])
    return make_cli(tmp_path / "several")


def test_mappings_are_listed_without_any_secret(several):
    rows = several("mappings", "list", "--json").json
    assert {"crm_account", "crm_contact", "shop_customers"} <= {one["name"] for one in rows}
    assert all(len(one["version"]) == 12 for one in rows)


def test_a_mapping_with_mistakes_is_told_and_the_others_are_listed(several):
    path = several.folder / "mappings" / "crm_contact.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("entity: contact", "entity: contakt"), encoding="utf-8")
    said = several("mappings", "list", code=5)
    assert "crm_account" in said.out
    assert "crm_contact " not in said.out
    assert "there is no entity 'contakt'" in said.err
    assert said.err.endswith("1 error, 0 warnings\n")


def test_without_mappings_the_list_says_how_to_get_one(several):
    for path in (several.folder / "mappings").iterdir():
        path.unlink()
    said = several("mappings", "list")
    assert said.out == ""
    assert "syncline mappings suggest" in said.err


def test_a_connection_that_cannot_describe_its_streams_is_named(cli, starter):
    (starter / "data/crm.db").write_bytes(b"no database at all, and longer than any header of one could be" * 20)
    assert cli("connections", "discover", "crm", code=1).err.startswith("crm: ")
    assert cli("connections", "discover", "crm", "--lock", code=1).err.startswith("crm: ")
    assert not (starter / "schemas").exists()
