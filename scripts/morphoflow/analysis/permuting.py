"""Tests and effects that respect what was treated as a whole: an animal, a dish, a plate.

Objects of one animal are no independent evidence on a treatment that all of them got. What may be
exchanged if there were no difference are therefore whole units within a stratum, or, where a
treatment differs inside units, objects within their unit.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm, rankdata
from scipy.stats import t as student

# With fewer units in one of two groups, a bootstrap says nothing about others of the kind.
FEWEST_FOR_INTERVAL = 5
# Numbers that are held at a time.
CHUNK = 1 << 22


@dataclass(frozen=True)
class Design:
    """What may be exchanged for what among n objects.

    ``treated`` (n,) bool parts them in two; ``units`` (n,) are numbers from 0 of what is exchanged
    as a whole, and ``strata`` (n,) of that within which it is. ``crossed`` says that the two groups
    meet inside what the user called a unit, which is then a stratum, and its objects are exchanged.
    """

    treated: np.ndarray
    units: np.ndarray
    strata: np.ndarray
    crossed: bool

    @property
    def sizes(self) -> tuple[int, int]:
        """The numbers of independent units with and without the treatment.

        Of a crossed design, those are the user's units in which both groups are.
        """
        if self.crossed:
            both = len(np.intersect1d(self.strata[self.treated], self.strata[~self.treated]))
            return both, both
        return tuple(len(np.unique(self.units[of])) for of in (self.treated, ~self.treated))

    @property
    def least_p(self) -> float:
        """The smallest p-value that any data could have, by the number of arrangements."""
        treated, strata = self.treated_units, self.unit_strata
        n, k = np.bincount(strata), np.bincount(strata, weights=treated)
        ways = np.exp(np.sum(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)))
        mirrored = 2 if (2 * k == n).all() else 1
        return float(min(1, mirrored / ways))

    @property
    def unit_strata(self) -> np.ndarray:
        """The stratum (u,) of each unit."""
        return self.strata[np.unique(self.units, return_index=True)[1]]

    @property
    def treated_units(self) -> np.ndarray:
        """Whether each unit (u,) is treated."""
        return self.treated[np.unique(self.units, return_index=True)[1]]


def design_of(treated: np.ndarray, units: np.ndarray, within: np.ndarray | None = None) -> Design:
    """The design of objects that are ``treated`` (n,) bool or not, by names of their ``units``.

    ``within`` (n,) names batches, inside which alone units are compared; each unit is in one.
    """
    unit = np.unique(units, return_inverse=True)[1]
    batch = (
        np.zeros(len(unit), int) if within is None else np.unique(within, return_inverse=True)[1]
    )
    share = np.bincount(unit, weights=treated) / np.bincount(unit)
    if np.isin(share, (0, 1)).all():
        return Design(treated, unit, batch, crossed=False)
    strata = np.unique(np.stack([unit, batch]), axis=1, return_inverse=True)[1]
    return Design(treated, np.arange(len(unit)), strata.ravel(), crossed=True)


def p_values(values: np.ndarray, design: Design, permutations: int, seed: int) -> np.ndarray:
    """Two-sided p-values (d,) that the two groups do not differ in ``values`` (n, d).

    Compared are mean ranks of units within strata, weighted as by van Elteren (1960), with those
    when units are dealt to the groups at random within strata. Missing values stand in the middle.
    """
    scores = _unit_means(_centred_ranks(values, design.strata), design.units)
    treated, strata = design.treated_units.astype(float), design.unit_strata
    size = np.bincount(strata)
    expected = (np.bincount(strata, weights=treated) / size)[strata]
    observed = np.abs((treated - expected) @ scores)
    in_order = treated[np.argsort(strata, kind="stable")]
    rng, above, rows = np.random.default_rng(seed), 0, max(1, CHUNK // len(strata))
    for start in range(0, permutations, rows):
        n = min(rows, permutations - start)
        order = np.argsort(strata + rng.random((n, len(strata))), axis=1)
        dealt = np.empty(order.shape)
        np.put_along_axis(dealt, order, np.broadcast_to(in_order, order.shape), axis=1)
        null = np.abs((dealt - expected) @ scores)
        # What differs by rounding alone is as large.
        above = above + (null >= observed * (1 - 1e-9) - 1e-12).sum(axis=0)
    return (1 + above) / (1 + permutations)


def _centred_ranks(values: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Ranks (n, d) within each stratum, from -1/2 to 1/2; 0 for what is missing."""
    ranks = np.zeros(values.shape)
    for rows in _members(strata):
        known = (~np.isnan(values[rows])).sum(axis=0)
        rank = rankdata(values[rows], axis=0, nan_policy="omit")
        ranks[rows] = np.nan_to_num((rank - (known + 1) / 2) / np.maximum(known, 1))
    return ranks


def _members(codes: np.ndarray) -> list[np.ndarray]:
    """The rows of each code, from 0 on."""
    ends = np.cumsum(np.bincount(codes))
    return np.split(np.argsort(codes, kind="stable"), ends[:-1])


