"""Connections and transactions on SQLite and PostgreSQL; nothing here knows what is stored."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import StaticPool

from model.errors import StateError
from state.tx import Tx

_READS = "syncline_reads"
_PATIENCE = 10.0  # seconds


class Database:
    """One database: short transactions to read and to write."""

    def __init__(self, engine: Engine, *, single: bool = False) -> None:
        """``single``: the engine has one connection only; threads take turns, and a nested read joins."""
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[Any] = RLock() if single else nullcontext()
        self._single = single
        self._open: Tx | None = None
        self._kept: _Kept | None = None
        self._free: deque[Tx] = deque()
        reading = {_READS: True} if self.sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._reader = engine.execution_options(**reading)

    def read(self) -> AbstractContextManager[Tx]:
        if not self.sqlite:
            return self._read()
        return self._in_memory().reading if self._single else _Lent(self._lend, self._free, "BEGIN")

    @contextmanager
    def _read(self) -> Iterator[Tx]:
        with self._turn:
            if self._open is not None:
                yield self._open
                return
            with _said(), self._reader.connect() as connection, self._transaction(connection) as tx:
                yield tx

    def write(self, *, durable: bool = False) -> AbstractContextManager[Tx]:
        """Committed at the end, rolled back on any exception. In SQLite the only writer while it lasts.

        ``durable``: on the disk when it returns, so that even a power cut cannot take it back. (Without it SQLite
        survives the death of any process, but a power cut may undo the last commits; PostgreSQL's are always durable.)
        """
        if not self.sqlite:
            return self._write()
        if self._single:
            return self._in_memory().writing
        return _Lent(self._lend, self._free, "BEGIN IMMEDIATE", durable=durable)

    @contextmanager
    def _write(self) -> Iterator[Tx]:
        with self._turn, _said(), self.engine.connect() as connection, self._transaction(connection) as tx:
            yield tx

    def _lend(self) -> Tx:
        with suppress(IndexError):
            return self._free.pop()
        with _said():
            return Tx(self.engine.connect(), sqlite=True)

    def _in_memory(self) -> _Kept:
        if self._kept is None:
            with _said():
                self._kept = _Kept(self.engine.connect())
        return self._kept

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[Tx]:
        with connection.begin():
            tx = Tx(connection, sqlite=self.sqlite)
            if not self._single:
                yield tx
                return
            self._open = tx
            try:
                yield tx
            finally:
                self._open = None

    @contextmanager
    def pinned(self) -> Iterator[Callable[[], AbstractContextManager[Tx]]]:
        """Several transactions on one connection, so that they share temporary tables; none holds a write lock."""
        if self._single and self.sqlite:
            yield self.read
            return
        with _said(), (self._reader if self.sqlite else self.engine).connect() as connection:

            @contextmanager
            def begin() -> Iterator[Tx]:
                with self._turn, self._transaction(connection) as tx:
                    yield tx

            yield begin

    def close(self) -> None:
        if self._kept is not None:
            self._kept.connection.close()
        while self._free:
            self._free.pop().connection.close()
        self.engine.dispose()


class _Kept:
    """The one connection to a database in memory. A transaction there takes less time than a generator does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        tx, turn = Tx(connection, sqlite=True), RLock()
        self.reading, self.writing = _Reading(tx, turn), _Writing(tx, turn)


class _Reading:
    """Nobody else can write meanwhile."""

    def __init__(self, tx: Tx, turn: RLock) -> None:
        self._tx, self._turn = tx, turn

    def __enter__(self) -> Tx:
        self._turn.acquire()
        return self._tx

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._turn.release()
        if error is not None:
            _say(error)


class _Lent:
    """One transaction on a connection to a file, lent for it: as `_Writing`, with a snapshot to read from."""

    __slots__ = ("_begin", "_durable", "_free", "_lend", "_tx")

    def __init__(self, lend: Callable[[], Tx], free: deque[Tx], begin: str, *, durable: bool = False) -> None:
        self._lend, self._free, self._begin, self._durable = lend, free, begin, durable

    def __enter__(self) -> Tx:
        self._tx = tx = self._lend()
        try:
            if self._durable:
                _driver(tx).execute("PRAGMA synchronous=FULL")
            _driver(tx).execute(self._begin)
        except sqlite3.Error as error:
            self._give_back()
            _say(error)
        return tx

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        _end(self._tx, error, self._give_back)

    def _give_back(self) -> None:
        if _driver(self._tx).in_transaction:  # it could not even be rolled back: nobody else should meet that
            self._tx.connection.invalidate()
            return
        if self._durable:
            _driver(self._tx).execute("PRAGMA synchronous=NORMAL")
        self._free.append(self._tx)


class _Writing:
    """Past SQLAlchemy, unless somebody uses its connection within (migrations do): then the transaction is its own."""

    def __init__(self, tx: Tx, turn: RLock) -> None:
        self._tx, self._turn = tx, turn

    def __enter__(self) -> Tx:
        self._turn.acquire()
        try:
            _driver(self._tx).execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self._turn.release()
            _say(error)
        return self._tx

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        _end(self._tx, error, self._turn.release)


def _driver(tx: Tx) -> Any:
    return tx.connection.connection.driver_connection


def _end(tx: Tx, error: BaseException | None, leave: Callable[[], None]) -> None:
    """Commit, or roll back where there was an error; say a driver's own."""
    end = tx.connection if tx.connection.in_transaction() else _driver(tx)
    try:
        if error is None:
            end.commit()
    except (DBAPIError, sqlite3.Error) as refused:
        error = refused
    finally:
        try:
            if _driver(tx).in_transaction:
                end.rollback()
        finally:
            leave()
    if error is not None:
        _say(error)


@contextmanager
def _said() -> Iterator[None]:
    """Driver errors become ours."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        _say(error)


def _say(error: BaseException) -> None:
    """Raise ours for a driver's error. Only operational ones are quoted: others may carry values of records."""
    if isinstance(error, OperationalError | sqlite3.OperationalError):
        said = str(_raw(error)).strip().splitlines()
        raise StateError(f"the state database could not do it: {said[0] if said else 'no reason given'}") from error
    if isinstance(error, IntegrityError | sqlite3.IntegrityError):
        raise StateError("the state database refused a row that contradicts another one; nothing was stored") from error
    if isinstance(error, DBAPIError | sqlite3.Error):
        raise StateError(f"the state database refused: {type(_raw(error)).__name__}; nothing was stored") from error


def _raw(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def connect(url: str) -> Database:
    """Open the database at ``url``; the folder and file of a SQLite database are made. Raises StateError."""
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    try:
        engine = create_engine(
            address,
            hide_parameters=True,
            pool_pre_ping=True,
            # Plans are made anew each time: one kept from when the tables were empty would scan them for ever.
            connect_args={"prepare_threshold": None},
        )
    except ModuleNotFoundError as error:
        raise StateError(f"{error.name} is not installed; PostgreSQL needs: pip install 'syncline[postgres]'") from None
    return Database(engine)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise StateError(
            "`state` is not a database address; write sqlite:///var/syncline.db or postgresql+psycopg://user@host/name"
        ) from None
    if address.drivername in ("postgres", "postgresql"):
        address, backend = address.set(drivername="postgresql+psycopg"), "postgresql"
    if address.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise StateError(f"the state database cannot be {backend}; use sqlite:/// or postgresql+psycopg://")
    return address


def _sqlite(address: URL) -> Database:
    if address.database in (None, "", ":memory:"):
        options = {"check_same_thread": False}
        engine = create_engine("sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args=options)
        hook_sqlite(engine)
        return Database(engine, single=True)
    make_private_file(Path(str(address.database)))
    engine = create_engine(address, hide_parameters=True)
    hook_sqlite(engine)
    return Database(engine)


def make_private_file(path: Path) -> None:
    """Make the file, readable by its owner only (SQLite gives its side files the same mode), and its folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise StateError(f"the state database {path} is a folder; name a file in it") from None
    except OSError as error:
        raise StateError(f"the state database {path} cannot be made: {error.strerror}") from None


def _patiently(connection: Any, pragma: str) -> None:
    """Several who open a new file together all change its journal mode, and SQLite itself does not wait for that."""
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute(pragma)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


def hook_sqlite(engine: Engine, *, durable: bool = True) -> None:
    """Take transactions into our own hands.

    By default sqlite3 begins late and as a reader: two read-modify-write transactions then overwrite each other
    without any error.
    """
    # A checkpoint writes a page once, however often it changed since the last: rare ones make loads a fifth faster.
    # Pages of twice the usual size (which count in a new file only) spare a load a tenth of SQLite's time; four times
    # the size spare no more.
    pragmas = [
        "page_size=8192",
        "wal_autocheckpoint=16000",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-16000",
    ]
    pragmas += ["journal_mode=WAL", "synchronous=NORMAL"] if durable else ["journal_mode=MEMORY", "synchronous=OFF"]

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            _patiently(connection, f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS)
        raw: Any = connection.connection.driver_connection
        if not raw.in_transaction:
            raw.execute("BEGIN" if reads else "BEGIN IMMEDIATE")
