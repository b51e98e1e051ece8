"""Records for everything after the probe, made by `handmade`, and what else tests of all parts need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from handmade import language_model, make
from hypothesis import settings

from reportgen.config import RenderOptions
from reportgen.rendering import write_report
from reportgen.report.schema import Diagnostic, InputFacts, ModelReport, OutputFacts, StageFacts
from reportgen.runs.batch import index_entry
from reportgen.runs.index import write_index
from reportgen.runs.tasks import outcome_of

settings.register_profile("suite", derandomize=True, deadline=None)  # the same examples on every run, at any speed
settings.load_profile("suite")

MakeReport = Callable[..., ModelReport]
HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "</td></tr></table><h1>x",
    "a|b`c*d_e~f",
    "[click](javascript:alert(1))",
    "![x](http://example.invalid/x.png)",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt;",
    "```\n# heading",
    "\u202egpj.exe",
    "zero\u200bwidth",
    "bell\x07 escape\x1b[31m",
    "lone\ud800surrogate",
    "'\"; DROP TABLE x; --",
    "$x^2$ @everyone #1 https://example.invalid www.example.invalid",
    "-->",
    "\\",
    "   leading spaces",
    "日本語 😀",
)


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """The factory of records made by hand; see `handmade.make` for what it takes."""
    return make


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Gives every file below a folder of reports but the stamps, by its path in it."""

    def read(folder: Path) -> dict[str, bytes]:
        found = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != ".reportgen")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}

    return read


@pytest.fixture
def leave() -> Callable[..., Path]:
    """Leaves reports in a folder, as a build does: ``leave(folder, {"slug": report}, formats=("json", "md"))``."""

    def write(folder: Path, reports: Mapping[str, ModelReport], formats: Sequence[str] = ("json",)) -> Path:
        options = RenderOptions(tuple(formats))
        outcomes = [
            outcome_of(report, slug, write_report(report, folder / slug, options)) for slug, report in reports.items()
        ]
        write_index([index_entry(outcome, folder, options) for outcome in outcomes], folder, options)
        return folder

    return write


@pytest.fixture(scope="session")
def hostile_names() -> tuple[str, ...]:
    """Names that attack HTML, Markdown, templates, terminals, or the eye."""
    return HOSTILE_NAMES


@pytest.fixture(scope="session")
def frozen_sequential() -> ModelReport:
    """``Sequential(Linear(4, 8), ReLU(), Linear(8, 2))`` with its first layer frozen: 40 + 18 = 58 parameters."""
    return make(
        "frozen-sequential",
        modules={
            "": {"class_name": "Sequential", "inputs": ((1, 4),), "outputs": ((1, 2),)},
            "0": {"class_name": "Linear", "inputs": ((1, 4),), "outputs": ((1, 8),)},
            "1": {"class_name": "ReLU", "inputs": ((1, 8),), "outputs": ((1, 8),)},
            "2": {"class_name": "Linear", "inputs": ((1, 8),), "outputs": ((1, 2),)},
        },
        parameters={
            "0.weight": {"shape": (8, 4), "trainable": False},
            "0.bias": {"shape": (8,), "trainable": False},
            "2.weight": (2, 8),
            "2.bias": (2,),
        },
        flops={"0": 64, "2": 32},
        model={"description": "Three layers, the first one frozen."},
        probe={"freeze": ("0.*",)},
    )


@pytest.fixture(scope="session")
def tied_gpt() -> ModelReport:
    """Two blocks of width 8 and a head tied to the embedding: 928 + 2·840 + 16 = 2,624 parameters, 3,424 declared."""
    return language_model("tied-gpt", blocks=2, width=8)


@pytest.fixture(scope="session")
def transformer12() -> ModelReport:
    """Twelve equal blocks of width 8, which fold into one: 928 + 12·840 + 16 = 11,024 parameters."""
    return language_model("transformer12", blocks=12, width=8)


