"""What became of a callback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    with op.batch_alter_table("callbacks") as callbacks:
        callbacks.add_column(sa.Column("dialled", sa.Integer, nullable=False, server_default="0"))
        callbacks.add_column(sa.Column("reached_ms", sa.BigInteger, nullable=False, server_default="0"))
        callbacks.add_column(sa.Column("outcome", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("callbacks") as callbacks:
        for name in ("dialled", "reached_ms", "outcome"):
            callbacks.drop_column(name)
