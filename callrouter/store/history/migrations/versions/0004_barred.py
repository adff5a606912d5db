"""Whether a rule kept the agent from calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    with op.batch_alter_table("stretches") as stretches:
        stretches.add_column(sa.Column("barred", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("stretches") as stretches:
        stretches.drop_column("barred")