def _unit_means(values: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The mean of each unit (u, d) of ``values`` (n, d)."""
    size = np.bincount(units)
    columns = [np.bincount(units, weights=column) / size for column in values.T]
    return np.stack(columns, axis=1)


def effects(
    values: np.ndarray, design: Design, bootstraps: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cliff's delta (d,) of ``values`` (n, d), and the ends of its 95 % intervals.

    How much oftener a treated object has the larger value than one that is not, less how much
    oftener the smaller, from -1 to 1 (Cliff 1993); within strata, of which it is a mean, and each
    unit counts alike. Intervals draw whole units anew, or whole strata where these are crossed or
    hold a single unit of a group, and reach as much further out as few of them need by Student's t;
    they are missing where there are fewer than five.
    """
    weight = 1 / np.bincount(design.units)[design.units]
    by_strata, freedom = _resampling(design)
    rng = np.random.default_rng(seed)
    rows = max(1, CHUNK // len(weight))
    found, ends = np.empty(values.shape[1]), np.full((2, values.shape[1]), np.nan)
    multiples = _drawn(design, bootstraps, rng, by_strata) if freedom else None
    for j, column in enumerate(values.T):
        parts = _Pairs.of(column, design)
        gains, weights = parts.sums(weight[None])
        found[j] = _ratio(gains, weights)[0]
        if multiples is None:
            continue
        if by_strata:
            drawn = _ratio(multiples * gains, multiples * weights)
        else:
            chunks = np.split(multiples, np.arange(rows, bootstraps, rows))
            of_chunks = (parts.sums(weight * chunk[:, design.units]) for chunk in chunks)
            drawn = np.concatenate([_ratio(*sums) for sums in of_chunks])
        further = norm.cdf(student.ppf(0.025, freedom))
        ends[:, j] = np.quantile(drawn, (further, 1 - further))
    return found, *ends


def _resampling(design: Design) -> tuple[bool, float]:
    """Whether intervals draw whole strata, and their degrees of freedom; 0 where there are none.

    Of units those by Satterthwaite (1946), as if all differed alike: the smaller group says how
    little is known.
    """
    treated, strata = design.treated_units, design.unit_strata
    n, k = np.bincount(strata), np.bincount(strata, weights=treated)
    both = (k > 0) & (k < n)
    cells = np.stack([k, n - k])[:, both]
    if design.crossed or cells.min() < 2:
        return True, both.sum() - 1 if both.sum() >= FEWEST_FOR_INTERVAL else 0
    variance = (cells.prod(axis=0) / cells.sum(axis=0)) ** 2 / cells
    freedom = variance.sum() ** 2 / (variance**2 / (cells - 1)).sum()
    return False, freedom if min(design.sizes) >= FEWEST_FOR_INTERVAL else 0


def _ratio(gains: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted means (b,) over strata of ``gains`` (b, s), missing where nothing has a weight."""
    total = weights.sum(axis=1)
    return np.divide(gains.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 1e-12)


def _drawn(
    design: Design, bootstraps: int, rng: np.random.Generator, by_strata: bool
) -> np.ndarray:
    """The weight of each unit (b, u), or with ``by_strata`` of each stratum (b, s), drawn anew.

    Units are drawn among those of their stratum and group, of m one fewer, with weights that make
    up for it: m draws would vary by too little (Rao and Wu, JASA 83, 1988).
    """
    strata = design.unit_strata
    cell = np.zeros(strata.max() + 1, int) if by_strata else 2 * strata + design.treated_units
    counts = np.ones((bootstraps, len(cell)))
    for members in _members(cell):
        m = len(members)
        if m > 1:
            even = np.full(m, 1 / m)
            counts[:, members] = rng.multinomial(m - 1, even, size=bootstraps) * m / (m - 1)
    return counts


@dataclass(frozen=True)
class _Pairs:
    """The m known values of a column in the order of strata and values.

    ``rows`` (m,) are their objects, ``treated`` (m,) their groups, ``ties`` the places where
    another value begins, ``strata`` those among the ties where another stratum does, and
    ``stratum_of_tie`` the number of the stratum of each.
    """

    rows: np.ndarray
    treated: np.ndarray
    ties: np.ndarray
    strata: np.ndarray
    stratum_of_tie: np.ndarray
    names: np.ndarray
    n_strata: int

    @classmethod
    def of(cls, column: np.ndarray, design: Design) -> "_Pairs":
        known = np.flatnonzero(~np.isnan(column))
        rows = known[np.lexsort((column[known], design.strata[known]))]
        value, stratum = column[rows], design.strata[rows]
        new_stratum = np.diff(stratum, prepend=-1) != 0
        ties = np.flatnonzero(new_stratum | (np.diff(value, prepend=np.nan) != 0))
        strata = np.flatnonzero(new_stratum[ties])
        number = np.cumsum(new_stratum[ties]) - 1
        names = stratum[ties][strata]
        n_strata = int(design.strata.max()) + 1
        return cls(rows, design.treated[rows], ties, strata, number, names, n_strata)

    def sums(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The weighted delta of each stratum (b, s) and its weight; objects have weights (b, n)."""
        gains = np.zeros((len(weights), self.n_strata))
        total = np.zeros_like(gains)
        if not len(self.rows):
            return gains, total
        ordered = weights[:, self.rows]
        treated = np.add.reduceat(ordered * self.treated, self.ties, axis=1)
        others = np.add.reduceat(ordered * ~self.treated, self.ties, axis=1)
        n, m = (np.add.reduceat(part, self.strata, axis=1) for part in (treated, others))
        before = np.cumsum(others, axis=1) - others
        before -= before[:, self.strata][:, self.stratum_of_tie]
        won = treated * (2 * before + others - m[:, self.stratum_of_tie])
        both = np.maximum(n + m, 1e-12)
        gains[:, self.names] = np.add.reduceat(won, self.strata, axis=1) / both
        total[:, self.names] = n * m / both
        return gains, total
