"""Random halves of images by group: what two samples of one kind differ by, and standard errors.

All draws are without replacement. A bootstrap with replacement draws images twice, and every
measure of neighbours takes them for copies.
"""

import numpy as np


def split_in_two(groups: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The rows of two halves of images, no group of ``groups`` (n,) in both, in random order.

    Groups go in random order each to the half that has fewer images.
    """
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    side = np.empty(len(names), dtype=int)
    filled = [0, 0]
    for group in rng.permutation(len(names)):
        side[group] = filled[1] < filled[0]
        filled[side[group]] += sizes[group]
    rows = rng.permutation(len(groups))
    second = side[codes[rows]] == 1
    return rows[~second], rows[second]


def half_of(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rows of a random half of the groups, fewer where their number is odd.

    Where that is a single image, one more group is taken: distances within need two.
    """
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(names))
    enough = 1 + int(np.argmax(np.cumsum(sizes[order]) >= 2))
    kept = np.zeros(len(names), dtype=bool)
    kept[order[: max(len(names) // 2, enough)]] = True
    return np.flatnonzero(kept[codes])
