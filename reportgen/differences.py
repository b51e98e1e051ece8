"""What differs between two models, however they are given: found, held against rules, and written."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen import rendering
from reportgen.analysis import budget
from reportgen.analysis.diff import diff as difference_of
from reportgen.config import Style
from reportgen.errors import ConfigError
from reportgen.records import Side, records
from reportgen.report.difference import Difference
from reportgen.saying import say
from reportgen.view.diff import Broken, broken_lines, build_diff
from reportgen.view.page import Page
from reportgen.write import write_file

FORMATS: Mapping[str, str] = {"md": "Markdown", "html": "HTML", "pdf": "PDF", "json": "JSON", "text": "text"}
_SUFFIXES = {"text": "txt"}


def diff(old: Side, new: Side, **options: Any) -> Difference:
    """What differs between two models, each a record, the path of a saved ``report.json``, or a reference.

    References are built as `reportgen.build` does it, each in a process of its own; ``options`` are that function's on
    how a model is measured (``device``, ``mode``, ``inputs``, ``timeout``…).

    Raises:
        ConfigError, RegistryError: an option or a reference is wrong.
        ReportFormatError: a file is no report.
        ProbeError: there is nothing to compare, because a model could not be built.
    """
    return difference_of(*records((old, new), **options))


@dataclass(frozen=True, slots=True)
class Diff:
    """A difference, the rules that it breaks, and how both look."""

    difference: Difference
    broken: Broken

    @classmethod
    def of(cls, difference: Difference, rules: Iterable[str]) -> Diff:
        """Checks the rules, see `reportgen.analysis.budget`. Raises ConfigError where one is none, or names nothing."""
        return cls(difference, budget.broken(budget.parse_rules(rules), budget.quantities(difference)))

    @property
    def complaints(self) -> tuple[str, ...]:
        """One line a broken rule."""
        return broken_lines(self.broken, self.difference)

    def page(self, links: tuple[tuple[str, str], ...] = ()) -> Page:
        """The page that every format lays out."""
        return build_diff(self.difference, self.broken, links=links)

    def show(self, file_format: str) -> None:
        """Prints it: as text with colour where the terminal has any, or as what a file would hold."""
        if file_format == "text" and sys.stdout.isatty():
            from reportgen.render import terminal

            terminal.show(self.page())
        else:
            say(self.render(file_format).decode().rstrip("\n"))

    def render(self, file_format: str, style: Style = Style()) -> bytes:
        """A file of its own. Raises RenderError where it cannot be made."""
        return rendering.render_diff(self.page(), self.difference, file_format, style)

    def write(self, folder: Path, formats: Iterable[str], style: Style = Style()) -> tuple[Path, ...]:
        """Writes ``diff.md``, ``.html``, ``.pdf``, ``.json`` and ``.txt``, as asked for, and gives their paths."""
        files = {name: f"diff.{_SUFFIXES.get(name, name)}" for name in formats}
        for name, file in files.items():
            links = tuple((FORMATS[other], path) for other, path in files.items() if other != name)
            data = rendering.render_diff(self.page(links), self.difference, name, style)
            write_file(folder / file, data)
        return tuple(folder / file for file in files.values())


def check_rules(rules: Iterable[str]) -> None:
    """Makes sure, before any work, that each rule is one. Raises ConfigError where it is none, or names nothing."""
    budget.parse_rules(rules)


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """The formats of a difference, each once, made sure of before any work.

    Raises:
        ConfigError: there is no such format.
        RendererUnavailable: PDF cannot be made here.
    """
    asked = tuple(dict.fromkeys(formats))
    for name in asked:
        if name not in FORMATS:
            raise ConfigError(
                f"format {name!r} is not known", code="format-unknown", remedy=f"use any of {', '.join(FORMATS)}"
            )
    if "pdf" in asked:
        rendering.renderer("pdf", Style())
    return asked
