"""``reportgen doctor``: what works on this machine."""

from __future__ import annotations

import click

from reportgen.cli.options import common
from reportgen.cli.telling import line
from reportgen.saying import say


@click.command()
@common
def doctor() -> int:
    """Tell what works here: versions, devices, formats, fonts and sources."""
    from reportgen.doctor import examine

    checks = examine()
    width = max(len(check.name) for check in checks)
    for check in checks:
        say(f"{'ok' if check.ok else '--'}  {check.name:<{width}}  {line(check.finding)}")
        if check.remedy is not None:
            say(f"    {'':<{width}}  remedy: {line(check.remedy)}")
    return 0 if all(check.ok or not check.required for check in checks) else 1
