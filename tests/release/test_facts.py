"""The facts that the EU's AI Act asks about: what is known, and no word more."""

from __future__ import annotations

import pytest

from reportgen.release.facts import Fact, facts, section
from reportgen.report.schema import InputFacts, OutputFacts
from reportgen.view.page import Cell, Facts, Table

UNKNOWN = "not known from the model's code"
BOTH, SIDES = "XI 1(1)(d), XII 1(f)", "XI 1(1)(e), XII 1(g), 2(b)"


def test_a_whole_record(tied_gpt):
    """Counts to the last digit; sizes are those of the probe, never the largest possible."""
    assert (
        Fact(
            "Architecture",
            "models.GPT, of 28 modules: 9 Linear, 5 LayerNorm, 2 Embedding, 2 Block, 9 others",
            BOTH,
        ),
        Fact("Parameters", "2,624; all trainable; 3,424 declared; float32", BOTH),
        Fact("Modality of the inputs", UNKNOWN, SIDES),
        Fact("Format of the inputs", "input_ids: int64, 2×16", SIDES),
        Fact("Maximum size of the inputs", f"{UNKNOWN}; probed with 2×16", "XII 2(b)"),
        Fact("Modality of the outputs", UNKNOWN, SIDES),
        Fact("Format of the outputs", "logits: float32, 2×16×100", SIDES),
        Fact("Maximum size of the outputs", f"{UNKNOWN}; in the probe 2×16×100", "XII 2(b)"),
        Fact("Versions of software", "python 3.11.7, torch 2.13.0, reportgen 1.0.0", "XII 1(e)"),
        Fact("Licence", "apache-2.0", "XI 1(1)(f), XII 1(h)"),
    ) == facts(tied_gpt, licence="apache-2.0")


def test_a_model_that_was_never_built(constructor_failed):
    """What is not known is said to be unknown."""
    known = {fact.point: fact.known for fact in facts(constructor_failed)}
    assert {
        "Architecture": "unknown; its modules are unknown, because it could not be built",
        "Parameters": "unknown",
        "Modality of the inputs": UNKNOWN,
        "Format of the inputs": "unknown",
        "Maximum size of the inputs": UNKNOWN,
        "Modality of the outputs": UNKNOWN,
        "Format of the outputs": "unknown",
        "Maximum size of the outputs": UNKNOWN,
        "Versions of software": "python 3.11.7, torch 2.13.0, reportgen 1.0.0",
        "Licence": "not given",
    } == known


@pytest.mark.parametrize(
    ("class_name", "argument", "expected"),
    [
        ("torchvision.models.resnet.ResNet", "x", "images"),
        ("torchvision.models.video.resnet.VideoResNet", "x", "video"),
        ("torchvision.models.optical_flow.raft.RAFT", "image1", "pairs of images"),
        ("timm.models.vision_transformer.VisionTransformer", "x", "images"),
        ("reportgen.registry.builtin.vit.VisionTransformer", "x", "images"),
        (
            "reportgen.registry.builtin.gpt2.GPT2",
            "input_ids",
            "token ids; what tokens stand for is not in the model's code",
        ),
        ("transformers.models.vit.modeling_vit.ViTModel", "pixel_values", "images, or frames of video"),
        ("transformers.models.vit.modeling_vit.ViTModel", "other", UNKNOWN),
        ("models.Net", "pixel_values", UNKNOWN),
        ("torch.nn.modules.container.Sequential", "x", UNKNOWN),
    ],
)
def test_modality(make_report, class_name, argument, expected):
    """Told where a library says what its models take; nothing follows from shapes."""
    rows = (InputFacts(name=argument, shape=(1, 3, 8, 8), dtype="float32", origin="source"),)
    known = {fact.point: fact.known for fact in facts(make_report(modules={"": class_name}, inputs=rows))}
    assert expected == known["Modality of the inputs"]


def test_many_tensors_and_formats(make_report):
    """Of many tensors the first few are named; parameters of several formats are told apart."""
    report = make_report(
        modules={"": "Sequential", "0": "Linear"},
        parameters={"0.weight": {"shape": (2, 3), "dtype": "bfloat16"}, "0.bias": (2,)},
        outputs=tuple(OutputFacts(path=f"o.{n}", shape=(n,), dtype="float32", in_loss=True) for n in range(6)),
    )
    known = {fact.point: fact.known for fact in facts(report)}
    expected = "o.0: float32, 0; o.1: float32, 1; o.2: float32, 2; o.3: float32, 3 and 2 more"
    assert expected == known["Format of the outputs"]
    assert "6 bfloat16, 2 float32" == known["Formats of parameters"]


def test_no_claim(any_report):
    """The block says what it is, and of nothing that it is compliant, sufficient or safe."""
    block = section(any_report)
    texts = [block.title, block.intro or ""]
    for table in (each for each in block.blocks if isinstance(each, Table)):
        texts += [table.note, *(cell.text for row in table.rows for cell in row.cells[:1] + row.cells[2:])]
    words = " ".join(texts).lower()
    assert "no statement on what the regulation demands" in words
    assert [] == [word for word in ("complian", "conform", "fulfil", "satisf", "approved") if word in words]


def test_a_citation_leads_there(make_report):
    """It stands below the table, for addresses are long; its address is a link."""
    report = make_report(modules={"": "Sequential"}, model={"citation": "He et al., https://example.org/a."})
    _, described = section(report).blocks
    assert (
        Facts((("Described in", Cell("He et al., https://example.org/a.", href="https://example.org/a")),)) == described
    )
