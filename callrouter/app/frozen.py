"""A configuration and its trees as they were when they were good.

The workers of a running centre read this copy: who breaks a file while the centre runs breaks nothing, not even when
a worker dies and is started again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from callrouter.app.site import Site
from callrouter.config import CallerList, Config
from callrouter.directory import DirectoryFile
from callrouter.documents import read


def freeze(site: Site) -> Path:
    """Copy what this centre is started with into its run folder; the folder of the copy's configuration."""
    live = site.layout.live
    new = live.with_name(f"{live.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(site.config.trees, new / "trees")
    frozen = {"trees": live / "trees", **_directory(site.config, new, live), **_lists(site.config, new, live)}
    write_config(site.config.model_copy(update=frozen), new / "config")
    shutil.rmtree(live, ignore_errors=True)
    new.rename(live)
    return live / "config"


def _directory(config: Config, new: Path, live: Path) -> dict[str, Path]:
    """The directory with its tables."""
    if config.directory is None:
        return {}
    target = new / "directory"
    target.mkdir(parents=True)
    shutil.copy(config.directory, target)
    file = read(config.directory).validate(DirectoryFile)
    for table in (file.departments_table, file.merchants_table):
        if table is not None:
            shutil.copy(config.directory.with_name(table), target)
    return {"directory": live / "directory" / config.directory.name}


def _lists(config: Config, new: Path, live: Path) -> dict[str, dict[str, CallerList]]:
    """The files of callers' numbers."""
    frozen = {}
    for name, part in config.lists.items():
        if part.file is not None:
            (new / "lists").mkdir(parents=True, exist_ok=True)
            shutil.copy(part.file, new / "lists" / f"{name}.txt")
            part = part.model_copy(update={"file": live / "lists" / f"{name}.txt"})
        frozen[name] = part
    return {"lists": frozen}


def write_config(config: Config, folder: Path) -> None:
    """One file that says all of it."""
    folder.mkdir(parents=True)
    said = config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(said, ensure_ascii=False, indent=2)  # YAML reads JSON, and with it no string is mistaken
    (folder / "callrouter.yaml").write_text(text, encoding="utf-8")
