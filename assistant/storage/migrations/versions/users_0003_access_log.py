"""The access log (user, action, time, address): rows are only added, each with the hash of those before
it."""

import sqlalchemy as sa
from alembic import op

from assistant.storage.migrations.spelling import append_only

revision = "users_0003"
down_revision = "users_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("at", "user_id", "who", "credential", "what", "about", "address", "hash")
        ),
    )
    op.create_index("access_log_of", "access_log", ["about"])
    append_only("access_is_kept", "UPDATE", "access_log")
    append_only("access_stays", "DELETE", "access_log")
