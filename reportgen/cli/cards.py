"""``reportgen card``: sections of a model card that stay true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli.options import common, reference_options
from reportgen.cli.reading import read
from reportgen.cli.telling import BROKEN, UNREPORTED
from reportgen.errors import ConfigError
from reportgen.saying import say

if TYPE_CHECKING:
    from reportgen.release.card import Kind


@click.command()
@click.argument("refs", nargs=-1, required=True, metavar="REF_OR_REPORT.json...")
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The card, README.md say. Where there is none, one is begun from a template.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; where the card is stale show a diff, and 1 is the exit code."
)
@click.option(
    "--section",
    "kind",
    type=click.Choice(["summary", "full", "table", "facts"]),
    default="summary",
    show_default=True,
    help="The key figures; the report without its long ledgers; a row a model; or what Annexes XI and XII of the EU's "
    "AI Act ask about, as far as it is known.",
)
@click.option(
    "--id", "ids", multiple=True, metavar="NAME", help="Of the section, in place of the reference. One a model."
)
@click.option("--title", "titles", multiple=True, metavar="TEXT", help="The section's heading. One a model.")
@click.option(
    "--level",
    type=click.IntRange(1, 6),
    metavar="N",
    help="Of the heading. Default: one below 'Model Architecture and Objective' where it stands there, else 2.",
)
@click.option(
    "--flavor",
    type=click.Choice(["hub", "github", "plain"]),
    default="hub",
    show_default=True,
    help="Where the card is read.",
)
@click.option(
    "--metadata",
    is_flag=True,
    help="Add what is known of library_name, pipeline_tag, license and tags to the front matter.",
)
@click.option("--license", "licence", metavar="ID", help="The model's. Default: what the card's front matter says.")
@click.option(
    "--templates",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder whose templates replace reportgen's own of the same name: md/card.md.j2, md/section.md.j2.",
)
@reference_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and, with --check, the diff.")
@common
def card(
    refs: tuple[str, ...],
    *,
    into: Path,
    check: bool,
    kind: Kind,
    ids: tuple[str, ...],
    titles: tuple[str, ...],
    level: int | None,
    flavor: str,
    metadata: bool,
    licence: str | None,
    templates: Path | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Keep the sections of a model card true: those between reportgen's two markers, and no byte else.

    A model is a saved report.json, or a reference, which is built.
    """
    from reportgen.release import front_matter, markers
    from reportgen.release.card import Layout, parts, update
    from reportgen.release.metadata import Metadata

    old, file = _read(into), str(into)
    markers.check(old or "", file=file)
    if licence is None and kind in {"full", "facts"}:
        licence = front_matter.licence(old or "", file=file)
    reports = read(refs, quiet=quiet, **options)
    if reports is None:
        return UNREPORTED
    sections = parts(reports, kind, ids=ids, titles=titles, licence=licence)
    new = update(old, sections, file=file, layout=Layout(flavor, templates, level))
    if metadata:
        new = front_matter.add(new, Metadata.of(reports, licence=licence), file=file)
    return _check(into, old, new, quiet=quiet) if check else _write(into, old, new, quiet=quiet)


def _read(path: Path) -> str | None:
    """The text of the card, every line end as it is; None where there is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        raise ConfigError(
            f"{path}, line {line}: the byte {exc.object[exc.start]:#04x} is no text in UTF-8",
            code="card-encoding",
            remedy="save the file in UTF-8",
        ) from exc
    except OSError as exc:
        raise ConfigError(
            f"cannot read {path}: {exc.strerror or exc}", code="card-encoding", remedy="name a file that can be read"
        ) from exc


def _check(path: Path, old: str | None, new: str, *, quiet: bool) -> int:
    from reportgen.release.card import diff

    if old != new:
        say(diff(old, new, str(path)).rstrip("\n"))
        return BROKEN
    if not quiet:
        say(f"{path} is up to date")
    return 0


def _write(path: Path, old: str | None, new: str, *, quiet: bool) -> int:
    from reportgen.write import write_file

    if old != new:
        write_file(path.resolve(), new.encode())  # what a link leads to, not the link
    if not quiet:
        done = "is new, with places for people to fill in" if old is None else "has changed"
        say(f"{path} {'is up to date' if old == new else done}")
    return 0
