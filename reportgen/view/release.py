"""What a release says of the models in it: the text beside its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reportgen.view import names
from reportgen.view.entries import IndexEntry
from reportgen.view.listing import build_alone
from reportgen.view.page import Code, Notice, Notices, Page, Section


def build_release(entries: Sequence[IndexEntry], *, archive: str, commands: str, left_out: Sequence[str] = ()) -> Page:
    """The page.

    Args:
        entries: the models.
        archive: what the file with their reports is called.
        commands: how to check and unpack it.
        left_out: what is not in the release, and why, a line each.
    """
    page = build_alone(entries)
    missing = Notices(tuple(Notice("plain", names.brief(line, 300)) for line in left_out))
    sections = [Section("files", "Files", (Code(commands, "sh"),), intro=f"The reports are in {archive}.")]
    if left_out:
        sections.append(Section("left-out", "Left out", (missing,)))
    return replace(page, sections=(*page.sections, *sections))
