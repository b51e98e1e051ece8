"""Tests of `reportgen.analysis.compare` and `lineup`: what stands beside what, and what it amounts to."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reportgen.analysis.compare import compare
from reportgen.report import codec
from reportgen.report.comparison import Amounts
from reportgen.report.schema import InputFacts

IMAGE = (InputFacts(name="x", shape=(1, 3, 32, 32), dtype="float32", origin="source"),)


@pytest.fixture(scope="session")
def convnet(make_report):
    """A factory of small networks for images: a stem at 1/2, stages at 1/4 and 1/8, and a classifier.

    ``names`` are those of the four parts, ``widths`` their channels; ``body`` is a module that holds both stages.
    """

    def make(name, names, widths, *, body="", blocks=1, **more):
        stem, one, two, head = names
        a, b, c = widths
        prefix = f"{body}." if body else ""
        modules = {"": {"class_name": f"models.{name}", "outputs": ((1, 10),)}}
        modules[stem] = {"class_name": "Conv2d", "outputs": ((1, a, 16, 16),)}
        parameters, flops = {f"{stem}.weight": (a, 3, 3, 3)}, {stem: 2 * a * 27 * 256}
        if body:
            modules[body] = {"class_name": "Body", "outputs": ((1, c, 4, 4),)}
        for stage, before, width, side in ((one, a, b, 8), (two, b, c, 4)):
            output = ((1, width, side, side),)
            modules[f"{prefix}{stage}"] = {"class_name": "Sequential", "outputs": output}
            for block in range(blocks):
                path, given = f"{prefix}{stage}.{block}", before if block == 0 else width
                modules[path] = {"class_name": "Conv2d", "outputs": output}
                parameters[f"{path}.weight"] = (width, given, 3, 3)
                flops[path] = 2 * width * given * 9 * side * side
        modules[head] = {"class_name": "Linear", "outputs": ((1, 10),)}
        parameters[f"{head}.weight"], flops[head] = (10, c), 20 * c
        return make_report(name, modules=modules, parameters=parameters, flops=flops, inputs=IMAGE, **more)

    return make


def lines(comparison):
    """The tree as depths and paths, without the models themselves."""
    return [
        (line.depth, *(branch and (branch.path, branch.count) for branch in line.branches))
        for line in comparison.tree[1:]
    ]


def test_trees_are_lined_up_by_resolution(convnet):
    """Other names, another depth and a wrapper around the body: stages stand beside those of their resolution."""
    left = convnet("left", ("conv1", "layer1", "layer2", "fc"), (8, 16, 32))
    right = convnet("right", ("stem", "0", "1", "head"), (4, 8, 16), body="stages", blocks=2)
    assert [
        (1, ("conv1", 1), ("stem", 1)),
        (1, ("layer1", 1), ("stages.0", 1)),
        (2, ("layer1.0", 1), ("stages.0.0", 1)),
        (2, None, ("stages.0.1", 1)),
        (1, ("layer2", 1), ("stages.1", 1)),
        (2, ("layer2.0", 1), ("stages.1.0", 1)),
        (2, None, ("stages.1.1", 1)),
        (1, ("fc", 1), ("head", 1)),
    ] == lines(compare([left, right]))


def test_what_a_model_has_alone_is_one_line(convnet):
    """Equal neighbours that stand beside nothing are one run, and are not taken apart."""
    left = convnet("left", ("conv1", "layer1", "layer2", "fc"), (8, 16, 32))
    right = convnet("right", ("conv1", "layer1", "layer2", "fc"), (8, 16, 32), blocks=4)
    found = lines(compare([left, right]))
    assert [(2, None, ("layer1.1", 3)), (2, None, ("layer2.1", 3))] == [line for line in found if line[1] is None]


def test_blocks_without_images_stand_in_order(tied_gpt, transformer12):
    """Twelve blocks beside two, by class and name; both embeddings and the head."""
    found = lines(compare([tied_gpt, transformer12]))
    assert [
        (1, ("wte", 1), ("wte", 1)),
        (1, ("wpe", 1), ("wpe", 1)),
        (1, ("h.0", 2), ("h.0", 12)),
        (1, ("norm", 1), ("norm", 1)),
        (1, ("head", 1), ("head", 1)),
    ] == [line for line in found if line[0] == 1]


def test_stages_add_up_to_the_models(convnet):
    """Every parameter and every MAC is at one resolution: 8·27 weights at 1/2, 16·8·9 at 1/4, 32·16·9 at 1/8."""
    left = convnet("left", ("conv1", "layer1", "layer2", "fc"), (8, 16, 32))
    right = convnet("right", ("stem", "0", "1", "head"), (4, 8, 16), body="stages")
    comparison = compare([left, right])
    assert [2, 4, 8, None] == [stage.reduction for stage in comparison.stages]
    columns = list(zip(*(stage.amounts for stage in comparison.stages), strict=True))
    # By hand: weights, and weights times places. The model itself is counted with what it gives, a vector.
    assert [
        Amounts(1, 216, 216 * 256, None),
        Amounts(2, 1152, 1152 * 64, None),
        Amounts(2, 4608, 4608 * 16, None),
        Amounts(2, 320, 320, None),
    ] == list(columns[0])
    for report, column in zip((left, right), columns, strict=True):
        assert (report.totals.parameters.unique, report.totals.macs.forward) == (
            sum(amounts.parameters for amounts in column),
            sum(amounts.macs for amounts in column),
        )


def test_stages_need_images_of_all(convnet, tied_gpt):
    """Beside a language model there are no resolutions."""
    left = convnet("left", ("conv1", "layer1", "layer2", "fc"), (8, 16, 32))
    assert () == compare([left, tied_gpt]).stages


def test_layer_types(frozen_sequential, tied_gpt):
    """Only what holds or does something; the one of which any model has most comes first."""
    found = {kind.class_name: kind.amounts for kind in compare([frozen_sequential, tied_gpt]).layers}
    linear, embedding, norm = (
        f"torch.nn.modules.{name}" for name in ("linear.Linear", "sparse.Embedding", "normalization.LayerNorm")
    )
    assert [linear, embedding, norm, "models.Attention"] == list(found)
    assert (Amounts(2, 58, 48, None), Amounts(9, 1616, 32 * (2 * 768 + 800), None)) == found[linear]
    assert (None, Amounts(2, 928, 0, None)) == found[embedding]


def test_conditions_that_differ(frozen_sequential, tied_gpt, constructor_failed):
    """Other inputs and other frozen parameters are told; a model that was not built has no conditions."""
    assert ("inputs", "freeze") == compare([frozen_sequential, tied_gpt, constructor_failed]).differing
    assert () == compare([tied_gpt, constructor_failed]).differing


def test_a_model_that_was_not_built_has_an_empty_column(tied_gpt, constructor_failed):
    """It keeps nothing of the other back."""
    comparison = compare([tied_gpt, constructor_failed])
    unique = next(total for total in comparison.totals if total.name == "parameters.unique")
    assert ((2624, None), "ValueError: heads must divide width") == (unique.values, comparison.models[1].reason)
    assert {None} == {line.branches[1] for line in comparison.tree}


def test_order_changes_nothing_but_the_columns(convnet, tied_gpt):
    """Two models the other way round have the same totals, and the same lines where nothing is alone."""
    left = convnet("left", ("conv1", "layer1", "layer2", "fc"), (8, 16, 32))
    right = convnet("right", ("stem", "0", "1", "head"), (4, 8, 16), body="stages")
    one, other = compare([left, right]), compare([right, left])
    assert [line.branches[::-1] for line in one.tree] == [line.branches for line in other.tree]
    assert [(total.name, total.values[::-1]) for total in one.totals] == [
        (total.name, total.values) for total in other.totals
    ]


def test_bounds_are_kept(tied_gpt):
    """What is uncounted in one model makes its FLOPs a lower bound."""
    flops = replace(tied_gpt.totals.flops, exact=False)
    vague = replace(tied_gpt, totals=replace(tied_gpt.totals, flops=flops))
    assert ("exact", "lower") == tuple(model.flops for model in compare([tied_gpt, vague]).models)


def test_the_schema_ships():
    """The file in the package is what the types say."""
    assert codec.comparison_schema() == codec.shipped_schema(codec.COMPARISON_SCHEMA_FILE)
