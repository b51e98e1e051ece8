"""Tests of `reportgen.view.diff`: what a reader of a difference is told."""

from __future__ import annotations

import pytest

from reportgen.analysis.budget import broken, parse_rules, quantities
from reportgen.analysis.diff import diff
from reportgen.report.schema import InputFacts
from reportgen.view.diff import broken_lines, build_diff
from reportgen.view.page import Code, Figure, Notices, Table


def texts(page, section_id):
    """The rows of the tables of a section, as texts."""
    section = next(section for section in page.sections if section.id == section_id)
    tables = [block for block in section.blocks if isinstance(block, Table)]
    return [tuple(cell.text for cell in row.cells) for table in tables for row in table.rows]


def notices(page):
    """The title of every notice."""
    blocks = [block for section in page.sections for block in section.blocks if isinstance(block, Notices)]
    return [item.title for block in blocks for item in block.items]


def test_a_deeper_model(tied_gpt, transformer12):
    """Two blocks became twelve, which is one line; key figures stand side by side with what they differ in."""
    page = build_diff(diff(tied_gpt, transformer12))
    assert ("tied-gpt → transformer12", "differs") == (page.title, page.badge)
    assert (
        Figure("Parameters", "2,624 → 11.0 k", exact="2,624 → 11,024", note="+8,400, +320.1 %") == page.summary.items[0]
    )
    assert [("2 → 12 blocks", "h.0–1 ×2", "h.0–11 ×12", "Block", "+110", "+8,400")] == texts(page, "modules")
    assert ["Old checkpoints do not load in the new model", "New checkpoints do not load in the old model"] == notices(
        page
    )[:2]
    assert ("missing", "h.2–11.norm1–2.weight") in texts(page, "checkpoint")


def test_nothing_differs(tied_gpt):
    """Says so, and that checkpoints load."""
    page = build_diff(diff(tied_gpt, tied_gpt))
    assert ("the same", "complete") == (page.badge, page.status)
    assert [
        "Nothing differs",
        "Old checkpoints load in the new model",
        "New checkpoints load in the old model",
        "The verdict is not certain",  # records by hand do not say how modules load
    ] == notices(page)
    assert ["findings", "checkpoint", "conditions"] == [section.id for section in page.sections]


def test_other_conditions_are_told_first(tied_gpt, replace):
    """Figures of other inputs and modes cannot be compared."""
    other = InputFacts(name="input_ids", shape=(4, 32), dtype="int64", origin="user")
    probe = replace(tied_gpt.probe, inputs=(other,), mode="eval")
    page = build_diff(diff(tied_gpt, replace(tied_gpt, probe=probe)))
    assert ["They were measured on different inputs", "They were measured in different modes"] == notices(page)[:2]
    assert ("Inputs", "input_ids 2×16 int64", "input_ids 4×32 int64") in texts(page, "conditions")


def test_inputs_of_other_names_are_the_same(tied_gpt, replace):
    """Wrappers give them names of their own."""
    inputs = tuple(replace(row, name="0", origin="user", values=(0, 9)) for row in tied_gpt.probe.inputs)
    other = replace(tied_gpt, probe=replace(tied_gpt.probe, inputs=inputs))
    assert "They were measured on different inputs" not in notices(build_diff(diff(tied_gpt, other)))


def test_broken_rules_come_before_all(tied_gpt, transformer12):
    """One line each, with the figures."""
    found = diff(tied_gpt, transformer12)
    rules = broken(parse_rules(["parameters > +1%", "checkpoint.incompatible", "modules.added > 9"]), quantities(found))
    page = build_diff(found, rules)
    expected = (
        "parameters > +1%: 2,624 → 11,024 (+8,400, +320.1 %)",
        "checkpoint.incompatible: 100 keys missing",
        "modules.added > 9: 110",
    )
    assert expected == broken_lines(rules, found)
    assert list(expected) == notices(page)[:3]
    assert ("rules", "failed", "3 rules broken") == (page.sections[0].id, page.status, page.badge)


def test_an_unknown_figure(tied_gpt, forward_failed):
    """What is not known on one side has no difference, and breaks a rule that asks for it."""
    found = diff(tied_gpt, forward_failed)
    rules = broken(parse_rules(["flops > +1%"]), quantities(found))
    assert ("flops > +1%: flops.forward is unknown",) == broken_lines(rules, found)
    page = build_diff(found)
    row = next(row for row in texts(page, "totals") if row[0] == "macs.forward")
    assert ("unknown", "unknown", "unknown") == row[2:]
    assert "The report on builtin:mismatched is partial" in notices(page)


