"""The owner of each session. Sessions without a row are of the server's only user."""

from assistant.storage.migrations.spelling import execute

revision = "users_0001"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute("CREATE TABLE session_owners (session_id TEXT PRIMARY KEY, owner TEXT NOT NULL)")
