"""Every error that reportgen raises on purpose, and nothing else.

ReportgenError(message, code, remedy)
├ ConfigError                a wrong option, manifest key or value
├ RegistryError              a model reference that cannot be resolved
│ ├ UnknownModel               no such name; the remedy lists the closest ones
│ ├ AmbiguousModel             a bare name that several sources know
│ └ SourceUnavailable          the source exists but its package is missing or broken
├ ProbeError(stage)          the model could not be measured
│ ├ DeviceUnavailable          the asked-for device is not on this machine
│ ├ InstantiationError         the constructor failed
│ ├ InputError                 dummy inputs are missing or wrong
│ ├ ForwardError               ``forward`` failed
│ └ BackwardError              the loss or its backward failed
├ ReportFormatError          a saved report that does not fit its schema
├ CheckpointError            a file of weights that is damaged, is none, or can only be read by running code
├ RenderError                a page could not be made
│ ├ TemplateError              a template is missing or broken
│ └ RendererUnavailable        a renderer's library is missing (Pango, say)
└ WriteError                 a file could not be written

An error says its cause in one line (``str(error)``), its remedy in another (``error.remedy``), and has a stable
``code`` that leads to its entry in ``docs/messages.md``. It is always raised ``from`` what caused it.
"""

from __future__ import annotations


class ReportgenError(Exception):
    """The base of every error on purpose: one line of cause, a stable code, one line of remedy."""

    default_code = "error"

    def __init__(self, message: str, *, code: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.remedy = remedy


class ConfigError(ReportgenError):
    """A wrong option, manifest key or value; ``others`` are further ones that were found with it."""

    default_code = "config-invalid"
    others: tuple[ConfigError, ...] = ()


class RegistryError(ReportgenError):
    """A model reference that cannot be resolved."""

    default_code = "registry-error"


class UnknownModel(RegistryError):
    """No source knows this name."""

    default_code = "unknown-model"


class AmbiguousModel(RegistryError):
    """A bare name that several sources know."""

    default_code = "ambiguous-model"


class SourceUnavailable(RegistryError):
    """The source exists, but what it needs is not installed or does not load."""

    default_code = "source-unavailable"


class ProbeError(ReportgenError):
    """The model could not be measured at ``stage``: ``instantiate``, ``forward`` or ``backward``."""

    default_code = "probe-failed"
    stage: str | None = None


class DeviceUnavailable(ProbeError):
    """The asked-for device is not on this machine."""

    default_code = "device-unavailable"


class InstantiationError(ProbeError):
    """The model's constructor failed."""

    default_code = "instantiate-failed"
    stage = "instantiate"


class InputError(ProbeError):
    """Dummy inputs are missing or cannot be made."""

    default_code = "inputs-invalid"
    stage = "forward"


class ForwardError(ProbeError):
    """The model's ``forward`` failed."""

    default_code = "forward-failed"
    stage = "forward"


class BackwardError(ProbeError):
    """The loss or its backward failed."""

    default_code = "backward-failed"
    stage = "backward"


class ReportFormatError(ReportgenError):
    """A saved report that is not one, is of another version, or does not fit its schema."""

    default_code = "report-invalid"


class CheckpointError(ReportgenError):
    """A file of weights that is damaged, is none, or can only be read by running the code in it."""

    default_code = "checkpoint-invalid"


class RenderError(ReportgenError):
    """A page could not be made from a report."""

    default_code = "render-failed"


class TemplateError(RenderError):
    """A template is missing or broken."""

    default_code = "template-invalid"


class RendererUnavailable(RenderError):
    """A renderer's library is missing or does not load."""

    default_code = "renderer-unavailable"


class WriteError(ReportgenError):
    """A file could not be written."""

    default_code = "write-failed"
