"""What `init` writes is valid as it is, and nothing that exists is touched."""

import itertools
from pathlib import Path

import pytest

from model.diagnostics import Severity
from model.errors import ConfigurationError
from syncline.init.compose import CONNECTIONS, STARTER, compose
from syncline.settings import load_project

ENVIRONMENT = {
    "ERP_URL": "sqlite:///erp.db",
    "SALESFORCE_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "id",
    "SALESFORCE_CLIENT_SECRET": "canary",
    "SHOPIFY_SHOP": "acme.myshopify.com",
    "SHOPIFY_CLIENT_ID": "id",
    "SHOPIFY_CLIENT_SECRET": "canary",
}
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def serious(found):
    return [str(one) for one in found if one.severity is not Severity.NOTE]


def test_the_sample_project_is_valid_without_any_environment(starter):
    project, found = load_project(starter, environment={})
    assert found == []
    assert (len(project.connections), len(project.mappings), len(project.schedules)) == (2, 2, 2)


@pytest.mark.parametrize("systems", [pair for n in (1, 2, 4) for pair in itertools.combinations(CONNECTIONS, n)])
def test_any_combination_of_systems_is_valid_once_its_variables_are_set(tmp_path, systems):
    compose(tmp_path / "p", systems)
    project, found = load_project(tmp_path / "p", environment=ENVIRONMENT)
    assert serious(found) == []
    assert set(project.connections) == {CONNECTIONS[system] for system in systems}
    assert {mapping.connection for mapping in project.mappings} == set(project.connections)


def test_a_variable_that_is_not_set_is_named_once_per_line_and_in_the_readme(tmp_path):
    compose(tmp_path / "p", ["salesforce"])
    project, found = load_project(tmp_path / "p", environment={})
    assert project is None
    assert {one.code for one in found} == {"missing-variable"}
    readme = (tmp_path / "p/README.md").read_text(encoding="utf-8")
    for name in ("SALESFORCE_URL", "SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET"):
        assert name in readme
        assert sum(name in str(one) for one in found) == 1


def test_nothing_is_written_where_a_file_is_in_the_way(tmp_path):
    (tmp_path / "config.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="exists already"):
        compose(tmp_path, [STARTER])
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == "mine"


def test_init_says_what_it_wrote_and_what_comes_next(make_cli, tmp_path):
    cli = make_cli(tmp_path / "new")
    said = cli("init")
    assert {Path(line).name for line in said.out.splitlines()} >= {"config.yaml", "crm_people.yaml", "crm.db"}
    assert "syncline plan" in said.err
    assert "did you mean 'salesforce'" in cli("init", "--from", "salesfroce", code=5).err


def test_secrets_and_state_are_kept_out_of_version_control(starter):
    assert {"var/", "secrets/"} <= set((starter / ".gitignore").read_text(encoding="utf-8").split())


def test_the_example_configuration_is_valid_and_shows_every_setting(tmp_path):
    compose(tmp_path, list(CONNECTIONS))
    (tmp_path / "config.yaml").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    project, found = load_project(tmp_path, environment=ENVIRONMENT)
    assert serious(found) == []
    assert set(project.connections) == set(CONNECTIONS.values())
    text = EXAMPLE.read_text(encoding="utf-8")
    for name in (
        "state",
        "entities",
        "brakes",
        "schedules",
        "survivorship",
        "fields",
        "select",
        "sweep",
        "full",
        "zone",
    ):
        assert f"{name}:" in text
    for rule in ("authority", "latest", "most_complete", "union", "manual"):
        assert rule in text


def test_a_new_mapping_is_proposed_with_the_real_fields_and_valid(cli, starter):
    path = starter / "mappings/crm_people.yaml"
    before = path.read_text(encoding="utf-8")
    cli("new", "mapping", "crm", "people", "contact", code=5)
    assert path.read_text(encoding="utf-8") == before
    path.unlink()
    assert Path(cli("new", "mapping", "crm", "people", "contact").out.strip()) == path
    assert "lifecycle: proposed" in path.read_text(encoding="utf-8")
    assert "job_title" in path.read_text(encoding="utf-8")
    cli("check")
    cli("new", "mapping", "crm", "peeple", "contact", code=2)
    cli("new", "mapping", "crm", "people", "persona", code=2)
