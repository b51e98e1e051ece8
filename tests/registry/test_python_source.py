"""The user's own code, by module name and by file."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from reportgen.errors import ConfigError, RegistryError, UnknownModel
from reportgen.registry.base import InputSpec, ModelRef
from reportgen.registry.python_source import FileSource, PythonSource

NET = """
from torch import nn

class Net(nn.Module):
    '''A net.'''
    def __init__(self, width=4):
        super().__init__()
        self.line = nn.Linear(width, 2)

ready = nn.Linear(3, 3)
number = 7
def listing():
    return [1]
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Writes a source file below the current, otherwise empty folder."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


def shapes(text: str) -> dict[str, tuple[int, ...]]:
    """The parameters of what a file: reference builds."""
    module = FileSource().spec(ModelRef.parse(text)).build()
    return {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}


def test_a_class_in_a_file_is_built_with_its_arguments(write) -> None:
    """A relative path is enough, arguments reach the constructor, and the class is named after the file."""
    write("sub/models.py", NET)
    spec = FileSource().spec(ModelRef.parse("file:sub/models.py:Net?width=5"))
    module = spec.build()
    named = (type(module).__module__, type(module).__qualname__, module.line.in_features, spec.description)
    assert named == ("models", "Net", 5, "A net.")


def test_an_instance_is_copied(write) -> None:
    """A ready module is used as it is, but each time as a copy; it takes no arguments."""
    write("models.py", NET)
    spec = FileSource().spec(ModelRef.parse("file:models.py:ready"))
    first, second = spec.build(), spec.build()
    assert (first is second, first.weight.tolist()) == (False, second.weight.tolist())
    with pytest.raises(ConfigError) as caught:
        FileSource().spec(ModelRef.parse("file:models.py:ready?width=5"))
    assert caught.value.remedy == "it takes no arguments"


def test_described_factories_bring_their_inputs(write) -> None:
    """A factory decorated with describe() needs no --input."""
    write(
        "models.py",
        """
        from torch import nn
        from reportgen.registry import describe

        @describe(inputs=("input=1x3",), loss="cross_entropy")
        def net():
            return nn.Linear(3, 2)
        """,
    )
    spec = FileSource().spec(ModelRef.parse("file:models.py:net"))
    assert (spec.inputs, spec.loss) == ((InputSpec((1, 3), name="input"),), "cross_entropy")


def test_neighbours_of_the_same_name_are_kept_apart(write) -> None:
    """Two files that import a module of the same name each get the one beside them, also when they build late."""
    for folder, width in (("a", 1), ("b", 2)):
        write(f"{folder}/layers.py", f"WIDTH = {width}")
        write(
            f"{folder}/models.py",
            """
            from torch import nn
            import layers
            def net():
                import layers as late
                assert late is layers
                return nn.Linear(late.WIDTH, 1, bias=False)
            """,
        )
    specs = [FileSource().spec(ModelRef.parse(f"file:{folder}/models.py:net")) for folder in "ab"]
    assert [spec.build().in_features for spec in specs] == [1, 2]


def test_an_edited_file_is_read_anew(write) -> None:
    """A file and its neighbours are read whenever a specification is asked for."""
    write("layers.py", "WIDTH = 1")
    write("models.py", "import layers\nfrom torch import nn\nnet = lambda: nn.Linear(layers.WIDTH, 1, bias=False)")
    before = shapes("file:models.py:net")
    write("layers.py", "WIDTH = 2 + 2  # of another size, so that no cache is taken for it")
    assert (before, shapes("file:models.py:net")) == ({"weight": (1, 1)}, {"weight": (1, 4)})


def test_nothing_is_left_behind(write) -> None:
    """Neither the import path nor the loaded modules show that a file was run, whether it worked or not."""
    write("json.py", "from torch import nn\nimport layers\nnet = nn.Identity")
    write("layers.py", "")
    write("failing.py", "import layers\nraise ValueError")
    path, modules = list(sys.path), dict(sys.modules)
    FileSource().spec(ModelRef.parse("file:json.py:net")).build()
    with pytest.raises(RegistryError):
        FileSource().spec(ModelRef.parse("file:failing.py:net"))
    assert (path, modules) == (list(sys.path), dict(sys.modules))


