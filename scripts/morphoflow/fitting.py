"""What the baselines fit on the training objects alone: scaling and principal components."""

import numpy as np
import pandas as pd

from morphoflow.errors import InputError


def train_rows(objects: pd.DataFrame) -> np.ndarray:
    """The rows of the objects whose ``split`` is "train", (m,) int64."""
    rows = np.flatnonzero(objects["split"] == "train")
    if len(rows) == 0:
        raise InputError(
            f'none of the {len(objects)} objects has split "train"; give the training split a '
            "larger share, or add objects."
        )
    return rows


def fit_standard(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the weight of each feature of ``x`` (m, d), (d,) float64 each.

    ``(x - mean) * weight`` has mean 0 and standard deviation 1. The standard deviation rather
    than the interquartile range, because counts and orders are often equal in more than half of
    the objects, where that range is 0 although they differ. A feature that is constant has weight
    0: it says nothing about the training objects, so it shall not tell others apart. Values that
    are missing do not count; a feature without any has mean 0 and weight 0.
    """
    known = np.ma.masked_invalid(x.astype(np.float64))
    mean, sd = known.mean(axis=0).filled(0.0), known.std(axis=0).filled(0.0)
    range_ = np.ma.ptp(known, axis=0).filled(0.0)
    constant = range_ <= np.finfo(np.float32).eps * np.abs(mean)
    return mean, np.where(constant, 0.0, 1 / np.where(constant, 1.0, sd))


def fit_pca(x: np.ndarray, variance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The smallest number k of principal components of ``x`` (m, d) that reach this variance.

    ``variance`` is a share of the whole. Returns the mean (d,), the components (k, d), the largest
    entry of each positive so that signs are fixed, and the share that each explains (k,).
    """
    x = x.astype(np.float64)
    mean = x.mean(axis=0)
    _, singular, axes = np.linalg.svd(x - mean, full_matrices=False)
    spread = np.square(singular)
    if not spread.sum() > 0:
        raise InputError(
            f"the {len(x)} training objects are all alike, so that there are no principal "
            "components; check what they were made from, or add training objects."
        )
    share = spread / spread.sum()
    # The sum of all shares is 1 only up to rounding, and a variance of 1 shall be reached.
    k = np.searchsorted(np.cumsum(share), variance - 1e-9) + 1
    axes = axes[:k]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return mean, axes * np.sign(largest), share[:k]
