"""How long a stay in a queue was expected to last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    with op.batch_alter_table("stays") as stays:
        for name in ("expected_at_ms", "p50_ms", "p90_ms"):
            stays.add_column(sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
