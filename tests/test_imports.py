"""The laws of the house, read from the import statements of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import reportgen

ROOT = Path(reportgen.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# Each part of the pipeline, and what it may import: itself, and these. Arrows run one way.
BASE = {"errors", "version"}
ALLOWED = {
    "errors": set(),
    "version": set(),
    "report": {"errors"},
    "registry": BASE,
    "branding": {"errors"},
    "appearance": {"branding"},
    "config": BASE | {"branding", "registry"},
    "manifest": set(),
    "manifest.toml_lines": set(),
    "manifest.keys": BASE | {"analysis", "config", "registry"},
    "manifest.schema": {"manifest.keys"},
    "manifest.entries": {"analysis", "branding", "config", "registry"},
    "manifest.reading": BASE
    | {"branding", "config", "manifest.entries", "manifest.keys", "manifest.toml_lines", "registry"},
    "probe": BASE | {"config", "registry", "report"},
    "analysis": BASE | {"report"},
    "weights": BASE | {"probe", "report"},
    "view": {"analysis", "report", "version"},
    "render": BASE | {"view"},
    "release": BASE | {"analysis", "render", "report", "view"},
    "write": {"errors"},
    "rendering": BASE | {"branding", "config", "render", "report", "view", "write"},
    "runs": set(),
    "runs.index": BASE | {"analysis", "config", "render", "rendering", "view", "write"},
    "workers": set(),
    "workers.sandbox": {"registry"},
    "workers.signals": set(),
    "workers.printed": set(),
    "workers.forkserver": {"workers.signals"},
    "workers.serving": {"workers.forkserver", "workers.sandbox"},
    "workers.processes": {
        "workers.forkserver",
        "workers.printed",
        "workers.sandbox",
        "workers.serving",
        "workers.signals",
    },
    "checkpoints": BASE
    | {
        "analysis",
        "config",
        "registry",
        "report",
        "view",
        "weights",
        "workers.executors",
        "workers.sandbox",
        "workers.serving",
    },
    "runs.tasks": BASE
    | {
        "analysis",
        "checkpoints",
        "config",
        "manifest.entries",
        "probe",
        "registry",
        "rendering",
        "report",
        "workers.sandbox",
        "workers.serving",
        "write",
    },
    "workers.warm_pages": BASE | {"config", "probe", "registry", "rendering", "report"},
    "workers.warm": {"config", "probe", "registry", "rendering", "runs.tasks", "workers.sandbox"},
    "runs.stamps": {"errors", "render", "runs.tasks", "write"},
    "workers.dask": {"errors", "registry", "workers.processes", "workers.serving"},
    "runs.merging": BASE | {"config", "runs.index", "runs.stamps", "view", "write"},
    "workers.executors": BASE | {"config", "workers.dask", "workers.processes"},
    "runs.planning": BASE
    | {"config", "manifest.entries", "registry", "runs.tasks", "workers.executors", "workers.serving", "write"},
    "runs.batch": BASE
    | {
        "config",
        "manifest.entries",
        "runs.index",
        "runs.planning",
        "runs.stamps",
        "runs.tasks",
        "view",
        "workers.executors",
        "workers.signals",
        "write",
    },
    "budgets": BASE | {"analysis", "manifest.entries", "report", "runs.planning", "runs.tasks", "view"},
    "runs.saved": BASE
    | {
        "config",
        "rendering",
        "report",
        "runs.batch",
        "runs.planning",
        "runs.tasks",
        "workers.executors",
        "workers.serving",
        "workers.signals",
        "write",
    },
    "runs.tally": {"runs.tasks"},
    "manifest.checking": {"errors", "manifest.entries", "registry", "runs.planning", "workers.executors"},
    "presenting": BASE | {"config", "release", "render", "rendering", "report", "view", "write"},
    "built": BASE | {"presenting", "report", "runs.batch", "runs.tasks", "view"},
    "example_inputs": {"errors", "registry"},
    "api": BASE
    | {
        "analysis",
        "appearance",
        "budgets",
        "built",
        "config",
        "example_inputs",
        "manifest.checking",
        "manifest.entries",
        "manifest.reading",
        "probe",
        "registry",
        "rendering",
        "report",
        "runs.batch",
        "runs.merging",
        "runs.planning",
        "runs.saved",
        "workers.executors",
    },
    "baseline": BASE | {"analysis", "api", "budgets", "built", "manifest.reading", "report", "write"},
    "records": BASE | {"api", "registry", "report", "runs.batch"},
    "differences": BASE | {"analysis", "config", "records", "render", "rendering", "report", "saying", "view", "write"},
    "side_by_side": BASE
    | {
        "analysis",
        "appearance",
        "config",
        "records",
        "registry",
        "rendering",
        "report",
        "runs.batch",
        "view",
        "write",
    },
    "ci": {"analysis", "budgets", "errors", "render", "report", "runs.index", "runs.tasks", "view"},
    "releasing": {"errors", "release", "render", "report", "runs.index", "view", "write"},
    "doctor": BASE | {"config", "probe", "registry", "render", "rendering"},
    "saying": {"errors"},
    "console": BASE | {"render", "runs.batch", "runs.tally", "runs.tasks", "saying", "view"},
    "cli": BASE
    | {
        "api",
        "appearance",
        "baseline",
        "built",
        "checkpoints",
        "ci",
        "console",
        "differences",
        "doctor",
        "manifest.schema",
        "records",
        "registry",
        "release",
        "releasing",
        "render",
        "rendering",
        "report",
        "saying",
        "side_by_side",
        "view",
        "workers.forkserver",
        "workers.signals",
        "write",
    },
    "__main__": {"cli"},
    "__init__": {
        "api",
        "built",
        "checkpoints",
        "differences",
        "errors",
        "registry",
        "release",
        "report",
        "side_by_side",
        "version",
    },
}
# Who alone may import these; everything else must work without them.
RESERVED = {
    "torch": {"registry", "probe"},
    "torchvision": {"registry"},
    "timm": {"registry"},
    "transformers": {"registry"},
    "weasyprint": {"render/pdf.py", "render/painting/pages.py", "render/painting/pen.py"},
    "click": {"cli"},
    "pandas": {"presenting.py"},
    "pyarrow": {"release/tables.py"},
    "distributed": {"workers/dask.py"},
    "rich": {"console", "render/terminal.py"},
}


def imports(path: Path, *, types: bool = True) -> Iterator[str]:
    """Every module that a file imports, also inside functions and, with ``types``, for the type checker alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not types:
        tree = WithoutTypeChecking().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class WithoutTypeChecking(ast.NodeTransformer):
    """Leaves out what only the type checker reads."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else self.generic_visit(node)


def part(*names: str) -> str:
    """``registry`` of ``registry.base``, but where a module has a law of its own, its name: ``workers.signals``."""
    own = ".".join(names[:2])
    return own if own in ALLOWED else names[0]


def part_of(path: Path) -> str:
    """The part that a file belongs to."""
    return part(*path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_run_one_way(path):
    """A part of the pipeline imports only what comes before it."""
    own = {part(*name.split(".")[1:]) for name in imports(path) if name.startswith("reportgen.")}
    assert set() == own - {part_of(path)} - ALLOWED[part_of(path)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_kept_apart(path):
    """torch, the PDF library and the terminal's are each imported in one place only."""
    places = {part_of(path), path.relative_to(ROOT).as_posix()}
    wrong = {
        name
        for name in imports(path, types=False)
        if (library := name.split(".")[0]) in RESERVED and not RESERVED[library] & places
    }
    assert set() == wrong


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    environment = {"PYTHONPATH": str(ROOT.parent), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import reportgen",
        "import reportgen.cli",
        "import reportgen.probe, reportgen.registry.catalog",
        "import reportgen.runs.batch, reportgen.rendering",
        "import reportgen.release.formats",
        "import reportgen; reportgen.build, reportgen.render, reportgen.load, reportgen.probe",
    ],
)
def test_imports_without_torch(statement):
    """Neither importing the package nor touching its public names loads torch, or a PDF library."""
    assert set() == loaded_by(statement) & {"torch", "weasyprint"}


def test_the_command_line_is_light():
    """What ``reportgen --help`` imports is click and the standard library."""
    light = loaded_by("from reportgen.cli import main")
    assert set() == light & {"torch", "weasyprint", "jinja2", "msgspec", "natsort", "rich"}
