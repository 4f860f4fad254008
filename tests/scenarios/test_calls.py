"""What a run costs in calls: nothing but reading where nothing changed, whole batches where something did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

SALESFORCE_BATCH = 200
SHOP_BATCH = 20


def calls(company: Any) -> Counter[str]:
    """Every call the two fakes have answered."""
    return Counter({**{f"crm {t}": n for t, n in company.crm.calls.items()}, **company.shop.calls})


@contextmanager
def statements(company: Any) -> Iterator[list[str]]:
    """The SQL that the ERP is asked meanwhile, without what only opens a connection."""
    heard: list[str] = []
    erp = str(company.erp.path)

    def hear(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if erp in str(connection.engine.url) and not statement.lstrip().upper().startswith("PRAGMA"):
            heard.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@contextmanager
def counted(company: Any) -> Iterator[Counter[str]]:
    """The calls made meanwhile."""
    before, made = calls(company), Counter[str]()
    yield made
    made.update(calls(company) - before)


def test_an_idle_run_asks_each_stream_once_and_writes_nothing(founded):
    founded.settle()
    with counted(founded) as made, statements(founded) as asked:
        report = founded.sync()
    assert report.writes == 0
    assert made == {
        "crm POST oauth2/token": 1,
        "crm GET sobjects/Account/describe": 1,
        "crm GET sobjects/Contact/describe": 1,
        "crm GET queryAll": 2,  # one for each stream
        "ReadCustomers": 1,
        "ReadOrders": 1,
    }
    rows = [text.partition(" FROM ")[2].split()[0] for text in asked if text.startswith("SELECT") and ".id," in text]
    assert rows == ["companies", "people", "web_orders"]


def test_a_second_run_of_the_same_process_neither_signs_in_nor_describes_again(founded):
    founded.settle()

    def twice(engine: Any) -> None:
        engine.run()
        with counted(founded) as made:
            assert engine.run().writes == 0
        assert made == {"crm GET queryAll": 2, "ReadCustomers": 1, "ReadOrders": 1}

    founded.ask(twice)


def test_what_the_shop_s_filter_by_days_brings_back_again_is_read_but_costs_no_write(company):
    """Customers of the last day are read again by every run, in pages; older ones are not."""
    company.shop.seed("customers", [{"lastName": f"Old{n}", "email": f"old{n}@x.example"} for n in range(60)])
    company.settle()
    company.clock.advance(3 * 86_400)
    company.shop.seed("customers", [{"lastName": "New", "email": "new@x.example"}])
    company.settle()
    company.clock.advance(2 * 86_400)
    company.sync()
    with counted(company) as made:
        assert company.sync().writes == 0
    assert made["ReadCustomers"] == 1
    assert made["Write"] == 0


def people(company: Any, count: int) -> list[int]:
    """So many people of one company in the ERP, known to the org and the shop."""
    place = company.erp.add("companies", code="ALFA", name="Alfa GmbH", city="Berlin", country="Germany")
    return [
        company.erp.add("people", company_id=place, name=f"Ana N{n:03}", email=f"ana{n}@alfa.example")
        for n in range(count)
    ]


@pytest.mark.parametrize("k", [1, SALESFORCE_BATCH, SALESFORCE_BATCH + 1, 3 * SALESFORCE_BATCH + 7])
def test_k_changes_cost_salesforce_as_many_write_calls_as_batches(make_company, k):
    company = make_company(config=ROOMY)
    (company.project_folder / "mappings" / "shop_customers.yaml").unlink()
    (company.project_folder / "mappings" / "shop_orders.yaml").unlink()
    (company.project_folder / "mappings" / "erp_orders.yaml").unlink()
    keys = people(company, k)
    with counted(company) as made:
        company.sync()
    batches = -(-k // SALESFORCE_BATCH)
    assert made["crm PATCH composite/sobjects/Contact/Syncline_Id__c"] == batches
    company.settle()
    company.erp.sql(f"UPDATE people SET title = 'Chair' WHERE id <= {keys[-1]}")
    with counted(company) as made:
        assert company.sync().writes == k
    assert made["crm PATCH composite/sobjects"] == batches
    # Salesforce has no conditional writes by collection and answers without records: each batch is looked at before
    # and read back after.
    assert made["crm GET queryAll"] == 2 + 2 * batches
    company.assert_calm()


@pytest.mark.parametrize("k", [1, SHOP_BATCH, SHOP_BATCH + 1, 3 * SHOP_BATCH + 7])
def test_k_changes_cost_the_shop_as_many_write_calls_as_batches(make_company, k):
    company = make_company(config=ROOMY)
    keys = people(company, k)
    with counted(company) as made:
        company.sync()
    batches = -(-k // SHOP_BATCH)
    assert made["Write"] == batches
    company.settle()
    company.erp.sql(f"UPDATE people SET name = 'B' || name WHERE id <= {keys[-1]}")
    with counted(company) as made:
        company.sync()
    assert made["Write"] == batches
    company.assert_calm()


ROOMY = [("count: 900, share: 0.5", "count: 9000, share: 1.0"), ("count: 200, share: 0.5", "count: 9000, share: 1.0")]
