"""Shape rules: what operations give on meta, known in a line each, where torch's own kernels take a hundred."""

from reportgen.probe.rules import elementwise, normalisation, others, products
from reportgen.probe.rules.base import DECLINED, NEEDED, RULES

__all__ = ["DECLINED", "NEEDED", "RULES", "elementwise", "normalisation", "others", "products"]
