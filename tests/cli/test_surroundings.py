"""``reportgen doctor``, as a user types it."""

from __future__ import annotations

from reportgen import doctor
from reportgen.render.charts import graphviz


def test_doctor(reportgen):
    """The doctor looks at versions, devices, formats and sources; what every machine has is well."""
    code, out, _ = reportgen("doctor")
    well = [line[4:].split("  ")[0] for line in out.splitlines() if line.startswith("ok")]
    assert 0 == code
    assert ["reportgen", "torch", "device meta", "device cpu"] == well[:4]
    assert {"format html", "format md", "source builtin:", "source file:"} <= set(well)


def test_doctor_without_graphviz(reportgen, monkeypatch):
    """What only some charts need is told with its remedy, and is no failure."""
    monkeypatch.setattr(graphviz, "version", lambda: None)
    code, out, _ = reportgen("doctor")
    lines = out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("--  Graphviz dot"))
    assert (0, "not installed: block diagrams are not drawn", f"remedy: {graphviz.REMEDY}") == (
        code,
        lines[at].split("  ", 2)[2].strip(),
        lines[at + 1].strip(),
    )


def test_doctor_of_a_broken_machine(reportgen, monkeypatch):
    """What is required and broken is in the exit code, with its remedy."""

    def broken() -> str:
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(doctor, "_torch", broken)
    code, out, _ = reportgen("doctor")
    assert 1 == code
    at = next(index for index, line in enumerate(out.splitlines()) if line.startswith("--  torch"))
    assert ["ImportError: libtorch.so: cannot open shared object file", "remedy: install reportgen again"] == [
        line.split("  ", 2)[2].strip() if line.startswith("--") else line.strip()
        for line in out.splitlines()[at : at + 2]
    ]
