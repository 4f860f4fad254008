"""What `init` writes is valid as it is, and nothing that exists is touched."""

import itertools
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import syncline.demo
from model.clock import ManualClock
from model.diagnostics import Severity
from model.errors import ConfigurationError
from syncline.init.compose import CONNECTIONS, STARTER, compose
from syncline.init.exports import look_at
from syncline.settings import load_project
from syncline.wiring import World

ENVIRONMENT = {
    "DYNAMICS_URL": "https://acme.crm4.dynamics.com",
    "DYNAMICS_TENANT": "acme.onmicrosoft.com",
    "DYNAMICS_CLIENT_ID": "id",
    "DYNAMICS_CLIENT_SECRET": "canary",
    "ERP_URL": "sqlite:///erp.db",
    "C4C_URL": "https://my300000.crm.example",
    "C4C_USER": "_SYNCLINE",
    "C4C_PASSWORD": "canary",
    "COMMERCE_URL": "https://api.shop.example",
    "COMMERCE_USER": "hub",
    "COMMERCE_PASSWORD": "canary",
    "S4HANA_URL": "https://my300000-api.s4hana.example",
    "S4HANA_USER": "CC0000000001",
    "S4HANA_PASSWORD": "canary",
    "HUBSPOT_TOKEN": "canary",
    "NETSUITE_ACCOUNT": "1234567",
    "NETSUITE_CLIENT_ID": "id",
    "NETSUITE_CERTIFICATE_ID": "certificate",
    "NETSUITE_PRIVATE_KEY": "canary",
    "ODOO_API_KEY": "canary",
    "ODOO_DATABASE": "acme",
    "ODOO_URL": "https://acme.odoo.example",
    "MAGENTO_URL": "https://shop.example.com",
    "MAGENTO_CONSUMER_KEY": "key",
    "MAGENTO_CONSUMER_SECRET": "canary",
    "MAGENTO_TOKEN": "canary",
    "MAGENTO_TOKEN_SECRET": "canary",
    "SALESFORCE_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "id",
    "SALESFORCE_CLIENT_SECRET": "canary",
    "SHOPIFY_SHOP": "acme.myshopify.com",
    "SHOPIFY_CLIENT_ID": "id",
    "SHOPIFY_CLIENT_SECRET": "canary",
    "ZOHO_CLIENT_ID": "id",
    "ZOHO_CLIENT_SECRET": "canary",
    "ZOHO_REFRESH_TOKEN": "canary",
    "TRYTON_DATABASE": "erp",
    "TRYTON_PASSWORD": "canary",
    "TRYTON_URL": "https://tryton.example.com",
    "TRYTON_USER": "hub",
    "SIEBEL_URL": "https://crm.acme.example:9001/siebel/v1.0",
    "SIEBEL_USER": "SYNCLINE",
    "SIEBEL_PASSWORD": "canary",
    "WOOCOMMERCE_URL": "https://shop.example",
    "WOOCOMMERCE_CONSUMER_KEY": "canary",
    "WOOCOMMERCE_CONSUMER_SECRET": "canary",
}
PAIRS = tuple(itertools.combinations(CONNECTIONS, 2))
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def serious(found):
    return [str(one) for one in found if one.severity is not Severity.NOTE]


def test_the_sample_project_is_valid_without_any_environment(starter):
    project, found = load_project(starter, environment={})
    assert found == []
    assert (len(project.connections), len(project.mappings), len(project.schedules)) == (2, 2, 2)


@pytest.mark.parametrize(
    "systems", [*itertools.combinations(CONNECTIONS, 1), *itertools.combinations(CONNECTIONS, 2), tuple(CONNECTIONS)]
)
def test_any_combination_of_systems_is_valid_once_its_variables_are_set(tmp_path, systems):
    compose(tmp_path / "p", systems)
    project, found = load_project(tmp_path / "p", environment=ENVIRONMENT)
    assert serious(found) == []
    assert set(project.connections) == {CONNECTIONS[system] for system in systems}
    assert {mapping.connection for mapping in project.mappings} == set(project.connections)


