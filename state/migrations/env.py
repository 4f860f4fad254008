"""Run by alembic, always on a connection that `state.migrate` hands over, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

from state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_server_default=True,
)
context.run_migrations()
