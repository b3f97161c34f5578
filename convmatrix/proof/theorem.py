"""Statements about maps, broken up into lemmas that the checker understands.

Everything here is made again from the statement's data when a certificate is checked: lemmas,
hypotheses and goals come from the relation's own index functions, never from the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations, product
from typing import TYPE_CHECKING, Any

from convmatrix.layers import ConvolutionTranspose
from convmatrix.proof.expressions import Polynomial, variables
from convmatrix.proof.lemmas import Goal, Lemma, at_least, is_zero
from convmatrix.proof.traces import Link, Names, Trace, chain, follow, trace, valid
from convmatrix.relation import mirrored
from convmatrix.stencil import Stencil

if TYPE_CHECKING:
    from convmatrix.maps import LeafMap, Map

__all__ = [
    "Relations",
    "Side",
    "Theorem",
    "frame_of_axis",
    "kernel_names",
    "maps_equal",
    "relations",
    "scope",
    "symbol_guards",
]


@dataclass(frozen=True)
class Theorem:
    """A statement with the lemmas that make it true, and the finite facts checked on the way."""

    statement: str
    level: str
    scope: str
    given: tuple[Goal, ...]
    lemmas: tuple[Lemma, ...]
    facts: tuple[tuple[str, bool], ...] = ()
    conclusion: str = ""
    definitions: tuple[tuple[str, str], ...] = field(default=())

    @property
    def variables(self) -> list[str]:
        """The symbols of the geometry."""
        return sorted(set().union(*(g.value.free_symbols for g in self.given)))


def symbol_guards(bounds: Mapping[str, int | None]) -> tuple[Goal, ...]:
    """The lower bounds of symbols, as goals."""
    pairs = zip(variables(" ".join(bounds)), bounds.values(), strict=True)
    return tuple(Goal("ge", symbol - bound) for symbol, bound in pairs if bound is not None)


def kernel_names(A: Map, B: Map) -> tuple[list[str | None], list[str | None]]:
    """The kernel that each leaf of two maps stands for; None where it has numbers.

    Where both maps are made of the very same layer objects, a layer object is one kernel wherever
    it occurs; else kernels are numbered in the order in which `leaves` gives them: of application,
    where a transposed product keeps the order of what it transposes.
    """
    free_a = [leaf for leaf in A.leaves if leaf.taps is None]
    free_b = [leaf for leaf in B.leaves if leaf.taps is None]
    known = list(dict.fromkeys(id(leaf.typed) for leaf in free_a))
    shared = set(known) == {id(leaf.typed) for leaf in free_b}

    def side(leaves: tuple[LeafMap, ...]) -> list[str | None]:
        weighted = [leaf.bound_layer.weight_shape is not None for leaf in leaves]
        names: list[str | None] = []
        for i, leaf in enumerate(leaves):
            if leaf.taps is not None:
                names.append(None)
                continue
            place = known.index(id(leaf.typed)) + 1 if shared else sum(weighted[: i + 1])
            several = len(known) > 1 if shared else sum(weighted) > 1
            names.append(f"w{place}" if several else "w")
        return names

    return side(A.leaves), side(B.leaves)


# -------------------------------------------------------------------------- map equality


@dataclass(frozen=True)
class Side:
    """One side of an equation: its layers from row to column, and the kernel behind each."""

    map: Map
    chain: tuple[tuple[LeafMap, bool], ...]
    names: tuple[str | None, ...]

    def links(self, axis: int, taps: Mapping[int, Polynomial]) -> list[Link]:
        found = []
        for j, (leaf, transposed) in enumerate(self.chain):
            assert isinstance(leaf.bound, Stencil)
            link = Link(leaf.bound.windows[axis], transposed, taps.get(j, Polynomial.of(0)))
            found.append(link)
        return found

    @property
    def kernels(self) -> list[int]:
        """The places in the chain that have a kernel of their own."""
        return [j for j, name in enumerate(self.names) if name is not None]

    @property
    def free(self) -> bool:
        """Whether every layer either has a free kernel or only picks elements."""
        return all(
            leaf.taps is None
            or (leaf.weight is None and leaf.taps.size == 1 and leaf.taps.item() == 1)
            for leaf, _ in self.chain
        )


def _sides(A: Map, B: Map, level: str) -> tuple[Side, Side]:
    """Both sides; for mere connectivity every kernel is one of its own, whatever its values."""
    found = []
    for m, names in zip((A, B), kernel_names(A, B), strict=True):
        if level != "weights":
            names = [f"w{j}" if _has_kernel(leaf) else None for j, leaf in enumerate(m.leaves)]
        by_leaf = dict(zip(map(id, m.leaves), names, strict=True))
        links = tuple(chain(m))
        found.append(Side(m, links, tuple(by_leaf[id(leaf)] for leaf, _ in links)))
    return found[0], found[1]


def _has_kernel(leaf: LeafMap) -> bool:
    """Whether it does more than pick elements, so that its tap and weight matter."""
    picks = leaf.weight is None and leaf.taps is not None and leaf.taps.size == 1
    return not (picks and leaf.taps.item() == 1)  # type: ignore[union-attr]


def _matchings(left: Side, right: Side) -> Iterator[dict[int, int]]:
    """The ways to give every kernel on the right one of the same name on the left."""
    names = sorted({left.names[j] or "" for j in left.kernels})
    if sorted(left.names[j] or "" for j in left.kernels) != sorted(
        right.names[j] or "" for j in right.kernels
    ):
        return
    groups = [
        [
            dict(zip([j for j in right.kernels if right.names[j] == name], order, strict=True))
            for order in permutations([j for j in left.kernels if left.names[j] == name])
        ]
        for name in names
    ]
    for choice in product(*groups):
        yield {r: le for part in choice for r, le in part.items()}


def maps_equal(
    A: Map,
    B: Map,
    bounds: Mapping[str, int | None],
    level: str,
    statement: str,
    *,
    exists: bool = False,
    channels: bool | None = None,
) -> Iterator[Theorem]:
    """The theorems any of which makes two maps on polynomials equal, likeliest first.

    With `exists` it is a lemma that B exists where A does, else both are supposed to. `channels`
    says whether the channel rules agree, where that is known already.
    """
    left, right = _sides(A, B, level)
    guards = symbol_guards(bounds)
    ndim = len(A.in_shape) - 1
    if len(B.in_shape) - 1 != ndim or (A.in_shape[0], A.out_shape[0]) != (
        B.in_shape[0],
        B.out_shape[0],
    ):
        return
    if level == "weights" and not (left.free and right.free):
        from convmatrix.proof.values import values_equal

        yield from values_equal(left, right, bounds, statement)
        return
    for matching in _matchings(left, right) if level == "weights" else [{}]:
        per_axis = [
            _axis_lemmas(left, right, j, matching, level, bounds, exists) for j in range(ndim)
        ]
        agree = _channels_agree(left, right, matching, level) if channels is None else channels
        for lemmas in product(*per_axis):
            parts = [
                _finish(lemma, guards, exists, f"axis {j}" if ndim > 1 else "")
                for j, axis in enumerate(lemmas)
                for lemma in axis
            ]
            yield Theorem(
                statement=statement,
                level=level,
                scope=scope(bounds, level, exists=exists),
                given=tuple(dict.fromkeys(g for part in parts for g in part.given)),
                lemmas=tuple(parts),
                facts=(("channels", agree),) if channels is None else (),
            )


@dataclass(frozen=True)
class Relations:
    """Both sides along one axis, in free variables: for engines that know quantifiers.

    `left` and `right` hold the trace and the taps, matched with each other.
    """

    given: tuple[Goal, ...]
    shapes: tuple[Goal, ...]
    left: tuple[Trace, tuple[Polynomial, ...]]
    right: tuple[Trace, tuple[Polynomial, ...]]


def relations(
    A: Map, B: Map, bounds: Mapping[str, int | None], level: str, *, channels: bool | None = None
) -> Iterator[list[Relations]]:
    """The relations of each axis, in every matching of the kernels whose channel rules agree."""
    left, right = _sides(A, B, level)
    guards = symbol_guards(bounds)
    if level == "weights" and not (left.free and right.free):
        return
    for matching in _matchings(left, right) if level == "weights" else [{}]:
        agree = _channels_agree(left, right, matching, level) if channels is None else channels
        if not agree:
            continue
        pairs = [(matching[j], j) for j in right.kernels] if matching else []
        yield [
            _relations_of(left, right, axis, pairs, bounds, guards)
            for axis in range(len(A.in_shape) - 1)
        ]


def _relations_of(
    left: Side,
    right: Side,
    axis: int,
    pairs: Sequence[tuple[int, int]],
    bounds: Mapping[str, Any],
    guards: tuple[Goal, ...],
) -> Relations:
    traced = []
    for side, order in ((left, [a for a, _ in pairs]), (right, [b for _, b in pairs])):
        names = Names(bounds)
        taps = {j: names("t") for j in side.kernels}
        start = follow(side.links(axis, taps), [*bounds, *map(str, taps.values())])
        traced.append((start, tuple(taps[j] for j in order)))
    validity, shapes = frame_of_axis(left, right, axis)
    given = (*guards, *validity[0], *validity[1])
    return Relations(tuple(dict.fromkeys(given)), shapes, traced[0], traced[1])


def scope(
    bounds: Mapping[str, int | None], level: str, *, exists: bool, values: bool = False
) -> str:
    """For which geometries and weights a theorem speaks."""
    words = [f"{name} ≥ {b}" if b is not None else f"integers {name}" for name, b in bounds.items()]
    free = level == "weights" and not values
    weights = ", all weights" if free else ""
    which = "the convolution exists" if exists else "both sides exist"
    return f"all {', '.join(words)} at which {which}{weights}"


@dataclass(frozen=True)
class _Draft:
    """A lemma on one axis before the symbols' guards are added."""

    name: str
    validity: tuple[tuple[Goal, ...], tuple[Goal, ...]]
    where: tuple[Goal, ...]
    goals: tuple[Goal, ...]
    says: str = ""


