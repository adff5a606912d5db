"""What a caller may be told next, of that which is known already: so that it can be spoken ahead of its turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callrouter.tree.model import Prompt, Reading, Tree, Value, targets, wordings
from callrouter.tree.walk import Walk

SPEAKING_NODES = 2
"""So many nodes that speak are looked ahead; nodes that only choose a way are walked through."""
PROMPTS_MOST = 8
NODES_MOST = 64


def soon(tree: Tree, walk: Walk, variables: Mapping[str, Value]) -> tuple[Prompt, ...]:
    """Prompts with values in them that the walk may come to soon, nearest first, all of whose values are known."""
    found: dict[str, Prompt] = {}
    for name in _nodes_ahead(tree, walk.node):
        for part, wording in wordings(tree.nodes[name]):
            prompt = tree.prompt(name, wording, part, variables)
            if not prompt.is_fixed and _all_known(prompt):
                found.setdefault(prompt.key, prompt)
        if len(found) >= PROMPTS_MOST:
            break
    return tuple(found.values())[:PROMPTS_MOST]


def _nodes_ahead(tree: Tree, start: str) -> Iterator[str]:
    """The node itself first: it may ask for a confirmation."""
    seen, ring = {start}, [(start, 0)]
    for name, depth in ring:  # grows while it is walked through
        yield name
        if depth > SPEAKING_NODES or len(seen) >= NODES_MOST:
            continue
        for _, target in targets(tree.nodes[name]):
            if target in tree.nodes and target not in seen:
                seen.add(target)
                speaks = any(True for _ in wordings(tree.nodes[target]))
                if depth + speaks <= SPEAKING_NODES:
                    ring.append((target, depth + speaks))


def _all_known(prompt: Prompt) -> bool:
    return all(
        piece.variable in prompt.values
        for pieces in prompt.pieces.values()
        for piece in pieces
        if isinstance(piece, Reading)
    )
