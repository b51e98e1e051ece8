"""What a record knows of saving and loading, beyond names and shapes."""

from __future__ import annotations

import msgspec

from reportgen.report.base import Count, Record


class ModuleSlot(Record, frozen=True):
    """A place in the tree that `ModelReport.modules` has no row for: another path of a module, or one kept empty."""

    path: str
    before: Count  # how many rows of `modules` come before it on a walk through the tree, parents first
    module: Count | None  # the module that stands here too, by its index there; None: registered as None


class ClassVersion(Record, frozen=True):
    """What ``state_dict()`` notes as the version of all modules of a class, where that is not 1.

    ``fills`` are the buffers that such a module makes up itself where a state dict of an earlier version, or of none,
    lacks them: ``num_batches_tracked`` of a batch norm below version 2.
    """

    class_name: str = msgspec.field(name="class")
    version: Count
    fills: tuple[str, ...] = ()


class StateFacts(Record, frozen=True):
    """What ``state_dict()`` and ``load_state_dict()`` do that the ledger does not tell.

    The state dict has every name of the ledger, in the order of a walk through modules and slots: a module's own
    parameters, then its persistent buffers. That is no certain knowledge of ``custom`` modules, given by their index:
    they have hooks or methods of their own for saving and loading.
    """

    slots: tuple[ModuleSlot, ...] = ()
    versions: tuple[ClassVersion, ...] = ()
    custom: tuple[Count, ...] = ()
