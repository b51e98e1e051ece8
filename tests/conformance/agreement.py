"""What this project says beside what is known: by hand, or published. For the tests, and for `make truth`."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reportgen.config import ProbeOptions
from reportgen.probe import probe
from reportgen.registry.catalog import Catalog
from reportgen.report.schema import ModelReport

HERE = Path(__file__).parent
INFERENCE = ProbeOptions(mode="eval", loss="none")


def cases(name: str, kind: str = "case") -> list[dict[str, Any]]:
    """The entries of one of the TOML files beside this one."""
    entries: list[dict[str, Any]] = tomllib.loads((HERE / name).read_text(encoding="utf-8"))[kind]
    return entries


def measured(reference: str) -> ModelReport:
    """The record of a model in evaluation; ``{here}`` in a reference is this folder."""
    return probe(Catalog().spec(reference.replace("{here}", HERE.as_posix())), INFERENCE)


def said(case: dict[str, Any]) -> dict[str, Any]:
    """What the record says of each of the case's values."""
    totals = measured(case["ref"]).to_dict()["totals"]
    figures: dict[str, Any] = {}
    for path in case["values"]:
        value: Any = totals
        for name in ("macs.forward" if path == "gmacs" else path).split("."):
            value = value[name]
        figures[path] = round(value / 1e9, 3) if path == "gmacs" else value
    return figures


@dataclass(frozen=True, slots=True)
class Row:
    """A row of timm's published table: millions of parameters, and fvcore's flops in billions, to two decimals."""

    model: str
    img_size: int
    params: float
    gmacs: float


def timm_rows() -> tuple[Row, ...]:
    """All rows of `timm_facts.csv`."""
    with (HERE / "timm_facts.csv").open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple(Row(row["model"], int(row["img_size"]), float(row["params"]), float(row["gmacs"])) for row in rows)


@dataclass(frozen=True, slots=True)
class TimmResult:
    """This project's figures for a row, to the same decimals; ``cause`` says why they are not the published ones.

    ``accounted``: what they become when that cause is taken into account; the figures themselves where there is none.
    """

    row: Row
    params: float
    gmacs: float
    cause: str | None = None
    accounted: tuple[float, float] | None = None

    @property
    def published(self) -> tuple[float, float]:
        """The row's figures."""
        return self.row.params, self.row.gmacs

    @property
    def agrees(self) -> bool:
        """Whether both figures are the published ones, to the last published digit."""
        return (self.params, self.gmacs) == self.published

    @property
    def explained(self) -> bool:
        """Whether they are so at least with the cause taken into account."""
        return self.agrees or self.accounted == self.published


def compare_timm(row: Row) -> TimmResult:
    """Measures a row's model at its size, re-parameterised as the published one was."""
    report = measured(f"timm:{row.model}?img_size={row.img_size}&reparameterize=true")
    params, gmacs = _figures(report)
    if (params, gmacs) == (row.params, row.gmacs):
        return TimmResult(row, params, gmacs)
    cause = next((each for each in cases("timm_causes.toml", "cause") if fnmatchcase(row.model, each["models"])), None)
    if cause is None:
        return TimmResult(row, params, gmacs)
    if "published_of" in cause:
        other = measured(f"timm:{cause['published_of']}?img_size={row.img_size}&reparameterize=true")
        return TimmResult(row, params, gmacs, cause["text"], _figures(other))
    left_out = cause["share"] * own_macs(report, lambda path: any(fnmatchcase(path, glob) for glob in cause["modules"]))
    return TimmResult(row, params, gmacs, cause["text"], _figures(report, left_out))


def own_macs(report: ModelReport, chosen: Callable[[str], bool]) -> float:
    """MACs of the modules whose paths are chosen, without what the modules in them did."""
    flops = {module.path: module.flops_forward or 0 for module in report.modules}
    parts = dict.fromkeys(flops, 0)
    for path, work in flops.items():
        parent = path.rpartition(".")[0]
        if path and parent in parts:
            parts[parent] += work
    return sum(flops[path] - parts[path] for path in flops if chosen(path)) / 2


def _figures(report: ModelReport, left_out: float = 0.0) -> tuple[float, float]:
    conventions = report.totals.flops.conventions
    macs = float("nan") if conventions is None else conventions.fvcore - left_out
    return round((report.totals.parameters.unique or 0) / 1e6, 2), round(macs / 1e9, 2)
