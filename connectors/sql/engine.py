"""Opening a database, and what its errors mean.

SQLite through SQLAlchemy's defaults loses updates silently under concurrent read-modify-write; the two hooks here make
transactions real (``BEGIN IMMEDIATE`` for writing). The database belongs to somebody else: its journal mode stays.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from connectors.sdk import ConnectorError, Diagnostic, ProtocolError, RefusedError, UnauthorisedError, UnreachableError
from model.errors import ConfigurationError

_WRITING = "syncline_writing"
_REFUSED_LOGIN = (
    "authentication failed",
    "access denied",
    "login failed",
    "ora-01017",
    "no password supplied",
    "pg_hba",
)
_NO_RIGHT = ("permission denied", "42501", "command denied", "ora-01031")
_PASSING_STATES = {"40001", "40P01", "55P03", "57014"}
_PASSING_TEXTS = ("database is locked", "database table is locked", "deadlock", "lock wait timeout", "ora-00060")


def _bad_url(message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Diagnostic(code="bad-url", path="url", message=message, hint=hint)])


def open_engine(url: str) -> Engine:
    """An engine; talks to nothing yet. Raises ConfigurationError, without the URL's text, where it is no usable one."""
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite", hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise _bad_url(
            "not a database URL SQLAlchemy understands", "for example sqlite:///erp.db or postgresql+psycopg://host/db"
        ) from None
    except ModuleNotFoundError as error:
        raise _bad_url(
            f"the database driver {error.name} is not installed", "install it beside syncline, or name another driver"
        ) from None
    if engine.dialect.name == "sqlite":
        _hook_sqlite(engine)
    return engine


def _hook_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _prepare(dbapi: sqlite3.Connection, _record: Any) -> None:
        dbapi.isolation_level = None  # sqlite3's own implicit BEGIN would come too late
        dbapi.execute("PRAGMA foreign_keys=ON")
        dbapi.execute("PRAGMA busy_timeout=30000")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _sqlite_file_missing(engine: Engine) -> bool:
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return False
    return not Path(name).exists()


@contextmanager
def connected(engine: Engine, *, writing: bool = False) -> Iterator[Connection]:
    """A connection whose errors speak our language. A missing SQLite file is not created by looking at it."""
    if _sqlite_file_missing(engine):
        raise UnreachableError("the SQLite file does not exist; check the path in url")
    try:
        with engine.connect() as connection:
            yield connection.execution_options(**{_WRITING: writing})
    except (DBAPIError, PoolTimeoutError) as error:
        raise as_connector_error(error) from None


def as_connector_error(error: DBAPIError | PoolTimeoutError) -> ConnectorError:
    """What a driver's error means to the hub. Its text may quote rows, so only its kind is passed on."""
    kind = type(getattr(error, "orig", None) or error).__name__
    text = f"{getattr(error, 'orig', '')} {state_of(error)}".lower()
    if any(sign in text for sign in _REFUSED_LOGIN) or state_of(error).startswith("28"):
        return UnauthorisedError(f"the database refused the login ({kind}); check user and password in url")
    if any(sign in text for sign in _NO_RIGHT):
        return UnauthorisedError(f"the database user lacks a right on this table ({kind}); grant it")
    if "could not decode" in text:
        return ProtocolError(f"a row holds text that cannot be decoded ({kind})")
    if is_passing(error) or is_broken(error) or isinstance(error, (OperationalError, InterfaceError, PoolTimeoutError)):
        return UnreachableError(f"the database cannot be reached or did not answer ({kind})")
    if type(error).__name__ == "ProgrammingError":
        return RefusedError(f"the database refused the statement ({kind} {state_of(error)}); run check")
    return ProtocolError(f"the database answered with something that cannot be read ({kind})")


def state_of(error: Any) -> str:
    """The five-character SQLSTATE, or empty text."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def is_passing(error: Any) -> bool:
    """A lock or a deadlock: nothing was done, trying again may work."""
    text = str(getattr(error, "orig", "")).lower()
    return state_of(error) in _PASSING_STATES or any(sign in text for sign in _PASSING_TEXTS)


def is_broken(error: Any) -> bool:
    """The connection itself is gone."""
    return bool(getattr(error, "connection_invalidated", False)) or state_of(error)[:2] in {"08", "57"}
