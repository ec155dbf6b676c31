"""Statistics of values that belong to neurons: one number per neuron, defined where there is none.

``values`` and ``group`` are (m,) arrays, ``group`` holding the neuron of each value; results are
(n,) float64.
"""

import numpy as np


def total(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """The sum; 0 for a neuron without values."""
    return np.bincount(group, weights=values, minlength=n)


def mean(values: np.ndarray, group: np.ndarray, n: int, *, empty: float = 0.0) -> np.ndarray:
    """The mean; ``empty`` for a neuron without values."""
    count = np.bincount(group, minlength=n)
    return np.where(count > 0, total(values, group, n) / np.maximum(count, 1), empty)


def sd(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """The standard deviation of the values as a population; 0 for fewer than two."""
    deviation = values - mean(values, group, n)[group]
    return np.sqrt(mean(deviation**2, group, n))


def largest(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """The largest of the values, none of them negative; 0 for a neuron without values."""
    result = np.zeros(n)
    np.maximum.at(result, group, values)
    return result
