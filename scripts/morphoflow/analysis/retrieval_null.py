"""What average precision is by chance: when the ranking of an object's neighbours is random."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from morphoflow.analysis.significance import corrected, share_above

# Draws of a null distribution held at a time.
BLOCK = 2**22
# Where there are more list sizes than this, numbers above 100 are rounded by up to 0.5 %.
MOST_SIZES = 32
EXACT = 100
STEP = 1.005
# Equal average precisions may differ by this where their terms were added in another order.
ROUNDING = 1e-12


def chance_precision(positives: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The expected average precision of random rankings (Bestgen 2015), exactly.

    Of ``positives`` (n,) of ``candidates`` (n,) objects; missing where there are no positives.
    """
    if not len(candidates):
        return np.zeros(0)
    harmonic = np.concatenate([[0], np.cumsum(1 / np.arange(1, candidates.max() + 1))])[candidates]
    others = np.maximum(candidates - 1, 1)
    value = harmonic + (positives - 1) / others * (candidates - harmonic)
    return np.where(positives > 0, value / np.maximum(candidates, 1), np.nan)


def random_precisions(
    positives: int, candidates: int, draws: int, generator: np.random.Generator
) -> np.ndarray:
    """Sorted average precisions (draws,) of random rankings of ``candidates`` objects.

    The numbers of negatives before, between and after the positives of a random ranking are
    multinomial with uniform Dirichlet weights, which costs no more than the positives.
    """
    precisions = []
    at_once = max(1, BLOCK // (positives + 1))
    for start in range(0, draws, at_once):
        weights = generator.standard_exponential((min(at_once, draws - start), positives + 1))
        weights /= weights.sum(axis=1, keepdims=True)
        negatives = generator.multinomial(candidates - positives, weights)[:, :-1].cumsum(axis=1)
        order = np.arange(1, positives + 1)
        precisions.append((order / (order + negatives)).mean(axis=1))
    return np.sort(np.concatenate(precisions))


def with_p_values(
    table: pd.DataFrame, draws: int, seed: int
) -> tuple[pd.DataFrame, dict[tuple[int, int], np.ndarray]]:
    """``table`` of average precisions with ``chance``, ``p_value`` and ``corrected_p_value``.

    The null draws of each list size (positives, candidates) are made once and returned beside it.
    Where groups bring many list sizes, numbers above 100 are rounded by up to 0.5 %, positives up
    and candidates down, which makes chance better and so p-values, if anything, larger.
    """
    sizes = _list_sizes(table)
    p, nulls = np.full(len(table), np.nan), {}
    for size, rows in pd.Series(range(len(table))).groupby(sizes, sort=True):
        if size[0] == 0:
            continue
        nulls[size] = random_precisions(*size, draws, np.random.default_rng([seed, *size]))
        p[rows] = share_above(table["average_precision"].to_numpy()[rows] - ROUNDING, nulls[size])
    chance = chance_precision(table["positives"].to_numpy(), table["candidates"].to_numpy())
    made = table.assign(chance=chance, p_value=p, corrected_p_value=corrected(p))
    return made, nulls


def label_table(
    table: pd.DataFrame, nulls: dict[tuple[int, int], np.ndarray], level: float
) -> pd.DataFrame:
    """Mean average precision of each label, with a p-value: one row a label.

    The null of the mean adds the sorted nulls of the queries draw by draw, as if all queries of a
    label were lucky together. They share neighbours, so their luck is not independent; this is the
    most dependent it can be, and the p-value an upper bound. ``significant`` is the share of
    queries whose corrected p-value is at most ``level``.
    """
    kept = table.assign(size=_list_sizes(table).to_numpy())

    def null_of(label: str, mine: pd.DataFrame) -> np.ndarray:
        null = sum(nulls[size] * n for size, n in mine["size"].value_counts(sort=False).items())
        return null / len(mine)

    return summed_up(kept, null_of, level)


def summed_up(
    table: pd.DataFrame, null_of: Callable[[str, pd.DataFrame], np.ndarray], level: float
) -> pd.DataFrame:
    """The rows of :func:`label_table`; ``null_of`` one gives draws of its mean."""
    rows = []
    for label, mine in table.dropna(subset="average_precision").groupby("label", sort=True):
        mean = mine["average_precision"].mean()
        p = share_above(np.array([mean - ROUNDING]), np.sort(null_of(label, mine)))[0]
        significant = (mine["corrected_p_value"] <= level).mean()
        rows.append((label, len(mine), mean, mine["chance"].mean(), p, significant))
    names = ["label", "n", "mean_average_precision", "chance", "p_value", "significant"]
    made = pd.DataFrame(rows, columns=names).astype({"label": "object", "n": "int64"})
    made = made.astype(dict.fromkeys(names[2:], "float64"))
    made.insert(5, "corrected_p_value", corrected(made["p_value"].to_numpy()))
    return made


def _list_sizes(table: pd.DataFrame) -> pd.Series:
    """The list size (positives, candidates) whose null each row is compared with."""
    positives, candidates = table["positives"].to_numpy(), table["candidates"].to_numpy()
    if len(set(zip(positives, candidates, strict=True))) > MOST_SIZES:
        candidates = _rounded(candidates, np.floor)
        positives = np.minimum(_rounded(positives, np.ceil), candidates)
    sizes = list(zip(positives.tolist(), candidates.tolist(), strict=True))
    return pd.Series(sizes, index=range(len(table)), dtype=object)


def _rounded(counts: np.ndarray, direction: np.ufunc) -> np.ndarray:
    """Counts above EXACT on a grid of steps of 0.5 %, rounded in a ``direction``."""
    steps = direction(np.round(np.log(np.maximum(counts, EXACT) / EXACT) / np.log(STEP), 9))
    grid = np.rint(EXACT * STEP**steps).astype(np.int64)
    return np.where(counts > EXACT, grid, counts)
