"""Two channels within objects: coefficients by ranks, and above thresholds that are found."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

THRESHOLD = 0.15  # of an object's largest value, below which a pixel does not count as stained

# Where in a window of thresholds the next one lies: low correlations vary much, so near its end.
NEXT, NARROW = 6 / 5, 6


@dataclass(frozen=True)
class Pixels:
    """The m pixels of n objects, one object after the other, in two channels ``a`` and ``b`` (m,).

    ``owner`` (m,) is the object of each, and ``first`` (n,) where those of an object begin.
    """

    a: np.ndarray
    b: np.ndarray
    owner: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> "Pixels":
        """Those ``inside`` (n, h, w) of two channels (n, h, w); every object has one."""
        area = inside.sum(axis=(1, 2))
        a, b = (channel[inside].astype(np.float64) for channel in (a, b))
        return cls(a, b, np.repeat(np.arange(len(area)), area), np.cumsum(area) - area)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum (n,) of an object's values (m,)."""
        return np.add.reduceat(values, self.first)

    def largest(self, values: np.ndarray) -> np.ndarray:
        """The largest (n,) of an object's values (m,)."""
        return np.maximum.reduceat(values, self.first)

    def shares(self, both: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
        """The weighted share (n,) of what is stained in a channel: for the first and the second.

        ``both`` (m,) are the weights, ``a`` and ``b`` (m,) say which pixels are stained in each.
        """
        return tuple(
            ratio(self.sums(values * both), self.sums(values * stained))
            for values, stained in ((self.a, a), (self.b, b))
        )


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part`` by ``whole``, 0 where that is 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0)


def rank_weighted(pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
    """Rank weighted colocalisation (n,) of the first with the second channel, and the reverse.

    Manders' coefficients in which a pixel counts the less the more its ranks in the two channels
    differ (Singan et al., BMC Bioinformatics 12:407, 2011).
    """
    ranks = [_ranks(values, pixels) for values in (pixels.a, pixels.b)]
    number = 1 + np.maximum(*(pixels.largest(rank) for rank in ranks))[pixels.owner]
    weight = (number - np.abs(ranks[0] - ranks[1])) / number
    a, b = (
        values >= THRESHOLD * pixels.largest(values)[pixels.owner]
        for values in (pixels.a, pixels.b)
    )
    return pixels.shares(weight * (a & b), a, b)


def _ranks(values: np.ndarray, pixels: Pixels) -> np.ndarray:
    """The rank (m,) of each of the values (m,) in its object from 0 on; equal ones share theirs."""
    order = np.lexsort((values, pixels.owner))
    ordered = values[order]
    steps = np.append(0, np.cumsum(ordered[1:] != ordered[:-1]))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = steps - steps[pixels.first][pixels.owner]
    return rank


def above_costes(pixels: Pixels, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Manders' coefficients (n,) of both channels above Costes' thresholds, 0 where none are found.

    Along the line that fits the two channels best, thresholds fall until the pixels below either
    one no longer correlate (Costes et al., Biophysical Journal 86:3993, 2004). They are searched
    among ``levels`` in 0..1 by CellProfiler's faster way.
    """
    a, b = (_on_levels(values, levels) for values in (pixels.a, pixels.b))
    pixels = replace(pixels, a=a, b=b)
    slope, start, known = _best_lines(pixels)
    slope, start = slope[pixels.owner], start[pixels.owner]

    def correlates(level: np.ndarray) -> np.ndarray:
        first = (level / levels)[pixels.owner]
        return _correlations(pixels, (pixels.a < first) | (pixels.b < slope * first + start))

    level = _search(correlates, len(pixels.first), levels)
    known &= np.isfinite(level)
    first = ((np.where(known, level, levels) - 1) / levels)[pixels.owner]
    second = slope * first + start
    both = (pixels.a > first) & (pixels.b > second)
    shares = pixels.shares(both, pixels.a >= first, pixels.b >= second)
    return tuple(np.where(known, share, 0) for share in shares)


def _on_levels(values: np.ndarray, levels: int) -> np.ndarray:
    """The values without the rounding of single precision, by which one may miss its own level."""
    nearest = np.rint(values * levels) / levels
    return np.where(np.abs(values - nearest) < 1e-7, nearest, values)


def _best_lines(pixels: Pixels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope and start (n,) of the line with the least distances from an object's pixels.

    And whether there is one: not where a channel is constant or they have nothing in common.
    """
    used = ((pixels.a > 0) | (pixels.b > 0)).astype(np.float64)
    count = np.maximum(pixels.sums(used), 1)
    mean_a, mean_b = (pixels.sums(values * used) / count for values in (pixels.a, pixels.b))
    a, b = pixels.a - mean_a[pixels.owner], pixels.b - mean_b[pixels.owner]
    var_a, var_b, common = (pixels.sums(used * v) for v in (a * a, b * b, a * b))
    widest = np.maximum(var_a, var_b)
    known = (count >= 3) & (np.abs(common) > 1e-12 * widest) & (np.minimum(var_a, var_b) > 0)
    apart = var_b - var_a
    slope = (apart + np.sqrt(apart**2 + 4 * common**2)) / np.where(known, 2 * common, 1)
    return slope, mean_b - slope * mean_a, known


def _correlations(pixels: Pixels, chosen: np.ndarray) -> np.ndarray:
    """The covariance (n,) of the ``chosen`` pixels (m,), which has the sign of their correlation.

    NaN where there are fewer than three, or a channel is constant.
    """
    weight = chosen.astype(np.float64)
    count = pixels.sums(weight)
    mean_a, mean_b = (
        (pixels.sums(values * weight) / np.maximum(count, 1))[pixels.owner]
        for values in (pixels.a, pixels.b)
    )
    a, b = weight * (pixels.a - mean_a), weight * (pixels.b - mean_b)
    vary = np.minimum(pixels.largest(np.abs(a)), pixels.largest(np.abs(b))) > 1e-12
    return np.where((count >= 3) & vary, pixels.sums(a * b), np.nan)


def _search(correlates: Callable[[np.ndarray], np.ndarray], n: int, levels: int) -> np.ndarray:
    """The lowest level (n,) that was met at which the rest correlates; NaN where none was."""
    low, high = np.ones(n), np.full(n, float(levels))
    level, before, found = _between(low, high, NEXT), np.zeros(n), np.full(n, np.nan)
    while (level != before).any():
        positive = correlates(level) >= 0  # not where it is NaN
        moving = level != before
        low = np.where(moving & ~positive, level - 1, low)
        high = np.where(moving & positive, level + 1, high)
        found = np.where(moving & positive, level, found)
        before, level = level, np.where(moving, _between(low, high), level)
    return found


def _between(low: np.ndarray, high: np.ndarray, part: float | None = None) -> np.ndarray:
    part = np.where(high - low > NARROW, NEXT, 2) if part is None else part
    return (high - low) // part + low