def _finish(draft: _Draft, guards: tuple[Goal, ...], exists: bool, axis: str) -> Lemma:
    of_left, of_right = draft.validity
    given = of_left if exists and draft.name == EXISTS else (*of_left, *of_right)
    used = set().union(*(g.value.free_symbols for g in (*given, *draft.where, *draft.goals)))
    first = tuple(g for g in guards if g.value.free_symbols <= used)
    name = f"{axis}: {draft.name}" if axis else draft.name
    together = tuple(dict.fromkeys((*first, *given)))
    return Lemma(name, together, draft.where, draft.goals, draft.says)


EXISTS = "the right side exists where the left side does"


def _axis_lemmas(
    left: Side,
    right: Side,
    axis: int,
    matching: Mapping[int, int],
    level: str,
    bounds: Mapping[str, Any],
    exists: bool,
) -> list[list[_Draft]]:
    """The lemmas of one axis, in every variant of the places and taps in between."""
    validity, shapes = frame_of_axis(left, right, axis)
    always = [_Draft("the shapes are equal", validity, (), shapes)]
    if exists:
        always.insert(0, _Draft(EXISTS, validity, (), validity[1]))
    if level == "size":
        return [always]
    ahead = _implications(left, right, axis, matching, level, bounds, validity, "left ⇒ right")
    back = {le: r for r, le in matching.items()}
    behind = _implications(right, left, axis, back, level, bounds, validity, "right ⇒ left")
    return [[*always, a, b] for a in ahead for b in behind]