NORTHWIND = """
CREATE TABLE customers (
    CustomerID CHAR(40) PRIMARY KEY, CompanyName VARCHAR(40) NOT NULL, ContactName TEXT, ContactTitle TEXT,
    Address TEXT, City TEXT, Region TEXT, PostalCode VARCHAR(10), Country TEXT, Phone TEXT, Fax TEXT);
CREATE TABLE orders (
    OrderID INTEGER PRIMARY KEY, CustomerID TEXT, OrderDate TEXT, ShippedDate TEXT, Freight NUMERIC, ShipName TEXT,
    ShipAddress TEXT, ShipCity TEXT, ShipRegion TEXT, ShipPostalCode TEXT, ShipCountry TEXT);
CREATE TABLE order_lines (
    OrderID INTEGER, ProductID INTEGER, ProductName TEXT, UnitPrice NUMERIC, Quantity INTEGER, Discount NUMERIC,
    PRIMARY KEY (OrderID, ProductID));
"""


def test_the_mappings_of_a_database_fit_the_tables_they_are_written_for(make_cli, tmp_path):
    compose(tmp_path / "p", ["sql"])
    with closing(sqlite3.connect(tmp_path / "erp.db")) as database, database:
        database.executescript(NORTHWIND)
    world = World(clock=ManualClock(), environment={"ERP_URL": f"sqlite:///{tmp_path / 'erp.db'}"})
    cli = make_cli(tmp_path / "p", world)
    cli("check", "--online")
    cli("run")


def test_the_lines_of_an_order_arrive_change_and_leave_with_their_rows(make_cli, tmp_path):
    compose(tmp_path / "p", ["sql"])

    def change(*statements):
        with closing(sqlite3.connect(tmp_path / "erp.db")) as database, database:
            for statement in statements:
                database.execute(statement)

    def lines():
        told = cli("record", "show", "erp:orders:10248", "--json").json["fields"]
        shown = {one["path"]: one["value"] for one in told if one["path"].startswith("lines[")}
        return {path: value for path, value in shown.items() if value is not None and path.endswith("].quantity")}

    with closing(sqlite3.connect(tmp_path / "erp.db")) as database, database:
        database.executescript(NORTHWIND)
    change(
        "INSERT INTO customers (CustomerID, CompanyName) VALUES ('VINET', 'Vins et alcools Chevalier')",
        "INSERT INTO orders (OrderID, CustomerID, Freight) VALUES (10248, 'VINET', 32.38)",
        "INSERT INTO order_lines VALUES (10248, 11, 'Queso Cabrales', 14, 12, 0), (10248, 42, 'Mee', 9.8, 10, 0.15)",
    )
    world = World(clock=ManualClock(), environment={"ERP_URL": f"sqlite:///{tmp_path / 'erp.db'}"})
    cli = make_cli(tmp_path / "p", world)
    cli("run", code=None)
    assert lines() == {"lines[11].quantity": "12", "lines[42].quantity": "10"}
    change(
        "UPDATE order_lines SET Quantity = 7 WHERE ProductID = 11",
        "DELETE FROM order_lines WHERE ProductID = 42",
        "INSERT INTO order_lines VALUES (10248, 72, 'Mozzarella', 34.8, 5, 0)",
    )
    cli("run")
    assert lines() == {"lines[11].quantity": "7", "lines[72].quantity": "5"}


def test_a_variable_that_is_not_set_is_named_once_per_line_and_in_the_readme(tmp_path):
    compose(tmp_path / "p", ["salesforce"])
    project, found = load_project(tmp_path / "p", environment={})
    assert project is None
    assert {one.code for one in found if one.severity is not Severity.NOTE} == {"missing-variable"}
    readme = (tmp_path / "p/README.md").read_text(encoding="utf-8")
    for name in ("SALESFORCE_URL", "SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET"):
        assert name in readme
        assert sum(name in str(one) for one in found) == 1


def test_the_variables_are_listed_in_a_file_to_copy_with_what_each_is(tmp_path):
    compose(tmp_path / "p", ["salesforce", "sql"])
    lines = (tmp_path / "p/.env.example").read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if line.endswith("=")} == {
        "SALESFORCE_URL=",
        "SALESFORCE_CLIENT_ID=",
        "SALESFORCE_CLIENT_SECRET=",
        "ERP_URL=",
    }
    assert lines[lines.index("SALESFORCE_URL=") - 1].startswith("# My Domain")
    assert ".env" in (tmp_path / "p/.gitignore").read_text(encoding="utf-8").split()
    compose(tmp_path / "q", ["files"])
    assert not (tmp_path / "q/.env.example").exists()


