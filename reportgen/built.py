"""What a run left, as Python and notebooks see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import presenting
from reportgen.errors import ConfigError
from reportgen.report import codec
from reportgen.report.schema import ModelReport
from reportgen.runs.batch import entry_of
from reportgen.runs.tasks import Outcome
from reportgen.view.entries import IndexEntry, subtitle

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Build:
    """What a run left: its folder, one outcome a model, and remarks on and problems of the run as a whole.

    ``broken`` has one line for each rule that a model breaks. In a notebook it shows itself: the report where there is
    one model, else a table of them.
    """

    output: Path
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every model was reported on completely, in every format, and the index is there."""
        return all(outcome.ok for outcome in self.outcomes) and not self.problems

    @property
    def rendered(self) -> bool:
        """Whether every report, whatever it says, is there in every format, and so is the index."""
        return all(outcome.rendered for outcome in self.outcomes) and not self.problems

    @property
    def exit_code(self) -> int:
        """0; 3 where models could not be reported, or no index written; else 1 where a check failed.

        That is where a report contradicts itself or differs from its audit, a checkpoint does not fit, or a rule is
        broken.
        """
        if not self.ok:
            return 3
        return 0 if all(outcome.sound for outcome in self.outcomes) and not self.broken else 1

    @property
    def reports(self) -> tuple[ModelReport, ...]:
        """The records, in the order of the outcomes, read from the folder.

        Raises:
            ConfigError: JSON was not among the formats.
            ReportFormatError: one is not there any more, or was changed.
        """
        files = [self.output / outcome.slug / "report.json" for outcome in self.outcomes]
        if not all(file.is_file() for file in files):
            raise ConfigError(
                f"{self.output} has no report.json of every model",
                code="no-record",
                remedy="build with json among the formats",
            )
        return tuple(map(codec.load, files))

    @property
    def report(self) -> ModelReport:
        """The record of the one model.

        Raises:
            ConfigError: there are none or several, or JSON was not among the formats.
        """
        if len(self.outcomes) != 1:
            raise ConfigError(
                f"there are {len(self.outcomes)} models", code="no-record", remedy="take one of its reports"
            )
        return self.reports[0]

    def to_dataframe(self) -> pd.DataFrame:
        """A row for each model; `ModelReport.to_dataframe` has what is in one.

        Raises:
            RendererUnavailable: pandas is not installed, or does not load.
        """
        return presenting.models_dataframe(self._entries)

    def save(self, path: str | Path) -> Path:
        """Writes the report on the one model: see `ModelReport.save`."""
        return self.report.save(path)

    @property
    def _entries(self) -> tuple[IndexEntry, ...]:
        return tuple(map(entry_of, self.outcomes))

    @property
    def _alone(self) -> ModelReport | None:
        """The record of the one model, where it can be had."""
        has = len(self.outcomes) == 1 and (self.output / self.outcomes[0].slug / "report.json").is_file()
        return self.report if has else None

    def _repr_html_(self) -> str:
        report = self._alone
        return presenting.models_html(self._entries) if report is None else presenting.html(report)

    def _repr_markdown_(self) -> str:
        report = self._alone
        return presenting.models_markdown(self._entries) if report is None else presenting.markdown(report)

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(f"<Build {self.output}: {subtitle(self._entries)}>")
