"""Rows of another table as a list of their parent's record: the lines of an order."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import syncline.demo
from connectors.sdk import Context, Severity
from connectors.sql.connector import SqlConnector
from mappings.compile import load
from model.clock import ManualClock
from model.entities import schemas
from model.errors import ConfigurationError

ORDERS = {
    "table": "orders",
    "key": "OrderID",
    "page": 100,
    "children": {"lines": {"table": "order_lines", "parent": "OrderID", "key": "ProductID"}},
}
DDL = """
CREATE TABLE orders (OrderID INTEGER PRIMARY KEY, CustomerID TEXT, Freight NUMERIC);
CREATE TABLE order_lines (
    OrderID INTEGER, ProductID INTEGER, ProductName TEXT, UnitPrice NUMERIC, Quantity INTEGER, Discount NUMERIC,
    PRIMARY KEY (OrderID, ProductID));
"""
DATA = Path(syncline.demo.__file__).parent / "data"


@pytest.fixture
def northwind(tmp_path):
    path = tmp_path / "erp.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(DDL)
        orders, lines = (rows(name) for name in ("northwind_orders", "northwind_order_lines"))
        database.executemany("INSERT INTO orders VALUES (:OrderID, :CustomerID, :Freight)", orders)
        names = ", ".join(f":{name}" for name in lines[0])
        database.executemany(f"INSERT INTO order_lines VALUES ({names})", lines)
    return path


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


@pytest.fixture
def connect(request):
    def opened(path: Path, **orders: Any) -> SqlConnector:
        settings = {"url": f"sqlite:///{path}", "zone": "UTC", "streams": {"orders": {**ORDERS, **orders}}}
        made = SqlConnector(SqlConnector.Settings.model_validate(settings), Context(clock=ManualClock()))
        request.addfinalizer(made.close)
        return made

    return opened


def everything(connector, since=None):
    pages = list(connector.read("orders", since))
    return {one.key: one for page in pages for one in page.records}, [flaw for page in pages for flaw in page.flaws]


def test_every_order_of_northwind_arrives_with_all_its_lines_in_the_order_of_their_keys(northwind, connect):
    found, flaws = everything(connect(northwind))
    assert (len(found), sum(len(one.data["lines"]) for one in found.values()), flaws) == (830, 2155, [])
    first, second, third = found["10248"].data["lines"]
    assert [line["ProductID"] for line in (first, second, third)] == [11, 42, 72]
    assert first["ProductName"] == "Queso Cabrales"
    assert "OrderID" not in first


def test_the_default_mapping_makes_canonical_lines_of_all_of_them(northwind, connect):
    text = Path("mappings/library/sql/orders.yaml").read_text(encoding="utf-8")
    mapping, _ = load(text, "orders.yaml", schemas())
    found, _ = everything(connect(northwind))
    projections = mapping.project(list(found.values()))
    keys = {path for one in projections for path in one.values if path.startswith("lines[") and path.endswith(".sku")}
    assert sum(path.endswith("].sku") for one in projections for path in one.values) == 2155
    assert len(keys) == 77  # articles
    assert [problem for one in projections for problem in one.problems] == []
    (discounted,) = (one for one in projections if one.values["number"] == "10250")
    assert discounted.values["lines[65].discount_percent"] == "15"
    assert "lines[*].sku" in discounted.complete


def test_an_order_that_is_fetched_or_found_has_its_lines_and_one_that_is_gone_has_none(northwind, connect):
    connector = connect(northwind)
    here, gone = connector.fetch("orders", ["10248", "1"])
    assert len(here.data["lines"]) == 3
    assert (gone.deleted, gone.data) == (True, {})
    assert all(one.data["lines"] for one in connector.find("orders", "CustomerID", ["VINET"]))


def test_an_edit_of_a_line_alone_is_seen_and_the_same_file_is_not_read_again(northwind, connect):
    connector = connect(northwind)
    cursor = list(connector.read("orders", None))[-1].cursor
    assert list(connector.read("orders", cursor)) == []
    change(northwind, "UPDATE order_lines SET Quantity = 99 WHERE OrderID = 10248 AND ProductID = 11")
    found, _ = everything(connector, cursor)
    assert found["10248"].data["lines"][0]["Quantity"] == 99


def test_an_order_one_of_whose_lines_cannot_be_read_is_set_aside_whole_and_the_others_go_on(northwind, connect):
    change(
        northwind,
        "UPDATE order_lines SET ProductName = x'ff00' WHERE OrderID = 10248 AND ProductID = 42",
        "UPDATE order_lines SET ProductName = CAST(x'ff41' AS TEXT) WHERE OrderID = 10250 AND ProductID = 41",
        "INSERT INTO order_lines VALUES (10251, NULL, 'no article', 1, 1, 0)",
    )
    found, flaws = everything(connect(northwind))
    assert sorted((flaw.key, flaw.problem.code) for flaw in flaws) == [
        ("10248", "flawed-child"),
        ("10250", "flawed-child"),
        ("10251", "flawed-child"),
    ]
    assert len(found) == 827
    assert len(found["10249"].data["lines"]) == 2


def test_lines_are_read_only_where_a_mapping_asks_for_them(northwind, connect):
    connector = connect(northwind)
    connector.narrow("orders", ["CustomerID"])
    found, _ = everything(connector)
    assert "lines" not in found["10248"].data
    cursor = list(connector.read("orders", None))[-1].cursor
    connector.narrow("orders", ["CustomerID", "lines"])
    found, _ = everything(connector, cursor)
    assert found["10248"].data["lines"]


def test_a_list_is_a_field_that_nobody_may_write(northwind, connect):
    (lines,) = (field for field in connect(northwind).discover("orders") if field.name == "lines")
    assert (lines.type, lines.creatable, lines.updatable) == ("list", False, False)


def test_parents_and_children_with_keys_of_two_columns_find_each_other(tmp_path, connect):
    path = tmp_path / "two.db"
    change(
        path,
        "CREATE TABLE orders (site TEXT, no INTEGER, PRIMARY KEY (site, no))",
        "CREATE TABLE order_lines (site TEXT, no INTEGER, line INTEGER, what TEXT)",
        "INSERT INTO orders VALUES ('a', 1), ('b', 1)",
        "INSERT INTO order_lines VALUES ('b', 1, 2, 'two'), ('b', 1, 1, 'one'), ('a', 1, 1, 'mine')",
    )
    children = {"lines": {"table": "order_lines", "parent": ["site", "no"], "key": "line"}}
    found, _ = everything(connect(path, key=["site", "no"], children=children))
    assert [one.data["lines"] for one in found.values()] == [
        [{"line": 1, "what": "mine"}],
        [{"line": 1, "what": "one"}, {"line": 2, "what": "two"}],
    ]


def test_beside_a_watermark_a_list_is_refused_unless_its_rows_move_it(northwind, connect):
    with pytest.raises(ValidationError, match="moves_watermark"):
        connect(northwind, watermark="OrderID")
    moving = {"lines": {**ORDERS["children"]["lines"], "moves_watermark": True}}
    found, _ = everything(connect(northwind, watermark="OrderID", overlap=1, children=moving), '["int", 11076]')
    assert {key: len(one.data["lines"]) for key, one in found.items()} == {"11075": 3, "11076": 3, "11077": 25}


@pytest.mark.parametrize(
    ("wrong", "where", "said"),
    [
        ({"table": "order_linse"}, "streams.orders.children.lines.table", "no table or view order_linse"),
        ({"key": "Line"}, "streams.orders.children.lines.key", "no column Line"),
        ({"parent": "Order"}, "streams.orders.children.lines.parent", "no column Order"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_where_it_is_written(northwind, connect, wrong, where, said):
    given = {"lines": {**ORDERS["children"]["lines"], **wrong}}
    (found,) = connect(northwind, children=given).check()
    assert found.path == where
    assert said in found.message


def test_a_list_cannot_have_the_name_of_a_column(northwind, connect):
    with pytest.raises(ConfigurationError, match="a column CustomerID of its own"):
        connect(northwind, children={"CustomerID": ORDERS["children"]["lines"]}).discover("orders")


def test_a_list_without_an_index_or_with_another_type_of_key_is_warned_of(northwind, connect):
    change(northwind, "CREATE TABLE texts AS SELECT CAST(OrderID AS TEXT) AS OrderID, ProductID FROM order_lines")
    given = {"lines": {**ORDERS["children"]["lines"], "table": "texts"}}
    found = {one.code: one.severity for one in connect(northwind, children=given).check()}
    assert found == {"key-type-differs": Severity.ERROR, "unindexed-parent": Severity.WARNING}


def test_rows_are_found_as_the_database_compares_their_keys(tmp_path, connect):
    path = tmp_path / "folded.db"
    change(
        path,
        "CREATE TABLE orders (no TEXT PRIMARY KEY)",
        "CREATE TABLE order_lines (no TEXT COLLATE NOCASE, line INTEGER)",
        "INSERT INTO orders VALUES ('A1'), ('B1')",
        "INSERT INTO order_lines VALUES ('a1', 1), ('A1', 2), ('b1', 3)",
    )
    children = {"lines": {"table": "order_lines", "parent": "no", "key": "line"}}
    found, _ = everything(connect(path, key="no", children=children))
    assert {key: [item["line"] for item in one.data["lines"]] for key, one in found.items()} == {
        "A1": [1, 2],
        "B1": [3],
    }
