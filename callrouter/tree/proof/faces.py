"""How a node is named in pictures: its type and the one detail that tells most about it."""

from __future__ import annotations

from collections.abc import Mapping

from callrouter.tree.model import Tree

SHAPES: Mapping[str, str] = {
    "menu": "ask", "collect": "ask", "callback": "ask",
    "say": "say", "notice": "say", "message": "say",
    "hours": "choose", "caller": "choose", "when": "choose", "split": "choose", "set": "choose", "goto": "choose",
    "subtree": "choose", "lookup": "world", "queue": "person", "transfer": "person", "hangup": "end",
}  # fmt: skip
"""Node type → the kind of thing it is, for colours."""

DETAILS = ("queue", "to", "group", "into", "tree", "language", "switch")
"""Keys of a node of which the first that it has is told."""


def face(tree: Tree, name: str) -> tuple[str, str]:
    """The type and a detail: `queue`, `payers +5`."""
    node = tree.nodes[name]
    found = (getattr(node, key, None) for key in DETAILS)
    detail = next((value for value in found if isinstance(value, str)), "")
    priority = getattr(node, "priority", None)
    return str(node.type), f"{detail} {priority:+d}".strip() if priority else detail