def test_nothing_was_built(tied_gpt, constructor_failed):
    """A model that could not be built has nothing that could be the same."""
    page = build_diff(diff(constructor_failed, tied_gpt))
    assert "The report on builtin:unbuildable is failed" in notices(page)


def test_one_column_where_paths_are_the_same(make_report):
    """Old and new paths stand apart only where they differ."""
    old = make_report(modules={"": "Net", "a": "Linear"}, parameters={"a.weight": (2, 2)})
    replaced = make_report(modules={"": "Net", "a": "Conv1d"}, parameters={"a.weight": (2, 2)})
    renamed = make_report(modules={"": "Net", "b": "Linear"}, parameters={"b.weight": (2, 2)})
    columns = []
    for new in (replaced, renamed):
        section = next(section for section in build_diff(diff(old, new)).sections if section.id == "modules")
        columns.append([column.key for column in section.blocks[0].columns])
    assert [["what", "module", "class", "sure"], ["what", "old", "new", "class", "sure"]] == columns


def test_what_is_counted_above(make_report):
    """The tensors of added modules are said to be told, where there are any."""
    old = make_report(modules={"": "Net", "a": "Linear"}, parameters={"a.weight": (2, 2)})
    wider = make_report(modules={"": "Net", "a": "Linear"}, parameters={"a.weight": (2, 3)})
    more = make_report(
        modules={"": "Net", "a": "Linear", "b": "Norm"}, parameters={"a.weight": (2, 3), "b.weight": (2,)}
    )
    intros = [
        section.intro
        for new in (wider, more)
        for section in build_diff(diff(old, new)).sections
        if section.id == "tensors"
    ]
    assert [None, "Those of added and removed modules are counted above, and not listed again."] == intros


@pytest.mark.parametrize(("layers", "appended"), [(7, False), (8, True)])
def test_many_keys_come_last(make_report, layers, appended):
    """Up to twenty lines of keys stand with the verdict, more in an appendix of their own."""
    names = [f"{chr(97 + index)}.{kind}" for index in range(layers) for kind in ("weight", "bias", "scale")][:21]
    names = names if appended else names[:20]
    modules = {"": "Net"} | {name.partition(".")[0]: "Linear" for name in names}
    old = make_report(modules={"": "Net"})
    page = build_diff(
        diff(old, make_report(modules=modules, parameters={name: (2, index + 1) for index, name in enumerate(names)}))
    )
    where = "keys" if appended else "checkpoint"
    assert [("missing", name) for name in names] == texts(page, where)
    assert [appended] == [section.appendix for section in page.sections if section.id == where]


def test_a_carried_tensor_has_its_new_name_alone(make_report):
    """That a module above has another name is told once."""
    old = make_report(modules={"": "Net", "a": "Linear"}, parameters={"a.weight": (2, 2)})
    new = make_report(modules={"": "Net", "b": "Linear"}, parameters={"b.weight": (2, 3)})
    assert [("other shape", "b.weight", "1", "2×2 → 2×3")] == [
        row[:4] for row in texts(build_diff(diff(old, new)), "tensors")
    ]


def test_classes_of_one_name(tied_gpt, replace):
    """They are told in full where their last names are the same."""

    def classes(old, new):
        sides = [replace(tied_gpt, model=replace(tied_gpt.model, class_name=name)) for name in (old, new)]
        return texts(build_diff(diff(*sides)), "conditions")[1][1:]

    assert ("GPT", "Net") == classes("a.GPT", "b.Net")
    assert ("a.GPT", "b.GPT") == classes("a.GPT", "b.GPT")
    assert ("GPT", "unknown") == classes("a.GPT", None)


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_code_renames_the_keys(make_report, wrapped):
    """What stands on the page is run: it renames all keys."""
    plain = make_report(modules={"": "Net", "a": "Linear"}, parameters={"a.weight": (2, 2), "a.bias": (2,)})
    inside = make_report(
        modules={"": "DataParallel", "module": "Net", "module.a": "Linear"},
        parameters={"module.a.weight": (2, 2), "module.a.bias": (2,)},
    )
    old, new = (plain, inside) if wrapped else (inside, plain)
    page = build_diff(diff(old, new))
    section = next(section for section in page.sections if section.id == "checkpoint")
    code = next(block.text for block in section.blocks if isinstance(block, Code))
    loaded = []

    class Model:
        """Takes what it is given."""

        def load_state_dict(self, state):
            """Keeps it."""
            loaded.append(state)

    exec(code, {"model": Model(), "state_dict": {row.name: row.shape for row in old.parameters}})  # noqa: S102 - our own
    assert [{row.name: row.shape for row in new.parameters}] == loaded
