"""``reportgen manifest check | schema``."""

from __future__ import annotations

import click

from reportgen.cli.options import common
from reportgen.cli.telling import line, note
from reportgen.saying import say


@click.group("manifest")
def manifests() -> None:
    """Check a manifest, the TOML file that lists what to build, or print its JSON Schema."""


@manifests.command("check")
@click.argument("file", required=False, metavar="[FILE]")
@common
def check_manifest(file: str | None) -> int:
    """Tell how many models each entry of FILE means, or everything that is wrong with it.

    FILE is by default what build takes: reportgen.toml, else pyproject.toml with a table [tool.reportgen]. No model is
    built.
    """
    from reportgen import api
    from reportgen.view.numbers import plural

    checked = api.check_manifest(file)
    say(f"{checked.path}: {plural(len(checked.entries), 'entry', 'entries')}, {plural(checked.models, 'model')}")
    for number, each in enumerate(checked.entries, start=1):
        left_out = f", {each.excluded:,} left out" if each.excluded else ""
        say(f"  [[model]] {number} ({line(each.entry.ref)}): {plural(len(each.models), 'model')}{left_out}")
    for pattern in checked.idle:
        note(f"exclude {pattern!r} leaves out no model; take it out, or correct it")
    return 0


@manifests.command("schema")
@common
def print_schema() -> int:
    """Print the JSON Schema of manifests, for editors."""
    from reportgen.manifest import schema

    say(schema.text().rstrip())
    return 0
