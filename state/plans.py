"""Plans that wait for a person, and the seal by which a hub knows its own."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from model.clock import Clock
from state import leases, tables
from state.bindings import Bindings
from state.codec import dump, dump_any, load, moment, when, when_or_none
from state.database import Database
from state.tx import Row, Tx
from sync.decision import BindingId
from sync.ports import KeptPlan, Lease, PlanState

_SELECT = "SELECT id, why, state, run, bindings, head, summary, fingerprint, made_at, settled_at FROM plan"
_LINES = "SELECT line FROM plan_action WHERE plan = ? AND place >= ? AND place < ? ORDER BY place"
_AT = "SELECT place, line FROM plan_action WHERE plan = ? AND place IN"
_TOGETHER: Final = 500
_FORGOTTEN: Final = timedelta(days=1)
"""So old, a plan that is still being made belongs to a run that was killed."""


class Plans:
    """The part of `state.store.SqlStore` that keeps plans. Methods do what `sync.ports.Plans` says."""

    database: Database
    bindings: Bindings
    clock: Clock

    def seal(self) -> bytes:
        with self.database.read() as tx:
            found = tx.one("SELECT seal FROM hub WHERE id = 1")
        if found is None:
            with self.database.write() as tx:
                row = (1, secrets.token_hex(32), moment(self.clock.now()))
                tx.put(tables.hub, ("id", "seal", "made_at"), [row], "(id) DO NOTHING")
                found = tx.one("SELECT seal FROM hub WHERE id = 1")
        assert found is not None, "it was made just now"
        return bytes.fromhex(found[0])

    def begin_plan(self, why: str, run: int, head: Mapping[str, Any], lease: Lease, now: datetime) -> int:
        with self.database.write() as tx:
            leases.hold(tx, lease, now)
            for (left,) in tx.rows(
                "SELECT id FROM plan WHERE state = ? AND made_at < ?", PlanState.MAKING.value, moment(now - _FORGOTTEN)
            ):
                _forget(tx, left)
            found = tx.one(
                "INSERT INTO plan (why, state, run, bindings, head, summary, fingerprint, made_at) "
                "VALUES (?, ?, ?, '[]', ?, '{}', '', ?) RETURNING id",
                why,
                PlanState.MAKING.value,
                run,
                dump(head),
                moment(now),
            )
        return int(found[0]) if found else 0

    def keep_lines(self, plan: int, place: int, lines: Sequence[str], lease: Lease, now: datetime) -> None:
        with self.database.write() as tx:
            leases.hold(tx, lease, now)
            rows = [(plan, place + at, line) for at, line in enumerate(lines)]
            tx.put(tables.plan_action, ("plan", "place", "line"), rows)

    def keep_plan(
        self,
        plan: int,
        bindings: Sequence[BindingId],
        summary: Mapping[str, Any],
        fingerprint: str,
        lease: Lease,
        now: datetime,
    ) -> None:
        with self.database.write() as tx:
            leases.hold(tx, lease, now)
            waiting = [self._plan(row) for row in tx.rows(f"{_SELECT} WHERE state = ?", PlanState.WAITING.value)]
            for rival in waiting:
                if not set(rival.bindings).isdisjoint(bindings):
                    _settle(tx, rival.id, PlanState.REPLACED, now)
            tx.run(
                "UPDATE plan SET state = ?, bindings = ?, summary = ?, fingerprint = ? WHERE id = ?",
                PlanState.WAITING.value,
                dump([list(binding) for binding in bindings]),
                dump_any(summary),
                fingerprint,
                plan,
            )

    def kept_plans(self, state: PlanState | None = PlanState.WAITING) -> list[KeptPlan]:
        where = "state <> ?" if state is None else "state = ?"
        asked = PlanState.MAKING if state is None else state
        with self.database.read() as tx:
            return [self._plan(row) for row in tx.rows(f"{_SELECT} WHERE {where} ORDER BY id DESC", asked.value)]

    def kept_plan(self, plan: int) -> KeptPlan | None:
        with self.database.read() as tx:
            row = tx.one(f"{_SELECT} WHERE id = ? AND state <> ?", plan, PlanState.MAKING.value)
        return None if row is None else self._plan(row)

    def kept_lines(self, plan: int, first: int, size: int) -> list[str]:
        with self.database.read() as tx:
            return [line for (line,) in tx.rows(_LINES, plan, first, first + size)]

    def kept_at(self, plan: int, places: Sequence[int]) -> Iterator[str]:
        wanted = iter(places)
        while some := list(islice(wanted, _TOGETHER)):
            with self.database.read() as tx:
                rows = tx.rows(f"{_AT} ({', '.join('?' * len(some))})", plan, *some)
            found: dict[int, str] = {int(place): str(line) for place, line in rows}
            yield from (found[place] for place in some)

    def settle_plan(self, plan: int, state: PlanState, now: datetime) -> bool:
        with self.database.write() as tx:
            return _settle(tx, plan, state, now)

    def overtake_plans(self, bindings: Collection[BindingId], but: Collection[int], now: datetime) -> None:
        own = set(bindings)
        waiting = [one for one in self.kept_plans() if own.issuperset(one.bindings) and one.id not in but]
        if waiting:  # idle runs write nothing
            with self.database.write() as tx:
                for one in waiting:
                    _settle(tx, one.id, PlanState.OVERTAKEN, now)

    def _plan(self, row: Row) -> KeptPlan:
        number, why, state, run, bindings, head, summary, fingerprint, made_at, settled_at = row
        return KeptPlan(
            id=number,
            why=why,
            state=PlanState(state),
            run=run,
            bindings=tuple(BindingId(*names) for names in load(bindings)),
            head=load(head),
            summary=load(summary),
            fingerprint=fingerprint,
            made_at=when(made_at),
            settled_at=when_or_none(settled_at),
        )


def _settle(tx: Tx, plan: int, state: PlanState, now: datetime) -> bool:
    """What it was stays known; its actions, which hold people's data, do not."""
    settled = tx.run(
        "UPDATE plan SET state = ?, settled_at = ? WHERE id = ? AND state = ?",
        state.value,
        moment(now),
        plan,
        PlanState.WAITING.value,
    )
    if settled:
        tx.run("DELETE FROM plan_action WHERE plan = ?", plan)
    return bool(settled)


def _forget(tx: Tx, plan: int) -> None:
    tx.run("DELETE FROM plan_action WHERE plan = ?", plan)
    tx.run("DELETE FROM plan WHERE id = ?", plan)