@pytest.mark.parametrize("systems", [*PAIRS, tuple(CONNECTIONS)])
def test_every_entity_that_several_systems_share_has_one_order_of_authority(tmp_path, systems):
    compose(tmp_path / "p", systems)
    project, _ = load_project(tmp_path / "p", environment=ENVIRONMENT)
    order = tuple(CONNECTIONS[system] for system in systems)
    for entity in {mapping.entity for mapping in project.mappings}:
        assert project.policy.survivorship[entity]["default"].order == order


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


ROWS = "Nr;Vorname;Nachname;E-Mail\n1;Jürgen;Groß;jg@example.com\n2;Zoë;Groß;zg@example.com\n3;Zoë;Ühl;zu@example.com\n"


def test_a_file_of_ones_own_is_connected_where_it_lies(make_cli, tmp_path):
    (tmp_path / "Messe 2026.csv").write_bytes(ROWS.encode("cp1252"))
    (tmp_path / "more").mkdir()
    (tmp_path / "more/people.jsonl").write_text('{"id": 1, "name": "A"}\n{"id": 2, "name": "A"}\n', encoding="utf-8")
    cli = make_cli(tmp_path / "p")
    files = ("--file", str(tmp_path / "Messe 2026.csv"), "--file", str(tmp_path / "more/people.jsonl"))
    assert "mappings suggest files messe_2026" in cli("init", *files).err
    about = (tmp_path / "p/mappings/README.md").read_text(encoding="utf-8")
    assert "syncline mappings suggest files_2 people" in about, "the folder that everything speaks of is there"
    project, _ = load_project(tmp_path / "p", environment={}, with_mappings=False)
    (stream,) = project.connections["files"].streams
    assert (stream.name, stream.key) == ("messe_2026", "Nr")
    assert project.connections["files_2"].streams[0].key == "id"
    text = (tmp_path / "p/config.yaml").read_text(encoding="utf-8")
    assert 'folder: ".."' in text
    assert "cp1252" in text
    assert "Groß" not in text
    assert cli("mappings", "suggest", "files", "messe_2026", "--json").json["entity"] == "contact"
    cli("mappings", "suggest", "files", "messe_2026")
    cli("mappings", "suggest", "files_2", "people")
    cli("check")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "name;city\nA;B\nA;B\n", "filled and different"),
        ("a.csv", "id,name\n", "no rows"),
        ("a.csv", "", "no rows"),
        ("a.xlsx", "PK", "neither CSV"),
        ("a.jsonl", "{broken", "cannot be read"),
        ("a.csv", None, "not there"),
    ],
)
def test_a_file_that_cannot_become_a_stream_is_refused_and_nothing_is_written(make_cli, tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert said in make_cli(tmp_path / "p")("init", "--file", str(tmp_path / name), code=5).err
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "id,name,name\n1,A,B\n", "names the column 'name' twice"),
        ("a.csv", "id,name,,\n1,A,,\n", "two columns without a name"),
        ("a.csv", f"id,name\n1,{'x' * 140_000}\n", "a cell of more than 131,072 characters (is a quote open"),
        ("a.jsonl", '[\n{"id": 1}\n]\n', "one JSON object on each line"),
    ],
)
def test_a_file_that_a_run_could_not_read_is_refused_before_it_is_connected(make_cli, tmp_path, name, text, said):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert said in make_cli(tmp_path / "p")("init", "--file", str(tmp_path / name), code=5).err
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("name", "text", "encoding", "found"),
    [
        ("a.csv", "email\na@x.org\nb@x.org\n", "utf-8", ("a", "email", ",")),
        ("a.csv", "nr,name,city\n1,A\n2,B,Ulm\n3,C\n4,D\n", "utf-8", ("a", "nr", ",")),
        ("a.csv", "name\nHardy, Thomas\nLi, Bo\n", "utf-8", ("a", "name", ",")),
        ("a.csv", "nr;betrag\n1;1,5\n2;2,5\n", "utf-8-sig", ("a", "nr", ";")),
        ("a.csv", ",vorname,mail\n0,A,a@x.org\n1,A,b@x.org\n", "utf-8", ("a", "mail", ",")),
        ("a.txt", "Nr\tStraße\n1\tA\n2\tB\n", "utf-16", ("a", "Nr", "\t")),
        ("a.jsonl", '{"on": true, "name": "A"}\n{"on": false, "name": "B"}\n', "utf-8", ("a", "name", ",")),
        ("Kundenübersicht 2026.csv", "nr,name\n1,A\n2,B\n", "utf-8", ("kundenubersicht_2026", "nr", ",")),
        ("顧客.csv", "番号,名前\n1,A\n2,A\n", "utf-8", ("records", "番号", ",")),
    ],
)
def test_an_odd_file_is_seen_as_what_it_is(make_cli, tmp_path, name, text, encoding, found):
    (tmp_path / name).write_text(text, encoding=encoding)
    export = look_at(tmp_path / name)
    assert (export.stream, export.key, export.delimiter) == found
    cli = make_cli(tmp_path / "p")
    cli("init", "--file", str(tmp_path / name))
    cli("connections", "check")


