"""A tree as a Mermaid flowchart, for wikis and merge requests that draw them."""

from __future__ import annotations

from collections.abc import Sequence

from callrouter.tree.model import Tree
from callrouter.tree.proof.faces import face
from callrouter.tree.proof.links import Link


def mermaid(tree: Tree, links: Sequence[Link]) -> str:
    """Ids are numbers and all words are quoted: nothing in a tree can break out of its place."""
    ids = {name: f"n{number}" for number, name in enumerate(tree.nodes)}
    lines = ["flowchart TD"]
    for name, id in ids.items():
        kind, detail = face(tree, name)
        words = _quoted("\n".join([name, f"{kind} {detail}".strip()]))
        lines.append(f"    {id}([{words}])" if name == tree.start else f"    {id}[{words}]")
    for link in links:
        words = link.words if link.times is None else f"{link.words} · {link.times}".strip(" ·")
        arrow = "-.->" if link.times == 0 else "-->"
        lines.append(f"    {ids[link.source]} {arrow}{f'|{_quoted(words)}|' if words else ''} {ids[link.target]}")
    never = [str(number) for number, link in enumerate(links) if link.times == 0]
    if never:
        lines.append(f"    linkStyle {','.join(never)} stroke:#dc2626")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Mermaid reads `#35;` as a character's number, everywhere inside quotes."""
    safe = "".join(c if c.isalnum() or c in " _-.,:·/%+()=→" or c == "\n" else f"#{ord(c)};" for c in text)
    return '"' + safe.replace("\n", "<br>") + '"'
