"""A model's JSON Schema as a file for editors (completion and checks while typing), without pydantic's titles."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel


def schema_text(model: type[BaseModel], title: str) -> str:
    """What to write into the `.schema.json` beside the documents."""
    schema = _without_titles(model.model_json_schema())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json.dumps({**head, **schema}, ensure_ascii=False, indent=2, sort_keys=False) + "\n"


def _without_titles(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    # a key named "title" inside `properties` would be a dictionary; pydantic's own titles are text
    return {k: _without_titles(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}
