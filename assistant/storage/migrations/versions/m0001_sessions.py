"""Sessions, their events and the audit. Files that 0.2 and 0.3 made have these tables already."""

from alembic import op
from sqlalchemy import inspect

from assistant.storage.migrations.spelling import append_only, execute

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """CREATE TABLE sessions (id TEXT PRIMARY KEY, started_at TEXT NOT NULL, recogniser TEXT NOT NULL,
        token_sha256 TEXT NOT NULL)""",
    """CREATE TABLE events (session_id TEXT NOT NULL REFERENCES sessions(id), seq INTEGER NOT NULL,
        type TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (session_id, seq)) WITHOUT ROWID""",
    """CREATE TABLE audit (id INTEGER PRIMARY KEY, at TEXT NOT NULL, session_id TEXT NOT NULL,
        who TEXT NOT NULL, what TEXT NOT NULL, seq INTEGER, event_sha256 TEXT NOT NULL,
        hash TEXT NOT NULL)""",
    "CREATE INDEX audit_of ON audit (session_id, seq)",
)


def upgrade() -> None:
    if inspect(op.get_bind()).has_table("sessions"):
        return
    for statement in TABLES:
        execute(statement)
    append_only("events_are_kept", "UPDATE", "events")
    append_only("audit_is_kept", "UPDATE", "audit")
    append_only("audit_stays", "DELETE", "audit")
    append_only("sessions_are_kept", "UPDATE", "sessions")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA application_id = 1129726258")  # "CVA2"
