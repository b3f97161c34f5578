"""What can go wrong, said in one line: what was expected, what was given, and the fix.

Every error that a wrong input can cause is a `ConvMatrixError`, which is a `ValueError`.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ArgumentError",
    "CertificateError",
    "ConvMatrixError",
    "FileError",
    "GeometryError",
    "MissingExtraError",
    "NotLinearError",
    "OutsideError",
    "ProofError",
    "ShapeError",
    "SymbolicError",
    "TooLargeError",
    "WeightError",
    "no_truth_value",
    "printable",
]


def printable(text: object) -> str:
    r"""A text in one line that a terminal shows and does not obey: control characters, line ends
    and marks that turn the reading direction are escaped.

    >>> print(printable("conv\x1b[2J"))
    conv\x1b[2J
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


class ConvMatrixError(ValueError):
    """The base of all errors of this package."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ArgumentError(ConvMatrixError, TypeError):
    """A call that does not fit the function: an unknown, missing or repeated argument."""


class GeometryError(ConvMatrixError):
    """A size, stride, padding, dilation or channel count that makes no convolution."""


class ShapeError(ConvMatrixError):
    """An array, element or map whose shape does not fit the map that it meets."""


class OutsideError(ShapeError, IndexError):
    """An index beyond the rows or columns of a map's matrix."""


class WeightError(ConvMatrixError):
    """A weight that is missing, of the wrong shape, or of a kind the view cannot hold."""


class NotLinearError(ConvMatrixError):
    """A matrix, transpose or composition asked of a map that is not linear."""


class SymbolicError(ConvMatrixError):
    """Numbers asked of a map whose geometry still has symbols, or yes or no of a verdict that
    depends on a kernel's."""


class ProofError(ConvMatrixError):
    """A statement that cannot be put to proof as it was given."""


class CertificateError(ProofError):
    """A certificate that does not prove what it says; the message names the step."""


class TooLargeError(ConvMatrixError):
    """A view that would not fit in this machine's memory."""


class FileError(ConvMatrixError):
    """A file that cannot be read or written."""


class MissingExtraError(ConvMatrixError, ImportError):
    """An optional library that is not installed, with the command that installs it."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed; "
            f"run: python -m pip install '.[{extra}]' in a checkout of convmatrix"
        )
        self.library, self.extra, self.purpose = library, extra, purpose

    def __reduce__(self) -> Any:
        """A copy is made of what it was made of, not of its message."""
        return type(self), (self.library, self.extra, self.purpose), vars(self)


def no_truth_value(what: str, ask: str) -> ConvMatrixError:
    """The error of a result that is neither true nor false as a condition.

    >>> raise no_truth_value("a stack of 2 verdicts", ".separable.all()")
    Traceback (most recent call last):
    ...
    convmatrix.errors.ConvMatrixError: the truth value of a stack of 2 verdicts is ambiguous; ...
    """
    return ConvMatrixError(f"the truth value of {what} is ambiguous; use {ask}")
