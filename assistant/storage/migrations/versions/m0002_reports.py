"""Reports as they are listed and found, and the keys that open them.

All of it but the keys and ``heard`` follows from the events. Sessions of before become drafts.
"""

from alembic import op

from assistant.storage.migrations.spelling import execute

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
    """INSERT INTO reports (id, owner, created_at, changed_at, used, stale)
        SELECT id, coalesce(owner, 'local'), started_at, started_at, 1, 1
        FROM sessions LEFT JOIN session_owners ON session_id = id""",
    "DROP TABLE session_owners",  # ``reports`` says it
    "INSERT INTO report_keys SELECT token_sha256, id FROM sessions WHERE true ON CONFLICT DO NOTHING",
)
SQLITE_TEXTS = (
    "CREATE VIRTUAL TABLE report_texts USING fts5(report_id UNINDEXED, words, tokenize = 'unicode61')",
)
POSTGRES_TEXTS = (
    "CREATE TABLE report_texts (report_id TEXT NOT NULL, words TEXT NOT NULL, tokens tsvector NOT NULL)",
    "CREATE INDEX report_texts_of ON report_texts (report_id)",
    "CREATE INDEX report_texts_with ON report_texts USING gin (tokens)",
    # else the planner's statistics keep samples of what patients said, also of deleted rows
    *(
        f"ALTER TABLE {table} {', '.join(f'ALTER {column} SET STATISTICS 0' for column in columns)}"
        for table, columns in (
            ("events", ("json",)),
            ("reports", ("patient_id", "patient_name", "patient_born", "accession", "exam", "title")),
            ("report_texts", ("words", "tokens")),
        )
    ),
)


def upgrade() -> None:
    texts = SQLITE_TEXTS if op.get_bind().dialect.name == "sqlite" else POSTGRES_TEXTS
    for statement in (*TABLES, *texts):
        execute(statement)
