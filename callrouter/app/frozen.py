"""A configuration and its trees as they were when they were good.

The workers of a running centre read this copy: who breaks a file while the centre runs breaks nothing, not even when
a worker dies and is started again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from callrouter.app.site import Site
from callrouter.config import Config


def freeze(site: Site) -> Path:
    """Copy what this centre is started with into its run folder; the folder of the copy's configuration."""
    live = site.layout.live
    new = live.with_name(f"{live.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(site.config.trees, new / "trees")
    write_config(site.config.model_copy(update={"trees": live / "trees"}), new / "config")
    shutil.rmtree(live, ignore_errors=True)
    new.rename(live)
    return live / "config"


def write_config(config: Config, folder: Path) -> None:
    """One file that says all of it."""
    folder.mkdir(parents=True)
    said = config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(said, ensure_ascii=False, indent=2)  # YAML reads JSON, and with it no string is mistaken
    (folder / "callrouter.yaml").write_text(text, encoding="utf-8")
