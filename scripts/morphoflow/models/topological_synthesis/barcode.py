"""Stems as barcodes along the cable, and trees that have a given barcode.

Each tip has a bar from ``birth`` to ``death``, the distances in um from the soma along the cable at
which its branch leaves another and ends; where branches meet, the one with the farthest tip goes on
towards the soma (the elder rule; Kanari et al., Neuroinformatics 16:3, 2018). Many trees have one
barcode: a bar may leave any bar that is there at its birth and does not end before it (Kanari et
al., SIAM J. Appl. Algebra Geom. 4, 2020). Which one it leaves is drawn from a conditional logit
model (McFadden 1974), fitted to the choices in real trees. Bars of one birth in a stem leave
another together, as at a branch point with more than two children.
"""

import numpy as np
from numba import njit
from scipy.optimize import minimize

# What a bar is chosen by: the branch points between it and the soma, whether it has branched, the
# way since its last branch point and its log, and logs of how much farther it goes and of its
# length; all lengths over the mean section of the stem.
FEATURES = ("order", "has_branched", "age", "log_age", "surplus", "length")
N_FEATURES = len(FEATURES)
# Share of a mean section that is added before logs.
OFFSET = 0.1
RIDGE = 1e-3


@njit(cache=True)
def elder_bars(
    parent: np.ndarray, length: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The bars of sections (m,) with their ``parent``, -1 for stems, and ``length`` in um.

    Returns the bar of each section (m,), numbered in the order of the sections in which they start,
    and birth, death and host (bars,) of each bar; the host is the bar that it leaves, -1 for the
    bar that starts a stem. Parents precede their children.
    """
    m = len(parent)
    end = length.copy()
    for s in range(m):
        if parent[s] >= 0:
            end[s] += end[parent[s]]
    tip = end.copy()
    heir = np.full(m, -1)
    for s in range(m - 1, -1, -1):
        up = parent[s]
        if up >= 0 and (heir[up] < 0 or tip[s] >= tip[up]):
            tip[up], heir[up] = tip[s], s
    bar, n = np.empty(m, np.int64), 0
    birth, death, host = np.empty(m), np.empty(m), np.full(m, -1)
    for s in range(m):
        up = parent[s]
        if up >= 0 and heir[up] == s:
            bar[s] = bar[up]
            continue
        bar[s] = n
        birth[n] = end[up] if up >= 0 else 0.0
        death[n] = tip[s]
        host[n] = bar[up] if up >= 0 else -1
        n += 1
    return bar, birth[:n], death[:n], host[:n]


@njit(cache=True)
def _candidates(
    k: int, birth: np.ndarray, death: np.ndarray, order: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The bars that bar ``k``, the longest of its birth, may leave, and their FEATURES."""
    fits = np.flatnonzero((birth[:k] < birth[k]) & (death[:k] >= death[k]))
    x = np.empty((len(fits), N_FEATURES))
    section = (death - birth).sum() / (2 * len(birth) - 1)
    for row, j in enumerate(fits):
        x[row, 0], x[row, 1] = order[j], last[j] > birth[j]
        x[row, 2] = (birth[k] - last[j]) / section
        x[row, 3] = np.log(OFFSET + x[row, 2])
        x[row, 4] = np.log(OFFSET + (death[j] - death[k]) / section)
        x[row, 5] = np.log(OFFSET + (death[j] - birth[j]) / section)
    return fits, x


@njit(cache=True)
def _leave(
    host: int, k: int, stop: int, birth: np.ndarray, order: np.ndarray, last: np.ndarray
) -> None:
    """Let the bars from ``k`` on leave their host: each has one more branch point behind it."""
    order[host] += 1
    last[host] = birth[k]
    order[k:stop] = order[host]
    last[k:stop] = birth[k]


@njit(cache=True)
def choices(
    birth: np.ndarray, death: np.ndarray, host: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The choices in one stem, its bars in the order of their births, longer ones first.

    Returns the choice (c,) that each candidate bar belongs to, whether it was taken (c,), and what
    it is chosen by (c, 6).
    """
    n = len(birth)
    order, last = np.zeros(n), np.zeros(n)
    of, taken, rows = [0], [False], [np.zeros(N_FEATURES)]
    for k in range(1, n):
        fits, x = _candidates(k, birth, death, order, last)
        # The second bar of a branch point had no choice.
        if birth[k] > last[host[k]] and len(fits) > 1:
            for row, j in enumerate(fits):
                of.append(k)
                taken.append(j == host[k])
                rows.append(x[row])
        _leave(host[k], k, k + 1, birth, order, last)
    x = np.empty((len(rows) - 1, N_FEATURES))
    for row in range(len(x)):
        x[row] = rows[row + 1]
    return np.array(of[1:]), np.array(taken[1:]), x


def fit_choice(stems: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """The weights (6,) of FEATURES that are most likely for the :func:`choices` of stems.

    Each stem is birth, death and host. A ridge keeps weights finite where little was to choose.
    """
    parts = [choices(*stem) for stem in stems if len(stem[0]) > 2]
    parts = [part for part in parts if len(part[0])]
    if not parts:
        return np.zeros(N_FEATURES)
    first = np.cumsum([0, *(part[0].max() + 1 for part in parts[:-1])])
    of = np.concatenate([part[0] + shift for part, shift in zip(parts, first, strict=True)])
    taken, x = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    of = np.unique(of, return_inverse=True)[1]

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        value = x @ weight
        top = np.full(of.max() + 1, -np.inf)
        np.maximum.at(top, of, value)
        share = np.exp(value - top[of])
        total = np.bincount(of, weights=share)
        share /= total[of]
        likely = value[taken].sum() - (np.log(total) + top).sum()
        slope = x[taken].sum(axis=0) - share @ x
        return RIDGE * weight @ weight - likely, 2 * RIDGE * weight - slope

    return minimize(loss, np.zeros(N_FEATURES), jac=True, method="BFGS").x


@njit(cache=True)
def grow_stem(
    birth: np.ndarray, death: np.ndarray, weight: np.ndarray, uniform: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A stem with the given bars, by birth and longer ones first, the first one the longest of all.

    ``uniform`` (bars,) are random numbers from 0 to 1. Returns the parent (m,) of each section, -1
    for the first, its length (m,) in um, and whether it goes on the bar of its parent (m,).
    """
    n = len(birth)
    order, last = np.zeros(n), np.zeros(n)
    parent, length = np.full(2 * n - 1, -1), np.zeros(2 * n - 1)
    heir = np.zeros(2 * n - 1, np.bool_)
    section, made, k = np.zeros(n, np.int64), 1, 1
    while k < n:
        stop = k + 1
        while stop < n and birth[stop] == birth[k]:
            stop += 1
        fits, x = _candidates(k, birth, death, order, last)
        value = x @ weight
        share = np.cumsum(np.exp(value - value.max()))
        host = fits[min(np.searchsorted(share, uniform[k] * share[-1]), len(fits) - 1)]
        at = section[host]
        length[at] = birth[k] - last[host]
        _leave(host, k, stop, birth, order, last)
        parent[made : made + 1 + stop - k] = at
        heir[made] = True
        section[host] = made
        section[k:stop] = np.arange(made + 1, made + 1 + stop - k)
        made += 1 + stop - k
        k = stop
    for bar in range(n):
        length[section[bar]] = death[bar] - last[bar]
    return parent[:made], length[:made], heir[:made]
