"""What a wrong command line is answered."""

from __future__ import annotations

import re


def complains(result, *said):
    """Exit status 2, nothing on standard output, one line on standard error."""
    status, out, err = result
    assert (status, out) == (2, ""), result
    assert re.fullmatch(r"convmatrix: [^\n]+\n", err), err
    assert "Traceback" not in err
    assert all(s in err for s in said), err
