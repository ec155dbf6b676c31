"""Parameters of a simulator from images: approximate Bayesian computation by synthetic likelihood.

Simulated statistics are reduced to one estimate of each parameter (semi-automatic summaries;
Fearnhead and Prangle, J. R. Stat. Soc. B 74, 2012), whose mean as a function of the parameters is
a quadratic fitted to the simulations. The mean summary of n images is normal about it
(synthetic likelihood; Wood, Nature 466, 2010), with the covariance of single images by n and the
uncertainty of the fit on top. The posterior is sampled by a sequential Monte Carlo that cools the
likelihood (Del Moral, Doucet and Jasra, J. R. Stat. Soc. B 68, 2006). Parameters live in the unit
cube, where the prior is uniform.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

PARTICLES, MOVES = 2000, 8
# Each step of cooling leaves so large a share of the particles effective.
EFFECTIVE = 0.5
RIDGE = 1e-2
# What is drawn for the next round lies about the posterior, so many times as wide.
WIDER = 2.0


@dataclass(frozen=True)
class Emulator:
    """Where summaries of images lie, learned from simulations at ``unit`` (n, p).

    ``shift``, ``scale`` (k,) and ``weights`` (k, p) make summaries of statistics, ``curve`` (q, p)
    their mean of the features (q,) of parameters, ``spread`` (p, p) is the covariance of one image,
    ``gram`` (q, q) the inverse of the features' second moments. ``centre`` (p,), ``reach`` (p, p)
    and ``radius`` bound where simulations lie.
    """

    shift: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    curve: np.ndarray
    spread: np.ndarray
    gram: np.ndarray
    centre: np.ndarray
    reach: np.ndarray
    radius: float

    def summaries(self, statistics: np.ndarray) -> np.ndarray:
        """The summaries (n, p) of statistics (n, k)."""
        return (statistics - self.shift) / self.scale @ self.weights

    def log_likelihood(self, unit: np.ndarray, observed: np.ndarray, number: int) -> np.ndarray:
        """Of parameters (m, p), given the mean summary ``observed`` (p,) of ``number`` images."""
        inside = ((unit >= 0) & (unit <= 1)).all(axis=1)
        inside &= _distance(unit - self.centre, self.reach) <= self.radius
        features = _features(unit)
        away = _distance(observed - features @ self.curve, np.linalg.inv(self.spread))
        # The covariance of the mean, in those of single images.
        share = 1 / number + np.einsum("mq,qr,mr->m", features, self.gram, features)
        value = -0.5 * away**2 / share - 0.5 * unit.shape[1] * np.log(share)
        return np.where(inside, value, -np.inf)


def learned(unit: np.ndarray, statistics: np.ndarray, known: Emulator | None = None) -> Emulator:
    """Learn from simulations at ``unit`` (n, p) with ``statistics`` (n, k).

    Summaries are those of an emulator that is ``known``, as simulations all over the prior tell
    best what of the statistics goes with which parameter, or else learned too.
    """
    if known is None:
        shift, scale = statistics.mean(axis=0), statistics.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        z = (statistics - shift) / scale
        ridge = RIDGE * len(z) * np.eye(z.shape[1])
        weights = np.linalg.solve(z.T @ z + ridge, z.T @ (unit - unit.mean(axis=0)))
    else:
        shift, scale, weights = known.shift, known.scale, known.weights
    summaries = (statistics - shift) / scale @ weights
    features = _features(unit)
    curve = np.linalg.lstsq(features, summaries, rcond=None)[0]
    rest = summaries - features @ curve
    spread = rest.T @ rest / max(1, len(rest) - features.shape[1])
    gram = np.linalg.pinv(features.T @ features)
    centre, reach = unit.mean(axis=0), np.linalg.inv(np.cov(unit.T).reshape(unit.shape[1], -1))
    radius = float(_distance(unit - centre, reach).max())
    return Emulator(shift, scale, weights, curve, spread, gram, centre, reach, radius)


def posterior(emulator: Emulator, statistics: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws (PARTICLES, p) from the posterior given the ``statistics`` (n, k) of n images."""
    observed, number = emulator.summaries(statistics).mean(axis=0), len(statistics)
    unit = _first(emulator, rng)
    value, heat = emulator.log_likelihood(unit, observed, number), 0.0
    while heat < 1:
        step = _step(value, 1 - heat)
        weight = np.exp(step * value - logsumexp(step * value))
        heat += step
        chosen = rng.choice(len(unit), size=len(unit), p=weight)
        unit, value = unit[chosen], value[chosen]
        for _ in range(MOVES):
            unit, value = _moved(emulator, unit, value, (observed, number, heat), rng)
    return unit


def proposed(draws: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Where to simulate next: ``number`` points (number, p) about the ``draws`` (m, p), wider."""
    centre = draws.mean(axis=0)
    chosen = draws[rng.choice(len(draws), size=number)]
    spread = WIDER * (chosen - centre) + rng.multivariate_normal(
        np.zeros(len(centre)), np.cov(draws.T).reshape(len(centre), -1), size=number
    )
    # Reflected at the walls of the cube.
    folded = np.abs(np.mod(centre + spread, 2.0))
    return np.where(folded > 1, 2 - folded, folded)


def _first(emulator: Emulator, rng: np.random.Generator) -> np.ndarray:
    """Uniform draws (PARTICLES, p) from the part of the cube where there are simulations."""
    p, drawn = len(emulator.centre), []
    # Draws from the whole cube would hardly ever hit a small region of several dimensions.
    size = emulator.radius * np.sqrt(np.diag(np.linalg.inv(emulator.reach)))
    low = np.clip(emulator.centre - size, 0, 1)
    high = np.clip(emulator.centre + size, 0, 1)
    while sum(map(len, drawn)) < PARTICLES:
        unit = rng.uniform(low, high, (PARTICLES, p))
        drawn.append(unit[_distance(unit - emulator.centre, emulator.reach) <= emulator.radius])
    return np.concatenate(drawn)[:PARTICLES]


def _step(value: np.ndarray, most: float) -> float:
    """How much more of the likelihood leaves the wanted share of particles effective."""
    low, high = 0.0, most
    if _effective(high * value) >= EFFECTIVE:
        return high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _effective(middle * value) >= EFFECTIVE else (low, middle)
    return max(low, 1e-6)


def _effective(log_weight: np.ndarray) -> float:
    share = np.exp(log_weight - logsumexp(log_weight))
    return float(1 / np.square(share).sum() / len(share))


def _moved(emulator, unit, value, target, rng):
    """One step of Metropolis for all particles at the likelihood's present heat."""
    observed, number, heat = target
    p = unit.shape[1]
    cov = np.cov(unit.T).reshape(p, p) * 2.38**2 / p + 1e-12 * np.eye(p)
    tried = unit + rng.multivariate_normal(np.zeros(p), cov, size=len(unit))
    found = emulator.log_likelihood(tried, observed, number)
    accepted = np.log(rng.random(len(unit))) < heat * (found - value)
    return np.where(accepted[:, None], tried, unit), np.where(accepted, found, value)


def _features(unit: np.ndarray) -> np.ndarray:
    """One, the parameters and their products (m, q) of parameters (m, p)."""
    first, second = np.triu_indices(unit.shape[1])
    return np.column_stack([np.ones(len(unit)), unit, unit[:, first] * unit[:, second]])


def _distance(x: np.ndarray, precision: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("mp,pq,mq->m", x, precision, x))
