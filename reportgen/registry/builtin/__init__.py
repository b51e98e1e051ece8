"""The models that ship with reportgen: written plainly from their papers, in PyTorch alone.

Each runs forward and backward on any device, ``meta`` included: no value is read to decide a path. Their parameters
are as PyTorch initialises them; only sizes, names and operations are meant to be faithful.
"""

from reportgen.registry.builtin import (  # noqa: F401 - importing a family registers its models
    basics,
    bert,
    gpt2,
    lenet,
    llama,
    lstm,
    mixtral,
    resnet,
    unet,
    vae,
    vit,
)
from reportgen.registry.builtin._registry import builtin, register

__all__ = ["builtin", "register"]
