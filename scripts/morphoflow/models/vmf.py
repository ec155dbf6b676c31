"""The von Mises-Fisher distribution on the unit sphere: density, entropy and divergence.

Its density at ``z`` is ``C exp(kappa mu.z)`` with respect to the surface of the sphere in ``d``
dimensions. All functions compute in float64, are differentiable in ``kappa``, which must be
greater than 0, and hold for any ``d`` from 2.
"""

import math

import torch
from torch import Tensor

# The expansion's error falls with the fourth power of the larger of order and argument; from this
# order on it is below 1e-10.
LARGE_ORDER = 128


def log_bessel(order: float, x: Tensor) -> tuple[Tensor, Tensor]:
    """The logarithm of exp(-x) I_order(x), and I_(order + 1)(x) / I_order(x).

    I is the modified Bessel function of the first kind. It is expanded at a large order (Olver,
    uniform expansion: DLMF 10.41.3); a recurrence (DLMF 10.29.1), which is stable towards smaller
    orders, leads down from there. ``order`` is at least 0, ``x`` (...) greater than 0; both
    results are (...) float64.
    """
    x = x.double()
    steps = max(0, math.ceil(LARGE_ORDER - order))
    value = _uniform_expansion(order + steps, x)
    ratio = torch.exp(_uniform_expansion(order + steps + 1, x) - value)
    for k in range(steps, 0, -1):
        ratio = 1 / (2 * (order + k) / x + ratio)
        value = value - torch.log(ratio)
    return value, ratio


def _uniform_expansion(order: float, x: Tensor) -> Tensor:
    s = torch.sqrt(order**2 + x**2)
    t = (order / s) ** 2
    exponent = order**2 / (s + x) + order * torch.log(x / (order + s))
    first = (3 - 5 * t) / 24
    second = (81 + t * (-462 + 385 * t)) / 1152
    third = (30375 + t * (-369603 + t * (765765 - 425425 * t))) / 414720
    series = (first + (second + third / s) / s) / s
    return exponent - 0.5 * torch.log(2 * math.pi * s) + torch.log1p(series)


def vmf_mean_length(kappa: Tensor, d: int) -> Tensor:
    """The length of the mean of ``z``, which is A_d(kappa), (...) float64."""
    return log_bessel(d / 2 - 1, kappa)[1]


def vmf_log_density(z: Tensor, mu: Tensor, kappa: Tensor) -> Tensor:
    """The logarithm of the density at unit vectors ``z`` (..., d) around ``mu`` (..., d)."""
    below_peak = ((mu.double() * z.double()).sum(-1) - 1) * kappa
    return _log_peak(kappa, z.shape[-1])[0] + below_peak


def vmf_entropy(kappa: Tensor, d: int) -> Tensor:
    """The differential entropy in nats, (...) float64."""
    log_peak, mean_length = _log_peak(kappa, d)
    return kappa * (1 - mean_length) - log_peak


def vmf_kl_uniform(kappa: Tensor, d: int) -> Tensor:
    """The Kullback-Leibler divergence from the uniform distribution, in nats, (...) float64."""
    log_area = math.log(2) + d / 2 * math.log(math.pi) - math.lgamma(d / 2)
    return log_area - vmf_entropy(kappa, d)


def _log_peak(kappa: Tensor, d: int) -> tuple[Tensor, Tensor]:
    """The logarithm of the density at ``mu``, and A_d(kappa)."""
    kappa = kappa.double()
    order = d / 2 - 1
    value, ratio = log_bessel(order, kappa)
    return order * torch.log(kappa) - d / 2 * math.log(2 * math.pi) - value, ratio
