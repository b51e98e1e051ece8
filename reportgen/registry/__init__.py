"""Where models come from: references, the sources behind them, and the catalogue over all sources.

`describe` tells reportgen how to run a factory of your own; `Registry` is a source made of such factories.
Importing this package imports no torch.
"""

from reportgen.registry.factory import describe
from reportgen.registry.registered import Registry

__all__ = ["Registry", "describe"]
