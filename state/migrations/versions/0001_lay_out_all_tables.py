"""Lay out all tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "alias",
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("survivor", NAME, nullable=False),
        sa.PrimaryKeyConstraint("binding", "key", name=op.f("pk_alias")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "binding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection", NAME, nullable=False),
        sa.Column("stream", NAME, nullable=False),
        sa.Column("entity", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding")),
        sa.UniqueConstraint("connection", "stream", "entity", name=op.f("uq_binding_connection_stream_entity")),
    )
    op.create_table(
        "canonical",
        sa.Column("id", NAME, nullable=False),
        sa.Column("entity", NAME, nullable=False),
        sa.Column("vals", sa.Text(), nullable=False),
        sa.Column("meta", sa.Text(), nullable=True),
        sa.Column("source", NAME, nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canonical")),
    )
    op.create_table(
        "conflict",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("entity_id", NAME, nullable=False),
        sa.Column("path", NAME, nullable=False),
        sa.Column("ours", sa.Text(), nullable=True),
        sa.Column("ours_source", NAME, nullable=False),
        sa.Column("theirs", sa.Text(), nullable=True),
        sa.Column("theirs_binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("theirs_key", NAME, nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("winner", NAME, nullable=True),
        sa.Column("state", NAME, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", NAME, nullable=False),
        sa.Column("closed_at", NAME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_conflict_entity_id"), "conflict", ["entity_id"], unique=False)
    op.create_index(
        "uq_conflict_open", "conflict", ["entity_id", "path"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "dirty",
        sa.Column("entity", NAME, nullable=False),
        sa.Column("entity_id", NAME, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "entity_id", name=op.f("pk_dirty")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "history",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("at", NAME, nullable=False),
        sa.Column("entity_id", NAME, nullable=False),
        sa.Column("path", NAME, nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("source", NAME, nullable=False),
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("key", NAME, nullable=True),
        sa.Column("mapping", NAME, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_entity_id"), "history", ["entity_id"], unique=False)
    op.create_index(op.f("ix_history_run"), "history", ["run"], unique=False)
    op.create_table(
        "intent",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lease",
        sa.Column("scope", NAME, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", NAME, nullable=True),
        sa.Column("expires_at", NAME, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_lease")),
    )
    op.create_table(
        "link",
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("entity_id", NAME, nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("state", NAME, nullable=False),
        sa.PrimaryKeyConstraint("binding", "key", name=op.f("pk_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_link_entity_id"), "link", ["entity_id"], unique=False)
    op.create_table(
        "mapping_version",
        sa.Column("version", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("covers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_mapping_version")),
    )
    op.create_table(
        "match_key",
        sa.Column("entity", NAME, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("entity_id", NAME, nullable=False),
        sa.PrimaryKeyConstraint("entity", "key", "entity_id", name=op.f("pk_match_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "parked",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("side", NAME, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("why", NAME, nullable=False),
        sa.Column("code", NAME, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("awaits", sa.Text(), nullable=True),
        sa.Column("candidates", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("first_at", NAME, nullable=False),
        sa.Column("last_at", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked")),
        sa.UniqueConstraint("binding", "side", "key", name=op.f("uq_parked_binding_side_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "run",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("started_at", NAME, nullable=False),
        sa.Column("ended_at", NAME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stream",
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("mapping", NAME, nullable=True),
        sa.Column("told", NAME, nullable=True),
        sa.Column("swept_at", NAME, nullable=True),
        sa.Column("read_at", NAME, nullable=True),
        sa.PrimaryKeyConstraint("binding", name=op.f("pk_stream")),
    )
    op.create_table(
        "token",
        sa.Column("name", NAME, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("saved_at", NAME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_token")),
    )
    op.create_table(
        "write_batch",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("at", NAME, nullable=False),
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("paths", sa.Text(), nullable=False),
        sa.Column("mapping", NAME, nullable=False),
        sa.Column("intent", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_batch")),
    )
    op.create_index(op.f("ix_write_batch_run"), "write_batch", ["run"], unique=False)
    op.create_table(
        "write_log",
        sa.Column("entity_id", NAME, nullable=False),
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("paths", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("entity_id", "batch", "key", name=op.f("pk_write_log")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "balance",
        sa.Column("run", SERIAL, autoincrement=False, nullable=False),
        sa.Column("binding", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("side", NAME, nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("buckets", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_balance_run_run")),
        sa.PrimaryKeyConstraint("run", "binding", "side", name=op.f("pk_balance")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("balance")
    op.drop_table("write_log")
    op.drop_index(op.f("ix_write_batch_run"), table_name="write_batch")
    op.drop_table("write_batch")
    op.drop_table("token")
    op.drop_table("stream")
    op.drop_table("run")
    op.drop_table("parked")
    op.drop_table("match_key")
    op.drop_table("mapping_version")
    op.drop_index(op.f("ix_link_entity_id"), table_name="link")
    op.drop_table("link")
    op.drop_table("lease")
    op.drop_table("intent")
    op.drop_index(op.f("ix_history_run"), table_name="history")
    op.drop_index(op.f("ix_history_entity_id"), table_name="history")
    op.drop_table("history")
    op.drop_table("dirty")
    op.drop_index("uq_conflict_open", table_name="conflict", sqlite_where=OPEN, postgresql_where=OPEN)
    op.drop_index(op.f("ix_conflict_entity_id"), table_name="conflict")
    op.drop_table("conflict")
    op.drop_table("canonical")
    op.drop_table("binding")
    op.drop_table("alias")
