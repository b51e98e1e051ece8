"""Which parameters got a gradient: two proofs, and whether they agree.

The first proof is what ``.grad`` holds after backward. The second is autograd's graph, walked from the loss: a
parameter that it leads to through torch's own derivatives alone *must* have got a gradient, and one that it does not
lead to at all cannot have. In between is what code of the user's own decides, which the graph does not show: a custom
function may give no gradient for an input, and may run a backward pass of its own (reentrant checkpointing, reversible
layers), whose graph is another one. There ``.grad`` is the only proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reportgen.probe import ledger
from reportgen.probe.registration import Named
from reportgen.report.schema import Diagnostic, GradientFacts

_Accumulate: type = torch._C._functions.AccumulateGrad  # type: ignore[attr-defined]  # a leaf's end of the graph
_OWN = frozenset(kind for kind in vars(torch._C._functions).values() if isinstance(kind, type)) - {
    torch._C._functions.UndefinedGrad  # which lets nothing through
}
_SHOWN = 12  # names in a message


@dataclass(frozen=True, slots=True)
class Reach:
    """Where autograd's graph leads from a loss: the ids of leaf tensors.

    ``surely`` are those with a path of torch's own derivatives, ``perhaps`` those with none but through custom
    functions, whose names are in ``custom``.
    """

    surely: frozenset[int] = frozenset()
    perhaps: frozenset[int] = frozenset()
    custom: tuple[str, ...] = ()

    def leads_to(self, leaf: Tensor) -> bool:
        """Whether there is any path to this one."""
        return id(leaf) in self.surely or id(leaf) in self.perhaps


NOWHERE = Reach()


@dataclass(frozen=True, slots=True)
class Gradient:
    """One gradient as backward left it, and its bytes, None where they are not known."""

    facts: GradientFacts
    bytes: int | None

    @classmethod
    def of(cls, gradient: Tensor) -> Gradient:
        """Describes what is in ``.grad``."""
        return cls(ledger.gradient_facts(gradient), ledger.bytes_of(gradient))


def reach(loss: Tensor) -> Reach:
    """Walks the graph of ``loss``, each node once."""
    seen: set[Any] = set()
    custom: list[Any] = []
    surely = _leaves([loss.grad_fn], seen, custom)
    names = [node.name() for node in custom]
    stack = [following for node in custom for following, _ in node.next_functions]
    perhaps = _leaves(stack, seen, None)
    return Reach(frozenset(surely), frozenset(perhaps), tuple(dict.fromkeys(names)))


def _leaves(stack: list[Any], seen: set[Any], custom: list[Any] | None) -> set[int]:
    """The leaves behind the nodes on ``stack``; nodes of custom functions end the walk, where they are collected."""
    leaves: set[int] = set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        kind = type(node)
        if kind is _Accumulate:
            leaves.add(id(node.variable))
        elif custom is not None and kind not in _OWN:
            custom.append(node)
        else:
            stack.extend(following for following, _ in node.next_functions)
    return leaves


@contextmanager
def collected(parameters: Sequence[Named]) -> Iterator[dict[int, Gradient]]:
    """Every gradient that the block, a backward pass, gives: filled when it ends, by the parameter's id.

    A gradient that a hook takes away counts as well: some models train in backward, and free each gradient as it comes.
    """
    found: dict[int, Gradient] = {}

    def watch(parameter: Tensor) -> None:
        if parameter.grad is not None:
            found[id(parameter)] = Gradient.of(parameter.grad)

    with ExitStack() as stack:
        for named in parameters:
            hooks: Any = getattr(named.tensor, "_post_accumulate_grad_hooks", None)
            if hooks:
                theirs = dict(hooks)
                hooks.clear()  # ours must come before the one that takes the gradient
                handle = named.tensor.register_post_accumulate_grad_hook(watch)  # type: ignore[no-untyped-call]
                hooks.update(theirs)
                stack.callback(handle.remove)
        yield found
    for named in parameters:
        if named.tensor.grad is not None:
            found[id(named.tensor)] = Gradient.of(named.tensor.grad)


def compare(parameters: Iterable[Named], found: Mapping[int, Gradient], way: Reach) -> Iterator[Diagnostic]:
    """Holds the proofs against each other; says where they disagree, and where one of them is silent.

    With a custom function in the graph, a gradient may come from anywhere.
    """
    first = [named for named in parameters if named.tied_to is None]
    missing = [named.name for named in first if id(named.tensor) in way.surely and id(named.tensor) not in found]
    outside = [named.name for named in first if id(named.tensor) in found and not way.leads_to(named.tensor)]
    if missing:
        yield _disagreement(f"{listing(missing)}: no gradient, though a path of autograd's graph leads there.")
    if outside and not way.custom:
        yield _disagreement(f"{listing(outside)}: a gradient, though no path of autograd's graph leads there.")
    elif outside:
        yield Diagnostic(
            severity="note",
            code="gradients-outside-graph",
            stage="backward",
            module=None,
            message=f"{listing(outside)}: the gradient comes from a backward pass within backward, and .grad is the"
            f" only proof of it. Custom functions on the way: {listing(way.custom)}.",
        )


def _disagreement(message: str) -> Diagnostic:
    return Diagnostic(
        severity="error",
        code="gradient-proofs-disagree",
        stage="backward",
        module=None,
        message=message,
        remedy="look for code that sets or clears .grad in backward, such as a hook on a tensor",
    )


def listing(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    shown, more = names[:_SHOWN], len(names) - _SHOWN
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
