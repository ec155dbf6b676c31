"""p-values from draws of a null distribution, their correction, and intervals of shares."""

import numpy as np
from scipy.special import betaincinv


def share_above(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The p-values (n,) of ``values``: the share of ``reference`` (m,), and of it, as large.

    (1 + number of the reference >= value) / (1 + m), which is never zero and valid whatever the
    distribution (Phipson and Smyth 2010). Where the value is missing, so is its p-value.
    """
    below = np.searchsorted(np.sort(reference), values, side="left")
    return np.where(np.isnan(values), np.nan, (1 + len(reference) - below) / (1 + len(reference)))


def corrected(p: np.ndarray) -> np.ndarray:
    """p-values (n,) corrected for the false discovery rate (Benjamini and Hochberg 1995).

    Those at or below q are discoveries with an expected share of q false ones. Missing values
    count as no test and stay missing.
    """
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(-p[tested], kind="stable")]
    ranks = np.arange(len(order), 0, -1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(1, np.minimum.accumulate(p[order] * len(order) / ranks))
    return adjusted


def share_interval(found: int, number: int) -> tuple[float, float]:
    """The exact 95 % interval of a share, of which ``found`` of ``number`` were seen.

    Clopper and Pearson, Biometrika 26, 1934.
    """
    low = betaincinv(found, number - found + 1, 0.025) if found else 0.0
    high = betaincinv(found + 1, number - found, 0.975) if found < number else 1.0
    return float(low), float(high)
