"""``reportgen list | build | render | merge``: reports on models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reportgen.cli.options import FILE, common, or_none, output_options, run_options, select_option
from reportgen.cli.telling import UNREPORTED, line, note, summarize, tell
from reportgen.errors import SourceUnavailable
from reportgen.saying import say


@click.command("list")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.option("--source", metavar="NAME", help="Only the models of this source.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON list of objects.")
@common
def list_models(patterns: tuple[str, ...], source: str | None, as_json: bool) -> int:
    """List the models that the installed sources know, all or those that fit a PATTERN ('resnet*')."""
    from reportgen.registry.base import ModelRef
    from reportgen.registry.catalog import Catalog

    catalog = Catalog()
    named = {source, *(ModelRef.parse(pattern).source for pattern in patterns)}
    names: list[tuple[str, str]] = []
    for scheme in catalog.schemes if source is None else (source,):
        try:
            names += catalog.names(patterns, scheme)
        except SourceUnavailable as exc:
            if scheme in named:
                raise
            note(f"{exc}; {exc.remedy}")
    if not names:
        note("no model fits")
    if as_json:
        models = [{"ref": f"{scheme}:{name}", "source": scheme, "name": name} for scheme, name in names]
        say(json.dumps(models, indent=2))
    else:
        for scheme, name in names:
            say(line(f"{scheme}:{name}"))
    return 0


@click.command()
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option(
    "--manifest",
    metavar="FILE",
    help="A TOML file that lists the models, or 'bundled' for reportgen's own. Without it and any REF: reportgen.toml, "
    "else pyproject.toml with a table [tool.reportgen].",
)
@output_options
@select_option
@click.option("--device", metavar="NAME", help="meta (the default), cpu, cuda, cuda:N, mps, xpu or auto.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SPEC",
    callback=or_none,
    help="[NAME=]SHAPE[:DTYPE[:LOW-HIGH]], say 2x3x224x224 or ids=2x128:int64:0-999. Repeatable, positional first. A "
    "dotted NAME leads into lists and dictionaries: images.0=3x320x320, targets.0.boxes=1x4:float32:[8,8,24,24].",
)
@click.option(
    "--dtype",
    metavar="NAME",
    help="Cast the built model, and float32 inputs, to float64, float32, float16 or bfloat16, as model.to(dtype) does.",
)
@click.option("--mode", metavar="MODE", help="train (the default) or eval.")
@click.option("--loss", metavar="NAME", help="sum, cross_entropy, none or python:package.module:function.")
@click.option(
    "--freeze",
    multiple=True,
    metavar="GLOB",
    callback=or_none,
    help="Freeze the parameters of these names: 'layer1.*'. Repeatable.",
)
@click.option(
    "--audit",
    is_flag=True,
    default=None,
    help="Count everything again by independent means; 1 is the exit code if it differs.",
)
@click.option(
    "--measure",
    is_flag=True,
    default=None,
    help="Take seconds and peak memory too, on a real --device; they are never the same twice.",
)
@click.option(
    "--batch-scaling",
    is_flag=True,
    default=None,
    help="Tell how memory grows with the batch, from two more probes at larger ones.",
)
@click.option("--seed", type=int, metavar="N", help="Of every random generator; 0 is the default.")
@click.option(
    "--max-real-memory",
    type=float,
    metavar="GIB",
    help="What a run with real values may take, where meta is not enough; 8 is the default, 0 forbids such runs.",
)
@click.option(
    "--memory-limit",
    type=float,
    metavar="GIB",
    help="For each model on meta and cpu, on top of what the bare process takes. Default: a fair share.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE",
    callback=or_none,
    help="1 is the exit code where it holds of a model: 'flops.forward > 4.2e9', 'gradients.none > 0', or with "
    "--baseline 'parameters > +1%'. Repeatable.",
)
@click.option("--baseline", metavar="FILE", help="What rules on a change compare with; reportgen baseline makes it.")
@click.option(
    "--checkpoint",
    metavar="FILE",
    type=FILE,
    help="A file of weights to hold against the one REF: .safetensors, .pt, .bin, or the .index.json of a sharded one; "
    "1 is the exit code if it does not fit. Nothing in it is run.",
)
@click.option("--checkpoint-key", metavar="KEY", help="Where in it the tensors are, if there are several lots: ema.")
@click.option("--allow-network", "network", is_flag=True, help="Let models reach other machines.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N shares of the models; see reportgen merge.")
@click.option("--fresh", is_flag=True, help="Build everything anew, also what has not changed since the last run.")
@click.option(
    "--executor",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where the work is done: on this machine, or on the Dask cluster of --scheduler.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster: tcp://host:8786.")
@run_options
@common
def build(refs: tuple[str, ...], quiet: bool, log: str | None, executor: str, **options: Any) -> int:
    """Report on models: build each, measure it, and write its report and the index of all."""
    if (executor == "dask") != (options["scheduler"] is not None):
        raise click.UsageError("--executor dask and --scheduler ADDRESS go together")
    from reportgen import api
    from reportgen.console import progress

    if not refs and options["manifest"] is None:
        found = options["manifest"] = api.find_manifest()
        if found is not None and not quiet and log != "-":
            note(f"the models of {found}")
    with progress(quiet=quiet, log=log) as display:
        built = api.build(refs, progress=display, **options)
        tell(built, display)
    return summarize(built, quiet)


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="REPORT.json...")
@output_options
@select_option
@run_options
@common
def render(reports: tuple[Path, ...], quiet: bool, log: str | None, **options: Any) -> int:
    """Render saved reports anew. Needs no torch."""
    from reportgen import api
    from reportgen.console import progress

    with progress(quiet=quiet, log=log, builds=False) as display:
        built = api.render_saved(reports, progress=display, **options)
        tell(built, display)
    summarize(built, quiet)
    return 0 if built.rendered else UNREPORTED  # what a report says is no failure to render it


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR...")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to.")
@common
def merge(folders: tuple[Path, ...], output: Path) -> int:
    """Put the reports of several runs, the shards of one say, into one folder, with one index."""
    from reportgen import api
    from reportgen.view.numbers import plural

    count = api.merge(folders, output=output)
    say(f"{plural(count, 'model')}: {output / 'index.html'}")
    return 0
