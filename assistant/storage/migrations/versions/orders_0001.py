"""Orders of examinations, as people and hospital systems place them. ``body``: a ``PlacedOrder`` as JSON."""

import sqlalchemy as sa
from alembic import op

revision = "orders_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_key", sa.Text, nullable=False),
        sa.Column("accession", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("received_at", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("disputed", sa.Integer, nullable=False),
        sa.Column("taken_by", sa.Text, nullable=False),
        sa.Column("report_id", sa.Text, nullable=False),
        sa.Column("taken_as", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "source_key"),
    )
    op.create_index("orders_numbered", "orders", ["accession"])
    op.create_index("orders_reported", "orders", ["report_id"])
