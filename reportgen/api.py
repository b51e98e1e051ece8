"""The public functions; see `reportgen` for where they are meant to be called from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from reportgen import budgets, rendering
from reportgen.analysis.budget import Basis, parse_rules
from reportgen.appearance import Appearance, brand_of, style_of
from reportgen.built import Build
from reportgen.config import BatchOptions, ProbeOptions, RenderOptions, Shard, Style, parse_formats
from reportgen.errors import AmbiguousModel, ConfigError
from reportgen.example_inputs import ExampleInputs, specs_of
from reportgen.manifest import checking, reading
from reportgen.manifest.checking import Meant
from reportgen.manifest.entries import Manifest
from reportgen.manifest.reading import BUNDLED_MANIFEST, manifest_of, read_manifest
from reportgen.registry.base import InputSpec
from reportgen.report import codec
from reportgen.report.schema import ModelReport
from reportgen.runs import batch, merging, saved
from reportgen.runs.batch import Progress
from reportgen.runs.planning import sources_of
from reportgen.workers import executors

if TYPE_CHECKING:
    from torch import nn


_WHAT = "give model references, or --manifest FILE, or write a reportgen.toml here"


def probe(
    target: str | nn.Module,
    inputs: ExampleInputs = (),
    *,
    device: str = "meta",
    dtype: Literal["float64", "float32", "float16", "bfloat16"] | None = None,
    mode: Literal["train", "eval"] = "train",
    loss: str | None = None,
    seed: int = 0,
    freeze: Sequence[str] = (),
    audit: bool = False,
    max_real_memory: float = 8.0,
    measure: bool = False,
    batch_scaling: bool = False,
) -> ModelReport:
    """Measures one model, in this process.

    Args:
        target: a model reference, ``torchvision:resnet50``, or a live module, which is left as it was.
        inputs: what goes in: texts, ``2x3x224x224`` or ``input_ids=2x128:int64:0-999``; or examples, a tensor, a tuple
            of them, or a dictionary of them by the names of arguments, of which shapes, dtypes and the range of
            integers are taken; none are the source's own.
        device: ``meta``, ``cpu``, ``cuda``, ``cuda:N``, ``mps``, ``xpu`` or ``auto``.
        dtype: what the built model's floating parameters and buffers are cast to, as ``model.to(dtype)`` does, and
            float32 inputs with them; None casts nothing.
        mode: whether the module is in training or in evaluation mode.
        loss: ``sum``, ``cross_entropy``, ``none`` or ``python:package.module:function``; None is the source's own.
        seed: of every random generator.
        freeze: patterns of parameter names whose ``requires_grad`` is switched off.
        audit: whether everything is counted again by independent means; the record then says what agreed.
        max_real_memory: GiB that a run with real values may take, where meta is not enough; 0 forbids such runs.
        measure: whether seconds and peak memory are taken as well, on another device than ``meta``.
        batch_scaling: whether to tell how memory grows with the batch, from two more probes at larger ones.

    Returns:
        The record. A model whose code fails gives a partial or failed one, which says why.

    Raises:
        ConfigError, RegistryError: an option or the reference is wrong.
        DeviceUnavailable: the device is not on this machine.
    """
    from reportgen.probe import probe as ask
    from reportgen.registry.catalog import Catalog

    options = ProbeOptions(
        device=device,
        dtype=dtype,
        mode=mode,
        loss=loss,
        seed=seed,
        freeze=tuple(freeze),
        inputs=specs_of(inputs, getattr(target, "forward", None)),
        audit=audit,
        max_real_memory=max_real_memory,
        measure=measure,
        batch_scaling=batch_scaling,
    )
    if not isinstance(target, str):
        return ask(target, options)
    catalog = Catalog()
    refs = catalog.expand(target)
    if len(refs) != 1:
        raise AmbiguousModel(
            f"{target!r} names {len(refs)} models, and one is measured at a time", remedy="use reportgen.build for many"
        )
    return ask(catalog.spec(refs[0]), options)


def load(path: str | Path) -> ModelReport:
    """Reads a ``report.json``.

    Raises:
        ReportFormatError: it cannot be read, or does not fit the schema; says where.
    """
    return codec.load(Path(path))


def render(
    report: ModelReport, file_format: str, *, select: Sequence[str] = (), **appearance: Unpack[Appearance]
) -> bytes:
    """The report as a file of its own, ``md``, ``html``, ``pdf``, ``json`` or what an installed package adds. No torch.

    ``select`` are patterns of parameter names; the parameter tables then hold only those. ``appearance``: see
    `Appearance`.

    Raises:
        ConfigError: an unknown format, or a file that cannot be used.
        RenderError: it cannot be made.
    """
    formats = parse_formats((file_format,))
    options = RenderOptions(formats, tuple(select), Style(**style_of(appearance)), brand_of(appearance))
    return rendering.render(report, formats[0], options)


def build(
    refs: str | Iterable[str] = (),
    *,
    manifest: str | Path | None = None,
    output: str | Path = "reports",
    formats: Iterable[str] | None = None,
    select: Iterable[str] | None = None,
    device: str | None = None,
    dtype: str | None = None,
    mode: str | None = None,
    loss: str | None = None,
    seed: int | None = None,
    freeze: Iterable[str] | None = None,
    inputs: Iterable[str | InputSpec] | None = None,
    audit: bool | None = None,
    max_real_memory: float | None = None,
    measure: bool | None = None,
    batch_scaling: bool | None = None,
    fail_on: Iterable[str] | None = None,
    baseline: str | Path | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_key: str | None = None,
    jobs: int | None = None,
    timeout: float | None = 600.0,
    memory_limit: float | None = None,
    network: bool = False,
    fresh: bool = False,
    shard: str | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    **appearance: Unpack[Appearance],
) -> Build:
    """Reports on every model of ``refs``, wildcards allowed, or of a manifest, each in a process of its own.

    What is given here wins over what a manifest says; None leaves it to the manifest, or to the defaults of `probe` and
    all formats (PDF only where Pango is installed). ``manifest`` is a TOML file, or ``bundled`` for reportgen's own;
    ``jobs`` is the number of models at a time, ``timeout`` in seconds and ``memory_limit`` in GiB hold for one model,
    which may reach other machines only with ``network``. What a run before left stands where it would be made from the
    same things again, unless ``fresh``. ``shard`` ``i/n`` takes the i-th of n shares of the models, see `merge`;
    ``scheduler``, ``tcp://host:8786``, has the work done by a Dask cluster. ``fail_on`` are rules that the models must
    not break, ``flops.forward > 4.2e9``; those on a change, ``parameters > +1%``, compare with ``baseline``, the file
    that `reportgen.baseline.write` makes. ``checkpoint`` is a file of weights to hold against the one model that
    ``refs`` names, see `with_checkpoint`. ``appearance``: see `Appearance`.

    Raises:
        ConfigError, RegistryError: an option, the manifest, a rule or a reference is wrong.
        ReportFormatError: ``baseline`` cannot be read, or is none.
        RendererUnavailable: PDF is asked for by name, and cannot be made here.
        WriteError: ``output`` cannot be written in.
    """
    given = {
        "device": device,
        "dtype": dtype,
        "mode": mode,
        "loss": loss,
        "seed": seed,
        "freeze": None if freeze is None else tuple(freeze),
        "inputs": None if inputs is None else _input_specs(inputs),
        "audit": audit,
        "max_real_memory": max_real_memory,
        "measure": measure,
        "batch_scaling": batch_scaling,
        "fail_on": None if fail_on is None else parse_rules(fail_on, Basis.BASELINE),
        "baseline": None if baseline is None else Path(baseline),
        "checkpoint": None if checkpoint is None else Path(checkpoint),
        "checkpoint_key": checkpoint_key,
        "formats": None if formats is None else parse_formats(formats),
        "select": None if select is None else tuple(select),
        **style_of(appearance),
    }
    wanted = _manifest(
        (refs,) if isinstance(refs, str) else tuple(refs),
        manifest,
        {key: value for key, value in given.items() if value is not None},
    )
    before = budgets.older(wanted)
    brand = brand_of(appearance)
    entries = [replace(entry, brand=brand.over(entry.brand)) for entry in wanted.models]
    chosen, notes = rendering.render_options(wanted.formats, wanted.select, wanted.style, brand.over(wanted.brand))
    share = None if shard is None else Shard.parse(shard)
    options = BatchOptions(Path(output), jobs, timeout, memory_limit, network, fresh, share, scheduler)
    run = batch.run(entries, chosen, options, progress=progress)
    rules = (entry.fail_on for entry in run.entries)
    broken = tuple(budgets.complaints(zip(run.outcomes, rules, strict=True), before or {}))
    notes += tuple(budgets.remarks(run.outcomes, before or {}))
    if baseline is not None and before is None:
        notes += (f"nothing was compared with {baseline}: no rule is on a change; add --fail-on differs, say",)
    return Build(options.output, run.outcomes, notes, run.problems, broken)


def find_manifest(folder: str | Path = ".") -> Path | None:
    """The manifest that a folder has: ``reportgen.toml``, else ``pyproject.toml`` with a table ``[tool.reportgen]``.

    Raises:
        ConfigError: there is a ``pyproject.toml`` that is no TOML.
    """
    return reading.find_manifest(Path(folder))


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """What a manifest amounts to: its entries, how many models in all, and patterns to exclude that exclude nothing."""

    path: Path
    entries: tuple[Meant, ...]
    models: int  # each once, however many entries mean it in the same way
    idle: tuple[str, ...]


def check_manifest(manifest: str | Path | None = None) -> CheckedManifest:
    """Reads a manifest, by default that of the working directory, and looks its models up; builds none of them.

    Raises:
        ConfigError: everything that is wrong in it, or there is none.
    """
    path = find_manifest() if manifest is None else Path(manifest)
    if path is None:
        raise ConfigError(
            "there is no manifest here", code="build-what", remedy="name one, or write a reportgen.toml here"
        )
    path = BUNDLED_MANIFEST if manifest == "bundled" else path
    entries = read_manifest(path).models
    meant = checking.look_up(entries, executors.local(BatchOptions(), sources_of(entries)))
    models = {each.entry.alone(ref) for each in meant for ref in each.models}
    return CheckedManifest(path, meant, len(models), checking.idle_patterns(meant))


def merge(folders: Iterable[str | Path], *, output: str | Path) -> int:
    """Puts the reports of several runs into one folder with one index, and gives their number. Needs no torch.

    Raises:
        ConfigError: a folder without an index, or two with different reports under one name.
        WriteError: ``output`` cannot be written in.
    """
    return merging.merge([Path(folder) for folder in folders], Path(output))


def render_saved(
    reports: Iterable[str | Path],
    *,
    output: str | Path,
    formats: Iterable[str] | None = None,
    select: Iterable[str] | None = None,
    jobs: int | None = None,
    timeout: float | None = 600.0,
    progress: Progress | None = None,
    **appearance: Unpack[Appearance],
) -> Build:
    """Renders saved ``report.json`` files anew, as `build` would have, each in a process of its own. Needs no torch.

    A file that cannot be read is a failed outcome, and keeps none of the others back. ``jobs`` and ``timeout``: see
    `build`. ``appearance``: see `Appearance`.

    Raises:
        ConfigError: an unknown format, or a file that cannot be used.
        ReportFormatError: not one of the files is a report.
        RendererUnavailable, WriteError: as `build`.
    """
    chosen = None if formats is None else parse_formats(formats)
    options, notes = rendering.render_options(chosen, select or (), Style(**style_of(appearance)), brand_of(appearance))
    run = saved.render_saved(
        [Path(report) for report in reports], options, BatchOptions(Path(output), jobs, timeout), progress=progress
    )
    return Build(Path(output), run.outcomes, notes, run.problems)


def _manifest(refs: Sequence[str], manifest: str | Path | None, given: Mapping[str, Any]) -> Manifest:
    if bool(refs) == (manifest is not None):
        raise ConfigError(
            "model references and a manifest together" if refs else "nothing to build",
            code="build-what",
            remedy="give model references or a manifest, not both" if refs else _WHAT,
        )
    if manifest is not None:
        if "checkpoint" in given or "checkpoint_key" in given:
            raise ConfigError(
                "one checkpoint for a whole manifest",
                code="checkpoint-models",
                remedy='write checkpoint = "FILE" beside the ref that it belongs to',
            )
        return read_manifest(BUNDLED_MANIFEST if manifest == "bundled" else Path(manifest), given)
    return manifest_of(refs, given)


def _input_specs(inputs: Iterable[str | InputSpec]) -> tuple[InputSpec, ...]:
    return tuple(InputSpec.parse(spec) if isinstance(spec, str) else spec for spec in inputs)