def frame_of_axis(
    left: Side, right: Side, axis: int
) -> tuple[tuple[tuple[Goal, ...], tuple[Goal, ...]], tuple[Goal, ...]]:
    """What must hold for each side to exist along an axis, and that their shapes are equal."""
    of_left, of_right = (
        tuple(
            dict.fromkeys(
                goal
                for link, (leaf, _) in zip(side.links(axis, {}), side.chain, strict=True)
                for goal in (*valid(link.axis), *_of_output_padding(leaf, axis))
            )
        )
        for side in (left, right)
    )
    ends = [
        (left.map.out_shape[axis + 1], right.map.out_shape[axis + 1]),
        (left.map.in_shape[axis + 1], right.map.in_shape[axis + 1]),
    ]
    shapes = tuple(goal for a, b in ends for goal in is_zero(Polynomial.of(a) - b))
    return (of_left, of_right), shapes


def _of_output_padding(leaf: LeafMap, axis: int) -> list[Goal]:
    """`output_padding` is smaller than the larger of stride and dilation."""
    if not isinstance(leaf.typed, ConvolutionTranspose):
        return []
    extra, held = leaf.typed.output_padding[axis], leaf.typed.conv
    s, d = Polynomial.of(held.stride[axis]), Polynomial.of(held.dilation[axis])
    largest = s if d == 1 else (s + d + abs(s - d)) // 2
    return at_least(largest - 1 - extra)


