"""How libraries are imported: missing, broken, and beside a torchvision whose operators do not load."""

from __future__ import annotations

import pytest

from reportgen.errors import SourceUnavailable
from reportgen.registry import library

BELONGS = "install the torchvision that belongs to the installed torch"
MISSING = ModuleNotFoundError("No module named 'torchvision'", name="torchvision")


@pytest.mark.parametrize(
    ("name", "errors", "message", "remedy"),
    [
        ("torchvision.models", {"torchvision": MISSING}, "torchvision is not installed", "pip install torchvision"),
        (
            "torchvision.models",
            {"torchvision": ModuleNotFoundError("No module named 'PIL'", name="PIL")},
            "torchvision does not load: ModuleNotFoundError: No module named 'PIL'",
            BELONGS,
        ),
        (
            "torchvision.models",
            {"torchvision": RuntimeError("other\nCUDA")},
            "torchvision does not load: RuntimeError: other CUDA",
            BELONGS,
        ),
        (
            "timm",
            {"torchvision": MISSING, "timm": ModuleNotFoundError(name="timm")},
            "timm is not installed",
            "pip install timm",
        ),
        ("timm", {"torchvision": MISSING, "timm": MISSING}, "timm needs torchvision", "pip install torchvision"),
        (
            "timm",
            {"torchvision": RuntimeError("CUDA"), "timm": RuntimeError("anything else")},
            "torchvision does not load: RuntimeError: CUDA",
            BELONGS,
        ),
        (
            "timm",
            {"torchvision": MISSING, "timm": ImportError("cannot import name 'x'")},
            "timm does not load: ImportError: cannot import name 'x'",
            "install a timm that fits the installed torch",
        ),
    ],
)
def test_what_does_not_load_says_why(
    monkeypatch: pytest.MonkeyPatch, name: str, errors: dict[str, Exception], message: str, remedy: str
) -> None:
    """The root cause is told, a broken torchvision before the library that imports it, with what to install."""

    def fail(module: str) -> None:
        raise errors[module.partition(".")[0]]

    monkeypatch.setattr(library.importlib, "import_module", fail)
    library.load.cache_clear()
    try:
        with pytest.raises(SourceUnavailable) as caught:
            library.load(name)
    finally:
        library.load.cache_clear()
    assert (message, remedy) == (str(caught.value), caught.value.remedy)


def test_a_missing_torchvision_stops_nobody_who_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that needs no torchvision loads without one."""

    def only_json(module: str) -> str:
        if module != "json":
            raise MISSING
        return "the module"

    monkeypatch.setattr(library.importlib, "import_module", only_json)
    library.load.cache_clear()
    assert library.load("json") == "the module"
    library.load.cache_clear()
