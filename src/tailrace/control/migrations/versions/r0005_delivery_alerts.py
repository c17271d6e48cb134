"""Delivery alerts: who is told when a destination is in trouble."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nobody is told anything until an alert is made."""
    slug = sa.String(63).with_variant(sa.String(63, collation="C"), "postgresql")
    op.create_table(
        "delivery_alerts",
        sa.Column("slug", slug, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("destinations", sa.JSON),
        sa.Column("conditions", sa.JSON, nullable=False),
        sa.Column("repeat_every_h", sa.Double),
        sa.Column("notify", sa.JSON, nullable=False),
        sa.Column("secrets_sealed", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
