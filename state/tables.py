"""The hub's tables. Statements are written by hand where they are used; this page is the truth of their shape.

Conventions: a moment is text, ISO 8601 in UTC with six decimals, so that it sorts and people can read it. JSON is text:
the databases never look into it. In a column that holds one value, SQL NULL means *unknown* and the JSON text ``null``
means null. Identifiers sort by code point in both databases.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    }
)

NAME = Text().with_variant(Text(collation="C"), "postgresql")
SERIAL = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite


def _name(name: str, *args: Any, **options: Any) -> Column[Any]:
    options.setdefault("nullable", bool(options.get("nullable")))
    return Column(name, NAME, *args, **options)


def _serial() -> Column[Any]:
    return Column("id", SERIAL, primary_key=True, autoincrement=True)


def _binding(*, key: bool = False, nullable: bool = False, name: str = "binding") -> Column[Any]:
    """Bindings are never deleted, and their numbers come from one place: a foreign key would only cost time."""
    return Column(name, Integer, primary_key=key, nullable=nullable, autoincrement=False)


binding = Table(
    "binding",
    metadata,
    Column("id", Integer, primary_key=True),  # stands for the three names everywhere else
    _name("connection"),
    _name("stream"),
    _name("entity"),
    UniqueConstraint("connection", "stream", "entity"),
)

canonical = Table(
    "canonical",
    metadata,
    _name("id", primary_key=True),
    _name("entity"),
    Column("vals", Text, nullable=False),  # {canonical path: value}
    Column("meta", Text),  # {path: [revision, source]} of fields changed after creation; NULL: none
    _name("source"),  # connection the record was created from, or `person`
    Column("rev", Integer, nullable=False),
    _name("state"),  # sync.decision.EntityState
    Column("run", BigInteger, nullable=False),  # the run that created it
)

link = Table(
    "link",
    metadata,
    _binding(key=True),
    _name("key", primary_key=True),  # record key
    _name("entity_id"),
    Column("version", Text),  # the system's concurrency token when last seen
    Column("fingerprint", Text),  # hash of the mapped fields, beginning with the mapping's version
    Column("base", Text),  # {path: [revision, value]}, [revision] where the value is unknown; NULL: no exceptions
    _name("state"),  # sync.decision.LinkState
    sqlite_with_rowid=False,
)
Index(None, link.c.entity_id)

match_key = Table(
    "match_key",
    metadata,
    _name("entity", primary_key=True),
    _name("key", primary_key=True),  # as given; hashed where too long for an index
    _name("entity_id", primary_key=True),
    sqlite_with_rowid=False,
)

alias = Table(
    "alias",
    metadata,
    _binding(key=True),
    _name("key", primary_key=True),  # a record key that now means another record
    _name("survivor"),  # that record's key
    sqlite_with_rowid=False,
)

dirty = Table(
    "dirty",
    metadata,
    _name("entity", primary_key=True),
    _name("entity_id", primary_key=True),
    Column("generation", Integer, nullable=False),  # counts the marks, so that a mark made meanwhile is not cleared
    sqlite_with_rowid=False,
)

conflict = Table(
    "conflict",
    metadata,
    _serial(),
    _name("entity_id"),
    _name("path"),
    Column("ours", Text),  # canonical value
    _name("ours_source"),
    Column("theirs", Text),  # observed value
    _binding(name="theirs_binding"),
    _name("theirs_key"),
    Column("base", Text),  # what both had agreed on
    _name("rule"),
    _name("winner", nullable=True),  # ours, theirs; NULL while open
    _name("state"),  # sync.decision.ConflictState
    Column("run", BigInteger, nullable=False),  # that found it
    _name("opened_at"),
    _name("closed_at", nullable=True),
    sqlite_autoincrement=True,
)
_one_open = Index(
    "uq_conflict_open", conflict.c.entity_id, conflict.c.path, unique=True, sqlite_where=text("state = 'open'")
)


@event.listens_for(conflict, "before_create")
def _only_open(_table: Table, connection: Connection, **_: Any) -> None:
    """PostgreSQL's option is set when it is needed: to name it loads the dialect, which starting a run can spare."""
    if connection.dialect.name == "postgresql":
        _one_open.dialect_options["postgresql"]["where"] = text("state = 'open'")


Index(None, conflict.c.entity_id)

parked = Table(
    "parked",
    metadata,
    _serial(),
    _binding(),
    _name("side"),  # in, out
    _name("key"),  # record key (in) or entity id (out)
    _name("why"),  # sync.decision.Why
    _name("code"),
    Column("message", Text, nullable=False),
    Column("field", Text),  # record field complained about
    Column("path", Text),  # canonical path complained about
    Column("data", Text),  # the record as observed, or the fields that were refused
    Column("version", Text),
    Column("rev", Integer, nullable=False),  # canonical revision that was refused
    Column("awaits", Text),  # [connection, stream, key] of the record waited for
    Column("candidates", Text),  # [entity id] of a disputed match
    Column("attempts", Integer, nullable=False),
    Column("run", BigInteger, nullable=False),  # of the last attempt
    _name("first_at"),
    _name("last_at"),
    UniqueConstraint("binding", "side", "key"),
    sqlite_autoincrement=True,
)

