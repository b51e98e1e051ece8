"""The hand-made records that the other tests stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.report.verify import contradictions

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


def test_records_agree_with_themselves(any_report: ModelReport) -> None:
    """A hand-made record is one that the reader accepts."""
    assert () == contradictions(any_report)


def test_counts_are_those_added_up_by_hand(
    frozen_sequential: ModelReport, tied_gpt: ModelReport, transformer12: ModelReport
) -> None:
    """58 = 40 frozen + 18; 2,624 = 928 + 2·840 + 16, of which 800 are declared twice; 11,024 = 928 + 12·840 + 16."""
    totals = [report.totals.parameters for report in (frozen_sequential, tied_gpt, transformer12)]
    assert [(58, 58, 18, 40), (3_424, 2_624, 2_624, 0), (11_824, 11_024, 11_024, 0)] == [
        (total.declared, total.unique, total.trainable, total.frozen) for total in totals
    ]