def test_a_file_of_three_hundred_columns_in_letters_of_another_alphabet_gets_a_mapping(make_cli, tmp_path):
    names = ["e-mail", *(f"поле {n}" for n in range(300))]
    rows = [[f"a{row}@example.com", *(f"{row}{n}" for n in range(300))] for row in range(9)]
    text = "\n".join(map(",".join, [names, *rows]))
    (tmp_path / "клиенты.csv").write_text(text, encoding="utf-8")
    cli = make_cli(tmp_path / "p")
    cli("init", "--file", str(tmp_path / "клиенты.csv"))
    cli("mappings", "suggest", "files", "records", "--entity", "contact")
    assert "and 100 more" in (tmp_path / "p/mappings/files_records.yaml").read_text(encoding="utf-8")
    cli("check")


def test_every_sample_and_demonstration_mapping_shows_by_examples_what_it_does(cli, starter):
    assert "4 examples passed." in cli("mappings", "test").err
    found = cli("mappings", "test", "--json").json
    assert {one["mapping"] for one in found} == {"shop_customers", "crm_people"}
    assert {way for one in found for way in one["ways"]} == {"in", "out"}


def test_the_demonstration_s_mappings_do_what_their_examples_say(make_cli):
    folder = Path(syncline.demo.__file__).parent / "project"
    found = make_cli(folder)("mappings", "test", "--json").json
    assert {one["mapping"] for one in found} == {path.stem for path in (folder / "mappings").glob("*.yaml")}
    assert all(one["passed"] for one in found)


