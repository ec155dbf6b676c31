"""Crops that no model can use: what is wrong with each."""

from collections.abc import Iterator

import numpy as np

from morphoflow.reading.findings import Finding

TOLERANCE = 1e-5  # of rounding, beyond 0 and 1


def faults_of(x: np.ndarray, ids: list[str]) -> Iterator[tuple[int, Finding]]:
    """The row and finding of each bad crop of ``x`` (k, c, h, w): not finite, out of 0..1, or flat.

    A crop is flat if none of its channels varies.
    """
    flat = x.reshape(*x.shape[:2], -1)
    low, high = flat.min(axis=2), flat.max(axis=2)  # NaN if there is one
    finite = np.isfinite(low) & np.isfinite(high)
    outside = (low < -TOLERANCE) | (high > 1 + TOLERANCE)
    bad = ~finite.all(axis=1) | outside.any(axis=1) | (low == high).all(axis=1)
    for row in np.flatnonzero(bad):
        yield int(row), _fault(ids[row], low[row], high[row])


def _fault(identifier: str, low: np.ndarray, high: np.ndarray) -> Finding:
    if not np.isfinite([low, high]).all():
        message = f"'{identifier}' has values that are not finite"
        return Finding("not_finite", message, id=identifier)
    smallest, largest = float(low.min()), float(high.max())
    if smallest < -TOLERANCE or largest > 1 + TOLERANCE:
        message = f"'{identifier}' has values from {smallest:.4g} to {largest:.4g}, beyond 0..1"
        value = f"{smallest:.4g} to {largest:.4g}"
        return Finding("out_of_range", message, id=identifier, value=value)
    if largest == 0:
        return Finding("empty", f"'{identifier}' is black all over", id=identifier, value="0")
    value = f"{largest:.4g}"
    message = f"'{identifier}' has the one value {value}"
    return Finding("constant", message, id=identifier, value=value)
