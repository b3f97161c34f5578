"""`convmatrix prove` and `convmatrix check`: statements and certificates."""

from __future__ import annotations

from typing import Any

import click

import convmatrix as cm
from convmatrix.cli.asked import Asked
from convmatrix.cli.geometry import geometry, input_option, leave_out
from convmatrix.cli.help import Verb
from convmatrix.cli.out import json_option, output_option, say, show, write
from convmatrix.errors import CertificateError, ProofError
from convmatrix.readers.files import read_text
from convmatrix.words import Options, build_layer, numbers, option, padding

__all__ = ["check", "prove"]


@click.command(cls=Verb)
@click.argument("name", required=False)
@click.option("--list", "show_list", is_flag=True, help="Name the statements.")
@click.option("--all", "prove_all", is_flag=True, help="Prove every statement.")
@click.option("--method", default="auto", show_default=True, metavar="METHOD",
              help="auto, certificate, presburger or search.")  # fmt: skip
@click.option("--smtlib", metavar="FILE", help="Write the obligations for z3 or cvc5.")
@output_option
@json_option
@input_option
@geometry
def prove(
    asked: Asked,
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

    \b
    convmatrix prove transpose --stride 2
    convmatrix prove round-trip -o proof.json
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    options = asked.options
    if name is None or show_list or prove_all:
        what = "with --list" if show_list else "with --all" if prove_all else "without a NAME"
        leave_out("name", "output", "smtlib", *options.typed, why=what)
        leave_out(*(["prove_all", "method"] if not prove_all else []), why=what)
    if show_list or (name is None and not prove_all):
        claims = cm.catalogue()
        data = [claim.to_dict() for claim in claims.values()]
        show(data, "\n\n".join(map(str, claims.values())), as_json)
        return 0
    if prove_all:
        return _prove_all(method, as_json)
    assert name is not None
    proof = _prove_named(name.replace("_", "-"), options, method)
    if output is not None or smtlib is not None:
        _write_certificate(proof, output, smtlib)
    if output != "-" and smtlib != "-":
        show(proof.to_dict(), str(proof), as_json)
    return 0 if proof.holds else 1


def _prove_all(method: str, as_json: bool) -> int:
    proofs = {}
    for claim in cm.catalogue():
        proofs[claim] = proof = cm.prove(claim, method=method)
        if not as_json:
            write(f"{proof.verdict}: {claim}: {proof.statement} ({proof.method})")
    if as_json:
        show({claim: proof.to_dict() for claim, proof in proofs.items()}, "", True)
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
                say(f"wrote {place}: {proof.certificate.steps} steps")


@click.command(cls=Verb)
@click.argument("certificate")
@json_option
def check(certificate: str, as_json: bool) -> int:
    """Check a CERTIFICATE file without the engine that found it; exit 1 if it proves nothing."""
    text = read_text(certificate)
    read = cm.Certificate.from_json(text)
    try:
        read.check()
    except CertificateError as error:
        data = {"valid": False, "error": str(error)}
        show(data, f"rejected: {error}", as_json)
        return 1
    data = {name: read.data[name] for name in ("statement", "level", "scope")}
    text = f"valid: {data['statement']}\n  level  {data['level']}\n  scope  {data['scope']}"
    show({"valid": True, **data, "steps": read.steps}, f"{text}\n  steps  {read.steps}", as_json)
    return 0


PARAMETERS = {
    "kernel": "kernel_size", "stride": "stride", "padding": "padding", "dilation": "dilation",
    "padding_mode": "padding_mode", "output_padding": "output_padding",
}  # fmt: skip
"""The options that fix a parameter of a statement."""


def _prove_named(name: str, o: Options, method: str) -> cm.Proof:
    """Prove a statement of the catalogue with the options that were typed; `transpose` and
    `connectivity` may also be about one layer, at one input size or at all."""
    of_transpose = {"transpose": "weights", "connectivity": "connectivity"}
    values = {word: _parameter(o, word) for word in PARAMETERS if word in o.typed}
    several = any(
        isinstance(v, tuple) and not (word == "padding" and len(v) == 1)
        for word, v in values.items()
    )
    of_a_layer = o.typed - set(PARAMETERS)
    if name in of_transpose and (of_a_layer or several or isinstance(values.get("padding"), str)):
        size = () if o.input is None else o.sizes
        return cm.prove_transpose(build_layer(o), *size, level=of_transpose[name], method=method)
    odd = sorted(of_a_layer - {"input"})
    if odd and name in cm.catalogue():
        raise ProofError(
            f"{name} is about all layers; {option(odd[0])} belongs to transpose and connectivity"
        )
    if o.input is not None:
        values["input"] = numbers(o.input, "--input")
    named = {PARAMETERS.get(word, "input_size"): value for word, value in values.items()}
    if isinstance(named.get("padding"), tuple):
        named["padding"] = named["padding"][0]
    return cm.prove(name, method=method, **named)


def _parameter(o: Options, word: str) -> Any:
    text = getattr(o, word)
    if word == "padding_mode":
        return text
    return padding(text) if word == "padding" else numbers(text, option(word))
