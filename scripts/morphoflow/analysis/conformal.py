"""How unusual a score is among the scores of objects that are as they should be."""

import numpy as np

from morphoflow.analysis.significance import share_above

# The upper fifth of the reference is its tail; from fewer objects in it nothing can be said.
TAIL = 0.2
FEWEST_IN_TAIL = 10


def conformal_p(scores: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """p-values (n,) of ``scores`` (n,), larger being stranger, against ``calibration`` (n,) bool.

    The share of calibrating objects, and of the object itself, that are at least as strange (Vovk,
    Gammerman and Shafer 2005; for outliers Bates et al. 2023). A calibrating object is held against
    the others. Uniform for objects that are exchangeable with the calibrating ones, and never below
    1 / (m + 1) for m of them. Missing without any.
    """
    reference = np.sort(scores[calibration])
    if not len(reference):
        return np.full(len(scores), np.nan)
    found = share_above(scores, reference)
    at_least = len(reference) - np.searchsorted(reference, scores[calibration], side="left")
    found[calibration] = at_least / len(reference)
    return found


def tail_p(scores: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """:func:`conformal_p`, continued by an exponential tail where no object was seen to calibrate.

    Beyond the fourth quintile of the calibrating scores, p-values fall exponentially, at the rate
    of the median excess: outliers among the calibrating objects hardly change it, and p-values may
    be smaller than one over their number. Small ones are as true as the tail is exponential: if
    scores have a heavier tail, there are more of them. Below 50 calibrating objects there is no
    tail, and this is :func:`conformal_p`.
    """
    found = conformal_p(scores, calibration)
    reference = np.sort(scores[calibration])
    size = int(TAIL * len(reference))
    if size < FEWEST_IN_TAIL:
        return found
    threshold = reference[-size - 1]
    scale = np.median(reference[-size:] - threshold) / np.log(2)
    beyond = scores > threshold
    if scale > 0:
        excess = (scores[beyond] - threshold) / scale
        found[beyond] = (1 + size) / (1 + len(reference)) * np.exp(-excess)
    return found
