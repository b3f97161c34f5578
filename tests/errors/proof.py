"""Wrong uses of proofs, by class of error: what each is told."""

import sympy

import convmatrix as cm

N = sympy.Symbol("n", integer=True, positive=True)
PLAIN = cm.conv1d(1, 1, 3)

WRONG = {
    cm.ProofError: {
        "prove_level": (
            lambda: cm.prove_equal(PLAIN.on(5), PLAIN.on(5), level="exact"),
            "level must be one of ('size', 'connectivity', 'weights'), got 'exact'",
        ),
        "prove_vacuous": (
            lambda: cm.prove_equal(cm.conv1d(1, 1, N + 1).on(N), cm.conv1d(1, 1, N + 1).on(N)),
            "the statement is vacuous: no geometry meets n - 1 ≥ 0; n ≥ 0; -1 ≥ 0; use an input "
            "that the kernel fits",
        ),
        "prove_method": (
            lambda: cm.prove_equal(PLAIN.on(N), PLAIN.on(N), method="luck"),
            "method must be one of ('auto', 'certificate', 'presburger', 'search'), got 'luck'",
        ),
        "prove_transpose_options": (
            lambda: cm.prove_transpose(PLAIN, stride=2),
            "stride belong to the layer; use prove_transpose(layer) or, for every convolution "
            "with them, prove_transpose(stride=...)",
        ),
        "textbook_pool": (
            lambda: cm.textbook_transpose(cm.avg_pool(2), 4),
            "the textbook construction is of a convolution or its transpose, got avg_pool(2); "
            "use prove_equal for other maps",
        ),
        "prove_transpose_relu": (
            lambda: cm.prove_transpose(cm.relu(), 4),
            "the textbook construction is of a convolution or its transpose, got relu(); use "
            "prove_equal for other maps",
        ),
    },
    cm.SymbolicError: {
        "prove_plain_symbol": (
            lambda: cm.prove_equal(PLAIN.on(sympy.Symbol("x")), PLAIN.on(5)),
            "a symbol of a geometry is an integer with a plain name, got x; make it with "
            "cm.symbols('x')",
        ),
    },
    cm.NotLinearError: {
        "prove_nonlinear": (
            lambda: cm.prove_equal(cm.relu(ndim=1).on(5), cm.relu(ndim=1).on(5)),
            "relu is not linear, so there is no proof about matrices; it has a pattern, a graph "
            "and inputs_of/outputs_of",
        ),
    },
}

NAMED = {
    "prove_layers": (lambda: cm.prove_equal(PLAIN, PLAIN), "conv1d(1, 1, 3)"),
}
"""What is said of these holds what was given, whatever the words."""
