"""Saved queries: questions that people keep and share."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; it is empty until somebody saves a question."""
    slug = sa.String(63).with_variant(sa.String(63, collation="C"), "postgresql")
    op.create_table(
        "saved_queries",
        sa.Column("slug", slug, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("is_shared", sa.Boolean, nullable=False),
        sa.Column(
            "member_id",
            sa.String(40),
            sa.ForeignKey(
                "members.id", ondelete="SET NULL", name="fk_saved_queries_member_id_members"
            ),
        ),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_saved_queries_member_id", "saved_queries", ["member_id"])
