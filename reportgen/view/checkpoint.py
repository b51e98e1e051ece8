"""A file of weights beside the model: whether it fits, what it holds, and which keys stand in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reportgen.report.checkpoint import CheckpointFacts, Mismatch, Retyped, StoredDtype
from reportgen.view import names, numbers, tables
from reportgen.view.diff_checkpoint import counts, doubt, few_keys, key_map, many_keys
from reportgen.view.page import Block, Cell, Facts, Notice, Notices, Section
from reportgen.view.tables import field, tabulate

if TYPE_CHECKING:
    from reportgen.report.schema import ModelReport


def checkpoint(report: ModelReport) -> Iterator[Section]:
    """The verdict, the facts of the file, and everything but many keys; no section where there is no file."""
    facts = report.checkpoint
    if facts is None:
        return
    blocks: list[Block] = [Notices(tuple(_notices(facts))), _about(facts, report)]
    if len(facts.dtypes) > 1:
        blocks.append(_dtypes(facts))
    blocks += few_keys(facts.loading.verdict)
    if facts.loading.verdict.mismatched:
        blocks.append(_mismatches(facts))
    if facts.retyped:
        blocks.append(_retyped(facts))
    if facts.loading.renames:
        blocks += key_map(facts.loading)
    intro = (
        "The file was held against the model by its names, shapes and dtypes; no value in it was read, and nothing run."
    )
    yield Section("checkpoint", "Checkpoint", tuple(blocks), intro=intro)


def all_keys(report: ModelReport) -> Iterator[Section]:
    """What keys the file lacks, or has beyond those of the model, where they are many."""
    if report.checkpoint is not None:
        yield from many_keys(report.checkpoint.loading.verdict)


def _notices(facts: CheckpointFacts) -> Iterator[Notice]:
    yield _verdict(facts)
    if facts.absent:
        yield Notice("bad", f"{numbers.plural(len(facts.absent), 'file')} not there", f"{names.listing(facts.absent)}.")
    if facts.unkept:
        told = f"The index says which file has them, and it has not: {names.listing(facts.unkept)}."
        yield Notice("bad", f"{numbers.plural(len(facts.unkept), 'key')} not where the index says", told)
    if facts.unlisted:
        title = f"{numbers.plural(len(facts.unlisted), 'key')} not in the index"
        yield Notice("warn", title, f"The files have them all the same: {names.listing(facts.unlisted)}.")
    if facts.retyped:
        title = f"{numbers.plural(len(facts.retyped), 'key')} of another dtype"
        yield Notice("warn", title, "load_state_dict casts them to the model's.")
    if not facts.loading.exact:
        yield doubt(facts.loading)


def _verdict(facts: CheckpointFacts) -> Notice:
    verdict = facts.loading.verdict
    if facts.fits and not facts.tied:
        return Notice("good", "The checkpoint fits", "load_state_dict takes it as it is.")
    if facts.fits:
        pairs = names.listing([f"{key} is {kept}" for key, kept in facts.tied.items()])
        told = f"A tensor of several names is in the file once: {pairs}. Strictly, load_state_dict misses the others."
        return Notice("good", "The checkpoint fits, ties apart", told, "load_state_dict(…, strict=False)")
    remedy = None
    if facts.loading.renames:
        keys, renamed = numbers.plural(len(facts.loading.renames), "key"), facts.loading.renamed
        remedy = f"rename {keys}, {'and it loads' if renamed.loads else f'which leaves {counts(renamed)}'}"
    title = "The checkpoint does not fit" if not verdict.loads else "The checkpoint is not whole"
    return Notice("bad", title, f"{counts(verdict)}." if not verdict.loads else None, remedy)


def _about(facts: CheckpointFacts, report: ModelReport) -> Facts:
    stored, disk = sum(row.bytes for row in facts.dtypes), sum(file.bytes for file in facts.files)
    state = report.totals.state_dict_bytes
    elements = sum(row.elements for row in facts.dtypes)
    items = [
        ("File", Cell(facts.name)),
        ("Format", Cell("safetensors" if facts.format == "safetensors" else "PyTorch")),
        *([("State dict at", Cell(facts.key))] if facts.key is not None else ()),
        *([("Files", Cell(numbers.exact(len(facts.files))))] if len(facts.files) != 1 else ()),
        ("Keys", Cell(numbers.exact(facts.keys))),
        ("Elements", Cell(numbers.exact(elements))),
        ("Dtypes", Cell(", ".join(row.dtype for row in facts.dtypes) or numbers.NOT_APPLICABLE)),
        ("On disk", Cell(f"{numbers.exact(disk, 'B')} ({numbers.size(disk)})")),
        ("Of tensors", Cell(f"{numbers.exact(stored, 'B')} ({numbers.size(stored)})")),
        ("The model's state dict", Cell(f"{numbers.exact(state, 'B')} ({numbers.size(state)})")),
    ]
    return Facts(tuple(items))


def _dtypes(facts: CheckpointFacts) -> Block:
    return tabulate(
        "checkpoint-dtypes",
        facts.dtypes,
        (
            field("dtype", "dtype", lambda row: Cell(row.dtype), kind="code"),
            field("tensors", "tensors", lambda row: tables.number(row.tensors), kind="number"),
            field("elements", "elements", lambda row: tables.number(row.elements), kind="number"),
            field("bytes", "bytes", _bytes, kind="number"),
        ),
        caption="What the file holds, by dtype",
    )


def _bytes(row: StoredDtype) -> Cell:
    return tables.number(row.bytes, "B")


def _mismatches(facts: CheckpointFacts) -> Block:
    return tabulate(
        "checkpoint-shapes",
        facts.loading.verdict.mismatched,
        (
            field("key", "key", lambda row: Cell(row.key), kind="name", weight=3),
            field("file", "in the file", _stored_shape, kind="code"),
            field("model", "in the model", lambda row: tables.shape(row.model), kind="code"),
        ),
        caption="Keys of another shape",
    )


def _stored_shape(row: Mismatch) -> Cell:
    return tables.shape(row.checkpoint)


def _retyped(facts: CheckpointFacts) -> Block:
    groups: dict[tuple[str, str], list[Retyped]] = {}
    for row in facts.retyped:
        groups.setdefault((row.checkpoint, row.model), []).append(row)
    return tabulate(
        "checkpoint-retyped",
        groups.items(),
        (
            field("file", "in the file", lambda item: Cell(item[0][0]), kind="code"),
            field("model", "in the model", lambda item: Cell(item[0][1]), kind="code"),
            field("keys", "keys", lambda item: tables.number(len(item[1])), kind="number"),
            field("which", "which", lambda item: Cell(names.listing([row.key for row in item[1]])), weight=4),
        ),
        caption="Keys of another dtype",
    )
