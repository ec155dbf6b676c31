"""The Laplacian pyramid: images as a sum of layers, each of one octave of fineness.

Burt and Adelson, IEEE Trans. Communications 31:532, 1983, with their filter of five weights.
"""

from torch import Tensor
from torch.nn import functional

WEIGHTS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
# The smallest size of a level.
LEAST = 16


def laplacian_pyramid(x: Tensor) -> list[Tensor]:
    """The levels (n, 1, s, s), (n, 1, s / 2, s / 2) ... of images (n, 1, s, s), the finest first.

    Each is an image less what its half-sized one shows of it; the last is the smallest image
    itself, of 16 px or of the last size that halves. A level and the expanded sum of those
    below it is the image of its size.
    """
    levels = []
    while x.shape[-1] % 2 == 0 and x.shape[-1] // 2 >= LEAST:
        smaller = halved(x)
        levels.append(x - doubled(smaller))
        x = smaller
    return [*levels, x]


def halved(x: Tensor) -> Tensor:
    """Images (n, 1, s, s) blurred and at every second pixel."""
    return _blurred(x)[..., ::2, ::2]


def doubled(x: Tensor) -> Tensor:
    """Images (n, 1, s, s) on twice as many pixels along each axis, smoothly filled in."""
    n, c, height, width = x.shape
    wide = x.new_zeros(n, c, 2 * height, 2 * width)
    wide[..., ::2, ::2] = 4 * x
    return _blurred(wide)


def _blurred(x: Tensor) -> Tensor:
    """Filtered along both axes, by sums that no device rounds as it may convolutions."""
    for axes in ((2, 2, 0, 0), (0, 0, 2, 2)):
        padded = functional.pad(x, axes, mode="reflect")
        axis = -1 if axes[0] else -2
        length = x.shape[axis]
        x = sum(w * padded.narrow(axis, shift, length) for shift, w in enumerate(WEIGHTS))
    return x
