"""Sessions, their events and the audit. Files that 0.2 and 0.3 made have these tables already."""

from alembic import op
from sqlalchemy import inspect

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
    *(
        f"CREATE TRIGGER {name} BEFORE {what} BEGIN SELECT RAISE(ABORT, 'append only'); END"
        for name, what in (
            ("events_are_kept", "UPDATE ON events"),
            ("audit_is_kept", "UPDATE ON audit"),
            ("audit_stays", "DELETE ON audit"),
            ("sessions_are_kept", "UPDATE ON sessions"),
        )
    ),
    "PRAGMA application_id = 1129726258",  # "CVA2"
)


def upgrade() -> None:
    if inspect(op.get_bind()).has_table("sessions"):
        return
    for statement in TABLES:
        op.execute(statement)
