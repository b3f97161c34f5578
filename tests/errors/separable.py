"""Wrong uses of separability, by class of error: what each is told."""

import numpy as np

import convmatrix as cm

WRONG = {
    cm.WeightError: {
        "separability_empty": (
            lambda: cm.separability([]),
            "a kernel needs two or more axes and at least one element, got shape (0,); a 1-D "
            "kernel is separable as it is",
        ),
        "separability_1d": (
            lambda: cm.separability([1, 2, 1]),
            "a kernel needs two or more axes and at least one element, got shape (3,); a 1-D "
            "kernel is separable as it is",
        ),
        "separability_ragged": (
            lambda: cm.separability([[1, 2], [3]]),
            "a kernel must be rectangular, got rows of different lengths: [[1, 2], [3]]",
        ),
        "separability_nan": (
            lambda: cm.separability([[1.0, float("nan")], [1.0, 1.0]]),
            "a kernel must be finite, got nan or inf; replace them first",
        ),
        "separability_inf": (
            lambda: cm.separability([[1.0, float("inf")], [1.0, 1.0]]),
            "a kernel must be finite, got nan or inf; replace them first",
        ),
        "separability_inf_object": (
            lambda: cm.separability(np.array([[1, float("inf")], [1, 1]], object), exact=True),
            "a kernel must be finite, got inf; replace it first",
        ),
        "separability_string": (
            lambda: cm.separability([["1", "a"], ["1", "1"]]),
            "a kernel entry must be a finite number, fraction, decimal string or SymPy "
            "expression, got 'a'",
        ),
        "separability_none": (
            lambda: cm.separability([[1, None], [1, 1]]),
            "a kernel entry must be a finite number, fraction, decimal string or SymPy "
            "expression, got None",
        ),
        "separability_tol": (
            lambda: cm.separability([[1.0, 2.0], [2.0, 4.0]], tolerance=-1),
            "tolerance must be 0 or more, got -1; leave it out for the default",
        ),
        "separability_tol_nan": (
            lambda: cm.separability([[1.0, 2.0], [2.0, 4.0]], tolerance=float("nan")),
            "tolerance must be 0 or more, got nan; leave it out for the default",
        ),
        "separability_exact_complex": (
            lambda: cm.separability([[1j, 2.0], [2.0, 4.0]], exact=True),
            "exact=True takes real numbers, got complex; give SymPy numbers instead",
        ),
    },
}

NAMED = {
    "separability_tol_string": (lambda: cm.separability(np.eye(2), tolerance="a"), "'a'"),
    "factors_int": (lambda: cm.spatially_separable(1, 1, 3), "3"),
}
"""What is said of these holds what was given, whatever the words."""
