"""Writes into docs/manifest.md the table of a manifest's keys, from `reportgen.manifest.keys`, and the example."""

from __future__ import annotations

from pathlib import Path

from reportgen.manifest.keys import DEFAULTS, KEYS, MODEL, Key

PAGE = Path(__file__).resolve().parent.parent / "docs" / "manifest.md"
EXAMPLE = PAGE.with_name("example-manifest.toml")


def table() -> str:
    """The keys as a table of Markdown."""
    rows = "".join(f"| `{key.name}` | {_tables(key)} | {key.kind.words} | {_cell(key.about)} |\n" for key in KEYS)
    return f"| key | in | value | what it says |\n| --- | --- | --- | --- |\n{rows}"


def _tables(key: Key) -> str:
    tables = {"`[defaults]`": DEFAULTS, "`[[model]]`": MODEL}
    return ", ".join(name for name, keys in tables.items() if key.name in keys)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def page(text: str) -> str:
    """The page with both made anew."""
    example = f"```toml\n{EXAMPLE.read_text(encoding='utf-8')}```\n"
    for name, content in (("example", example), ("keys", table())):
        start, rest = text.split(f"<!-- {name} -->\n")
        text = f"{start}<!-- {name} -->\n{content}<!-- /{name} -->{rest.partition(f'<!-- /{name} -->')[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
