"""What a destination gets and what it makes of it: filters and subscriptions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let destinations that are there get all events, as before."""
    for name in ("destinations", "destination_versions"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("filters", sa.JSON, nullable=False, server_default="[]"))
            table.add_column(sa.Column("subscriptions", sa.JSON))
