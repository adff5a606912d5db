"""A tree as an SVG picture, written by hand: no library, no script in it, readable in light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from callrouter.tree.model import Tree
from callrouter.tree.proof.faces import SHAPES, face
from callrouter.tree.proof.layout import Layout, lay_out
from callrouter.tree.proof.links import Link

WIDE, HIGH = 210, 46
STEP_X, STEP_Y = 236, 128
EDGE = 30
STYLE = """
svg{background:#fff;font:13px system-ui,sans-serif}
.node rect{stroke:#475569;stroke-width:1.2}.node text{fill:#0f172a;text-anchor:middle}.node .detail{font-size:11px}
.start rect{stroke-width:3}.lost rect{stroke:#dc2626;stroke-width:3}
.ask rect{fill:#dbeafe}.say rect{fill:#f1f5f9}.choose rect{fill:#fef9c3}.world rect{fill:#ede9fe}
.person rect{fill:#dcfce7}.end rect{fill:#fee2e2}
.link path{fill:none;stroke:#94a3b8;stroke-width:1.4}
.link text{font-size:11px;fill:#334155;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}
.link.taken path{stroke:#16a34a}.link.partly path{stroke:#d97706}.link.never path{stroke:#dc2626;stroke-dasharray:5 4}
.link.never text{fill:#dc2626}.link.partly text{fill:#b45309}
"""


def svg(tree: Tree, links: Sequence[Link], title: str = "", most: int | None = None) -> str:
    """The whole picture. With `most` (callers on the busiest link) links are as wide as their traffic."""
    layout = lay_out(list(tree.nodes), [(link.source, link.target) for link in links], tree.start)
    width = int(layout.width * STEP_X + 2 * EDGE)
    height = int((layout.layers - 1) * STEP_Y + HIGH + 2 * EDGE + 30)
    reached = {link.target for link in links if link.times} | {tree.start}
    counted = any(link.times is not None for link in links)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(title or tree.name)}</title><style>{STYLE}</style>",
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>',
        f'<text x="{EDGE}" y="20" font-weight="600">{escape(title or tree.name)}</text>',
        *(_link(link, layout, most) for link in links),
        *(_node(tree, name, layout, lost=counted and name not in reached) for name in tree.nodes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _node(tree: Tree, name: str, layout: Layout, lost: bool) -> str:
    x, y = _corner(layout.places[name])
    kind, detail = face(tree, name)
    middle, told = x + WIDE / 2, f"{kind} {detail}"
    classes = " ".join(["node", SHAPES.get(kind, "say"), *(["start"] if name == tree.start else []), *["lost"] * lost])
    return (
        f'<g class="{classes}"><title>{escape(f"{name}: {told}")}</title>'
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDE}" height="{HIGH}" rx="8"/>'
        f'<text x="{middle:.0f}" y="{y + 19:.0f}">{escape(_cut(name, 30))}</text>'
        f'<text class="detail" x="{middle:.0f}" y="{y + 36:.0f}">{escape(_cut(told, 36))}</text></g>'
    )


def _link(link: Link, layout: Layout, most: int | None) -> str:
    points = _points(link, layout)
    words = link.words if link.times is None else f"{link.words} · {link.times}" if link.words else str(link.times)
    state = _state(link)
    if most is not None:
        state = " taken" if link.times else " never"
    wide = f' style="stroke-width:{1 + 9 * (link.times or 0) / max(most, 1):.1f}"' if most is not None else ""
    x, y = _middle(points)
    told = f"{link.source} → {link.target}: {words}" + (f"; never: {', '.join(link.never)}" if link.never else "")
    return (
        f'<g class="link{state}" data-from={quoteattr(link.source)} data-to={quoteattr(link.target)}>'
        f"<title>{escape(told)}</title>"
        f'<path d="{_curve(points)}" marker-end="url(#to)"{wide}/>'
        f'<text x="{x:.0f}" y="{y:.0f}">{escape(_cut(words, 42))}</text></g>'
    )


def _state(link: Link) -> str:
    """Never taken is said only of what somebody could be expected to take."""
    if link.times is None or not (link.times or link.never):
        return ""
    return " never" if not link.times else " partly" if link.never else " taken"


Point = tuple[float, float]


def _points(link: Link, layout: Layout) -> list[Point]:
    (sx, sy), (tx, ty) = _corner(layout.places[link.source]), _corner(layout.places[link.target])
    if link.source == link.target:
        right = sx + WIDE
        return [(right, sy + 10), (right + 22, sy + 10), (right + 22, sy + HIGH - 10), (right, sy + HIGH - 10)]
    passed = [(x + WIDE / 2, y + HIGH / 2) for x, y in map(_corner, layout.bends.get((link.source, link.target), ()))]
    if sy < ty:
        return [(sx + WIDE / 2, sy + HIGH), *passed, (tx + WIDE / 2, ty)]
    # one that leads back starts and ends beside the middle, where those that lead on do not
    return [(sx + WIDE * 0.75, sy), *passed, (tx + WIDE * 0.75, ty + HIGH)]


def _curve(points: Sequence[Point]) -> str:
    (x, y), *rest = points
    path = [f"M{x:.0f} {y:.0f}"]
    for to_x, to_y in rest:
        half = (y + to_y) / 2
        path.append(f"C{x:.0f} {half:.0f} {to_x:.0f} {half:.0f} {to_x:.0f} {to_y:.0f}")
        x, y = to_x, to_y
    return "".join(path)


def _middle(points: Sequence[Point], at: float = 0.68) -> Point:
    """Where the words stand: on the first stretch, nearer to its end, where links from one node have parted."""
    (ax, ay), (bx, by) = points[0], points[1]
    if points[0][0] == points[-1][0] and len(points) == 4:
        return points[1][0], ay - 16  # above the loop of a node to itself
    return ax + (bx - ax) * (3 - 2 * at) * at * at, ay + (by - ay) * (1.5 * at * (1 - at) + at**3) + 4


def _corner(place: tuple[float, int]) -> Point:
    return EDGE + place[0] * STEP_X, EDGE + 24 + place[1] * STEP_Y


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def busiest(links: Iterable[Link]) -> int:
    return max((link.times or 0 for link in links), default=0)
