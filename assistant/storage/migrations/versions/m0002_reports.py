"""Reports as they are listed and found, and the keys that open them.

All of it but the keys and ``heard`` follows from the events. Sessions of before become drafts.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = "users_0001"

TABLES = (
    # heard: JSON of ``heard.Heard``. stale: ``title`` and the text that is searched are older than the
    # report.
    """CREATE TABLE reports (id TEXT PRIMARY KEY REFERENCES sessions(id), owner TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'draft', created_at TEXT NOT NULL, changed_at TEXT NOT NULL,
        author TEXT NOT NULL DEFAULT '', patient_id TEXT NOT NULL DEFAULT '',
        patient_name TEXT NOT NULL DEFAULT '', patient_born TEXT NOT NULL DEFAULT '',
        accession TEXT NOT NULL DEFAULT '', exam TEXT NOT NULL DEFAULT '', exam_at TEXT NOT NULL DEFAULT '',
        title TEXT NOT NULL DEFAULT '', heard TEXT NOT NULL DEFAULT '', used INTEGER NOT NULL DEFAULT 0,
        stale INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX reports_of ON reports (owner, changed_at)",
    """CREATE TABLE report_keys (token_sha256 TEXT PRIMARY KEY,
        report_id TEXT NOT NULL REFERENCES sessions(id)) WITHOUT ROWID""",
    "CREATE INDEX keys_of ON report_keys (report_id)",
    "CREATE VIRTUAL TABLE report_texts USING fts5(report_id UNINDEXED, words, tokenize = 'unicode61')",
    """INSERT INTO reports (id, owner, created_at, changed_at, used, stale)
        SELECT id, coalesce(owner, 'local'), started_at, started_at, 1, 1
        FROM sessions LEFT JOIN session_owners ON session_id = id""",
    "DROP TABLE session_owners",  # ``reports`` says it
    "INSERT OR IGNORE INTO report_keys SELECT token_sha256, id FROM sessions",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
