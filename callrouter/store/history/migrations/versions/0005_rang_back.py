"""Whether a caller whose line had dropped has the place back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    with op.batch_alter_table("stays") as stays:
        stays.add_column(sa.Column("rang_back", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("stays") as stays:
        stays.drop_column("rang_back")
