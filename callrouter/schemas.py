"""The JSON Schemas that editors use for our documents. `python -m callrouter.schemas` writes them anew."""

from __future__ import annotations

from pathlib import Path

from callrouter.config import Config
from callrouter.directory import DirectoryFile
from callrouter.documents import schema_text
from callrouter.tree.model import TreeFile
from callrouter.tree.proof.cases import CaseFile


def schema_files() -> dict[Path, str]:
    """Where each schema belongs in the project, and what must be in it."""
    return {
        Path("config/config.schema.json"): schema_text(Config, "callrouter: the configuration"),
        Path("config/directory.schema.json"): schema_text(DirectoryFile, "callrouter: the directory"),
        Path("ivr_trees/tree.schema.json"): schema_text(TreeFile, "callrouter: a decision tree"),
        Path("ivr_trees/test.schema.json"): schema_text(CaseFile, "callrouter: tests of a decision tree"),
    }


if __name__ == "__main__":
    for file, text in schema_files().items():
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file}")
