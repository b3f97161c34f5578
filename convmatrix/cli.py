"""The command line. The only place that prints or exits.

Data goes to standard output, messages to standard error; an error is one line. Exit status 0: it
holds (or was done), 1: it does not hold or is unknown, 2: wrong use.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

import convmatrix as cm
from convmatrix.errors import (
    CertificateError,
    ConvMatrixError,
    FileError,
    GeometryError,
    ProofError,
    WeightError,
)
from convmatrix.options import (
    KINDS,
    Options,
    build_layer,
    prove_named,
    read_array,
    read_kernel,
    read_text,
    sizes,
)

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line and exit."""
    try:
        status = cli(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(0)
    except click.ClickException as error:
        sys.exit(_complain(error.format_message()))
    except click.exceptions.Abort:
        sys.exit(130)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ConvMatrixError, OSError) as error:
        sys.exit(_complain(str(error)))
    except MemoryError:
        sys.exit(_complain("out of memory; use a smaller --input or fewer channels"))
    sys.exit(status if isinstance(status, int) else 0)


def _complain(message: str) -> int:
    click.echo(f"convmatrix: {' '.join(message.split())}", err=True)
    return 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(cm.__version__, prog_name="convmatrix")
def cli() -> None:
    """See a convolution as the matrix that it is."""


_GEOMETRY = [
    click.option("--kind", default="conv", show_default=True, metavar="KIND",
                 help=f"The layer: {', '.join(KINDS)}."),
    click.option("--kernel", metavar="K", help="Kernel size: 3 or 3x5.  [default: weight's or 3]"),
    click.option("--stride", metavar="S", help="Step: 2 or 2x1.  [default: 1; pools: kernel]"),
    click.option("--padding", default="0", show_default=True, metavar="P",
                 help="1, 1x2, 1:2x0:1 (before:after), valid, same, same_lower, full or causal."),
    click.option("--dilation", default="1", show_default=True, metavar="D", help="Tap distance."),
    click.option("--groups", default=1, show_default=True, help="Channel groups."),
    click.option("--in-channels", default=1, show_default=True, help="Channels of the input."),
    click.option("--out-channels", default=1, show_default=True, help="Channels of the output."),
    click.option("--input", default="5x5", show_default=True, metavar="SIZE",
                 help="Input size, one number an axis; its length sets the dimensions."),
    click.option("--weight", metavar="W", help="'1 0 -1; 2 0 -2; 1 0 -1', JSON or an .npy file."),
    click.option("--padding-mode", default="zeros", show_default=True, metavar="MODE",
                 help="zeros, circular, reflect or replicate (upsample: nearest or linear)."),
    click.option("--output-padding", default="0", show_default=True, metavar="P",
                 help="Extra outputs of a transposed convolution."),
    click.option("--scale", metavar="F", help="Factor of upsample and pixel (un)shuffle."),
    click.option("--flip", is_flag=True, help="Flip the kernel (the mathematical convolution)."),
]  # fmt: skip


def _geometry(command: Callable[..., Any]) -> Callable[..., Any]:
    """The geometry options, given to the command as one `Options`."""

    def wrapped(**values: Any) -> Any:
        shared = {f.name: values.pop(f.name) for f in fields(Options)}
        return command(Options(**shared), **values)

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    for option in reversed(_GEOMETRY):
        wrapped = option(wrapped)
    return wrapped


_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_output = click.option("-o", "--output", metavar="FILE", help="Write here; - is standard output.")
_format = click.option("--format", metavar="FORMAT", help="Of -o, instead of its suffix.")


def _print(data: Any, text: str, as_json: bool) -> None:
    click.echo(json.dumps(data, ensure_ascii=False) if as_json else text)


def _say(message: str) -> None:
    click.echo(message, err=True)


@cli.command()
@click.argument("model", required=False)
@click.option("--layer", metavar="NAME", help="Of MODEL: which of its layers.")
@click.option("--text", "as_text", is_flag=True, help="Draw grids and matrix in the terminal.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N",
              help="Serve the page at this port of 127.0.0.1.")  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Serve or write the page, and open no browser.")
