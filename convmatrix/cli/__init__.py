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
from convmatrix.cli.prove import check, prove
from convmatrix.cli.separable import separable
from convmatrix.errors import ConvMatrixError

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line and exit."""
    warnings.showwarning = warned
    try:
        status = cli(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(0)
    except click.ClickException as error:
        sys.exit(complain(error.format_message()))
    except click.exceptions.Abort:
        sys.exit(130)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ConvMatrixError, OSError) as error:
        sys.exit(complain(str(error)))
    except MemoryError:
        sys.exit(complain("out of memory; use a smaller --input or fewer channels"))
    sys.exit(status if isinstance(status, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(cm.__version__, prog_name="convmatrix")
def cli() -> None:
    """See a convolution as the matrix that it is."""


for verb in (explore, matrix, graph, prove, check, separable, apply):
    cli.add_command(verb)