def test_any_file_name_will_do(write) -> None:
    """A file need not be called like a module."""
    write("my-net.v2.txt", NET)
    assert shapes("file:my-net.v2.txt:Net") == {"line.weight": (2, 4), "line.bias": (2,)}


@pytest.mark.parametrize(
    ("text", "kind", "message", "remedy"),
    [
        (
            "file:nosuch.py:Net",
            UnknownModel,
            "file:nosuch.py:Net: there is no file 'nosuch.py'",
            "give its path from the current folder",
        ),
        (
            r"file:C:\nets\models.py:Net",
            UnknownModel,
            r"file:C:\nets\models.py:Net: there is no file 'C:\\nets\\models.py'",
            "give its path from the current folder",
        ),
        (
            "file:models.py",
            ConfigError,
            "file:models.py does not say what to take from where",
            "write file:path/to/models.py:factory",
        ),
        (
            "file:models.py:*",
            ConfigError,
            "file:models.py:*: a wildcard matches names that are listed, and file: lists none",
            "name each: file:path/to/models.py:factory",
        ),
        ("file:models.py:Nett", UnknownModel, "module 'models' has no 'Nett'", "did you mean Net?"),
        ("file:models.py:q", UnknownModel, "module 'models' has no 'q'", "it has Net, listing, ready"),
        (
            "file:models.py:number",
            RegistryError,
            "file:models.py:number is of type int, which builds nothing",
            "name a function, a class or an instance of torch.nn.Module",
        ),
    ],
)
def test_what_cannot_be_found_is_explained(write, text: str, kind: type, message: str, remedy: str) -> None:
    """A wrong path, attribute or kind of attribute each has its own cause and remedy."""
    write("models.py", NET)
    with pytest.raises(kind) as caught:
        FileSource().spec(ModelRef.parse(text))
    assert (message, remedy) == (str(caught.value), caught.value.remedy)


def test_a_factory_that_gives_no_module_is_refused(write) -> None:
    """What a factory returns is looked at when it is built."""
    write("models.py", NET)
    with pytest.raises(RegistryError, match=r"file:models\.py:listing gave a list, not a torch\.nn\.Module"):
        FileSource().spec(ModelRef.parse("file:models.py:listing")).build()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def (", "SyntaxError: invalid syntax (models.py, line 1)"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
    ],
)
def test_failing_code_is_named_with_its_error(write, text: str, message: str) -> None:
    """Code that fails while it is imported, or wants to end the process, is an error with its type and message."""
    write("models.py", text)
    for ref, source in (("file:models.py:Net", FileSource()), ("python:models:Net", PythonSource())):
        with pytest.raises(RegistryError) as caught:
            source.spec(ModelRef.parse(ref))
        assert (f"importing {ref} failed: {message}", "import-failed") == (str(caught.value), caught.value.code)


def test_relative_imports_point_to_python(write) -> None:
    """A file of a package cannot run alone, and the remedy says how to name it."""
    write("models.py", "from .layers import x")
    with pytest.raises(RegistryError) as caught:
        FileSource().spec(ModelRef.parse("file:models.py:Net"))
    remedy = "a file with relative imports is part of a package: name it python:package.module:factory"
    assert caught.value.remedy == remedy


@pytest.fixture
def package(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package in the current folder, forgotten afterwards."""
    write("acme_nets/__init__.py", "")
    write("acme_nets/layers.py", "WIDTH = 6")
    write("acme_nets/models.py", NET + "from .layers import WIDTH\nclass Zoo:\n    Net = Net\n")
    for name in ("acme_nets", "acme_nets.layers", "acme_nets.models"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("package")
def test_a_package_in_the_current_folder_is_found() -> None:
    """python: looks in the current folder first, and an attribute may lie within another."""
    module = PythonSource().spec(ModelRef.parse("python:acme_nets.models:Zoo.Net?width=3")).build()
    assert (type(module).__module__, module.line.in_features) == ("acme_nets.models", 3)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("module", ["nosuch", "acme_nets.nosuch"])
def test_an_unknown_module_is_named(module: str) -> None:
    """A module that is not there is told from one whose own imports fail."""
    with pytest.raises(UnknownModel, match=f"there is no module '{module}'"):
        PythonSource().spec(ModelRef.parse(f"python:{module}:Net"))


def test_neither_source_lists_anything() -> None:
    """Code is imported only for references that a user named."""
    assert ((), ()) == (PythonSource().names(), FileSource().names())
