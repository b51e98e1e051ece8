"""What a worker does to itself before a model's code runs in it, so that the code reaches nothing but its own.

It is protection from accidents and from code that misbehaves; against code that means harm use a container.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from reportgen.registry.lookup import HOME, home

_WORK = "work"  # the folder in a worker's own that its code runs in
_FOLDERS: Mapping[str, str] = {"TMPDIR": "tmp"} | dict.fromkeys(
    ("XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "MPLCONFIGDIR"), "cache"
)
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
_PACKAGE = Path(__file__).parent.parent
_INSTALLED = ("bin", "etc", "include", "lib", "lib64", "local/lib", "share", "ssl")  # to, below Python's prefixes
_LINKS = 1_000  # entries of the user's folder that are linked into the worker's own
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of sched.h
_ADDRESSES: Mapping[str, int] = {  # audit events of Python's sockets: where their address stands
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}


_own: list[Path] = []  # the folder of this process, where it is a worker
_opened: set[str] = set()


def give(folder: str) -> None:
    """This process is a worker, and has that folder to itself."""
    _own[:] = [Path(folder)]


def enter(*, network: bool) -> str:
    """Moves this worker, its temporary files and its caches into its folder, and gives the name of that.

    A process that is no worker is left as it is, and has no folder: "".

    The entries of the folder it came from are linked there: relative paths lead where they led, and deleting the
    working directory deletes links. Without ``network`` connections are refused, by the kernel too where it lets us.
    """
    if not _own:
        return ""
    own, before = _own[0], home()
    os.environ[HOME] = str(before)
    sys.path[:] = [str(before / place) for place in sys.path]
    (own / _WORK).mkdir()
    for entry in sorted(os.scandir(before), key=lambda entry: entry.name)[:_LINKS]:
        (own / _WORK / entry.name).symlink_to(entry.path)
    os.chdir(own / _WORK)
    for variable, name in _FOLDERS.items():
        (own / name).mkdir(exist_ok=True)
        os.environ[variable] = str(own / name)
    tempfile.tempdir = str(own / _FOLDERS["TMPDIR"])
    sys.addaudithook(_note_opened)
    if not network:
        _refuse_network()
    return str(own)


def files_read() -> tuple[str, ...]:
    """The files that this worker's code has read but those of Python and of installed packages."""
    if not _own:
        return ()
    prefixes = (Path(prefix, name) for prefix in (sys.prefix, sys.base_prefix) for name in _INSTALLED)
    folders = (*prefixes, _PACKAGE, _own[0], "/proc", "/sys", "/dev")
    installed = tuple(os.path.join(str(folder), "") for folder in folders)  # noqa: PTH118 - with a separator at the end
    real = files_of_modules() | _opened
    return tuple(sorted(path for path in real if not path.startswith(installed) and Path(path).is_file()))


def files_of_modules() -> set[str]:
    """The files of all modules that are loaded, by where they really lie."""
    return {_real(str(file)) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}


@cache
def _real(path: str) -> str:
    """Asked of thousands of modules in every worker; of those that the server has loaded, once there."""
    return os.path.realpath(home() / path)


def _note_opened(event: str, args: Sequence[Any]) -> None:
    """An audit hook. Relative paths are told by where they lead now: the code may change the folder later."""
    if event == "open" and isinstance(args[0], str) and not (isinstance(args[1], str) and set(args[1]) & set("wax")):
        with suppress(OSError):  # there may be no current folder any more
            _opened.add(os.path.realpath(args[0]))


def anonymous(text: str, folder: str) -> str:
    """``text`` without the name of a worker's ``folder``, which is another on every run."""
    return text.replace(f"{folder}/{_WORK}", ".").replace(folder, "<own>") if folder else text


def limit_memory(size: int) -> None:
    """Lets this worker take that many bytes of address space on top of what it has: allocations beyond it fail."""
    if not _own:
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + size
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _refuse_network() -> None:
    os.environ.update(_OFFLINE)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).unshare(_NEW_NETWORK)  # a network without devices; the superuser's to do, so it may fail
    sys.addaudithook(_refuse)


def _refuse(event: str, args: Sequence[Any]) -> None:
    """An audit hook; sockets in the file system are no network."""
    place = _ADDRESSES.get(event)
    if place is not None and not (place and isinstance(args[place], str | bytes)):
        raise PermissionError("the network is refused to models; --allow-network lets them reach it")
