"""Keep plans that wait for a person, and what tells this hub's plans from another one's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "hub",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seal", NAME, nullable=False),
        sa.Column("made_at", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub")),
    )
    op.create_table(
        "plan",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("why", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("bindings", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("fingerprint", NAME, nullable=False),
        sa.Column("made_at", NAME, nullable=False),
        sa.Column("settled_at", NAME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plan_action",
        sa.Column("plan", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan", "place", name=op.f("pk_plan_action")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("plan_action")
    op.drop_table("plan")
    op.drop_table("hub")
