"""The command line. Only here, and in `console`, anything is told; only here the process exits.

Each module holds the commands of one matter. What is heavy is imported by the command that needs it, so that ``--help``
answers at once.
"""

from __future__ import annotations

import math
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from types import FrameType

import click

from reportgen.cli import (
    baselines,
    building,
    cards,
    checkpoints,
    ci,
    comparisons,
    diffs,
    exports,
    manifests,
    releases,
    surroundings,
)
from reportgen.cli.options import Settings
from reportgen.cli.telling import INTERRUPTED, USAGE, complain
from reportgen.errors import ReportgenError
from reportgen.saying import say
from reportgen.version import __version__
from reportgen.workers.signals import ENDING

_IMPATIENCE = 1.0  # seconds within which Ctrl-C is pressed again because nothing seems to happen


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits.

    0 all good, 1 a check failed, 2 usage or configuration, 3 models that could not be reported, 130 stopped by Ctrl-C.
    """
    settings = Settings()
    received = _interruptible()
    try:
        status = commands.main(arguments, prog_name="reportgen", standalone_mode=False, obj=settings)
    except click.exceptions.NoArgsIsHelpError as exc:
        exc.show()
        status = USAGE
    except click.ClickException as exc:
        where = exc.ctx.command_path if isinstance(exc, click.UsageError) and exc.ctx else "reportgen"
        complain(exc.format_message(), f"see {where} --help")
        status = USAGE
    except ReportgenError as exc:
        for error in (exc, *getattr(exc, "others", ())):
            complain(str(error), error.remedy)
        if settings.traceback:
            traceback.print_exception(exc)
        status = USAGE
    except SystemExit as exc:
        status = 0 if exc.code == 1 else exc.code  # click's way to say that nobody reads its help any more
    except click.Abort as exc:
        _ignore_interruptions()
        _end_workers()
        say(f"reportgen: {str(exc.__cause__ or '') or 'interrupted'}", error=True)
        status = 128 + received[0] if received else INTERRUPTED
    sys.exit(status)


def _interruptible() -> list[int]:
    """Has every signal that asks us to end interrupt what is going on, as Ctrl-C does; gives those that came."""
    received: list[int] = []
    last = -math.inf

    def interrupt(number: int, _: FrameType | None) -> None:
        nonlocal last
        received.append(number)
        since, last = time.monotonic() - last, time.monotonic()
        if since > _IMPATIENCE:
            raise KeyboardInterrupt

    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, interrupt)
    return received


def _ignore_interruptions() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _end_workers() -> None:
    """At once: the server of workers would only notice that we are gone when it has imported all that it imports."""
    if "reportgen.workers.forkserver" in sys.modules:
        from reportgen.workers.forkserver import end_server

        end_server()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Reports on PyTorch models: parameters, gradients, shapes and costs, without the model's memory.

    A model is named by a reference: [SOURCE:]NAME[?key=value&key=value], say torchvision:resnet50,
    python:my.package:factory, file:models.py:Net, or with wildcards 'builtin:*'.
    """


for _command in (
    building.list_models,
    building.build,
    building.render,
    building.merge,
    manifests.manifests,
    baselines.baselines,
    diffs.diff,
    comparisons.compare,
    exports.export,
    exports.show,
    cards.card,
    releases.release,
    ci.surfaces,
    checkpoints.checkpoint,
    surroundings.doctor,
):
    commands.add_command(_command)
