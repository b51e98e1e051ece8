"""What the pages name is there: files by links, modules by their paths, and commands with their options."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from reportgen.cli import commands

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
_MODULE = re.compile(r"`([a-z_]+/[a-z_/]+\.py)`")
_FOLDERS = ("reportgen", "reportgen/probe", ".")
_COMMAND = re.compile(r"(?:^\s*|`|\$ |- run: |&& )reportgen ([a-z]+(?: [a-z]+)?)([^`\n#|&]*)", re.MULTILINE)


def named(path: Path) -> str:
    """A page by its path in the repository."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    """Every link that is no address is a file beside the page."""
    links = _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    assert [] == [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_modules_are_where_they_are_said_to_be(page):
    """``probe/cost.py`` is a module of today."""
    modules = _MODULE.findall(page.read_text(encoding="utf-8"))
    assert [] == [name for name in modules if not any((ROOT / folder / name).exists() for folder in _FOLDERS)]


def options_of(words: str) -> set[str]:
    """The options of the command that the words begin with."""
    command: click.Command = commands
    for word in words.split():
        if not isinstance(command, click.Group):
            break
        assert word in command.commands, f"there is no reportgen {words}"
        command = command.commands[word]
    return {name for option in command.params for name in option.opts}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_have_the_options(page):
    """Every command that a page writes out is there, with the options that stand behind it."""
    wrong = []
    for words, rest in _COMMAND.findall(page.read_text(encoding="utf-8")):
        told = set(re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", rest))
        wrong += [f"{words}: {option}" for option in sorted(told - options_of(words))]
    assert [] == wrong
