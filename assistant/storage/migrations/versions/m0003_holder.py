"""The server that goes on with a report: ``holder`` is that server's id, ``held_at`` when it began to."""

from assistant.storage.migrations.spelling import execute

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("holder", "held_at"):
        execute(f"ALTER TABLE reports ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
