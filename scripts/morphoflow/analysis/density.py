"""The density of an embedding: a Gaussian mixture on its main axes, one variance on the rest."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from sklearn.cluster import KMeans
from sklearn.covariance import ledoit_wolf_shrinkage

MOST_AXES = 64

VARIANCE = 0.99

# A covariance of more axes than this share of the objects is noise for the most part.
OBJECTS_PER_AXIS = 5

FEWEST_PER_COMPONENT = 10

ITERATIONS = 100

# The gain of the mean log density below which a fit has ended.
TOLERANCE = 1e-3

# Of the variance: keeps a component from shrinking onto objects at one place.
FLOOR = 1e-3


# Gaussian mixtures whose components share what little data cannot tell apart.


@dataclass(frozen=True)
class Mixture:
    """Log ``weights`` (k,), ``means`` (k, d), and Cholesky factors (k, d, d) of the covariances."""

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    def joint(self, x: np.ndarray) -> np.ndarray:
        """Log density (n, k) of ``x`` (n, d) and each component together."""
        log_densities = np.empty((len(x), len(self.means)))
        for k, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            white = solve_triangular(factor, (x - mean).T, lower=True)
            log_densities[:, k] = -0.5 * (white**2).sum(axis=0) - np.log(np.diag(factor)).sum()
        return log_densities + self.weights - 0.5 * x.shape[1] * np.log(2 * np.pi)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """The natural logarithm of the density (n,) at ``x`` (n, d)."""
        return logsumexp(self.joint(x), axis=1)


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
        log_densities = self.mixture.log_density(along / self.scales) - np.log(self.scales).sum()
        others = x.shape[1] - len(self.scales)
        if others:
            off = np.maximum((moved**2).sum(axis=1) - (along**2).sum(axis=1), 0)
            log_densities -= 0.5 * (off / self.rest + others * np.log(2 * np.pi * self.rest))
        return log_densities


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
    part is judged by the fit without it, an object of none by all fits, of which its value
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


def fit_mixture(x: np.ndarray, n_components: int, seed: int) -> Mixture:
    """Fit a mixture of Gaussians to ``x`` (n, d), of about unit variance, by EM from k-means.

    Each covariance is drawn towards the pooled one of all components with the weight of d + 2
    objects (Friedman 1989), so that a component of few objects borrows what it cannot measure.
    """
    n_components = min(n_components, len(np.unique(x, axis=0)))
    nearest = KMeans(n_components, n_init=3, random_state=seed).fit_predict(x)
    shares = np.eye(n_components)[nearest]
    before = -np.inf
    for _ in range(ITERATIONS):
        mixture = _maximise(x, shares)
        joint = mixture.joint(x)
        density = logsumexp(joint, axis=1)
        if density.mean() - before < TOLERANCE:
            break
        before, shares = density.mean(), np.exp(joint - density[:, None])
    return mixture


def _maximise(x: np.ndarray, shares: np.ndarray) -> Mixture:
    """The mixture that the ``shares`` (n, k) of the components in the objects ask for."""
    n, d = x.shape
    size = np.maximum(shares.sum(axis=0), 1e-9)
    means = shares.T @ x / size[:, None]
    scatter = np.empty((len(size), d, d))
    for k, mean in enumerate(means):
        moved = x - mean
        scatter[k] = (moved * shares[:, k, None]).T @ moved
    pooled = scatter.sum(axis=0) / n + FLOOR * np.eye(d)
    borrowed = d + 2
    covariances = (scatter + borrowed * pooled) / (size + borrowed)[:, None, None]
    return Mixture(np.log(size / n), means, np.linalg.cholesky(covariances))
