"""Graphviz as a process: what it is asked, what it answers, and what happens where it is not there."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

import pytest

from reportgen.render.charts import graphviz
from reportgen.render.charts.graphviz import Curve, Graph, Layout

DOT = pytest.mark.skipif(graphviz.version() is None, reason="Graphviz is not installed")
CHAIN = Graph(boxes=((72, 36, None), (144, 36, 0)), arrows=((0, 1, 50.0),), frames=((30.0, None),), direction="TB")


def test_names_are_numbers() -> None:
    """What is asked for holds sizes and numbers alone."""
    blank = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{}" HEIGHT="14">'
    blank += "<TR><TD></TD></TR></TABLE>"
    assert graphviz._source(CHAIN) == "\n".join(
        (
            "digraph {",
            "graph [rankdir=TB nodesep=0.3 ranksep=0.3 margin=0]",
            'node [shape=box fixedsize=true label=""]',
            "edge [arrowsize=0.6]",
            "n0 [width=1.0000 height=0.5000]",
            f"subgraph cluster_0 {{ margin=14 labeljust=l label=<{blank.format(30)}>",
            "n1 [width=2.0000 height=0.5000]",
            "}",
            f"n0 -> n1 [id=e0 label=<{blank.format(50)}>]",
            "}",
        )
    )


def test_answers_are_turned_upside_down() -> None:
    """Graphviz counts upwards, and gives centres; pages count downwards."""
    answer = {
        "bb": "0,0,200,100",
        "objects": [
            {"name": "cluster_0", "bb": "10,10,190,60"},
            {"name": "n0", "pos": "100,80"},
            {"name": "n1", "pos": "100,30"},
        ],
        "edges": [{"id": "e0", "pos": "e,100,48 100,62 100,60 100,58 100,54", "lp": "120,55"}],
    }
    assert graphviz._read(CHAIN, answer) == Layout(
        width=200,
        height=100,
        boxes=((64, 2, 72, 36), (28, 52, 144, 36)),
        arrows=(Curve(((100, 38), (100, 40), (100, 42), (100, 46)), (100, 52), (120, 45), 50.0),),
        frames=((10, 40, 180, 50),),
    )


@DOT
def test_boxes_keep_their_sizes_and_do_not_overlap() -> None:
    """A star of seven boxes: each as large as it was asked for, none on another."""
    graph = Graph(tuple((80.0, 40.0, None) for _ in range(7)), tuple((0, i, 0.0) for i in range(1, 7)), (), "TB")
    (layout,) = graphviz.layouts(graph)
    assert [(80.0, 40.0)] * 7 == [place[2:] for place in layout.boxes]
    for (ax, ay, *_), (bx, by, *_) in itertools.combinations(layout.boxes, 2):
        assert abs(ax - bx) >= 80 or abs(ay - by) >= 40


@DOT
def test_several_are_laid_out_as_each_alone() -> None:
    """One dot for all of them gives what one for each gives."""
    chain = Graph(((50, 20, None), (50, 20, None)), ((0, 1, 30.0),), (), "LR")
    fork = Graph(((50, 20, None), (70, 20, None), (90, 20, 0)), ((0, 1, 0.0), (0, 2, 0.0)), ((40.0, None),), "TB")
    assert (*graphviz.layouts(chain), *graphviz.layouts(fork)) == graphviz.layouts(chain, fork)


@DOT
def test_what_stands_in_a_frame_lies_in_it() -> None:
    """A frame within a frame, and a box in the inner one."""
    graph = Graph(((50, 20, None), (50, 20, 1)), ((0, 1, 0.0),), ((40.0, None), (40.0, 0)), "LR")
    (layout,) = graphviz.layouts(graph)
    outer, inner, box = (*layout.frames, layout.boxes[1])
    for (x, y, width, height), (ix, iy, iwidth, iheight) in ((outer, inner), (inner, box)):
        assert x <= ix
        assert y <= iy
        assert x + width >= ix + iwidth
        assert y + height >= iy + iheight


@pytest.mark.parametrize(
    "script",
    ["exit 1", "echo no JSON", "echo '{}'", "echo '" + json.dumps({"bb": "0,0,1,1", "objects": []}) + "'"],
)
def test_a_dot_that_fails_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Whatever it does, there is no layout and no exception."""
    dot = tmp_path / "dot"
    dot.write_text(f"#!/bin/sh\n{script}\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    graphviz.layouts.cache_clear()
    assert graphviz.layouts(CHAIN) == ()
    graphviz.layouts.cache_clear()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("dot - graphviz version 2.43.0 (0)", "2.43.0"), ("dot - graphviz version 12.1.2 (20240928.0832)", "12.1.2")],
)
def test_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, expected: str) -> None:
    """It is told on standard error."""
    dot = tmp_path / "dot"
    dot.write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert expected == graphviz.version()


def test_no_version_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the path is empty there is no dot."""
    monkeypatch.setenv("PATH", "")
    assert graphviz.version() is None


def test_a_dot_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time there is no layout."""

    def hang(*_: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("dot", float(str(options["timeout"])))

    monkeypatch.setattr(graphviz.shutil, "which", lambda _: "dot")
    monkeypatch.setattr(graphviz.subprocess, "run", hang)
    graphviz.layouts.cache_clear()
    assert graphviz.layouts(CHAIN) == ()
    graphviz.layouts.cache_clear()