history = Table(
    "history",
    metadata,
    _serial(),
    Column("run", BigInteger, nullable=False),
    _name("at"),
    _name("entity_id"),
    _name("path"),
    Column("rev", Integer, nullable=False),
    Column("old", Text),  # value before
    Column("new", Text),  # value after
    _name("source"),
    _binding(nullable=True),
    _name("key", nullable=True),  # the record it came from
    _name("mapping", nullable=True),  # mapping version that read it
    Column("why", Text, nullable=False),
)
Index(None, history.c.entity_id)
Index(None, history.c.run)

write_batch = Table(  # writes of one kind that one transaction logs, in what they have in common
    "write_batch",
    metadata,
    _serial(),
    Column("run", BigInteger, nullable=False),
    _name("at"),
    _binding(),
    _name("kind"),  # create, update, delete
    Column("paths", Text, nullable=False),  # [canonical path]; names, never values
    _name("mapping"),
    Column("intent", BigInteger),
    Column("outcome", Text, nullable=False),
)
Index(None, write_batch.c.run)

write_log = Table(  # its key is the order of a record's timeline, and grows at one end as entity ids do
    "write_log",
    metadata,
    _name("entity_id", primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),  # id of the write_batch
    _name("key", primary_key=True),  # record key; empty: none was known
    Column("paths", Text),  # [canonical path]; NULL: those of the batch
    sqlite_with_rowid=False,
)

intent = Table(
    "intent",
    metadata,
    _serial(),
    _binding(),
    _name("kind"),
    Column("batch", Text, nullable=False),  # rows, see state.intents
    Column("run", BigInteger, nullable=False),
    _name("sent_at"),
    sqlite_autoincrement=True,
)

stream = Table(
    "stream",
    metadata,
    _binding(key=True),
    Column("cursor", Text),  # watermark, opaque: the connector's
    Column("complete", Boolean, nullable=False),  # read in full at least once
    _name("mapping", nullable=True),  # mapping version of the last read
    _name("told", nullable=True),  # mapping version whose fields that are only written every link knows of
    _name("swept_at", nullable=True),
    _name("read_at", nullable=True),
)

run = Table(
    "run",
    metadata,
    _serial(),
    _name("status"),  # `running` until it is finished
    Column("cause", Text, nullable=False),  # who or what started it
    Column("selection", Text, nullable=False),  # [[connection, stream, entity]]
    Column("message", Text),
    _name("started_at"),
    _name("ended_at", nullable=True),
    sqlite_autoincrement=True,
)

balance = Table(
    "balance",
    metadata,
    Column("run", SERIAL, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    _binding(key=True),
    _name("side", primary_key=True),
    Column("seen", Integer, nullable=False),
    Column("buckets", Text, nullable=False),  # {bucket: count}
    Column("detail", Text, nullable=False),  # {created, updated, … or a reason: count}
    sqlite_with_rowid=False,
)

lease = Table(
    "lease",
    metadata,
    _name("scope", primary_key=True),
    Column("epoch", BigInteger, nullable=False),  # counts the holders; fences every commit
    _name("holder", nullable=True),  # NULL: released
    _name("expires_at"),
    Column("seconds", Float, nullable=False),  # what every commit extends it by
)

mapping_version = Table(
    "mapping_version",
    metadata,
    _name("version", primary_key=True),  # content address
    _name("name"),
    Column("covers", Text, nullable=False),  # [canonical path or pattern]
)

token = Table(
    "token",
    metadata,
    _name("name", primary_key=True),
    Column("sealed", Text, nullable=False),  # AES-GCM, base64
    _name("saved_at"),
)

hub = Table(
    "hub",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    _name("seal"),  # 32 random bytes in hexadecimal: what plans are sealed with
    _name("made_at"),
)

plan = Table(
    "plan",
    metadata,
    _serial(),
    _name("why"),  # brake, approval
    _name("state"),  # sync.ports.PlanState
    Column("run", BigInteger, nullable=False),  # that made it
    Column("bindings", Text, nullable=False),  # [[connection, stream, entity]] in which it would write
    Column("head", Text, nullable=False),  # sync.plans.Head
    Column("summary", Text, nullable=False),  # sync.plans.summary_json
    _name("fingerprint"),  # of its actions
    _name("made_at"),
    _name("settled_at", nullable=True),
    sqlite_autoincrement=True,
)

plan_action = Table(
    "plan_action",
    metadata,
    Column("plan", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("line", Text, nullable=False),  # sync.plans.line_of
    sqlite_with_rowid=False,
)
