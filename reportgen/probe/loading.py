"""What ``state_dict()`` and ``load_state_dict()`` do that a ledger of names and shapes does not tell."""

from __future__ import annotations

from torch import nn

from reportgen.probe.ledger import class_name
from reportgen.probe.registration import join, walk
from reportgen.report.state import ClassVersion, ModuleSlot, StateFacts

_BATCH_NORM = nn.modules.batchnorm._NormBase  # also what instance norms are made from
_KNOWN_LOADERS = (
    nn.Module._load_from_state_dict,
    _BATCH_NORM._load_from_state_dict,
    nn.modules.instancenorm._InstanceNorm._load_from_state_dict,  # only adds a message for files of torch 0.3
)
_HARMLESS = "torchvision.models.vision_transformer.MLPBlock"  # only renames keys of its first version
_METHODS = ("_save_to_state_dict", "state_dict", "get_extra_state", "set_extra_state")
_HOOKS = ("_state_dict_pre_hooks", "_state_dict_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks")
_COUNTER = "num_batches_tracked"


def state_facts(model: nn.Module) -> StateFacts:
    """Places in the tree of modules that hold no module of their own, versions, and who loads in a way of its own."""
    indexes: dict[int, int] = {}
    slots: list[ModuleSlot] = []
    versions: dict[str, ClassVersion] = {}
    custom: list[int] = []
    for path, module in walk(model):
        if id(module) in indexes:
            slots.append(ModuleSlot(path=path, before=len(indexes), module=indexes[id(module)]))
        else:
            index = indexes[id(module)] = len(indexes)
            version = _class_version(module)
            if version.version != 1 or version.fills:
                versions[version.class_name] = version
            if _is_custom(module, top=not path):
                custom.append(index)
        empty = (name for name, child in module._modules.items() if child is None)
        slots += [ModuleSlot(path=join(path, name), before=len(indexes), module=None) for name in empty]
    return StateFacts(slots=tuple(slots), versions=tuple(versions.values()), custom=tuple(custom))


def _class_version(module: nn.Module) -> ClassVersion:
    """Some classes keep a text of their own, or anything else, where torch looks for its number: as if it were 1."""
    fills = (_COUNTER,) if isinstance(module, _BATCH_NORM) else ()
    version: object = module._version
    number = version if isinstance(version, int) and version >= 0 else 1
    return ClassVersion(class_name=class_name(module), version=int(number), fills=fills)


def _is_custom(module: nn.Module, *, top: bool) -> bool:
    """Whether it saves or loads otherwise than `nn.Module` and torch's own normalisations do."""
    methods = (*_METHODS, "load_state_dict") if top else _METHODS  # the latter is asked of the model alone
    loader = getattr(type(module), "_load_from_state_dict", None)
    return (
        (loader not in _KNOWN_LOADERS and class_name(module) != _HARMLESS)
        or any(getattr(type(module), name, None) is not getattr(nn.Module, name) for name in methods)
        or not {*methods, "_load_from_state_dict"}.isdisjoint(vars(module))
        or any(getattr(module, name, None) for name in _HOOKS)
        or (isinstance(module, _BATCH_NORM) and module.track_running_stats != _has_counter(module))
    )


def _has_counter(module: nn.Module) -> bool:
    return module._buffers.get(_COUNTER) is not None
