"""The explorer from Python: a page of a map, its data, and a state that can be shared.

`A.explore()` opens a live page and `A.widget()` a notebook widget; here the page that needs neither
server nor network is written. All numbers on it come from Python. What one sees there by pointing
at element d, that it feeds 1, 2, 3 and 4 and that the transposed convolution keeps these edges, is
then checked without looking.
"""

import tempfile
from pathlib import Path

import convmatrix as cm

A = cm.conv2d(1, 1, 3, stride=2, padding=1).on(5, 5)

# --- a page of its own: the map, its neighbours, and every example, ready to be mailed
with tempfile.TemporaryDirectory() as folder:
    page = Path(folder) / "figure.html"
    page.write_text(A.to_html(), encoding="utf-8")
    print(f"a page of {page.stat().st_size // 1000} kB, with no outside request in it")
    assert "http://" not in page.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")

# --- the claim that the page lets one see, checked: the edges stay, the matrix turns
d = (0, 1, 1)
forward = [element for element, _ in A.outputs_of(d)]
back = [element for element, _ in A.T.inputs_of(d)]
assert A.T.T is A
print(f"d feeds {len(forward)} outputs; in the transpose it is read by the same")
assert forward == back == [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)]
