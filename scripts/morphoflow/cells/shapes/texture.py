"""Haralick's texture of objects, from co-occurrences of grey levels that are kept sparse."""

import numpy as np

LEVELS = 256

DISTANCE = 3  # pixels, as CellProfiler has it by default

DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1))  # (y, x)

NAMES = (
    "AngularSecondMoment",
    "Contrast",
    "Correlation",
    "Variance",
    "InverseDifferenceMoment",
    "SumAverage",
    "SumVariance",
    "SumEntropy",
    "Entropy",
    "DifferenceVariance",
    "DifferenceEntropy",
    "InfoMeas1",
    "InfoMeas2",
)


def textures(x: np.ndarray, inside: np.ndarray) -> dict[str, np.ndarray]:
    """Haralick's measures (n,) of one channel ``x`` (n, h, w) in 0..1, as means over directions.

    Grey levels and distance are those of CellProfiler: 256 and 3 pixels, level 0 left out (Haralick
    et al., IEEE Transactions on Systems, Man and Cybernetics 3:610, 1973). An object turned by 90
    degrees keeps its means; one without a pair of pixels in any direction has 0.
    """
    levels = np.rint(np.clip(x, 0, 1) * (LEVELS - 1)).astype(np.int64) * inside
    values = np.stack([_of_direction(levels, *step) for step in DIRECTIONS])
    return dict(zip(NAMES, values.mean(axis=0), strict=True))


def _of_direction(levels: np.ndarray, down: int, right: int) -> np.ndarray:
    """The measures (13, n) of pairs that lie so many times DISTANCE apart."""
    n, height, width = levels.shape
    dy, dx = down * DISTANCE, abs(right) * DISTANCE
    first = levels[:, : height - dy, : width - dx]
    second = levels[:, dy:, dx:]
    if right < 0:
        first, second = levels[:, : height - dy, dx:], levels[:, dy:, : width - dx]
    owner, row, column = np.nonzero(first * second)
    a, b = first[owner, row, column], second[owner, row, column]
    # Each pair counts both ways, so that the table of co-occurrences is symmetric.
    owner, a, b = (np.concatenate(v) for v in ((owner, owner), (a, b), (b, a)))
    code, count = np.unique((owner * LEVELS + a) * LEVELS + b, return_counts=True)
    owner, a, b = code // LEVELS**2, code // LEVELS % LEVELS, code % LEVELS
    share = count / np.maximum(np.bincount(owner, count, minlength=n), 1)[owner]
    highest = levels.reshape(n, -1).max(axis=1)
    return _measures(owner, a, b, share, n, highest)


def _measures(
    owner: np.ndarray, a: np.ndarray, b: np.ndarray, p: np.ndarray, n: int, highest: np.ndarray
) -> np.ndarray:
    """The measures (13, n) of tables whose entry at ``a``, ``b`` (m,) of ``owner`` is ``p``."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(owner, values, minlength=n)

    def marginal(level: np.ndarray, size: int) -> np.ndarray:
        return np.bincount(owner * size + level, p, minlength=n * size).reshape(n, size)

    each, plus = marginal(a, LEVELS), marginal(a + b, 2 * LEVELS)
    minus = marginal(np.abs(a - b), LEVELS)
    mean = total(p * a)
    variance = total(p * a * a) - mean**2
    entropy, of_one = total(-p * np.log2(p)), _entropies(each)
    crossed = total(-p * np.log2(each[owner, a] * each[owner, b]))
    covariance = total(p * a * b) - mean**2
    of_sum = np.arange(2 * LEVELS)
    sum_average = plus @ of_sum
    # That of the shares themselves, and not of the differences, as mahotas and CellProfiler.
    spread = (minus**2).sum(axis=1) / (highest + 1) - (minus.sum(axis=1) / (highest + 1)) ** 2
    flat = variance < 1e-9
    some = np.bincount(owner, minlength=n) > 0
    return np.stack(
        [
            total(p * p),
            total(p * (a - b) ** 2),
            np.where(flat, some, covariance / np.where(flat, 1, variance)),
            variance,
            total(p / (1 + (a - b) ** 2)),
            sum_average,
            plus @ of_sum**2 - sum_average**2,
            _entropies(plus),
            entropy,
            spread,
            _entropies(minus),
            (entropy - crossed) / np.where(of_one > 0, of_one, 1),
            np.sqrt(np.clip(1 - np.exp(-2 * (2 * of_one - entropy)), 0, None)),
        ]
    )


def _entropies(shares: np.ndarray) -> np.ndarray:
    """The entropy (n,) in bits of rows of shares (n, k)."""
    return -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1)
