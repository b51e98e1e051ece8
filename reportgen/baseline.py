"""What a project's models are known to be, written to a file once and checked from then on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reportgen import api, budgets
from reportgen.analysis.baseline import Drift, drifts
from reportgen.analysis.budget import Basis, parse_rules
from reportgen.built import Build
from reportgen.errors import ConfigError
from reportgen.manifest.reading import BUNDLED_MANIFEST, baseline_of
from reportgen.report.baseline import Snapshot, to_json
from reportgen.write import write_file

FILE = "reportgen.baseline.json"  # where nobody says otherwise


@dataclass(frozen=True, slots=True)
class Held:
    """Models held against a baseline: how they differ from it, and where rules were given, which they break.

    ``models`` are the names of those that were built.
    """

    path: Path
    build: Build
    models: tuple[str, ...]
    drifts: tuple[Drift, ...]
    broken: tuple[str, ...] = ()


def write(
    refs: Iterable[str] = (), *, manifest: str | Path | None = None, baseline: str | Path | None = None, **options: Any
) -> Held:
    """Writes what the models of ``refs``, or of a manifest, are; gives how that differs from what the file said before.

    With references, what the file says of other models stays; a manifest's models take the place of all. Models that
    fail, or of which not all is known, are in it as such. ``baseline`` is the file, by default the one that the
    manifest names, else ``reportgen.baseline.json``; ``options`` are those of `reportgen.build` on how a model is
    measured and how the run goes.

    Raises:
        ConfigError, RegistryError: as `reportgen.build`; or several models have one name.
        ReportFormatError: there is such a file, and it is no baseline.
        WriteError: it cannot be written.
    """
    refs, path = tuple(refs), _path(manifest, baseline)
    before = budgets.read(path) if path.exists() else {}
    build, found = _snapshots(refs, manifest, options)
    after = {**before, **found} if refs else found
    write_file(path, to_json(after).encode())
    return Held(path, build, tuple(found), drifts(before, after))


def check(
    refs: Iterable[str] = (),
    *,
    manifest: str | Path | None = None,
    baseline: str | Path | None = None,
    fail_on: Iterable[str] = (),
    **options: Any,
) -> Held:
    """Holds the models of ``refs``, or of a manifest, against a baseline; the arguments are those of `write`.

    With references, only these are looked at. ``fail_on`` are rules, ``parameters > +1%``, on the change since then.

    Raises:
        ConfigError, RegistryError: as `write`; or a rule is none, or asks for more than a baseline has.
        ReportFormatError: there is no such file, or it is no baseline.
    """
    refs, path = tuple(refs), _path(manifest, baseline)
    rules, before = parse_rules(fail_on, Basis.BASELINE), budgets.read(path)
    build, found = _snapshots(refs, manifest, options)
    known = {name: before[name] for name in found if name in before} if refs else before
    broken = tuple(budgets.complaints(((outcome, rules) for outcome in build.outcomes), before))
    if rules:
        build = replace(build, notes=(*build.notes, *budgets.remarks(build.outcomes, before)))
    return Held(path, build, tuple(found), drifts(known, found), broken)


def _path(manifest: str | Path | None, baseline: str | Path | None) -> Path:
    if baseline is not None:
        return Path(baseline)
    if manifest is None:
        return Path(FILE)
    return baseline_of(BUNDLED_MANIFEST if manifest == "bundled" else Path(manifest)) or Path(FILE)


def _snapshots(
    refs: tuple[str, ...], manifest: str | Path | None, options: Mapping[str, Any]
) -> tuple[Build, dict[str, Snapshot]]:
    """The models, built where nobody sees it, by what they are called."""
    with TemporaryDirectory(prefix="reportgen-") as folder:
        build = api.build(refs, manifest=manifest, output=folder, formats=("json",), fail_on=(), **options)
    names = Counter(map(budgets.name_of, build.outcomes))
    for name, count in names.items():
        if count > 1:
            raise ConfigError(
                f"{count} models are called {name}, and a baseline tells models apart by what they are called",
                code="baseline-ambiguous",
                remedy="give each a name of its own in the manifest",
            )
    found = {budgets.name_of(each): each.snapshot for each in build.outcomes if each.snapshot is not None}
    return build, found
