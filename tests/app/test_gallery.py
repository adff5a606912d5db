"""The gallery of the trees that ship shows them as they are."""

from pathlib import Path

import pytest

from callrouter.app.tree_files import open_tree, tree_files
from callrouter.tree.proof.links import links
from callrouter.tree.proof.mermaid import mermaid

PROJECT = Path(__file__).parents[2]
GALLERY = (PROJECT / "docs/trees-that-ship.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", tree_files([], PROJECT / "ivr_trees"), ids=lambda file: file.stem)
def test_every_tree_is_in_the_gallery_and_drawn_as_it_is(file: Path) -> None:
    tree = open_tree(file, None).tree
    assert tree is not None
    _, heading, chapter = GALLERY.partition(f"\n## {file.stem}\n")
    assert heading, f"write about {file.stem} in docs/trees-that-ship.md"
    drawing = chapter.partition("```mermaid\n")[2].partition("```")[0]
    assert drawing == mermaid(tree, links(tree)), f"draw it anew: callrouter tree draw {file.name} {file.stem}.mmd"