@_output
@_json
@_geometry
def explore(
    options: Options, model: str | None, layer: str | None, as_text: bool, port: int | None,
    no_browser: bool, output: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Everything about a layer: a summary, and the interactive page.

    In a terminal the page is served live and opened in a browser until Ctrl-C; without the extra
    [explore], or with -o, it is a file that needs no server. MODEL (.onnx, .npz, .safetensors, .pt,
    .pth) shows a layer of a trained network. With no option at all: the article's figure.
    """
    from convmatrix.explorer.describe import describe
    from convmatrix.explorer.live import start

    if layer is not None and model is None:
        raise GeometryError("--layer is of a model's file; give the file, e.g. model.onnx")
    if model is not None:
        shown = _trained(model, layer)
    elif _typed() & {f.name for f in fields(Options)}:
        shown = build_layer(options)
    else:
        shown, options = cm.conv2d(1, 1, 3, stride=2, padding=1), replace(options, input="5x5")
    size = sizes(options.input)
    if output == "" or (output == "-" and (as_text or as_json)):
        raise GeometryError("-o takes the file of the page; with - leave --text and --json out")
    if as_text:
        from convmatrix.explorer.state import understand
        from convmatrix.explorer.text import text

        asked = understand(*start(shown, size))  # with an example's weights, where there are none
        click.echo(text(describe(asked.map, of=asked.layer)))
    elif output != "-":
        description = describe(shown, size)
        _print(description, description["text"], as_json)
    wanted = port is not None or no_browser or sys.stdout.isatty()
    if output is not None or (wanted and not as_json and not as_text):
        state, own = start(shown, size)
        _show(state, own, output, port, not no_browser)


def _trained(model: str, name: str | None) -> cm.Layer:
    """A layer of a model's file, by its name; the only one needs none."""
    found = {one.name: one for one in cm.read_layers(model)}
    if name is None and len(found) == 1:
        name = next(iter(found))
    if name not in found:
        known = ", ".join(list(found)[:20]) + (", …" if len(found) > 20 else "")
        raise FileError(f"--layer must be one of {known}, got {name}")
    return found[name].layer()


def _show(
    state: dict[str, str], own: Any, output: str | None, port: int | None, browser: bool
) -> None:
    """The page: into a file, or live; without the server's libraries a file that is opened."""
    from convmatrix.errors import MissingExtraError
    from convmatrix.explorer.page import page
    from convmatrix.writers import target

    if output is None:
        from convmatrix.explorer.server import serve

        try:
            serve(state, own, port=port, browser=browser, say=_say)
        except KeyboardInterrupt:
            _say("stopped")
            return
        except MissingExtraError as error:
            if port is not None:
                raise
            _say(f"{error}; writing a page instead")
        else:
            return

    def watched(states: Any) -> Any:
        with click.progressbar(states, label="answers", file=sys.stderr) as bar:
            yield from bar

    place = "convmatrix-explorer.html" if output is None else output
    text = page(state, own, progress=watched if sys.stderr.isatty() else iter)
    with target(place) as file:
        file.write(text.encode())
    if place != "-":
        _say(f"wrote {place}")
    if output is None and browser:
        import webbrowser

        webbrowser.open(Path(place).resolve().as_uri())


@cli.command()
@_output
@_format
@_json
@_geometry
def matrix(options: Options, output: str | None, format: str | None, as_json: bool) -> None:  # noqa: A002
    """The matrix: printed, or to a file .npz .mtx .npy .tex .svg .png."""
    from convmatrix.writers import write_matrix

    kind = (format or output or "").lower().rsplit(".", 1)[-1]
    numeric = kind in ("npz", "mtx", "npy")
    bound = build_layer(options, exact=not numeric).on(sizes(options.input))
    if output is not None:
        if not bound.has_weights and numeric:
            raise WeightError(f"the numbers of {bound.describe()} are not given; add --weight")
        write_matrix(bound, output, format=format)
        if output != "-":
            _say(f"wrote {output}: {bound.shape[0]}×{bound.shape[1]}, {bound.nnz:,} connections")
        return
    bound._require_linear("matrix")
    _print(_triples(bound) if as_json else None, "" if as_json else _table(bound), as_json)


MOST_PRINTED = 64


def _table(bound: cm.Map) -> str:
    """The matrix in text: its numbers, or the tap at each place where there is no weight."""
    rows, columns = bound.shape
    if max(rows, columns) > MOST_PRINTED:
        raise GeometryError(
            f"a matrix of {rows}×{columns} is too large to print; write it with -o FILE.npz"
        )
    cells = [["·"] * columns for _ in range(rows)]
    if bound.has_weights:
        for (r, c), value in bound.to_sympy().todok().items():
            cells[r][c] = f"{value:.4g}" if getattr(value, "is_Float", False) else str(value)
    else:
        pattern = bound.pattern
        for r, c, t in zip(pattern.rows, pattern.indices, pattern.tap, strict=True):
            cells[r][c] = f"w{t}" if cells[r][c] == "·" else f"{cells[r][c]}+w{t}"
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join(" ".join(cell.rjust(width) for cell in row) for row in cells)


def _triples(bound: cm.Map) -> dict[str, Any]:
    pattern = bound.pattern
    data = None
    if bound.is_linear and all(leaf.is_numeric for leaf in bound.leaves):
        data = bound._edge_weights()
    return {
        "shape": list(bound.shape),
        "indptr": pattern.indptr.tolist(),
        "indices": pattern.indices.tolist(),
        "tap": pattern.tap.tolist(),
        "data": data,
    }


@cli.command()
@_output
@_format
@click.option("--view", default="bipartite", show_default=True, metavar="VIEW",
              help="bipartite, layered, channels or axis.")  # fmt: skip
@click.option("--axis", default=0, show_default=True, help="Which axis the view axis shows.")
@click.option("--window", metavar="W", help="Only these outputs: 0:4x0:4, first:stop an axis.")
@click.option("--from", "source", metavar="ELEMENT", help="What an input element feeds: 0,1,1.")
@click.option("--to", "sink", metavar="ELEMENT", help="What an output element reads: 0,1,1.")
@click.option("--lazy", is_flag=True, help="Store nothing: compute what is asked for.")
@click.option("--merge", is_flag=True, help="Add up parallel edges, for .mtx.")
@click.option("--stats", is_flag=True, help="Degrees, dead inputs, checkerboard, gridding.")
@_json
@_geometry
def graph(
    options: Options, output: str | None, format: str | None, view: str,  # noqa: A002
    axis: int, window: str | None, source: str | None, sink: str | None, lazy: bool, merge: bool,
    stats: bool, as_json: bool,
) -> int | None:  # fmt: skip
    """The connectivity graph, written (-o) or printed.

    -o writes .graphml .gexf .gml .dot .json .cyjs .csv .parquet .mtx .mmd .tex, or draws .svg
    .png; with .gz behind it, compressed. With --from and --to: how many paths there are, exit 1
    if none.
    """
    bound = build_layer(options).on(sizes(options.input))
    asked = "--stats" if stats else "--from" if source else "--to" if sink else None
    if asked and (output is not None or window is not None):
        raise GeometryError(f"{asked} prints; leave -o and --window out (--json prints JSON)")
    if stats:
        found = cm.connectivity(bound)
        _print(found.to_dict(), str(found), as_json)
        return None
    if source is not None or sink is not None:
        return _ends(bound, source, sink, as_json)
    ranges = None if window is None else _window(window)
    if output is not None or as_json:
        _write_graph(bound, output or "-", format or (None if output else "json"),
                     view=view, axis=axis, window=ranges, merge=merge)  # fmt: skip
        return None
    network = bound.to_networkx(view, lazy=lazy, axis=axis) if ranges is None else None
    if network is None:
        from convmatrix.views.graph import to_networkx
        from convmatrix.writers.graphs import table_of

        network = to_networkx(table_of(bound, view, axis, ranges))
    for start, end, data in network.edges(data=True):
        (name, value), *_ = data.items()
        click.echo(f"{start} → {end} {name} {value}")
    return None


def _write_graph(bound: Any, output: str, format: str | None, **how: Any) -> None:  # noqa: A002
    from convmatrix.writers import write_graph

    written, how_written = 0, format

    def watched(edges: Any, count: int) -> Any:
        nonlocal written
        if count < 1_000_000:
            for block in edges:
                written += len(block.sources)
                yield block
            return
        with click.progressbar(length=count, label="writing edges", file=sys.stderr) as bar:
            for block in edges:
                written += len(block.sources)
                yield block
                bar.update(len(block.sources))

    write_graph(bound, output, format=format, progress=watched, **how)
    if output != "-":
        whole = how["view"] == "bipartite" and how["window"] is None
        what = f"{sum(bound.shape):,} elements, {bound.nnz:,} connections"
        kind = (how_written or output).lower().removesuffix(".gz").rsplit(".", 1)[-1]
        edges = "a drawing" if kind in ("svg", "png") else f"{written:,} edges"
        _say(f"wrote {output}: {what if whole else edges}")


def _window(text: str) -> list[tuple[int, int]]:
    """`0:4x0:4` as ranges."""
    try:
        parts = [part.split(":") for part in text.replace(",", "x").split("x")]
        return [(int(low), int(high)) for low, high in parts]
    except ValueError:
        raise GeometryError(
            f"--window takes first:stop an axis with x between, e.g. 0:4x0:4, got {text!r}"
        ) from None


def _element(text: str, option: str, letter: str) -> tuple[int, ...]:
    """`0,1,1`, or a node's id, whose letter must be the side's."""
    parts = text.replace("_", ",").split(",")
    if parts[0].isalpha() and parts[0] != letter:
        raise GeometryError(
            f"{option} takes an element of the side {letter}, e.g. {letter}_0_1_1, got {text!r}"
        )
    try:
        return tuple(map(int, parts[1:] if parts[0].isalpha() else parts))
    except ValueError:
        raise GeometryError(
            f"{option} takes an element channel,y,x (or a node's id), e.g. 0,1,1, got {text!r}"
        ) from None


def _ends(bound: Any, source: str | None, sink: str | None, as_json: bool) -> int:
    """What an input feeds, what an output reads, or the paths between both."""
    stages = bound._stages()
    letters = stages.letters[stages.input], stages.letters[stages.output]
    start = None if source is None else _element(source, "--from", letters[0])
    end = None if sink is None else _element(sink, "--to", letters[1])
    if start is not None and end is not None:
        paths = bound.path_count(start, end)
        data = {"from": list(start), "to": list(end), "paths": paths}
        _print(data, f"{paths} path{'' if paths == 1 else 's'}", as_json)
        return 0 if paths else 1
    links = bound.outputs_of(start) if start is not None else bound.inputs_of(end)
    data = {"from" if start is not None else "to": list(start or end or ()),
            "links": [{"element": list(e), "tap": t} for e, t in links]}  # fmt: skip
    lines = [f"{','.join(map(str, e))} tap {t}" for e, t in links]
    _print(data, "\n".join(lines) or "nothing", as_json)
    return 0


@cli.command()
@click.argument("name", required=False)
@click.option("--list", "show_list", is_flag=True, help="Name the statements.")
@click.option("--all", "prove_all", is_flag=True, help="Prove every statement.")
@click.option("--method", default="auto", show_default=True, metavar="METHOD",
              help="auto, certificate, presburger or search.")  # fmt: skip
@click.option("--smtlib", metavar="FILE", help="Write the obligations for z3 or cvc5.")
@_output
@_json
@_geometry
def prove(
    options: Options,
    name: str | None,
    show_list: bool,
    prove_all: bool,
    method: str,
    smtlib: str | None,
    output: str | None,
    as_json: bool,
) -> int:
    """Prove a statement, for all sizes and parameters that no option fixes.

    -o writes the certificate. With --input, `transpose` is proved at that size. Exit status 1 with
    the smallest counterexample where it does not hold, or where no engine decides.
    """
    if show_list or (name is None and not prove_all):
        claims = cm.catalogue()
        data = [claim.to_dict() for claim in claims.values()]
        _print(data, "\n\n".join(map(str, claims.values())), as_json)
        return 0
    if prove_all:
        return _prove_all(method, as_json)
    assert name is not None
    proof = prove_named(name.replace("_", "-"), options, _typed(), method)
    if output is not None or smtlib is not None:
        _write_certificate(proof, output, smtlib)
    if output != "-" and smtlib != "-":
        _print(proof.to_dict(), str(proof), as_json)
    return 0 if proof.holds else 1


def _typed() -> set[str]:
    """The options that the person gave, the rest being defaults."""
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) == given} | {
        option.name
        for option in context.command.params
        if option.name and context.get_parameter_source(option.name) == given
    }


