"""How each destination wants to be delivered to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let destinations that are there be delivered to as before."""
    for name in ("destinations", "destination_versions"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("delivery", sa.JSON, nullable=False, server_default="{}"))
