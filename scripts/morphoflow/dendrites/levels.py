"""The pyramid of an image: area means at half the size, a quarter, and so on."""

import numpy as np

SMALLEST = 16


def halvings(size: int) -> list[int]:
    """The sizes of the levels below ``size``, smallest first."""
    return [SMALLEST << n for n in range(size.bit_length()) if SMALLEST << n < size]


def pyramid(x: np.ndarray) -> dict[int, np.ndarray]:
    """The levels (n, c, s, s) of images ``x`` (n, c, S, S) uint8, smallest first, as uint8.

    Each is the exact mean of the pixels of ``x``, rounded once; a half is rounded up.
    """
    size = x.shape[-1]
    total, levels = x.astype(np.uint32), {}
    for side in reversed(halvings(size)):
        total = total.reshape(*x.shape[:2], side, 2, side, 2).sum(axis=(3, 5), dtype=np.uint32)
        area = np.uint32((size // side) ** 2)
        levels[side] = ((total + area // 2) // area).astype(np.uint8)
    return dict(sorted(levels.items()))
