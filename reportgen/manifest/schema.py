"""The JSON Schema of manifests, for editors: ``python -m reportgen.manifest.schema`` writes ``manifest.schema.json``.

It is of draft 4, the one that editors of TOML understand. It accepts whatever `read_manifest` does; a few mistakes only
that finds: docs/manifest.md names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportgen.manifest.keys import DEFAULTS, MODEL, WILDCARD, Key

SCHEMA_FILE = Path(__file__).with_name("manifest.schema.json")


def json_schema() -> dict[str, Any]:
    """The schema of a whole ``reportgen.toml``, or of the table ``[tool.reportgen]`` in a ``pyproject.toml``."""
    wildcard = {"pattern": WILDCARD}
    model = {
        **_table("A model to report on, or several where `ref` has a wildcard.", MODEL),
        "required": ["ref"],
        "allOf": [
            {"not": {"required": ["name"], "properties": {"ref": wildcard}}},
            {"not": {"required": ["checkpoint"], "properties": {"ref": wildcard}}},
            {"not": {"required": ["checkpoint_key"], "not": {"required": ["checkpoint"]}}},
            {"not": {"required": ["exclude"], "properties": {"ref": {"not": wildcard}}}},
        ],
    }
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "reportgen manifest",
        "description": "Which models reportgen reports on, and how.",
        "type": "object",
        "properties": {
            "defaults": _table("What holds for every model that does not say otherwise.", DEFAULTS),
            "model": {"type": "array", "minItems": 1, "items": model},
        },
        "required": ["model"],
        "additionalProperties": False,
    }


def text() -> str:
    """The schema as it is in ``manifest.schema.json``."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _table(description: str, keys: Mapping[str, Key]) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "properties": {name: {"description": key.about, **key.kind.json_schema()} for name, key in keys.items()},
        "additionalProperties": False,
    }


if __name__ == "__main__":
    SCHEMA_FILE.write_text(text(), encoding="utf-8")
