"""Options and the manifest, valid by construction: every stage gets its own slice, nobody gets ``**kwargs``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from reportgen.errors import ConfigError
from reportgen.registry.base import InputSpec

Mode = Literal["train", "eval"]
_DEVICE = re.compile(r"meta|cpu|mps|auto|(cuda|xpu)(:\d+)?")
_LOSS = re.compile(r"sum|cross_entropy|none|python:\w+(\.\w+)*:\w+(\.\w+)*")


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """How one model is measured.

    ``loss`` None means the source's own, else ``sum``. ``freeze`` are patterns of parameter names whose
    ``requires_grad`` is switched off. ``inputs`` replace the ones that the source suggests.

    Raises:
        ConfigError: a value that is none of the ones allowed.
    """

    device: str = "meta"
    mode: Mode = "train"
    loss: str | None = None
    seed: int = 0
    freeze: tuple[str, ...] = ()
    inputs: tuple[InputSpec, ...] = ()

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise ConfigError(
                f"device {self.device!r} is not known",
                code="device-unknown",
                remedy="use meta, cpu, cuda, cuda:N, mps, xpu or auto",
            )
        if self.mode not in get_args(Mode):
            raise ConfigError(f"mode {self.mode!r} is not known", code="mode-unknown", remedy="use train or eval")
        if self.loss is not None and not _LOSS.fullmatch(self.loss):
            raise ConfigError(
                f"loss {self.loss!r} is not known",
                code="loss-unknown",
                remedy="use sum, cross_entropy, none or python:package.module:function",
            )
        if not 0 <= self.seed < 2**64:
            raise ConfigError(
                f"seed {self.seed} is out of range", code="seed-range", remedy="use an integer from 0 to 2**64 - 1"
            )
