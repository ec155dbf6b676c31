"""The density of an embedding: a Gaussian mixture on its main axes, one variance on the rest."""

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage

from morphoflow.analysis.mixture import Mixture, fit_mixture

MOST_AXES = 64
VARIANCE = 0.99
# A covariance of more axes than this share of the objects is noise for the most part.
OBJECTS_PER_AXIS = 5
FEWEST_PER_COMPONENT = 10


@dataclass(frozen=True)
class Density:
    """A density in d dimensions.

    ``mean`` (d,); ``axes`` (d, q) orthonormal with standard deviations ``scales`` (q,), on which
    ``mixture`` is, in units of the scales; ``rest`` is the variance along every other direction.
    """

    mean: np.ndarray
    axes: np.ndarray
    scales: np.ndarray
    rest: float
    mixture: Mixture

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """The natural logarithm of the density (n,) at ``x`` (n, d)."""
        moved = x - self.mean
        along = moved @ self.axes
        found = self.mixture.log_density(along / self.scales) - np.log(self.scales).sum()
        others = x.shape[1] - len(self.scales)
        if others:
            off = np.maximum((moved**2).sum(axis=1) - (along**2).sum(axis=1), 0)
            found -= 0.5 * (off / self.rest + others * np.log(2 * np.pi * self.rest))
        return found


def fit_density(x: np.ndarray, n_components: int, seed: int) -> Density:
    """Fit the density of ``x`` (n, d), rows not all equal.

    The principal axes that hold 99 % of the variance (at most 64, and n / 5) carry a Gaussian
    mixture, the others one variance, as in probabilistic principal components (Tipping and Bishop
    1999). All variances are shrunk towards their mean as far as Ledoit and Wolf (2004) find it
    needed, so that dimensions that few objects leave empty are not taken for impossible.
    """
    n, d = x.shape
    mean = x.mean(axis=0)
    _, singular, axes = np.linalg.svd(x - mean, full_matrices=False)
    variance = np.zeros(d)
    variance[: len(singular)] = singular**2 / n
    shrinkage = ledoit_wolf_shrinkage(x)
    shrunk = (1 - shrinkage) * variance + shrinkage * variance.mean()
    shrunk = np.maximum(shrunk, 1e-9 * variance.mean())
    needed = int(np.searchsorted(np.cumsum(variance), VARIANCE * variance.sum())) + 1
    q = max(1, min(needed, MOST_AXES, n // OBJECTS_PER_AXIS, len(singular)))
    scales, axes = np.sqrt(shrunk[:q]), axes[:q].T
    mixture = fit_mixture((x - mean) @ axes / scales, n_components, seed)
    return Density(mean, axes, scales, float(shrunk[q:].mean()) if q < d else 1.0, mixture)


def cross_fitted(
    x: np.ndarray, parts: np.ndarray, n_components: int, seed: int
) -> np.ndarray | None:
    """Log density (n,) of the rows of ``x`` (n, d) under fits that each leave one part out.

    ``parts`` (n,) numbers the parts of the objects to learn from; -1 are others. An object of a
    part is held against the fit without it, an object of none against all fits, of which its value
    is the mean: so the density of both is that of a fit to as many objects, and none is its own
    witness. None where a fit would have fewer than 10 objects for each of several components.
    """
    known = parts >= 0
    sizes = np.bincount(parts[known])
    if n_components > 1 and known.sum() - sizes.max() < FEWEST_PER_COMPONENT * n_components:
        return None
    total = np.zeros(len(x))
    for part in range(len(sizes)):
        density = fit_density(x[known & (parts != part)], n_components, seed)
        asked = ~known | (parts == part)
        total[asked] += density.log_density(x[asked]) / np.where(known[asked], 1, len(sizes))
    return total
