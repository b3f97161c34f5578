"""The command line. The only place that prints or exits.

Data goes to standard output, messages to standard error; an error is one line. Exit status 0: it
holds (or was done), 1: it does not hold or is unknown, 2: wrong use.
"""

from __future__ import annotations

import os
import sys
import warnings

import click

import convmatrix as cm
from convmatrix.cli.apply import apply
from convmatrix.cli.explore import explore
from convmatrix.cli.graph import graph
from convmatrix.cli.matrix import matrix
from convmatrix.cli.out import complain, warned
from convmatrix.cli.process import close_output, open_streams, signals_as_exits
from convmatrix.cli.prove import check, prove
from convmatrix.cli.separable import separable
from convmatrix.errors import ConvMatrixError

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line and exit."""
    warnings.showwarning = warned
    open_streams()
    with signals_as_exits():
        sys.exit(_status())


def _status() -> int:
    """The exit status of the command; whatever happens is said in one line."""
    try:
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        close_output()
        return 141
    except (KeyboardInterrupt, click.exceptions.Abort):
        return 130
    except click.ClickException as error:
        return complain(error.format_message())
    except (ConvMatrixError, OSError) as error:
        return complain(str(error))
    except MemoryError:
        return complain("out of memory; use a smaller --input or fewer channels")
    except (OverflowError, RecursionError) as error:
        _debug()
        return complain(f"these numbers are too large for it ({error}); use smaller ones")
    except Exception as error:
        _debug()
        what = f"{type(error).__name__}: {error}"
        return complain(
            f"a fault of convmatrix itself ({what:.200}); please report it with this command line "
            f"and what CONVMATRIX_DEBUG=1 prints"
        )
    return status


def _debug() -> None:
    """With CONVMATRIX_DEBUG the error leaves as it is, with its traceback."""
    if os.environ.get("CONVMATRIX_DEBUG"):
        raise


def _run(words: list[str]) -> int:
    """Run a verb without Click's own idea of exit statuses."""
    if "_CONVMATRIX_COMPLETE" in os.environ:  # a shell asks for words
        cli(prog_name="convmatrix")
    try:
        with cli.make_context("convmatrix", words) as context:
            status = cli.invoke(context)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.exceptions.Exit as done:  # of --help and --version
        return done.exit_code
    return status if isinstance(status, int) else 0


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(cm.__version__, prog_name="convmatrix")
def cli() -> None:
    """See a convolution as the matrix that it is."""


for verb in (explore, matrix, graph, prove, check, separable, apply):
    cli.add_command(verb)
