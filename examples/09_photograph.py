"""A photograph, filtered by a matrix.

Nothing about the matrix is a toy. Here is a photograph of 427×640 pixels (from scikit-learn), a
vector of 273,280 numbers, and the Sobel and Gaussian filters as sparse matrices of that many rows
and columns. Each is applied in three ways that share no code: as a matrix times a vector, by the
dense path that builds nothing, and by `scipy.ndimage`. All four padding modes go by other names
there: zeros is `constant`, reflect is `mirror`, replicate is `nearest`, circular is `wrap`.

Sobel's kernel holds integers, and the three agree to the last bit. The Gaussian is rounded, and
they agree up to the rounding of a sum of 25 products.
"""

from time import perf_counter

import numpy as np
from scipy import ndimage

import convmatrix as cm

try:
    from sklearn.datasets import load_sample_image

    colour = load_sample_image("china.jpg")
except ImportError:
    raise SystemExit(
        "this example needs scikit-learn and Pillow; run: python -m pip install scikit-learn pillow"
    ) from None

image = np.rint(colour @ [0.299, 0.587, 0.114]).astype(np.int64)  # luminance
height, width = image.shape
print(f"china.jpg: {height}×{width} pixels, values {image.min()} to {image.max()}")

sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
bell = np.exp(-(np.arange(-2, 3) ** 2) / 2)
gaussian = np.outer(bell, bell) / bell.sum() ** 2
modes = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap"}

print("\nfilter    padding      non-zeros   matrix - ndimage   dense - ndimage   seconds")
for name, kernel, pixels in (("sobel", sobel, image), ("gaussian", gaussian, image / 1.0)):
    k = len(kernel)
    for mode, theirs in modes.items():
        start = perf_counter()
        conv = cm.conv2d(1, 1, k, padding=k // 2, padding_mode=mode, weight=kernel[None, None])
        A = conv.on(height, width)
        matrix = A.to_scipy()
        by_matrix = (matrix @ pixels.ravel()).reshape(height, width)
        seconds = perf_counter() - start
        by_dense = A(pixels[None])[0]
        expected = ndimage.correlate(pixels, kernel, mode=theirs)

        off = [np.abs(result - expected).max() for result in (by_matrix, by_dense)]
        print(
            f"{name:<8}  {mode:<9}  {matrix.nnz:>11,}   {off[0]:>16.2g}   {off[1]:>15.2g}"
            f"   {seconds:>7.2f}"
        )
        if name == "sobel":  # integers: exact
            assert by_matrix.dtype == by_dense.dtype == np.int64
            assert off == [0, 0]
        else:  # each of two sums of k² products rounds by at most k²·ε/2 of Σ|w||x| ≤ 255
            assert max(off) <= k * k * np.finfo(float).eps * 255
        assert A.shape == (height * width,) * 2
        if mode == "zeros":  # padded taps have no entry; elsewhere colliding taps share one
            assert matrix.nnz == A.nnz < k * k * height * width

# --- the transpose: Sobel is odd, so turning it round changes its sign
A = cm.conv2d(1, 1, 3, padding=1, weight=sobel[None, None]).on(height, width)
assert np.array_equal(A.T(image[None]), -A(image[None]))
print("\nSobel is odd, so the transposed convolution is its negative: Aᵀx = -Ax, exactly")

# --- and the filters are separable: 6 multiplications for 9, 10 for 25
for name, kernel in (("sobel", sobel), ("gaussian", gaussian)):
    verdict = cm.separability(kernel)
    print(f"{name} is {verdict}")
    assert verdict.separable
    passes = cm.spatially_separable(1, 1, verdict.factors, padding=len(kernel) // 2)
    by_passes = passes(image[None])[0].astype(float)
    assert np.abs(by_passes - ndimage.correlate(image / 1.0, kernel, mode="constant")).max() < 1e-10
