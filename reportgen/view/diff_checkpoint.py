"""Whether a checkpoint of one model loads in the other, which keys stand in the way, and how to rename them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reportgen.report.checkpoint import Checkpoint, Verdict
from reportgen.report.difference import Difference
from reportgen.view import names, numbers
from reportgen.view.page import Block, Cell, Code, Notice, Notices, Prose, Section, Table, Tone
from reportgen.view.tables import field, tabulate

_FEW = 20  # keys that do not bury what comes after them


def checkpoints(difference: Difference) -> Iterator[Section]:
    """Of old checkpoints in the new model everything but many keys, of new ones in the old model whether they load."""
    there, back = difference.checkpoint, difference.rollback
    notices = [_notice(there, "Old checkpoints", "the new model"), _notice(back, "New checkpoints", "the old model")]
    if not there.exact:
        notices.append(doubt(there))
    blocks: list[Block] = [Notices(tuple(notices))]
    blocks += few_keys(there.verdict)
    if there.renames:
        blocks += key_map(there)
    yield Section("checkpoint", "Checkpoints", tuple(blocks))


def all_keys(difference: Difference) -> Iterator[Section]:
    """What keys an old checkpoint lacks, or has beyond those of the new model, where they are many."""
    yield from many_keys(difference.checkpoint.verdict)


def few_keys(verdict: Verdict) -> Iterator[Block]:
    """Missing and unexpected keys, where they are few."""
    keys = _keys(verdict)
    if 0 < len(keys) <= _FEW:
        yield _table(keys, "Missing and unexpected keys")


def many_keys(verdict: Verdict) -> Iterator[Section]:
    """The same for the appendix, where they are many."""
    keys = _keys(verdict)
    if len(keys) > _FEW:
        yield Section("keys", "Missing and unexpected keys", (_table(keys),), appendix=True)


def _notice(checkpoint: Checkpoint, what: str, where: str) -> Notice:
    if checkpoint.verdict.loads:
        return Notice("good", f"{what} load in {where}", "load_state_dict takes them as they are.")
    remedy = None
    if checkpoint.renames:
        keys = numbers.plural(len(checkpoint.renames), "key")
        left = "and it loads" if checkpoint.renamed.loads else f"which leaves {counts(checkpoint.renamed)}"
        remedy = f"rename {keys}, {left}"
    tone: Tone = "bad" if where == "the new model" else "warn"
    return Notice(tone, f"{what} do not load in {where}", f"{counts(checkpoint.verdict)}.", remedy)


def counts(verdict: Verdict) -> str:
    """``33 keys missing, 33 keys unexpected``."""
    found = (
        (len(verdict.missing), "missing"),
        (len(verdict.unexpected), "unexpected"),
        (len(verdict.mismatched), "of another shape"),
    )
    return ", ".join(f"{numbers.plural(count, 'key')} {what}" for count, what in found if count)


def doubt(checkpoint: Checkpoint) -> Notice:
    """Why a verdict that is not exact is not."""
    if not checkpoint.custom:
        return Notice(
            "plain", "The verdict is not certain", "A report was made by a reportgen that did not look at this."
        )
    told = f"{names.listing(checkpoint.custom)} save or load in a way of their own, which no report knows."
    return Notice("plain", "The verdict is not certain", told)


def _keys(verdict: Verdict) -> list[tuple[str, str]]:
    """What ``load_state_dict`` would list, numbers folded; keys of another shape are among the tensors."""
    missing, unexpected = names.compact(verdict.missing), names.compact(verdict.unexpected)
    return [*(("missing", name) for name in missing), *(("unexpected", name) for name in unexpected)]


def _table(keys: Sequence[tuple[str, str]], caption: str | None = None) -> Table:
    return tabulate(
        "keys",
        keys,
        (
            field("what", "what", lambda row: Cell(row[0])),
            field("key", "key", lambda row: Cell(row[1]), kind="name", weight=5),
        ),
        caption=caption,
        long_from=_FEW,
    )


def key_map(checkpoint: Checkpoint) -> Iterator[Block]:
    """Code that renames the keys, where few rules do; else where to find the map."""
    if checkpoint.prefixes is None:
        yield Prose(
            f"The key map has {numbers.plural(len(checkpoint.renames), 'key')}: checkpoint.renames in the JSON format."
        )
        return
    strict = "" if checkpoint.renamed.loads else ", strict=False"
    yield Prose("The key map, ready to use:")
    yield Code(_CODE.format(rules=json.dumps(checkpoint.prefixes, indent=4), strict=strict), "python")


_CODE = """\
renames = {rules}

def renamed(key):
    prefix = max((old for old in renames if key.startswith(old)), key=len, default=None)
    return key if prefix is None else renames[prefix] + key[len(prefix):]

model.load_state_dict({{renamed(key): tensor for key, tensor in state_dict.items()}}{strict})"""
