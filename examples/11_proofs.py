"""Proofs for all sizes: what a transposed convolution is, and when the article's formulas hold.

The article shows on a 5×5 input that a transposed convolution keeps the connections of its
convolution: read the matrix by columns instead of by rows. Here that is proved, not for one
picture but for every size, kernel, stride, dilation and padding, tap by tap and so for all weights.

The same functions that build the matrices run on polynomials in n, k, s, d, p. What comes out is a
list of inequalities; a linear program finds why each is true, and a checker of 80 lines multiplies
the reasons out in exact integers. Its certificate can be given to someone who trusts neither.
"""

import sympy

import convmatrix as cm

# --- the article's claim, everywhere
proof = cm.prove_transpose()
print(proof.summary)
assert proof.holds
assert proof.certificate.check()  # made anew from the relation's index functions

# --- two ways to build the same layer, with the numbers left open: the textbook, by hand
n, k, p, s, d = cm.symbols("n k p s d")
conv = cm.conv1d(1, 1, k, stride=s, padding=p, dilation=d)
A = conv.on(n)
m = A.out_shape[1]
q = d * (k - 1) - p
a = sympy.Mod(n + 2 * p - d * (k - 1) - 1, s)  # the rows that output_padding adds
spaced = cm.zero_insert(s, ndim=1).on(m)
padded = cm.pad(((q, q + a),), ndim=1).on(spaced.out_shape[1])
flipped = cm.conv1d(1, 1, k, dilation=d, flip=True).on(padded.out_shape[1])
by_hand = cm.prove_equal(A.T, flipped @ padded @ spaced)
print(f"\nby hand: {by_hand.verdict}, {by_hand.scope}")
assert by_hand.holds

# --- forget something, and get the smallest geometry at which it shows
mutants = {
    "the flip": cm.conv1d(1, 1, k, dilation=d).on(padded.out_shape[1]) @ padded @ spaced,
    "the dilation": cm.conv1d(1, 1, k, flip=True).on(padded.out_shape[1]) @ padded @ spaced,
    "the remainder a": (
        cm.conv1d(1, 1, k, dilation=d, flip=True).on(spaced.out_shape[1] + 2 * q)
        @ cm.pad(((q, q),), ndim=1).on(spaced.out_shape[1])
        @ spaced
    ),
}
print()
for forgotten, mutant in mutants.items():
    wrong = cm.prove_equal(A.T, mutant)
    found = wrong.counterexample
    print(f"without {forgotten}: differs in {wrong.level} at {found.geometry}: {found}")
    assert wrong.holds is False
    assert found.replay().differs
assert cm.prove_equal(A.T, mutants["the flip"]).level == "weights"  # connections are the same

# --- the article's sizes s·n + s - 1 and s·n + (s - k) hold exactly where p = k - s
print(f"\n{cm.prove('sizes').summary}")
assert cm.prove("sizes").holds
assert cm.prove("sizes", kernel_size=3, stride=2, padding=1).holds  # its figure
assert cm.prove("sizes", kernel_size=3, stride=2, padding=0).holds is False
assert cm.prove("sizes", padding=k - s).holds

# --- a proof to read
print(f"\n{cm.prove('output-padding')}")

# --- and the rest of the catalogue
print()
for name, claim in cm.catalogue().items():
    verdict = cm.prove(name)
    assert verdict.holds
    print(f"{verdict.verdict}  {name:<25} {claim.meaning}")