def _prove_all(method: str, as_json: bool) -> int:
    proofs = {}
    for claim in cm.catalogue():
        proofs[claim] = proof = cm.prove(claim, method=method)
        if not as_json:
            click.echo(f"{proof.verdict}: {claim}: {proof.statement} ({proof.method})")
    if as_json:
        _print({claim: proof.to_dict() for claim, proof in proofs.items()}, "", True)
    return 0 if all(proof.holds for proof in proofs.values()) else 1


def _write_certificate(proof: cm.Proof, output: str | None, smtlib: str | None) -> None:
    from convmatrix.writers import target

    if proof.certificate is None and proof.holds:
        raise ProofError(
            "it is proved, but with no certificate to write: only a proof for all sizes has one"
        )
    if proof.certificate is None:
        return
    texts = {output: proof.certificate.to_json, smtlib: proof.certificate.to_smtlib}
    for place, make in texts.items():
        if place is not None:
            with target(place) as file:
                file.write(make().encode())
            if place != "-":
                _say(f"wrote {place}: {proof.certificate.steps} steps")


@cli.command()
@click.argument("certificate")
@_json
def check(certificate: str, as_json: bool) -> int:
    """Check a CERTIFICATE file without the engine that found it; exit 1 if it proves nothing."""
    text = read_text(certificate)
    read = cm.Certificate.from_json(text)
    try:
        read.check()
    except CertificateError as error:
        data = {"valid": False, "error": str(error)}
        _print(data, f"rejected: {error}", as_json)
        return 1
    data = {name: read.data[name] for name in ("statement", "level", "scope")}
    text = f"valid: {data['statement']}\n  level  {data['level']}\n  scope  {data['scope']}"
    _print({"valid": True, **data, "steps": read.steps}, f"{text}\n  steps  {read.steps}", as_json)
    return 0


