"""Who did what, when and from where: rows are only added, each with the hash of those before it."""

import sqlalchemy as sa
from alembic import op

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
    if op.get_bind().dialect.name == "sqlite":
        for name, what in (("access_is_kept", "UPDATE"), ("access_stays", "DELETE")):
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {what} ON access_log"
                " BEGIN SELECT RAISE(ABORT, 'append only'); END"
            )
