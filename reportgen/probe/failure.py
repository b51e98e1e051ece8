"""An error of the user's code, told so that they can mend it: what, in which module, and their own frames."""

from __future__ import annotations

import os
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import torch
from torch import nn

from reportgen.registry.lookup import home


def _folder_of(file: str, *, up: int = 0) -> str:
    """The folder of a file, or one above it, with a separator at the end: torchvision's begins like torch's."""
    return f"{Path(file).resolve().parents[up]}{os.sep}"


_OWN = _folder_of(__file__, up=1)
_MODELS = f"{_OWN}registry{os.sep}builtin{os.sep}"  # of ours, these are models
_TORCH = _folder_of(torch.__file__)
_LAYERS = _folder_of(torch.nn.modules.__file__)  # torch's own modules, as far as a traceback shows them
_CALLS = f"{_LAYERS}module.py"  # the plumbing between a module's call and its forward
_MESSAGE_LIMIT = 2000


def needs_values(error: BaseException | None) -> bool:
    """Whether an error may come of meta tensors having no values, and not of the model itself.

    Scripted code hides its reasons, and keeps its tensors where they were; what torch does with processes side by side
    fails its own assertions.
    """
    if 'is missing the required "forward" function' in str(error):
        return False
    if isinstance(error, NotImplementedError) or re.search("TorchScript interpreter|INTERNAL ASSERT", str(error)):
        return True
    return re.search(r"\bmeta\b", str(error), re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Failure:
    """One line of what happened, the module and the line it happened in, and the frames of the user's code."""

    message: str
    module: str | None  # its path
    place: str | None  # file:line of the innermost frame of the user's code
    traceback: str

    @classmethod
    def of(cls, error: BaseException, modules: tuple[tuple[str, nn.Module], ...] = ()) -> Failure:
        """``modules``: the model's, by path, to find the one that was running."""
        return cls(_message(error), _module_of(error.__traceback__, modules), _place(error), _format(error))


def _message(error: BaseException) -> str:
    text = str(error).strip() or "(no message)"
    first = text.splitlines()[0]
    return f"{type(error).__name__}: {first}"[:_MESSAGE_LIMIT]


def _module_of(trace: TracebackType | None, modules: tuple[tuple[str, nn.Module], ...]) -> str | None:
    """The innermost module whose method is on the stack."""
    paths = {id(module): path for path, module in modules}
    found = None
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        found = paths.get(id(owner), found)
        trace = trace.tb_next
    return found


def _place(error: BaseException) -> str | None:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_telling(frame.filename)]
    users = [frame for frame in frames if not frame.filename.startswith(_LAYERS)] or frames
    return f"{_short(users[-1].filename)}:{users[-1].lineno}" if users else None


def _format(error: BaseException) -> str:
    """The traceback of the user's code; files as they are imported, not where this machine has them."""
    lines = traceback.TracebackException.from_exception(error, limit=None, compact=True)
    for part in _chain(lines):
        part.stack = traceback.StackSummary.from_list(
            [
                traceback.FrameSummary(_short(frame.filename), frame.lineno, frame.name, line=frame.line)
                for frame in part.stack
                if _is_telling(frame.filename)
            ]
        )
    return "".join(lines.format()).rstrip()


def _is_telling(filename: str) -> bool:
    """The user's frames and the layers they used; not ours, and not what lies below a layer."""
    if filename == _CALLS or (filename.startswith(_OWN) and not filename.startswith(_MODELS)):
        return False
    return filename.startswith(_LAYERS) or not filename.startswith(_TORCH)


def _chain(part: traceback.TracebackException | None) -> list[traceback.TracebackException]:
    parts = []
    while part is not None:
        parts.append(part)
        part = part.__cause__ or part.__context__
    return parts


def _short(filename: str) -> str:
    """A file's path below the import path it was found on: ``torch/nn/modules/linear.py``."""
    path = Path(filename)
    roots: list[Path] = [Path(root) for root in (*sys.path, str(home())) if root]
    found = [path.relative_to(root) for root in roots if path.is_relative_to(root)]
    return min(found, key=lambda relative: len(relative.parts), default=path).as_posix()