@cli.command()
@click.argument("kernel")
@click.option("--exact", is_flag=True, help="Take floats as the binary fractions that they are.")
@click.option("--decimal", is_flag=True, help="Take floats as the decimals they are printed as.")
@click.option("--tol", type=float, help="For floats: σ₂ ≤ tol·σ₁ is separable.")
@click.option("--plot", metavar="FILE", help="Draw into a .svg or .png.")
@click.option("--csv", metavar="FILE", help="Of a model: write the table; - is standard output.")
@_json
def separable(
    kernel: str, exact: bool, decimal: bool, tol: float | None, plot: str | None,
    csv: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Is KERNEL an outer product of 1-D kernels? Exit 1 if not.

    KERNEL is '3 6 9; 4 8 12; 5 10 15', JSON, an .npy file, a name (sobel, gaussian:5:1.2), or a
    model (.onnx, .npz, .safetensors, .pt, .pth), whose layers are listed.
    """
    from convmatrix.readers import MODELS

    if plot is not None:
        _kind_of_plot(plot)
    if kernel.lower().endswith(tuple(MODELS)):
        if exact or decimal:
            raise GeometryError(
                "--exact and --decimal are for one kernel; the table of a model counts both"
            )
        return _separable_model(kernel, tol, plot, csv, as_json)
    if csv is not None:
        raise GeometryError("--csv is for models; use --json for one kernel")
    how: Any = "decimal" if decimal else exact or None
    verdict = cm.separability(_named_or_given(kernel), exact=how, tol=tol)
    _print(verdict.to_dict(), str(verdict), as_json)
    if plot is not None:
        _plot(plot, lambda draw: draw.draw_separable(verdict))
    return 0 if verdict.separable else 1


def _named_or_given(kernel: str) -> Any:
    named = re.fullmatch(r"[a-z]+(:[^ ;]*)?", kernel)
    return cm.kernels.named(kernel) if named else read_kernel(kernel)


def _separable_model(
    path: str, tol: float | None, plot: str | None, csv: str | None, as_json: bool
) -> int:
    """The table of a model: exit 0, whatever its kernels are."""
    from convmatrix.writers import target

    layers = cm.read_layers(path)

    def watched(tested: Any) -> Any:
        with click.progressbar(tested, label="testing layers", file=sys.stderr) as bar:
            yield from bar

    report = cm.network_separability(layers, tol=tol, progress=watched)
    if csv is not None:
        with target(csv) as file:
            file.write(report.to_csv().encode())
    if csv != "-":
        _print(report.to_dict(), str(report), as_json)
    if plot is not None:
        _plot(plot, lambda draw: draw.draw_energies(report))
    return 0


def _kind_of_plot(path: str) -> str:
    """The format of a drawing, checked before anything is computed."""
    from convmatrix.writers.files import suffix_of

    if path == "-":
        raise FileError("--plot takes a file .svg or .png, not standard output")
    return suffix_of(path, None, ("svg", "png"))


def _plot(path: str, make: Callable[[Any], Any]) -> None:
    """Draw into a file."""
    from convmatrix import draw
    from convmatrix.writers import target

    kind = _kind_of_plot(path)
    ax = make(draw)
    with target(path) as file:
        draw.save(ax, file, kind)
    _say(f"wrote {path}")


@cli.command()
@click.argument("source", metavar="INPUT")
@click.option("--via", type=click.Choice(["dense", "matrix"]), default="dense", show_default=True,
              help="The fast path, or the sparse matrix itself.")  # fmt: skip
@_output
@_json
@_geometry
def apply(options: Options, source: str, via: str, output: str | None, as_json: bool) -> None:
    """Run the layer on INPUT, an image or an .npy array; -o writes image or .npy.

    A layer of one channel runs on each channel of the image by itself. --input is not needed.
    """
    import numpy as np

    from convmatrix.writers.arrays import write_array

    x = read_array(source)
    ndim = len(sizes(options.input)) if x.ndim != 2 or options.input != "5x5" else 1
    if x.ndim < ndim or not x.size:
        raise GeometryError(f"{source} has shape {x.shape}; give an array (channels, *size)")
    spatial = x.shape[-ndim:]
    shaped = Options(**{f.name: getattr(options, f.name) for f in fields(Options)}
                     | {"input": "x".join(map(str, spatial))})  # fmt: skip
    layer = build_layer(shaped, exact=False)
    if layer.in_channels == 1 and x.shape[-ndim - 1 : -ndim or None] != (1,):
        x = x[..., None, *(slice(None),) * ndim]
    bound = layer.on(spatial)
    if not bound.has_weights:
        raise WeightError(f"the numbers of {bound.describe()} are not given; add --weight")
    if via == "matrix":
        flat = x.reshape(-1, bound.shape[1])
        y = np.asarray((bound.to_scipy() @ flat.T).T).reshape(
            *x.shape[: -ndim - 1], *bound.out_shape
        )
    else:
        y = layer(x)
    if layer.in_channels == 1 and y.ndim > ndim + 1 and y.shape[-ndim - 1] == 1:
        y = y.reshape(*y.shape[: -ndim - 1], *y.shape[-ndim:])
    size = np.abs(y) if y.dtype.kind == "c" else y  # complex numbers by their size
    summary = {
        "input": list(x.shape), "output": list(y.shape), "dtype": str(y.dtype),
        "min": float(size.min()), "max": float(size.max()), "mean": float(size.mean()),
    }  # fmt: skip
    if output is not None:
        write_array(y, output)
    if output != "-":
        span = f"{size.min():.6g} to {size.max():.6g}"
        text = f"{summary['input']} → {summary['output']} {y.dtype}, {span}"
        _print(summary, text, as_json)
