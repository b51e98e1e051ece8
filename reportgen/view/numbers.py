"""The one formatter: every figure on every page is written here.

Four things are never mixed up: `UNKNOWN` (there is a figure, nobody knows it), ``0`` (known, and nothing),
`NOT_APPLICABLE` (there is no such figure) and `FAILED` (the attempt to find it out failed).

Human figures are rounded half up in integer arithmetic, so a count of any size is right to its last digit.
"""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN = "unknown"
NOT_APPLICABLE = "–"
FAILED = "failed"

_COUNTS = ("", "k", "M", "B", "T", "P")  # parameters are counted in billions, as the literature does
_SI = ("", "k", "M", "G", "T", "P", "E", "Z")
_SECONDS = ("s", "ms", "µs")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def exact(number: int | None, unit: str = "") -> str:
    """``25,557,032``, with its unit where there is one: ``102,228,128 B``."""
    if number is None:
        return UNKNOWN
    return f"{number:,} {unit}" if unit else f"{number:,}"


def human(number: int | None) -> str:
    """A count for the eye, with one decimal: ``25.6 M``, ``405.9 B``; what has four digits at most stays exact."""
    if number is None or number < 10_000:
        return exact(number)
    return _scaled(number, _COUNTS, base=1000, decimals=1)


def si(number: int | None) -> str:
    """Work for the eye, where the unit is said elsewhere: ``4.09 G``."""
    return _work(number, "")


def flops(number: int | None) -> str:
    """Floating-point operations: ``8.18 GFLOP``."""
    return _work(number, "FLOP")


def macs(number: int | None) -> str:
    """Multiply-accumulates: ``4.09 GMAC``."""
    return _work(number, "MAC")


def decade(exponent: int, *, work: bool = False) -> str:
    """A power of ten as the mark of an axis: ``100 k``, ``10 M``; ``work`` counts in ``G`` where others do in ``B``."""
    units = _SI if work else _COUNTS
    power = min(exponent // 3, len(units) - 1)
    return f"{10 ** (exponent - 3 * power):,} {units[power]}".rstrip()


def size(number: int | None) -> str:
    """Bytes for the eye, in powers of 1,024: ``97.5 MiB``."""
    return UNKNOWN if number is None else _scaled(number, _BINARY, base=1024, decimals=1)


def seconds(number: float) -> str:
    """A time for the eye, with three digits: ``12.3 ms``, ``4.56 s``."""
    power = next((power for power, unit in enumerate(_SECONDS) if number * 1000**power >= 1), len(_SECONDS) - 1)
    scaled = number * 1000**power
    return f"{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f} {_SECONDS[power]}"


def percent(part: int | None, whole: int | None) -> str:
    """``92.0 %``. Only nothing is ``0 %`` and only all is ``100 %``; of nothing there is no share."""
    if part is None or whole is None:
        return UNKNOWN
    if whole == 0:
        return NOT_APPLICABLE
    if part in (0, whole):
        return "100 %" if part else "0 %"
    tenths = (2000 * part + whole) // (2 * whole)
    if tenths == 0:
        return "<0.1 %"
    if tenths >= 1000 and part < whole:
        return ">99.9 %"
    return f"{tenths // 10:,}.{tenths % 10} %"


def change(old: int | None, new: int | None, unit: str = "") -> str:
    """``+528,128``, ``−97.5 MiB`` with the unit ``B``; ``0`` where nothing changed."""
    if old is None or new is None:
        return UNKNOWN
    return f"{_sign(new - old)}{size(abs(new - old)) if unit == 'B' else exact(abs(new - old))}"


def change_percent(old: int | None, new: int | None) -> str:
    """``−2.1 %``; of nothing there is no share."""
    if old is None or new is None:
        return UNKNOWN
    return f"{_sign(new - old)}{percent(abs(new - old), old)}" if old else NOT_APPLICABLE


def _sign(number: int) -> str:
    return "+" if number > 0 else "−" if number < 0 else ""


def shape(sizes: Sequence[int | None] | None) -> str:
    """``64×3×7×7``; a scalar is ``()``; a ragged dimension, of another size in each part, is ``?``."""
    if sizes is None:
        return UNKNOWN
    return "×".join("?" if size is None else str(size) for size in sizes) or "()"


def shapes(tensors: Sequence[Sequence[int | None]] | None) -> str:
    """The shapes of several tensors: ``2×128, 2×128×768``. A call without tensors has none."""
    if tensors is None:
        return UNKNOWN
    return ", ".join(map(shape, tensors)) or NOT_APPLICABLE


def unit_of(total: str) -> str:
    """``B`` of a total that counts bytes, by its place in a record: ``memory.peak_training``; nothing of others."""
    return "B" if "bytes" in total or total.startswith("memory.") else ""


def plural(number: int, noun: str, many: str | None = None) -> str:
    """``1 tensor``, ``2,048 tensors``, ``2 entries``."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def _work(number: int | None, unit: str) -> str:
    return UNKNOWN if number is None else _scaled(number, [prefix + unit for prefix in _SI], base=1000, decimals=2)


def _scaled(number: int, units: Sequence[str], *, base: int, decimals: int) -> str:
    """``number`` in the largest unit that leaves at least one of it, rounded half up."""
    if number < base:
        return f"{number:,} {units[0]}".rstrip()
    power, scale = 0, 10**decimals
    divisor, rounded = 1, number * scale
    while rounded >= base * scale and power < len(units) - 1:
        power, divisor = power + 1, divisor * base
        rounded = (2 * number * scale + divisor) // (2 * divisor)
    whole, fraction = divmod(rounded, scale)
    return f"{whole:,}.{fraction:0{decimals}d} {units[power]}"
