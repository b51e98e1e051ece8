"""A batch of models that crash, hang, and worse: each has a report with the reason, and disturbs no other."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import reportgen

MODELS = Path(__file__).with_name("misbehaving.py")
OK, FAILED, SKIPPED = "ok", "failed", "skipped"
RAN = (OK, OK, OK)
NOT_BUILT = (FAILED, SKIPPED, SKIPPED)
NOT_RUN = (OK, FAILED, SKIPPED)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are kept apart in full on Linux only"),
]


class Expected(NamedTuple):
    """What a model's report says: how far it came, its parameters, and why not further."""

    stages: tuple[str, str, str]
    parameters: int | None = 3
    reason: str | None = None
    printed: str | None = None


EXPECTED = {
    "Good": Expected(RAN),
    "raises_early": Expected(NOT_BUILT, None, "ValueError: no way in"),
    "interrupts": Expected(NOT_BUILT, None, "its process raised KeyboardInterrupt"),
    "exits_early": Expected(NOT_BUILT, None, "its process exited with status 0"),
    "deletes": Expected(RAN),
    "changes_torch": Expected((OK, OK, SKIPPED)),
    "raises": Expected(NOT_RUN, reason="ValueError: no way forward"),
    "exits_politely": Expected(NOT_RUN, reason="SystemExit: 4"),
    "exits": Expected(NOT_RUN, reason="its process exited with status 3"),
    "segfaults": Expected(NOT_RUN, reason="its process was killed by SIGSEGV", printed="last words"),
    "kills_itself": Expected(NOT_RUN, reason="its process was killed by SIGKILL"),
    "hangs": Expected(NOT_RUN, reason="its process ran longer than 20 s"),
    "forks": Expected(RAN),
    "leaves_a_child": Expected(RAN),
    "leaves_a_thread": Expected(RAN),
    "recurses": Expected(NOT_RUN, reason="RecursionError: maximum recursion depth exceeded"),
    "prints": Expected(RAN, printed="y" * 8192 + "\n… 3,999,983,616 bytes more …\n" + "y" * 8192),
    "takes_memory": Expected(NOT_RUN, reason="MemoryError: (no message)"),
    "reads_input": Expected(RAN),
    "closes_files": Expected(NOT_RUN, reason="its process exited with status 1"),
    "litters": Expected(NOT_RUN, reason="RuntimeError: at . and in <own>/tmp"),
    "reaches_out": Expected(
        NOT_RUN,
        reason="URLError: <urlopen error the network is refused to models; --allow-network lets them reach it>",
    ),
    "Unpicklable": Expected((OK, OK, SKIPPED)),
}


def build(folder: Path, names: list[str], output: str = "out", jobs: int = 2) -> Path:
    """Reports on those models, which lie in the current folder."""
    shutil.copy(MODELS, folder / "models.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        reportgen.build(
            [f"file:models.py:{name}" for name in names],
            output=output,
            formats=["json", "md"],
            inputs=["4x2"],
            timeout=20.0,
            memory_limit=2.0,
            jobs=jobs,
        )
    return folder / output


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them in one run."""
    return build(tmp_path_factory.mktemp("faults"), list(EXPECTED))


def report(out: Path, name: str) -> reportgen.ModelReport:
    """The record of one of them."""
    return reportgen.load(out / f"file-models.py-{name}" / "report.json")


@pytest.mark.parametrize("name", EXPECTED)
def test_each_has_its_report(together: Path, name: str) -> None:
    """How far it came, what was learnt before, and why it went no further."""
    made = report(together, name)
    stages = made.probe.stages
    reason = next((row.message.partition("\n")[0] for row in made.diagnostics if row.severity == "error"), None)
    assert EXPECTED[name] == Expected(
        (stages.instantiate, stages.forward, stages.backward), made.totals.parameters.unique, reason, made.printed
    )


def test_the_user_s_folder_is_unharmed(together: Path) -> None:
    """One deleted its working directory, and one left files in it: neither was the user's."""
    assert ["models.py", "out"] == sorted(path.name for path in together.parent.iterdir())


@pytest.mark.parametrize("name", ["Good", "segfaults", "litters"])
def test_the_same_alone(together: Path, name: str) -> None:
    """A model in bad company has the report that it has alone, to the byte."""
    alone = build(together.parent, [name], output=f"alone-{name}", jobs=1)
    for file in ("report.json", "report.md"):
        place = f"file-models.py-{name}/{file}"
        assert (alone / place).read_bytes() == (together / place).read_bytes()
