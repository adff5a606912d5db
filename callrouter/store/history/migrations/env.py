"""Alembic's entry: it runs on the connection that database.migrate hands over, inside that one's transaction."""

from __future__ import annotations

from alembic import context

from callrouter.store.history.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most of a table: Alembic then copies it (Alembic documentation, "batch migrations").
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
