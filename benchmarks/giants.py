"""Decoders of hundreds of billions of parameters, from their configuration alone, at 4,096 tokens.

    python benchmarks/giants.py [REFERENCE…]

Each runs in a worker process of its own, forked warm as `reportgen build` has them: seconds from the reference to the
record, and the peak of the whole process's memory.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from reportgen.config import BatchOptions, ProbeOptions
from reportgen.probe import probe
from reportgen.registry.catalog import Catalog
from reportgen.workers.executors import local
from reportgen.workers.serving import Lost

TOKENS = 4096
CONFIGURATIONS = Path(__file__).resolve().parent.parent / "tests" / "conformance"
MODELS = {
    "Llama-3.1-405B": "transformers:LlamaForCausalLM?vocab_size=128256&hidden_size=16384&intermediate_size=53248"
    "&num_hidden_layers=126&num_attention_heads=128&num_key_value_heads=8&max_position_embeddings=131072",
    "DeepSeek-V3": "transformers:DeepseekV3ForCausalLM?max_position_embeddings=163840",
    "Mixtral-8x22B": "transformers:MixtralForCausalLM?vocab_size=32768&hidden_size=6144&intermediate_size=16384"
    "&num_hidden_layers=56&num_attention_heads=48",
    "Qwen3-235B-A22B": f"transformers:{CONFIGURATIONS}/qwen3_235b_a22b.json?max_position_embeddings=40960",
}


def measure(reference: str) -> str:
    """One line of the table; called in a worker."""
    joint = "&" if "?" in reference else "?"
    start = time.perf_counter()
    report = probe(Catalog().spec(f"{reference}{joint}sequence={TOKENS}"), ProbeOptions())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    totals = report.totals
    parameters, active = (
        f"{count / 1e9:.1f} B" if count is not None else "–"
        for count in (totals.parameters.unique, totals.parameters.active)
    )
    stopped = [f"{entry.message[:90]}" for entry in report.diagnostics if entry.severity == "error"]
    figures = f"{seconds:6.1f} s {peak:7.0f} MiB  {report.probe.status:9} {parameters:>9} {active:>9}"
    return "  ".join((figures, *stopped))


def main() -> None:
    """Prints one table."""
    from giants import measure as by_name  # workers import it from here: this script's own `__main__` is not theirs

    names = {reference: name for name, reference in MODELS.items()}
    asked = sys.argv[1:] or list(names)
    print(f"{'model':18} {'time':>8} {'peak':>11}  {'status':9} {'parameters':>9} {'active':>8}")
    for done in local(BatchOptions(jobs=1), ["transformers"]).map(by_name, asked):
        line = done.result.reason if isinstance(done.result, Lost) else done.result
        print(f"{names.get(done.task, done.task):18} {line}")


if __name__ == "__main__":
    main()
