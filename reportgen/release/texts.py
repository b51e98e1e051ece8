"""Texts of foreign code in files for programs."""

from __future__ import annotations

import json
from typing import Any


def sound(text: str) -> str:
    r"""The text, with halves of surrogate pairs, which no encoding of Unicode has, as a visible ``\ud800``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def json_text(document: Any) -> str:
    """A JSON file: ASCII, indented, ending in a newline."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