@pytest.fixture(scope="session")
def forward_failed() -> ModelReport:
    """A model whose second layer got the wrong width: what was registered is known, what would have run is not."""
    return make(
        "mismatched",
        modules={"": "models.Mismatched", "fc1": "Linear", "fc2": "Linear"},
        parameters={"fc1.weight": (8, 4), "fc1.bias": (8,), "fc2.weight": (2, 9), "fc2.bias": (2,)},
        failed="forward",
        diagnostics=(
            Diagnostic(
                severity="error",
                code="forward-failed",
                stage="forward",
                module="fc2",
                message="RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x8 and 9x2)",
                remedy="give inputs that the model accepts with --input, or correct the model",
                traceback='Traceback (most recent call last):\n  File "models.py", line 9, in forward\n'
                "    return self.fc2(self.fc1(x))\n"
                "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x8 and 9x2)",
            ),
        ),
    )


@pytest.fixture(scope="session")
def constructor_failed() -> ModelReport:
    """A model that was never built: nothing is known but its name and the reason."""
    return make(
        "unbuildable",
        inputs=(),
        failed="instantiate",
        diagnostics=(
            Diagnostic(
                severity="error",
                code="instantiate-failed",
                stage="instantiate",
                module=None,
                message="ValueError: heads must divide width",
                remedy="give the constructor's arguments after ?",
                traceback='Traceback (most recent call last):\n  File "models.py", line 3, in __init__\n'
                '    raise ValueError("heads must divide width")\nValueError: heads must divide width',
            ),
        ),
    )


@pytest.fixture(scope="session")
def no_parameters() -> ModelReport:
    """A model of activations only."""
    shapes = {"inputs": ((1, 4),), "outputs": ((1, 4),)}
    classes = {"": "Sequential", "0": "ReLU", "1": "Dropout"}
    return make(
        "activations",
        modules={path: {"class_name": class_name, **shapes} for path, class_name in classes.items()},
        outputs=(OutputFacts(path="", shape=(1, 4), dtype="float32", in_loss=True),),
        probe={"stages": StageFacts(instantiate="ok", forward="ok", backward="skipped")},
    )


@pytest.fixture(scope="session")
def hostile() -> ModelReport:
    """Every name that a model can choose for itself is an attack (`HOSTILE_NAMES`)."""
    modules: dict[str, Any] = {"": {"class_name": HOSTILE_NAMES[0], "inputs": ((1, 4),), "outputs": ((1, 2),)}}
    parameters: dict[str, Any] = {}
    for name in HOSTILE_NAMES:
        path = name.replace(".", "\u2024")  # a module's own name has no dot
        modules[path] = {"class_name": f"models.{name}", "inputs": ((1, 4),), "outputs": ((1, 4),)}
        parameters[f"{path}.{path}"] = (3,)
    return make(
        HOSTILE_NAMES[0],
        modules=modules,
        parameters=parameters,
        buffers={f"{name}.buffer": (1,) for name in modules if name},
        inputs=tuple(InputFacts(name=name, shape=(1, 4), dtype="float32", origin="user") for name in HOSTILE_NAMES),
        outputs=tuple(OutputFacts(path=name, shape=(1,), dtype="float32", in_loss=True) for name in HOSTILE_NAMES),
        uncounted=dict.fromkeys(HOSTILE_NAMES, 1),
        diagnostics=tuple(
            Diagnostic(
                severity="warning",
                code="hostile",
                stage="forward",
                module=name,
                message=name,
                remedy=name,
                traceback=f"{name}\n````\n{name}",
            )
            for name in HOSTILE_NAMES
        ),
        model={
            "ref": f"python:{HOSTILE_NAMES[2]}",
            "description": HOSTILE_NAMES[0],
            "citation": HOSTILE_NAMES[3],
            "kwargs": dict.fromkeys(HOSTILE_NAMES, HOSTILE_NAMES[0]),
            "tags": HOSTILE_NAMES,
            "group": HOSTILE_NAMES[1],
        },
        probe={"freeze": HOSTILE_NAMES},
    )


@pytest.fixture(
    params=[
        "frozen_sequential",
        "tied_gpt",
        "transformer12",
        "forward_failed",
        "constructor_failed",
        "no_parameters",
        "hostile",
    ]
)
def any_report(request: pytest.FixtureRequest) -> ModelReport:
    """Each of the records above in turn."""
    report: ModelReport = request.getfixturevalue(request.param)
    return report


@pytest.fixture(scope="session")
def replace() -> Callable[..., Any]:
    """A copy of a record with some members changed: ``replace(report, parameters=())``."""
    return msgspec.structs.replace


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take a hundred times longer than one alone."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
