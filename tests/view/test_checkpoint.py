"""The section on a checkpoint, and what else says whether it fits."""

from __future__ import annotations

import pytest

from reportgen.analysis.weights import check
from reportgen.report.checkpoint import StoredFile, StoredTensor, Weights
from reportgen.view.build import build
from reportgen.view.overview import command
from reportgen.view.page import Code, Facts, Notices
from reportgen.view.short import build_checkpoint


@pytest.fixture
def beside(frozen_sequential, replace):
    """The record of a small model with a file that holds its tensors, in another shape, dtype or name where given."""

    def make(changes=None, *, prefix="", **fields):
        rows = {
            row.name: StoredTensor(row.name, row.shape, row.dtype, row.bytes) for row in frozen_sequential.parameters
        }
        rows |= {name: StoredTensor(name, *given) for name, given in (changes or {}).items()}
        tensors = tuple(StoredTensor(prefix + row.name, row.shape, row.dtype, row.bytes) for row in rows.values())
        files = (StoredFile("m.pt", 5_000),)
        weights = Weights(name="m.pt", format="pytorch", files=files, tensors=tensors, **fields)
        return replace(frozen_sequential, checkpoint=check(weights, frozen_sequential))

    return make


def section(page):
    """The section on the checkpoint."""
    return next(part for part in page.sections if part.id == "checkpoint")


def notices(report):
    """The tone and title of each notice."""
    (block,) = (block for block in section(build(report)).blocks if isinstance(block, Notices))
    return [(notice.tone, notice.title) for notice in block.items if "certain" not in notice.title]


def test_one_that_fits(beside):
    """A good notice, the facts, the key figure, the badge, and the command that reports on it again."""
    report = beside(key="state_dict")
    assert [("good", "The checkpoint fits")] == notices(report)
    (facts,) = (block for block in section(build(report)).blocks if isinstance(block, Facts))
    told = {label: cell.text for label, cell in facts.items}
    assert ("m.pt", "PyTorch", "state_dict", "5,000 B (4.9 KiB)") == (
        told["File"],
        told["Format"],
        told["State dict at"],
        told["On disk"],
    )
    page = build_checkpoint(report)
    assert ("fits", "fits") == (page.badge, page.summary.items[-1].value)
    assert " --checkpoint m.pt --checkpoint-key state_dict " in command(report)


def test_one_of_another_shape_and_dtype(beside, frozen_sequential):
    """Each kind of difference is told, the gravest first."""
    first, second = frozen_sequential.parameters[:2]
    report = beside(
        {first.name: ((7, 7), "float32", 196), second.name: (second.shape, "float16", second.bytes // 2)},
        absent=("m-2.pt",),
        unkept=("x",),
        unlisted=("y",),
    )
    assert [
        ("bad", "The checkpoint does not fit"),
        ("bad", "1 file not there"),
        ("bad", "1 key not where the index says"),
        ("warn", "1 key not in the index"),
        ("warn", "1 key of another dtype"),
    ] == notices(report)
    assert "does not fit" == build_checkpoint(report).badge


def test_one_of_other_names(beside):
    """The map that renames its keys is there as code."""
    blocks = section(build(beside(prefix="module."))).blocks
    (code,) = (block for block in blocks if isinstance(block, Code))
    assert '"module.": ""' in code.text


def test_without_a_checkpoint(frozen_sequential):
    """No section, and no figure."""
    page = build(frozen_sequential)
    assert "checkpoint" not in {part.id for part in page.sections}
    assert "Checkpoint" not in {figure.label for figure in page.summary.items}
