"""Order of names, and the error for one that does not exist."""

from __future__ import annotations

from reportgen.registry.lookup import natural, unknown_model


def test_numbers_in_names_count_as_numbers() -> None:
    """vgg9 comes before vgg11, and a name that came twice is listed once."""
    assert natural(["vgg11", "vgg9", "resnet", "vgg9"]) == ["resnet", "vgg9", "vgg11"]


def test_names_equal_as_numbers_have_one_order() -> None:
    """a1 and a01 are ordered alike however they arrive."""
    assert natural(["a1", "a01"]) == natural(["a01", "a1"]) == ["a01", "a1"]


def test_remedy_names_the_closest() -> None:
    """An unknown name is answered with those that look like it, the closest first."""
    error = unknown_model("zoo:", "resnet5", ["vgg11", "resnet18", "resnet50"])
    assert (str(error), error.remedy) == ("zoo: has no 'resnet5'", "did you mean resnet50, resnet18?")


def test_remedy_where_nothing_is_close() -> None:
    """Where no name is close, the remedy is the given one, or how to list the names."""
    assert unknown_model("zoo:", "x", ["vgg11"], remedy="ask").remedy == "ask"
    assert unknown_model("zoo:", "x", ["vgg11"]).remedy == "see the names with: reportgen list"
