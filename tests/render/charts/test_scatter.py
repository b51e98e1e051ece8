"""The scatter chart as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from reportgen.render.charts import svg
from reportgen.view.chart import Axis, Dot, Scatter

SVG = "{http://www.w3.org/2000/svg}"
AXES = (Axis("parameters", ((0.0, "1 k"), (1.0, "10 k"))), Axis("MACs", ((0.0, "1 M"), (1.0, "10 M"))))


def _chart(*dots: Dot, series: tuple[str, ...] = ("timm (1)",)) -> Scatter:
    return Scatter("models", "Models", "In words.", *AXES, series, dots)


def test_places() -> None:
    """The corners of the plot are the ends of the axes; each dot is a link with its figures for a tooltip."""
    text = svg(_chart(Dot("a", 0.0, 0.0, "1 k", 0, "a/report.html"), Dot("b", 1.0, 1.0, "10 k", 0, "b/report.html")))
    root = ET.fromstring(text)  # noqa: S314 - our own
    dots = {link.get("href"): link for link in root.iter(f"{SVG}a")}
    assert {"a/report.html": ("62.0", "374.0"), "b/report.html": ("814.0", "30.0")} == {
        href: (link.find(f"{SVG}circle").get("cx"), link.find(f"{SVG}circle").get("cy")) for href, link in dots.items()
    }
    assert "a: 1 k" == dots["a/report.html"].findtext(f"{SVG}title")
    assert ("group", {"-1"}) == (root.get("role"), {link.get("tabindex") for link in dots.values()})


def test_series_differ_in_shape() -> None:
    """As well as in colour; a legend says whose they are, where there are several."""
    text = svg(_chart(Dot("a", 0, 0, "", 0), Dot("b", 1, 1, "", 1), series=("timm (1)", "builtin (1)")))
    assert (2, 2) == (text.count("<circle"), text.count('Z"/>'))
    assert ["timm (1)", "builtin (1)"] == re.findall(r">([a-z]+ \(1\))</text>", text)
    assert "timm" not in svg(_chart(Dot("a", 0, 0, "", 0)))
    assert 1 == svg(_chart(Dot("a", 0, 0, "", 0))).count("<circle")


def test_names_do_not_lie_on_each_other() -> None:
    """The second goes to the left of its dot, the third has no room."""
    dots = [Dot(name, 0.5, 0.5, "", 0, named=True) for name in ("one", "two", "three")]
    names = re.findall(r'<text x="([\d.]+)"[^>]*>(one|two|three)</text>', svg(_chart(*dots)))
    assert [("446", "one"), ("411.1", "two")] == names


def test_hostile() -> None:
    """Nothing in a name comes alive, and no link leads to a script."""
    dot = Dot("<script>&\u202e", 0.5, 0.5, '"><b>', 0, "javascript:alert(1)", named=True)
    text = svg(_chart(dot))
    ET.fromstring(text)  # noqa: S314 - our own
    assert ("<script" in text, "javascript" in text, "<a" in text) == (False, False, False)
    assert r"&lt;script&gt;&amp;\u202e" in text
