"""The read side for people: runs, status, conflicts, parked records, and everything about one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model.clock import Clock, SystemClock
from state import conflicts, joins, links, parking
from state.bindings import Bindings
from state.codec import load, load_base, when, when_or_none
from state.database import Database
from state.joins import Place
from state.losers import losers
from state.migrate import opened
from state.record import record, timeline
from state.standing import BINDINGS, standing
from state.tx import Row, Tx
from state.views import (
    BindingStatus,
    ConflictView,
    Event,
    LinkView,
    LostValue,
    ParkedGroup,
    ParkedView,
    RecordView,
    RunView,
)
from sync.decision import Balance, BindingId, Bucket, ConflictState, LinkState, Side, Why

_RUN = "SELECT id, status, cause, selection, started_at, ended_at, message FROM run"


def open_reports(url: str, clock: Clock | None = None) -> Reports:
    """Open the state database for reading (made or migrated where needed). Raises StateError."""
    return Reports(opened(url), clock)


class Reports:
    """Reads what the last commits left. Also over an open store: ``Reports(store.database, store.clock)``."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database = database
        self.clock = clock or SystemClock()
        self.bindings = Bindings(database)

    def close(self) -> None:
        self.database.close()

    # runs and status

    def runs(self, limit: int = 20) -> list[RunView]:
        """The latest first, without balances."""
        with self.database.read() as tx:
            return [_run(row, {}) for row in tx.rows(f"{_RUN} ORDER BY id DESC LIMIT ?", limit)]

    def run(self, number: int) -> RunView | None:
        with self.database.read() as tx:
            row = tx.one(f"{_RUN} WHERE id = ?", number)
            rows = tx.rows("SELECT binding, side, seen, buckets, detail FROM balance WHERE run = ?", number)
        if row is None:
            return None
        balances = {
            (self.bindings.name(binding), Side(side)): Balance(
                seen, {Bucket(name): count for name, count in load(buckets).items()}, load(detail)
            )
            for binding, side, seen, buckets, detail in rows
        }
        return _run(row, balances)

    def status(self) -> list[BindingStatus]:
        """Every binding anything was ever stored of."""
        with self.database.read() as tx:
            return standing(tx, self.clock.now())

    # what waits for a person

    def conflicts(self, state: ConflictState | None = ConflictState.OPEN, limit: int = 100) -> list[ConflictView]:
        """The latest first; ``state`` None: in any state."""
        where, params = ("WHERE k.state = ? ", (str(state),)) if state is not None else ("", ())
        with self.database.read() as tx:
            rows = tx.rows(f"{_CONFLICT} {where}ORDER BY k.id DESC LIMIT ?", *params, limit)
        return [self._conflict(row) for row in rows]

    def conflict(self, number: int) -> ConflictView | None:
        with self.database.read() as tx:
            row = tx.one(f"{_CONFLICT} WHERE k.id = ?", number)
        return None if row is None else self._conflict(row)

    def _conflict(self, row: Row) -> ConflictView:
        run, opened_at, closed_at, number, entity = row[11:]
        return ConflictView(
            id=number,
            entity=entity or "",
            conflict=conflicts.as_conflict(row[:15], self.bindings),
            run=run,
            opened_at=when(opened_at),
            closed_at=when_or_none(closed_at),
        )

    def parked(self, why: Why | None = None, side: Side | None = None, limit: int = 100) -> list[ParkedView]:
        """The latest first."""
        asked = [(name, str(value)) for name, value in (("why", why), ("side", side)) if value is not None]
        where = f" WHERE {' AND '.join(f'{name} = ?' for name, _ in asked)}" if asked else ""
        with self.database.read() as tx:
            sql = f"{parking.SELECT}{where} ORDER BY last_at DESC, id DESC LIMIT ?"
            rows = tx.rows(sql, *(value for _, value in asked), limit)
        return [self._parked(row) for row in rows]

    def parked_groups(self) -> list[ParkedGroup]:
        """Everything that is parked, without its content."""
        found: dict[tuple[int, str, str, str], list[tuple[int, str]]] = {}
        with self.database.read() as tx:
            for *group, number, key in tx.rows("SELECT binding, side, why, code, id, key FROM parked ORDER BY id"):
                found.setdefault((group[0], group[1], group[2], group[3]), []).append((number, key))
        return sorted(
            (
                ParkedGroup(
                    binding=self.bindings.name(binding),
                    side=Side(side),
                    why=Why(why),
                    code=code,
                    ids=tuple(number for number, _ in rows),
                    keys=tuple(key for _, key in rows),
                )
                for (binding, side, why, code), rows in found.items()
            ),
            key=lambda group: (group.binding, group.side, group.why, group.code),
        )

    def parked_one(self, number: int) -> ParkedView | None:
        with self.database.read() as tx:
            row = tx.one(f"{parking.SELECT} WHERE id = ?", number)
        return None if row is None else self._parked(row)

    def _parked(self, row: Row) -> ParkedView:
        run, first_at, last_at, number = row[14:]
        entry = parking.as_parked(row, self.bindings)
        return ParkedView(id=number, parked=entry, run=run, first_at=when(first_at), last_at=when(last_at))

    # records

    def links(
        self,
        entity_id: str | None = None,
        *,
        binding: BindingId | None = None,
        key: str | None = None,
        limit: int = 100,
    ) -> list[LinkView]:
        """In any state: all of one entity, the one of a record key, or the first of a binding."""
        asked: list[tuple[str, object]] = []
        if entity_id is not None:
            asked.append(("entity_id", entity_id))
        if binding is not None:
            asked.append(("binding", self.bindings.number(binding) or -1))
        if key is not None:
            asked.append(("key", key))
        where = f"WHERE {' AND '.join(f'{name} = ?' for name, _ in asked)} " if asked else ""
        sql = f"SELECT binding, key, entity_id, version, base, state FROM link {where}ORDER BY binding, key LIMIT ?"
        with self.database.read() as tx:
            return [self._link(row) for row in tx.rows(sql, *(value for _, value in asked), limit)]

    def _link(self, row: Row) -> LinkView:
        number, key, entity_id, version, base, state = row
        return LinkView(
            binding=self.bindings.name(number),
            key=key,
            entity_id=entity_id,
            version=version,
            state=LinkState(state),
            base=load_base(base),
        )

    def joined(self, limit: int = 100) -> list[tuple[str, list[Place]]]:
        """`state.joins.joined`."""
        with self.database.read() as tx:
            return joins.joined(tx, self.bindings, limit)

    def behind(self, limit: int = 100) -> list[tuple[str, list[Place]]]:
        """`state.joins.behind`."""
        with self.database.read() as tx:
            return joins.behind(tx, self.bindings, limit)

    def find_entity(self, text: str) -> list[str]:
        """Ids meant by an entity id, ``connection:stream:key`` or ``connection:key``; several where streams share keys.

        Record keys may contain colons themselves. Links that are gone still find their entity; aliases are followed.
        """
        with self.database.read() as tx:
            if tx.one("SELECT 1 FROM canonical WHERE id = ?", text):
                return [text]
            found: dict[str, None] = {}
            for number, connection, stream, _ in tx.rows(BINDINGS):
                for prefix in (f"{connection}:{stream}:", f"{connection}:"):
                    if text.startswith(prefix):
                        found.update(dict.fromkeys(_entities(tx, number, text.removeprefix(prefix))))
        return list(found)

    def record(self, entity_id: str) -> RecordView | None:
        """The canonical record with the origin of each field, and all its links."""
        with self.database.read() as tx:
            return record(tx, self.bindings, entity_id, tuple(self.links(entity_id)))

    def losers(self, entity_id: str) -> list[LostValue]:
        """Every value that the record lost, in the order in which it did."""
        with self.database.read() as tx:
            return losers(tx, self.bindings, entity_id)

    def covers(self) -> dict[BindingId, frozenset[str]]:
        """Canonical paths and patterns that each binding's mapping covered when its stream was last read."""
        sql = "SELECT s.binding, m.covers FROM stream s JOIN mapping_version m ON m.version = s.mapping"
        with self.database.read() as tx:
            return {self.bindings.name(number): frozenset(load(covers)) for number, covers in tx.rows(sql)}

    def timeline(self, entity_id: str, limit: int = 500) -> list[Event]:
        """What happened to the record, oldest first; of a longer story the latest part."""
        with self.database.read() as tx:
            return timeline(tx, self.bindings, entity_id)[-limit:]


_CONFLICT = (
    f"SELECT {', '.join(f'k.{name}' for name in conflicts.COLUMNS)}, k.id, c.entity "
    "FROM conflict k LEFT JOIN canonical c ON c.id = k.entity_id"
)


def _run(row: Row, balances: Mapping[tuple[BindingId, Side], Balance]) -> RunView:
    number, status, cause, selection, started_at, ended_at, message = row
    return RunView(
        id=number,
        status=status,
        trigger=cause,
        selection=tuple(BindingId(*names) for names in load(selection)),
        started_at=when(started_at),
        ended_at=when_or_none(ended_at),
        message=message,
        balances=balances,
    )


def _entities(tx: Tx, number: int, key: str) -> Sequence[str]:
    through = links.entities_at(tx, number, [key])
    if through:
        return list(through.values())
    return [row[0] for row in tx.rows("SELECT entity_id FROM link WHERE binding = ? AND key = ?", number, key)]
