"""Writing tables: one transaction per batch, one statement per set of fields, one outcome per row.

A batch is prepared (values converted, current rows looked up and locked), executed set-wise, and read back in one query
before it is committed, so that triggers and type rewriting are seen; new rows only where there can be any. A
statement that fails is rolled back to its savepoint and its rows are halved until the poisonous one is alone: it is
refused, the others are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, insert, literal_column, select
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.sql.dml import Delete, Update

from connectors.sdk import Clock, ConnectorError, FieldType, Outcome, OutcomeKind, Write
from connectors.sql.engine import as_connector_error, connected, is_broken, is_passing, state_of
from connectors.sql.inserting import applied, filled_in, insert_rows, new_rows, no_row_twice
from connectors.sql.kept import NOT_KEPT, Kept, by_marker, read_back
from connectors.sql.layout import Layout
from connectors.sql.preparing import Preparer, Row
from connectors.sql.reading import by_keys, version_text
from connectors.sql.rows import among, rows_among
from connectors.sql.verdicts import verdict
from connectors.wording import failed

_ROW_ERRORS = (SQLAlchemyError, ValueError, TypeError, OverflowError)  # drivers raise the latter three unwrapped
_LIST = 500

Act = Callable[[Connection, Sequence[Write], dict[int, Outcome]], None]


class NotMatchedError(Exception):
    """Fewer rows matched than were there a moment ago; the batch is halved to find which."""


class Writer:
    """Writes one table."""

    def __init__(self, engine: Engine, layout: Layout, clock: Clock) -> None:
        self._engine = engine
        self._layout = layout
        self._stream = layout.stream
        self._table = layout.table
        self._clock = clock
        self._prepare = Preparer(layout)

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        return self._in_transaction(batch, self._upsert)

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        return self._in_transaction(batch, self._remove)

    def _in_transaction(self, batch: Sequence[Write], act: Act) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        with connected(self._engine, writing=True) as connection:
            try:
                act(connection, batch, outcomes)
            except DBAPIError as error:
                connection.rollback()
                if not is_passing(error) or is_broken(error):
                    raise  # before the commit: nothing was done
                return [Outcome(OutcomeKind.RETRY, w.key, code=state_of(error), message="locked") for w in batch]
            if any(outcome.code == NOT_KEPT for outcome in outcomes.values()):
                connection.rollback()  # nobody could ever find such a row again: it is not to exist
                if len(batch) == 1:
                    return [outcomes[0]]
            else:
                try:
                    connection.commit()
                    return [outcomes[place] for place in range(len(batch))]
                except IntegrityError as error:  # a deferred constraint: only the commit tells
                    connection.rollback()
                    if len(batch) == 1:
                        return [verdict(self._layout, error, batch[0].key)]
                except DBAPIError as error:
                    return self._uncommitted(connection, batch, error)
        return self._halved(batch, act)

    def _halved(self, batch: Sequence[Write], act: Act) -> list[Outcome]:
        """One row of a batch undid all of it: each half in a transaction of its own. An error of the first one says
        that nothing was done; after it, some rows are there for good, and what fails is told by outcomes."""
        half = len(batch) // 2
        first = self._in_transaction(batch[:half], act)
        try:
            return first + self._in_transaction(batch[half:], act)
        except ConnectorError as error:
            return first + [failed(error, write) for write in batch[half:]]

    def _uncommitted(self, connection: Connection, batch: Sequence[Write], error: DBAPIError) -> list[Outcome]:
        if is_passing(error) and not is_broken(error):
            connection.rollback()
            kind, said = OutcomeKind.RETRY, "the database was locked"
        else:
            kind, said = OutcomeKind.UNKNOWN, f"no answer to the commit ({as_connector_error(error)})"
        return [Outcome(kind, write.key, code=state_of(error) or None, message=said) for write in batch]

    # creates and updates

    def _upsert(self, connection: Connection, batch: Sequence[Write], outcomes: dict[int, Outcome]) -> None:
        if self._created(connection, batch, outcomes):
            return
        updates = {place: write for place, write in enumerate(batch) if write.key is not None}
        creates = {place: write for place, write in enumerate(batch) if write.key is None}
        rows = self._updates(connection, updates, outcomes)
        known = self._replayed(connection, creates, outcomes)
        fresh: list[Row] = []
        for place, write in creates.items():
            if place in outcomes or (row := self._prepare.prepared(place, write, outcomes, creating=True)) is None:
                continue
            if (earlier := known.get(write.marker)) is not None:
                parts = self._layout.key_values(earlier.key) or ()
                rows.append(row._replace(key=earlier.key, parts=parts, values=self._prepare.changeable(row.values)))
            else:
                fresh.append(row)
        done = dict(self._grouped(connection, rows, outcomes, self._execute_update))
        done |= self._grouped(connection, fresh, outcomes, self._execute_insert)
        outcomes |= read_back(connection, self._layout, done, batch)

    def _created(self, connection: Connection, batch: Sequence[Write], outcomes: dict[int, Outcome]) -> bool:
        """Create a batch of nothing but new rows at once; False, and nothing done, where that cannot be."""
        sets = new_rows(self._layout, self._prepare, batch)
        if sets is None:
            return False
        if not no_row_twice(connection, self._layout) and by_marker(
            connection, self._layout, [w.marker for w in batch]
        ):
            return False
        savepoint = connection.begin_nested()
        try:
            for new in sets:
                insert_rows(connection, self._layout, new.columns, new.rows)
            _settle_constraints(connection)
            savepoint.commit()
        except _ROW_ERRORS as error:
            if is_broken(error):
                raise
            savepoint.rollback()
            return False
        filled = filled_in(connection, self._layout)
        unsure: dict[int, str] = {}
        for new in sets:
            certain = None if filled is None else applied(self._layout, new, filled)
            if certain is None:
                unsure.update(zip(new.places, new.keys, strict=True))
            else:
                outcomes.update(certain)
        outcomes |= read_back(connection, self._layout, unsure, batch)
        return True

    def _updates(self, connection: Connection, updates: Mapping[int, Write], outcomes: dict[int, Outcome]) -> list[Row]:
        """Rows that may be changed; the others get their outcome. A second write to one row has to wait."""
        held = self._held(connection, [str(write.key) for write in updates.values()])
        rows: list[Row] = []
        met: set[str] = set()
        stale: dict[int, str] = {}
        for place, write in updates.items():
            key = str(write.key)
            if key not in held or held[key][1]:
                outcomes[place] = Outcome(OutcomeKind.MISSING, key, message="there is no such row")
            elif key in met:
                outcomes[place] = Outcome(OutcomeKind.RETRY, key, message="the batch writes this row already")
            elif self._stream.version is not None and write.expects is not None and held[key][0] != write.expects:
                stale[place] = key
            elif (row := self._prepare.prepared(place, write, outcomes, creating=False)) is not None:
                met.add(key)
                rows.append(row)
        current = by_keys(connection, self._layout, list(stale.values())) if stale else {}
        for place, key in stale.items():
            record = current.get(key)
            message = "the row changed meanwhile"
            outcomes[place] = Outcome(OutcomeKind.STALE, key, held[key][0], record, message=message)
        return rows

    def _held(self, connection: Connection, keys: Sequence[str]) -> dict[str, tuple[str | None, bool]]:
        """Key → version and whether marked as deleted; locked until the commit where the database has row locks."""
        layout, stream = self._layout, self._stream
        wanted = layout.values_of_keys(dict.fromkeys(keys))
        own = [self._table.c[name] for name in layout.keys]
        for start in range(0, len(wanted) if connection.dialect.name != "sqlite" else 0, _LIST):
            chosen = among(connection.dialect.name, own, wanted[start : start + _LIST])
            connection.execute(select(*own).where(chosen).order_by(*own).with_for_update()).fetchall()
        soft = stream.soft_delete.column if stream.soft_delete else None
        names = list(dict.fromkeys([*layout.keys, *(name for name in (stream.version, soft) if name)]))
        rows = rows_among(connection, layout, names, layout.keys, wanted)
        texts = replace(layout, names=tuple(names)).key_texts(rows)
        if stream.version is None and soft is None:
            return dict.fromkeys(texts, (None, False))
        shown = (layout.shown(names, row) for row in rows)
        return {
            key: (version_text(data.get(stream.version or "")), layout.is_deleted(data))
            for key, data in zip(texts, shown, strict=True)
        }

    def _replayed(
        self, connection: Connection, creates: Mapping[int, Write], outcomes: dict[int, Outcome]
    ) -> dict[str, Kept]:
        """Marker → row that an earlier attempt of the same create has made."""
        met: set[str] = set()
        for place, write in creates.items():
            if write.marker and write.marker in met:
                outcomes[place] = Outcome(OutcomeKind.RETRY, message="the batch creates this record already")
            met.add(write.marker)
        return by_marker(connection, self._layout, met)

    # statements

    def _grouped(
        self,
        connection: Connection,
        rows: Sequence[Row],
        outcomes: dict[int, Outcome],
        execute: Callable[[Connection, Sequence[Row]], dict[int, str]],
    ) -> dict[int, str]:
        """Execute rows with the same columns together; place → key of what was written."""
        groups: dict[tuple[frozenset[str], bool], list[Row]] = {}
        sets: dict[tuple[str, ...], frozenset[str]] = {}  # nearly all rows name their columns in the same order
        for row in rows:
            names = tuple(row.values)
            columns = sets.get(names) or sets.setdefault(names, frozenset(names))
            groups.setdefault((columns, row.expects is None), []).append(row)
        done: dict[int, str] = {}
        for group in groups.values():
            done |= self._attempt(connection, group, outcomes, execute)
        return done

    def _attempt(
        self,
        connection: Connection,
        rows: Sequence[Row],
        outcomes: dict[int, Outcome],
        execute: Callable[[Connection, Sequence[Row]], dict[int, str]],
    ) -> dict[int, str]:
        savepoint = connection.begin_nested()
        try:
            done = execute(connection, rows)
            _settle_constraints(connection)
            savepoint.commit()
        except NotMatchedError:
            savepoint.rollback()
            if len(rows) == 1:
                outcomes[rows[0].place] = Outcome(OutcomeKind.STALE, rows[0].key, message="the row changed meanwhile")
                return {}
        except _ROW_ERRORS as error:
            if is_broken(error):
                raise
            savepoint.rollback()
            if len(rows) == 1:
                outcomes[rows[0].place] = self._refused(connection, rows[0], error)
                return {}
        else:
            return done
        half = len(rows) // 2
        first = self._attempt(connection, rows[:half], outcomes, execute)
        return first | self._attempt(connection, rows[half:], outcomes, execute)

    def _refused(self, connection: Connection, row: Row, error: Exception) -> Outcome:
        """The verdict on one row; a duplicate is asked for the key of the row that is there already."""
        outcome = verdict(self._layout, error, row.key)
        if outcome.kind is not OutcomeKind.DUPLICATE or outcome.field is None or row.values.get(outcome.field) is None:
            return outcome
        own = [self._table.c[name] for name in self._layout.keys]
        same = self._table.c[outcome.field] == row.values[outcome.field]
        rivals = connection.execute(select(*own).where(same).limit(2)).fetchall()
        if len(rivals) != 1:
            return outcome
        return outcome._replace(of=self._layout.key_in(dict(zip(self._layout.keys, rivals[0], strict=True))))

    def _execute_insert(self, connection: Connection, rows: Sequence[Row]) -> dict[int, str]:
        """Place → new key; an empty one where the marker has to find it."""
        marked = self._layout.marker is not None and self._layout.marker in rows[0].values
        if self._stream.key_from == "database" and not marked:
            return self._insert_for_keys(connection, rows)
        columns = tuple(rows[0].values)
        values = [tuple([row.values[name] for name in columns]) for row in rows]
        insert_rows(connection, self._layout, columns, values)
        if self._stream.key_from == "database":
            return {row.place: "" for row in rows}
        return {row.place: self._layout.key_in(row.values) for row in rows}

    def _insert_for_keys(self, connection: Connection, rows: Sequence[Row]) -> dict[int, str]:
        """Only the database knows the new keys, and no marker finds the rows again."""
        own = [self._table.c[name] for name in self._layout.keys]
        if connection.dialect.insert_executemany_returning_sort_by_parameter_order:
            statement = insert(self._table).returning(*own, sort_by_parameter_order=True)
            made: list[Any] = list(connection.execute(statement, [row.values for row in rows]).fetchall())
        else:
            made = [connection.execute(insert(self._table), row.values).inserted_primary_key or () for row in rows]
        by_name = [dict(zip(self._layout.keys, parts, strict=True)) for parts in made]
        return {row.place: self._layout.key_in(known) for row, known in zip(rows, by_name, strict=True)}

    def _execute_update(self, connection: Connection, rows: Sequence[Row]) -> dict[int, str]:
        names = [name for name in rows[0].values if name != self._stream.version]
        changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        version = self._stream.version
        if version and self._prepare.counts(version) and changed:
            changed[version] = self._table.c[version] + literal_column("1")
        if changed:
            self._matching(connection, self._table.update().values(changed), rows)
        return {row.place: str(row.key) for row in rows}

    def _matching(self, connection: Connection, statement: Update | Delete, rows: Sequence[Row]) -> None:
        """Run a statement for each row's key, and its expected version. Raises NotMatchedError where one is gone."""
        own = list(self._layout.keys)
        where = [self._table.c[name] == bindparam(f"key_{name}") for name in own]
        version = self._stream.version
        guarded = version is not None and rows[0].expects is not None
        if version and guarded:
            where.append(self._table.c[version] == bindparam("expected"))
        bound = []
        for row in rows:
            one = {f"new_{name}": value for name, value in row.values.items() if name != version}
            one |= {f"key_{name}": part for name, part in zip(own, row.parts, strict=True)}
            if version and guarded:
                one["expected"] = self._layout.columns[version].write(row.expects)
            bound.append(one)
        matched = _run(connection, statement.where(and_(*where)), bound)
        if 0 <= matched < len(rows) and connection.dialect.name not in ("mysql", "mariadb"):
            raise NotMatchedError

    # removes

    def _remove(self, connection: Connection, batch: Sequence[Write], outcomes: dict[int, Outcome]) -> None:
        wanted = {place: write._replace(fields={}) for place, write in enumerate(batch)}
        rows = self._updates(connection, wanted, outcomes)
        soft = self._stream.soft_delete
        if soft is not None:
            mark = self._mark(soft.column)
            rows = [row._replace(values={soft.column: mark}) for row in rows]
        done = self._grouped(connection, rows, outcomes, self._execute_update if soft else self._execute_delete)
        for place, key in done.items():
            outcomes[place] = Outcome(OutcomeKind.APPLIED, key)

    def _mark(self, name: str) -> Any:
        soft = self._stream.soft_delete
        column = self._layout.columns[name]
        if soft is not None and soft.value is not None:
            return column.write(soft.value)
        if column.kind in (FieldType.DATETIME, FieldType.DATE):
            now = self._clock.now().astimezone(UTC)
            return column.write(now.isoformat() if column.kind is FieldType.DATETIME else now.date().isoformat())
        return column.write(True if column.kind is FieldType.BOOLEAN else 1)

    def _execute_delete(self, connection: Connection, rows: Sequence[Row]) -> dict[int, str]:
        self._matching(connection, self._table.delete(), rows)
        return {row.place: str(row.key) for row in rows}


def _settle_constraints(connection: Connection) -> None:
    """Deferred constraints speak up here, not at the commit."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")


def _run(connection: Connection, statement: Update | Delete, bound: Sequence[Mapping[str, Any]]) -> int:
    """Execute once per row of values; the number of rows matched. SQLite needs none of SQLAlchemy's conversions."""
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, bound).rowcount
    compiled = statement.compile(dialect=connection.dialect)
    names = list(getattr(compiled, "positiontup", None) or ())
    pick = itemgetter(*names) if len(names) > 1 else lambda row: tuple([row[name] for name in names])
    rows = list(map(pick, bound))
    return connection.exec_driver_sql(str(compiled), rows).rowcount
