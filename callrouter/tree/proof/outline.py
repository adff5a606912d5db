"""A tree as indented lines for a terminal: each node once, `↩` where it has been told already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callrouter.tree.model import Tree
from callrouter.tree.proof.faces import face
from callrouter.tree.proof.links import Link


def outline(tree: Tree, links: Sequence[Link]) -> Iterator[str]:
    """From the start down, in the file's order. With counts: ✓ taken, ✗ never, ~ only in part."""
    out: dict[str, list[Link]] = {name: [] for name in tree.nodes}
    for link in links:
        out[link.source].append(link)
    told = {tree.start}
    yield _told(tree, tree.start)
    todo = [(link, "", number == len(out[tree.start]) - 1) for number, link in enumerate(out[tree.start])][::-1]
    while todo:
        link, indent, last = todo.pop()
        again = link.target in told
        mark = _mark(link)
        words = f"{link.words} → " if link.words else "→ "
        target = f"{link.target} ↩" if again else _told(tree, link.target)
        yield f"{indent}{'└─' if last else '├─'} {mark}{words}{target}"
        if not again:
            told.add(link.target)
            deeper = f"{indent}{'   ' if last else '│  '}"
            below = out[link.target]
            todo += [(next_, deeper, number == len(below) - 1) for number, next_ in enumerate(below)][::-1]


def _told(tree: Tree, name: str) -> str:
    kind, detail = face(tree, name)
    return f"{name}  [{' '.join([kind, detail]).strip()}]"


def _mark(link: Link) -> str:
    if link.times is None:
        return ""
    sign = "✗" if not link.times else "~" if link.never else "✓"
    return f"{sign} {link.times:>5}  "
