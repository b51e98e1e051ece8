"""Differences of two large records: how long each takes, and how that grows with the models.

python benchmarks/diff.py

Times are of the processor, the best of three, for pairs of 2,500, 5,000 and 10,000 tensors; the last column is the
growth over the last doubling, 2.0 for a time in proportion. Nothing here needs torch.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping

from reportgen.analysis.diff import diff
from reportgen.report.fingerprint import fingerprint
from reportgen.report.schema import (
    DeviceFacts,
    GradientFacts,
    ModelIdentity,
    ModelReport,
    ModuleFacts,
    ParameterFacts,
    ProbeFacts,
    StageFacts,
)
from reportgen.report.state import StateFacts
from reportgen.report.totals import (
    BufferTotals,
    FlopTotals,
    GradientTotals,
    MacTotals,
    MemoryTotals,
    ParameterTotals,
    Totals,
)

SIZES = (2_500, 5_000, 10_000)
Layers = Iterable[tuple[str, tuple[int, ...]]]


def record(layers: Layers) -> ModelReport:
    """A record of linear layers of the given paths, each with one weight of the given shape."""
    modules: dict[str, str] = {"": "Model"}
    parameters = []
    for path, shape in layers:
        parts = path.split(".")
        for end in range(1, len(parts)):
            modules.setdefault(".".join(parts[:end]), "Block")
        modules[path] = "Linear"
        numel = shape[0] * shape[1]
        gradient = GradientFacts(status="computed", shape=shape, dtype="float32", layout="strided")
        parameters.append(
            ParameterFacts(
                f"{path}.weight", shape, "float32", numel, 4 * numel, trainable=True, tied_to=None, gradient=gradient
            )
        )
    rows = tuple(ModuleFacts(path, name, 1, (), (), 0, 0, 0, 0) for path, name in modules.items())
    stages = StageFacts(instantiate="ok", forward="ok", backward="ok")
    return ModelReport(
        model=ModelIdentity(ref="benchmark", name="benchmark", source="benchmark", class_name="Model", kwargs={}),
        probe=ProbeFacts("complete", DeviceFacts("meta", "meta"), "train", "sum", 0, (), (), stages),
        totals=Totals(
            parameters=ParameterTotals(*[0] * 9),
            buffers=BufferTotals(0, 0, 0, 0),
            state_dict_bytes=0,
            modules=len(rows),
            gradients=GradientTotals(0, 0, 0),
            flops=FlopTotals(0, 0, exact=True, uncounted=()),
            macs=MacTotals(0),
            memory=MemoryTotals(0, 0, 0, 0, 0),
        ),
        modules=rows,
        parameters=tuple(parameters),
        buffers=(),
        diagnostics=(),
        environment={},
        fingerprint=fingerprint(rows, parameters, ()),
        state=StateFacts(),
    )


def blocks(tensors: int, name: str = "layers", width: int = 8) -> Layers:
    """Blocks of ten layers of ten shapes."""
    return [(f"{name}.{index // 10}.{chr(97 + index % 10)}", (width, index % 10 + 1)) for index in range(tensors)]


def flat(tensors: int, name: str = "a", shapes: int = 1) -> Layers:
    """All layers side by side."""
    return [(f"{name}{index}", (8, index % shapes + 1)) for index in range(tensors)]


def shuffled(layers: Layers) -> Layers:
    """The same layers in another order."""
    mixed = list(layers)
    random.Random(0).shuffle(mixed)  # noqa: S311 - no secret
    return mixed


def deep(tensors: int, name: str = "a") -> Layers:
    """Each layer a level below the one before, a hundred of them and then anew."""
    return [(f"{name}{index // 100}" + ".x" * (index % 100) + ".w", (8, 8)) for index in range(tensors)]


CASES: Mapping[str, Callable[[int], tuple[Layers, Layers]]] = {
    "equal": lambda n: (blocks(n), blocks(n)),
    "other widths": lambda n: (blocks(n), blocks(n, width=16)),
    "a renamed stage": lambda n: (blocks(n), blocks(n, name="stages")),
    "half as deep": lambda n: (blocks(n // 2), blocks(n)),
    "all the same shape, all renamed": lambda n: (flat(n, "a"), flat(n, "b")),
    "all renamed, one in a hundred gone": lambda n: (flat(n, "a", 7), flat(n - n // 100, "b", 5)),
    "all renamed, shuffled, all unlike": lambda n: (flat(n, "a", n), shuffled(flat(n, "b", n))),
    "all renamed, shuffled, seven shapes": lambda n: (flat(n, "a", 7), shuffled(flat(n, "b", 7))),
    "deep, renamed": lambda n: (deep(n, "a"), deep(n, "b")),
    "nothing in common": lambda n: (blocks(n), flat(n, "z", 3)),
}


def seconds(old: ModelReport, new: ModelReport) -> float:
    """Of the processor, the best of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        diff(old, new)
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Prints one table."""
    print(f"{'pair':38}" + "".join(f"{size:>10,}" for size in SIZES) + "    growth")
    for name, make in CASES.items():
        times = [seconds(*map(record, make(size))) for size in SIZES]
        print(f"{name:38}" + "".join(f"{value:>8.2f} s" for value in times) + f"{times[-1] / times[-2]:>10.1f}")


if __name__ == "__main__":
    main()
