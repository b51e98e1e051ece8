"""On which line of a TOML file each of its keys stands, which the standard library's parser does not tell.

TOML is a sequence of statements, headers and assignments, each of which starts on a line of its own and parses alone,
and none of which parses before its last line. So the parser itself says where statements end.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Place = tuple[str | int, ...]
"""The way to a value: ``("model", 2, "inputs")`` is that of the third ``[[model]]``."""


def lines_of(text: str) -> Mapping[Place, int]:
    """The line, counted from one, of every table and key of ``text``, which must be TOML."""
    found: dict[Place, int] = {}
    arrays: Counter[Place] = Counter()  # how many headers each array of tables has had
    table: Place = ()
    for number, statement, parsed in _statements(text):
        if statement.lstrip().startswith("["):
            table = _header(list(_keys(parsed)), arrays, is_array=statement.lstrip().startswith("[["))
            found.setdefault(table, number)
        else:
            for place in _places(parsed, table):
                found.setdefault(place, number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each statement with the number of its first line, and what it says alone."""
    start, lines = 1, list[str]()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        lines.append(line)
        statement = "\n".join(lines)
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on
        if parsed:
            yield start, statement, parsed
        start, lines = number + 1, []


def _keys(header: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a header's name, from the table that it makes."""
    while header:
        ((key, value),) = header.items()
        yield key
        header = value[0] if isinstance(value, list) else value


def _header(keys: Sequence[str], arrays: Counter[Place], *, is_array: bool) -> Place:
    """The place that a header opens; a table below an array belongs to the array's last one."""
    place: Place = ()
    for key in keys:
        place = (*place, key)
        if place in arrays and (len(place) < len(keys) or not is_array):
            place = (*place, arrays[place] - 1)
    if is_array:
        arrays[place] += 1
        place = (*place, arrays[place] - 1)
    return place


def _places(value: Any, place: Place) -> Iterator[Place]:
    """The places of everything in a value; the items of a list are told apart where they are tables."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if isinstance(value, dict) or isinstance(part, dict):
            yield (*place, key)
        yield from _places(part, (*place, key))
