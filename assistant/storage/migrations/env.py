"""Alembic runs this: the migrations go through the connection that ``database.upgrade`` gives."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,  # SQLite's too: see database._as_sqlite
)
with context.begin_transaction():
    context.run_migrations()
