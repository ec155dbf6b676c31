"""Gaussian mixtures whose components share what little data cannot tell apart."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from sklearn.cluster import KMeans

ITERATIONS = 100
# The gain of the mean log density below which a fit has ended.
TOLERANCE = 1e-3
# Of the variance: keeps a component from shrinking onto objects at one place.
FLOOR = 1e-3


@dataclass(frozen=True)
class Mixture:
    """Log ``weights`` (k,), ``means`` (k, d), and Cholesky factors (k, d, d) of the covariances."""

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    def joint(self, x: np.ndarray) -> np.ndarray:
        """Log density (n, k) of ``x`` (n, d) and each component together."""
        found = np.empty((len(x), len(self.means)))
        for k, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            white = solve_triangular(factor, (x - mean).T, lower=True)
            found[:, k] = -0.5 * (white**2).sum(axis=0) - np.log(np.diag(factor)).sum()
        return found + self.weights - 0.5 * x.shape[1] * np.log(2 * np.pi)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """The natural logarithm of the density (n,) at ``x`` (n, d)."""
        return logsumexp(self.joint(x), axis=1)


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
