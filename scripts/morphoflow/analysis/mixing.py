"""Whether an embedding parts batches: how often neighbours are of one batch, and by chance."""

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 30
COLUMNS = (
    *("model", "variant", "batch", "batches", "same_batch"),
    *("expected", "effective_batches", "neighbours"),
)


def mixing(x: np.ndarray, batches: np.ndarray, conditions: np.ndarray) -> dict[str, float]:
    """How far ``batches`` (n,) are mixed in an embedding ``x`` (n, d).

    ``same_batch`` is the mean share of the nearest 30 neighbours (a fifth of the objects at most)
    that are of an object's own batch, and ``expected`` what it would be if each neighbour were
    drawn from all others of its condition (``conditions``, (n,)): batches that differ in what they
    hold are not held against the embedding. ``effective_batches`` is the inverse of Simpson's index
    among the neighbours, averaged: 1 where each sees one batch alone (after the inverse Simpson
    index of Korsunsky et al. 2019, with neighbours that count alike). Missing for one batch, and
    where most batches are of one object.
    """
    codes = np.unique(batches.astype(str), return_inverse=True)[1]
    kinds = np.unique(conditions.astype(str), return_inverse=True)[1]
    n, n_batches = len(codes), int(codes.max()) + 1
    found = {"batches": n_batches, "same_batch": np.nan, "expected": np.nan}
    found |= {"effective_batches": np.nan, "neighbours": 0}
    if n_batches < 2 or n_batches > n / 2 or n < 10:
        return found
    k = min(NEIGHBOURS, n // 5)
    near = NearestNeighbors(n_neighbors=k).fit(x).kneighbors(return_distance=False)
    counts = np.stack([(codes[near] == b).sum(axis=1) for b in range(n_batches)], axis=1)
    table = np.zeros((kinds.max() + 1, n_batches))
    np.add.at(table, (kinds, codes), 1)
    other = kinds[near]
    # An object is no neighbour of its own.
    own = other == kinds[:, None]
    chance = (table[other, codes[:, None]] - own) / np.maximum(table.sum(axis=1)[other] - own, 1)
    found["same_batch"] = float((codes[near] == codes[:, None]).mean())
    found["expected"] = float(chance.mean())
    found["effective_batches"] = float((k**2 / (counts**2).sum(axis=1)).mean())
    found["neighbours"] = k
    return found


def mixing_table(rows: list[dict]) -> pd.DataFrame:
    """The mixing of each model and variant, the best mixed first."""
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    excess = table["same_batch"] - table["expected"]
    return table.iloc[np.argsort(excess.to_numpy(), kind="stable")].reset_index(drop=True)
