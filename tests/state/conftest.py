from __future__ import annotations

from typing import Any

import pytest

from model.clock import ManualClock
from state.store import SqlStore
from sync.decision import BindingId, Canonical, Changes, Link

ERP = BindingId("erp", "customers", "contact")
CRM = BindingId("crm", "Contact", "contact")


class Hub:
    """A store with a lease and a run, so that a test says only what it changes."""

    erp, crm = ERP, CRM

    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.lease = store.acquire(["contact"], "test", 60, clock.now())
        self.run = store.start_run([ERP, CRM], "person", clock.now())

    def commit(self, **changes: Any) -> None:
        self.store.commit(Changes(**changes), self.run, self.lease, self.clock.now())

    def person(self, identity: str, **values: Any) -> Canonical:
        return Canonical(identity, "contact", values, "erp", run=self.run)

    def load(self, *identities: str) -> None:
        """Contacts, each linked to a record of the same number in the ERP: c1 to 1."""
        self.commit(
            created=[self.person(identity, given_name=identity) for identity in identities],
            links=[Link(ERP, identity[1:], identity, "v1", f"print-{identity}") for identity in identities],
        )

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table but the leases."""
        from state.tables import metadata

        with self.store.database.read() as tx:
            return {
                table.name: sorted((tuple(row) for row in tx.rows(f"SELECT * FROM {table.name}")), key=repr)
                for table in metadata.sorted_tables
                if table.name != "lease"
            }


@pytest.fixture
def hub(store: SqlStore, clock: ManualClock) -> Hub:
    return Hub(store, clock)
