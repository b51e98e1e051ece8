r"""Tests of `reportgen.release.latex`.

Where LaTeX is installed, it sets the tables too.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from reportgen.release.latex import escape, latex

DOCUMENT = r"""\documentclass{article}\usepackage[a3paper,landscape]{geometry}
\usepackage{booktabs}
\begin{document}
%s
\end{document}
"""
# What an escape is made of; none of TeX's own characters is left between.
ESCAPE = re.compile(r"\\text[a-z]+\{\}|\\char\d+\{\}|\\[{}$&#_%]|\\,|-\{\}|\{\[\}|\$\\(?:times|[lg]eq|approx)\$")


def test_table(frozen_sequential, tied_gpt, forward_failed, constructor_failed):
    """A row a model; what failed and what nobody knows are words, not zeros."""
    expected = r"""% needs \usepackage{booktabs}
\begin{tabular}{llrrrrr}
\toprule
Model & Input & Parameters & Trainable & MACs & State dict & Training memory \\
\midrule
frozen-{}sequential & 1$\times$4 & 58 & 18 & 48 & 232\,B & unknown \\
tied-{}gpt & 2$\times$16 & 2,624 & 2,624 & 91.14\,k & 10.3\,KiB & unknown \\
mismatched & 1$\times$4 & 60 & 60 & failed & 240\,B & unknown \\
unbuildable & -- & unknown & unknown & unknown & unknown & unknown \\
\bottomrule
\end{tabular}
"""
    assert expected == latex([frozen_sequential, tied_gpt, forward_failed, constructor_failed])


def test_lower_bounds_are_marked(make_report):
    """As everywhere."""
    report = make_report(modules={"": "Net"}, flops={"": 96}, uncounted={"aten.foo": 1})
    assert r"$\geq$ 48" in latex([report])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vit_b_16", r"vit\_b\_16"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("100 % $x^2$ & #1 ~", r"100 \% \$x\textasciicircum{}2\$ \& \#1 \textasciitilde{}"),
        ("a--b", "a-{}-{}b"),
        ('"quoted"', r"\char34{}quoted\char34{}"),
        ("[2mm]", "{[}2mm]"),
        ("^^41", r"\textasciicircum{}\textasciicircum{}41"),
        ("two\nlines", r"two\textbackslash{}nlines"),
        ("25.6 M", r"25.6\,M"),
        ("\u202egpj", r"\textbackslash{}u202egpj"),
    ],
)
def test_escapes(text, expected):
    """What TeX would act on is set as it reads."""
    assert expected == escape(text)


def test_hostile_names(hostile_names):
    """Between the escapes nothing is left that TeX acts on, nor a quote or a line's end."""
    left = ESCAPE.sub("", "".join(map(escape, hostile_names)))
    assert set() == set(left) & set("\\{}$&#_%~^<>|\"'`[-\n\r\t\x00")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_latex_sets_it(tmp_path, frozen_sequential, make_report, hostile_names):
    """Without a single error; what is beyond Latin is for LuaLaTeX."""
    reports = [make_report(name) for name in hostile_names if name.isascii()] + [frozen_sequential]
    (tmp_path / "table.tex").write_text(DOCUMENT % latex(reports), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert 0 == done.returncode, done.stdout[-2000:]
