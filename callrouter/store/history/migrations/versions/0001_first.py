"""The first tables: calls, what they are made of, what agents did, and how far the journal has been read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def ms(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def of_call() -> tuple[sa.Column[str], sa.Column[int], sa.PrimaryKeyConstraint]:
    return text("call"), sa.Column("n", sa.Integer, nullable=False), sa.PrimaryKeyConstraint("call", "n")


def upgrade() -> None:
    op.create_table(
        "callbacks",
        *of_call(),
        text("queue"),
        ms("at_ms"),
        text("tree"),
        text("problem"),
    )
    op.create_index("callbacks_at", "callbacks", ["at_ms"])
    op.create_table(
        "calls",
        text("call"),
        ms("arrived_ms"),
        text("number"),
        text("caller"),
        text("language"),
        text("tree"),
        text("version"),
        text("how"),
        ms("ended_ms"),
        ms("in_tree_ms"),
        ms("waited_ms"),
        ms("talked_ms"),
        text("fallback"),
        sa.Column("whole", sa.Boolean, nullable=False),
        text("record"),
        sa.PrimaryKeyConstraint("call"),
    )
    op.create_index("calls_arrived", "calls", ["arrived_ms"])
    op.create_table(
        "gaps",
        text("after"),
        text("before"),
        ms("found_ms"),
        sa.PrimaryKeyConstraint("after"),
    )
    op.create_table(
        "offers",
        *of_call(),
        text("agent"),
        text("queue"),
        ms("at_ms"),
        text("tree"),
        text("problem"),
        ms("rang_ms"),
        ms("ended_ms"),
        text("result"),
    )
    op.create_index("offers_at", "offers", ["at_ms"])
    op.create_table(
        "progress",
        sa.Column("id", sa.Integer, nullable=False),
        text("version"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "recordings",
        *of_call(),
        text("recording"),
        ms("at_ms"),
        text("file"),
        ms("length_ms"),
        text("sha256"),
        text("problem"),
        text("remarks"),
    )
    op.create_index("recordings_at", "recordings", ["at_ms"])
    op.create_table(
        "stays",
        *of_call(),
        text("queue"),
        ms("joined_ms"),
        text("tree"),
        text("problem"),
        ms("left_ms"),
        text("outcome"),
        text("moved_to"),
        text("agent"),
        ms("waited_ms"),
    )
    op.create_index("stays_joined", "stays", ["joined_ms"])
    op.create_table(
        "steps",
        *of_call(),
        text("tree"),
        text("node"),
        ms("at_ms"),
        text("came_by"),
        ms("until_ms"),
        text("left_by"),
    )
    op.create_index("steps_at", "steps", ["at_ms"])
    op.create_table(
        "stretches",
        text("agent"),
        text("since"),
        ms("begins_ms"),
        ms("ends_ms"),
        text("presence"),
        text("reason"),
        text("activity"),
        sa.Column("reachable", sa.Boolean, nullable=False),
        text("call"),
        text("queue"),
        sa.PrimaryKeyConstraint("agent", "since"),
    )
    op.create_index("stretches_begins", "stretches", ["begins_ms"])
    op.create_index("stretches_call", "stretches", ["call"])
    op.create_index("stretches_ends", "stretches", ["ends_ms"])
    op.create_table(
        "talks",
        *of_call(),
        text("agent"),
        text("queue"),
        ms("at_ms"),
        text("tree"),
        text("problem"),
        ms("ended_ms"),
        text("ended_by"),
        ms("waited_ms"),
        text("recording"),
    )
    op.create_index("talks_at", "talks", ["at_ms"])


def downgrade() -> None:
    op.drop_table("talks")
    op.drop_table("stretches")
    op.drop_table("steps")
    op.drop_table("stays")
    op.drop_table("recordings")
    op.drop_table("progress")
    op.drop_table("offers")
    op.drop_table("gaps")
    op.drop_table("calls")
    op.drop_table("callbacks")
