"""The owner of each session. Sessions without a row are of the server's only user."""

import sqlalchemy as sa
from alembic import op

revision = "users_0001"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_owners",
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
    )
