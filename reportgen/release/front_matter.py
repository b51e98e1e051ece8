"""The YAML at the head of a model card: read, and added to, without changing a line that is there.

It is parsed to know where things stand, and lines are put between those of the file; nothing is ever written anew from
what was parsed. So comments, quotes, order and ``1.10`` stay, and what a person wrote wins over what a record says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reportgen.errors import ConfigError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

    from reportgen.release.metadata import Metadata

_BLOCK = re.compile(
    r"\A(\ufeff?---[ \t]*(?:\r\n|\r|\n))((?:.*?(?:\r\n|\r|\n))??)(---[ \t]*(?:\r\n|\r|\n|\Z))", re.DOTALL
)
_ENDING = re.compile(r"\r\n|\r|\n")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/+-]*")
_NOT_TEXT = {"y", "n", "yes", "no", "true", "false", "on", "off", "null"}  # in one version of YAML or another


def length(text: str) -> int:
    """How many characters of a file are front matter: those to the end of its second line ``---``."""
    block = _BLOCK.match(text)
    return block.end() if block else 0


def licence(text: str, *, file: str) -> str | None:
    """The licence that a card names in its front matter; None where it names none.

    Raises:
        ConfigError: the front matter is no YAML of keys and values.
    """
    block = _BLOCK.match(text)
    found = _parse(block[2], file) if block else {}
    value = found.get("license")
    if value == "other":
        value = found.get("license_name", value)
    return ", ".join(map(str, value)) if isinstance(value, list) else None if value is None else str(value)


def add(text: str, metadata: Metadata, *, file: str) -> str:
    """The text of a card whose front matter has the metadata: keys and tags that it lacks are added, a line each.

    Raises:
        ConfigError: the front matter is no YAML of keys and values, or its tags are no list.
    """
    ending = (_ENDING.search(text) or ["\n"])[0]
    block = _BLOCK.match(text)
    if block:
        head, yaml, rest = block[1], block[2], text[block.end(2) :]
    else:
        mark = "\ufeff" * text.startswith("\ufeff")
        head, yaml, rest = f"{mark}---{ending}", "", f"---{ending}{ending}{text.removeprefix(mark)}"
    return head + _extended(yaml, metadata, ending, file) + rest


def _extended(yaml: str, metadata: Metadata, ending: str, file: str) -> str:
    old = _parse(yaml, file)
    tags = old.get("tags") or []
    if not isinstance(tags, list):
        raise _refusal(f"{file}: the tags in its front matter are no list", f"write them as one: tags: [{tags}]")
    missing = [tag for tag in metadata.tags if tag not in tags]
    lines = [f"{key}: {_scalar(value)}" for key, value in metadata.scalars() if key not in old]
    if "tags" not in old:
        lines += ["tags:", *(f"- {_scalar(tag)}" for tag in missing)]
    new = _with_tags(yaml, missing, ending) if "tags" in old and missing else yaml
    new += "".join(line + ending for line in lines)
    wanted = dict(metadata.scalars()) | old | {"tags": [*tags, *missing]}
    if not _says(new, wanted, file):
        raise _refusal(
            f"{file}: nothing can be added to its front matter as it is written",
            "write one key: value a line, and tags as a list; or leave --metadata out",
        )
    return new


def _with_tags(yaml: str, tags: Sequence[str], ending: str) -> str:
    """The YAML, which has a key for tags, with more of them behind its own."""
    from ruamel.yaml import YAML

    root: Node = YAML(typ="safe", pure=True).compose(yaml)
    key, value = next(pair for pair in root.value if pair[0].value == "tags")
    items = list(map(_scalar, tags))
    own: list[Node] = value.value if isinstance(value.value, list) else []
    if getattr(value, "flow_style", False):
        place = value.end_mark.index - 1
        return f"{yaml[:place]}{', ' if own else ''}{', '.join(items)}{yaml[place:]}"
    place = _next_line(yaml, own[-1].end_mark.index if own else key.end_mark.index)
    indent = " " * (value if own else key).start_mark.column
    return yaml[:place] + "".join(f"{indent}- {item}{ending}" for item in items) + yaml[place:]


def _next_line(text: str, index: int) -> int:
    """Where the line after that place begins; the place itself where a line begins there."""
    if index and text[index - 1] in "\r\n":
        return index
    found = _ENDING.search(text, index)
    return found.end() if found else len(text)


def _scalar(value: str) -> str:
    """The text in YAML: as it is where that is a text, else in double quotes."""
    plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT
    return value if plain else json.dumps(value, ensure_ascii=False)


def _says(yaml: str, values: dict[str, Any], file: str) -> bool:
    try:
        return _parse(yaml, file) == values
    except ConfigError:
        return False


def _parse(yaml: str, file: str) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(yaml)
    except (YAMLError, ValueError) as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f", line {mark.line + 2}" if mark else ""
        cause = getattr(exc, "problem", None) or str(exc)
        raise _refusal(f"{file}{where}: the front matter is no YAML: {cause}", "correct it") from exc
    if not isinstance(values, dict | None):
        raise _refusal(f"{file}: its front matter has no keys and values", "write one key: value a line")
    return values or {}


def _refusal(cause: str, remedy: str) -> ConfigError:
    return ConfigError(cause, code="card-front-matter", remedy=remedy)