MOST_VARIANTS = 16


def _implications(
    known: Side,
    wanted: Side,
    axis: int,
    matching: Mapping[int, int],
    level: str,
    bounds: Mapping[str, Any],
    validity: Any,
    name: str,
) -> list[_Draft]:
    """What connects row and column on one side connects them on the other."""
    names = Names(bounds)
    taps = {j: names("t") for j in known.kernels}
    start = follow(known.links(axis, taps), [*bounds, *map(str, taps.values())])
    if level == "weights" and not start.single:
        return []
    where = (*start.guards, *start.equations)
    found = []
    for chosen in _tap_choices(wanted, axis, taps, matching, level):
        target = wanted.links(axis, chosen)
        for end in trace(target, start.row, start.column, start.places):
            says = _says(start, end, list(taps.values()))
            goals = (*end.guards, *end.equations)
            found.append(_Draft(name, validity, where, tuple(dict.fromkeys(goals)), says))
            if len(found) == MOST_VARIANTS:
                return found
    return found


def _tap_choices(
    wanted: Side,
    axis: int,
    taps: Mapping[int, Polynomial],
    matching: Mapping[int, int],
    level: str,
) -> Iterator[dict[int, Polynomial]]:
    """The taps on the other side: the matching ones, or for mere connectivity any likely ones."""
    if level == "weights":
        yield {j: taps[matching[j]] for j in wanted.kernels}
        return
    options = []
    for j in wanted.kernels:
        kernel = wanted.chain[j][0].bound.axes[axis].kernel  # type: ignore[union-attr]
        same = list(taps.values())
        options.append([*same, *(mirrored(t, kernel) for t in same)])
    for choice in product(*options):
        yield dict(zip(wanted.kernels, map(Polynomial.of, choice), strict=True))


def _says(start: Trace, end: Trace, taps: list[Polynomial]) -> str:
    where = f"row {start.row}, column {start.column}" + "".join(f", tap {t}" for t in taps)
    between = [str(p) for p in end.places[1:-1]]
    return f"{where}; on the other side by way of {', '.join(between)}" if between else where


def _channels_agree(left: Side, right: Side, matching: Mapping[int, int], level: str) -> bool:
    """Whether the channel rules, which have no symbols, agree triple by triple."""
    from convmatrix.proof.channels import channel_maps_equal

    names = {le: f"{left.names[le]}_{le}" for le in left.kernels}
    return channel_maps_equal(
        [(leaf, transposed, names.get(j)) for j, (leaf, transposed) in enumerate(left.chain)],
        [
            (leaf, transposed, names.get(matching.get(j, -1)))
            for j, (leaf, transposed) in enumerate(right.chain)
        ],
        level,
    )