def test_a_folder_that_cannot_be_written_to_is_said(make_cli, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = make_cli(tmp_path / "file" / "p")("init", code=5).err
    assert "cannot be written" in said
    assert "name another folder" in said


@pytest.mark.parametrize(
    "text", ["nr,name\n1,A\n2,B\n", "order nr,article nr\n1,7\n1,8\n2,7\n", "nr, name, city\n1, A, U\n2, B, U\n"]
)
def test_what_is_offered_in_comments_can_be_taken(make_cli, tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    cli = make_cli(tmp_path / "p")
    cli("init", "--file", str(tmp_path / "a.csv"))
    config = tmp_path / "p/config.yaml"
    offered = re.sub(r"^( +)# (?=writable|key_from)", r"\1", config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    config.write_text(offered, encoding="utf-8")
    cli("connections", "check")
    assert ("writable: true" in offered) == (", " not in text)


def test_the_key_of_a_file_is_rather_a_number_than_a_name(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("name\tmail\tcustomer no\nA\ta@x.org\t7\nB\tb@x.org\t8\n", encoding="utf-8")
    found = look_at(path)
    assert (found.key, found.delimiter, found.rows) == ("customer no", "\t", 2)
    path.write_text("name\tmail\tcustomer no\nA\ta@x.org\t7\nB\tb@x.org\t7\n", encoding="utf-8")
    assert look_at(path).key == "mail"
    path.write_text("order id\tarticle no\tname\n1\t7\tA\n1\t8\tA\n2\t7\tA\n", encoding="utf-8")
    assert look_at(path).key == ("order id", "article no")


def test_a_suggestion_is_written_with_evidence_and_never_over_anything(cli, starter):
    path = starter / "mappings/shop_customers.yaml"
    before = path.read_text(encoding="utf-8")
    cli("mappings", "suggest", "shop", "customers", code=5)
    assert path.read_text(encoding="utf-8") == before
    assert (
        "already ties"
        in cli("mappings", "suggest", "shop", "customers", "--out", str(path.parent / "x.yaml"), code=5).err
    )
    lead = cli("mappings", "suggest", "shop", "customers", "--entity", "lead").out.strip()
    assert lead.endswith("mappings/shop_customers_lead.yaml")
    assert "end in .yaml" in cli("mappings", "suggest", "shop", "customers", "--out", str(starter / "x"), code=5).err
    mine = starter / "mine.txt"
    mine.write_text("mine", encoding="utf-8")
    assert "there already" in cli("mappings", "suggest", "shop", "customers", "--out", str(mine), code=5).err
    assert mine.read_text(encoding="utf-8") == "mine"
    shown = cli("mappings", "suggest", "shop", "customers", "--out", "-")
    assert "lifecycle: proposed" in shown.out
    assert "without a place" in shown.err or "rules" in shown.err
    other = starter / "draft.yaml"
    assert cli("mappings", "suggest", "shop", "customers", "--out", str(other)).out.strip().endswith("draft.yaml")
    first, _, rest = other.read_text(encoding="utf-8").partition("\n")
    assert first == "# yaml-language-server: $schema=.syncline/schemas/shop.customers.contact.json"
    assert rest == shown.out.replace("mapping: shop_customers", "mapping: draft")
    path.unlink()
    cli("mappings", "suggest", "shop", "customers")
    cli("check")
    for words in (("shop", "custmers"), ("shopp", "customers"), ("shop", "customers", "--entity", "contcat")):
        assert "did you mean" in cli("mappings", "suggest", *words, code=2).err


def test_a_stream_that_is_nothing_like_the_entity_gets_no_file(cli, starter):
    (starter / "data/odd.csv").write_text("k,colour\n1,red\n", encoding="utf-8")
    config = starter / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("    streams:\n", "    streams:\n      odd: {file: odd.csv, key: k}\n", 1), encoding="utf-8"
    )
    said = cli("mappings", "suggest", "shop", "odd", "--entity", "contact", code=5)
    assert "nothing was written" in said.err
    assert not (starter / "mappings/shop_odd.yaml").exists()


def test_a_header_without_rows_is_enough_for_a_proposal_and_that_is_said(cli, starter):
    (starter / "mappings/shop_customers.yaml").unlink()
    data = starter / "data/shop_customers.csv"
    data.write_text(data.read_text(encoding="utf-8").partition("\n")[0] + "\n", encoding="utf-8")
    said = cli("mappings", "suggest", "shop", "customers")
    assert "a header and no rows" in said.err
    assert "from the fields alone" in said.err
    assert "first_name" in (starter / "mappings/shop_customers.yaml").read_text(encoding="utf-8")
    cli("check")


def test_a_draft_outside_the_mappings_is_called_one(cli, tmp_path):
    said = cli("mappings", "suggest", "shop", "customers", "--out", str(tmp_path / "draft.yaml"))
    assert "It is a draft" in said.err
    assert "mappings preview" not in said.err


def test_a_broken_mapping_elsewhere_does_not_stop_a_suggestion(cli, starter):
    (starter / "mappings/crm_people.yaml").unlink()
    (starter / "mappings/broken.yaml").write_text("mapping: [", encoding="utf-8")
    cli("mappings", "suggest", "crm", "people")


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


def test_a_key_that_the_hub_makes_for_a_new_row_takes_no_account_number_s_place(make_cli, tmp_path):
    compose(tmp_path / "p", ["sql"])
    with closing(sqlite3.connect(tmp_path / "erp.db")) as database, database:
        database.executescript(NORTHWIND)
    (tmp_path / "p/accounts.csv").write_text("id,no,name\n1,N-77,Neu\n", encoding="utf-8")
    config = tmp_path / "p/config.yaml"
    files = "connections:\n  files: {connector: files, folder: ., streams: {accounts: {file: accounts.csv, key: id}}}\n"
    config.write_text(config.read_text(encoding="utf-8").replace("connections:\n", files, 1), encoding="utf-8")
    mapping = "connection: files\nstream: accounts\nentity: account\ndirection: in\nmatch: {strong: [account_number]}\n"
    path = tmp_path / "p/mappings/files_accounts.yaml"
    path.write_text(f"{mapping}rules: {{account_number: no, name: name}}\n", encoding="utf-8")
    world = World(clock=ManualClock(), environment={"ERP_URL": f"sqlite:///{tmp_path / 'erp.db'}"})
    cli = make_cli(tmp_path / "p", world)
    cli("check", "--online")
    cli("run")
    cli("run", "--full")
    with closing(sqlite3.connect(tmp_path / "erp.db")) as database:
        [(key, name)] = database.execute("SELECT CustomerID, CompanyName FROM customers").fetchall()
    assert (key != "N-77", name) == (True, "Neu")
    fields = cli("record", "show", "files:accounts:1", "--json").json["fields"]
    assert [one["value"] for one in fields if one["path"] == "account_number"] == ["N-77"]
