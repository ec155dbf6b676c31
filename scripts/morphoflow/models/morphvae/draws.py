"""Latents of new neurons for MorphVAE: around a reference, or from the density of a class.

The latents of a neuron's walks are a cloud of points. What moves all of them by one smooth map
keeps walks together that share their first nodes; what moves each on its own tears them apart.
"""

import numpy as np
import torch
from torch import Tensor

# On a GPU, asking whether any draw is left would wait for it, so that there are as many rounds as
# make it less likely than 1e-14 that one is.
ROUNDS, ROUNDS_ON_GPU = 2, 32


def with_noise(
    z: np.ndarray, kappa: float | None, latent: str, generator: torch.Generator
) -> np.ndarray:
    """The latents (w, d) of walks, each with noise of its own; ``kappa`` None adds none.

    On the sphere (``"vmf"``) it is von Mises-Fisher noise of the concentration ``kappa``, else
    Gaussian of the variance ``1 / kappa``.
    """
    if kappa is None:
        return z
    place = torch.from_numpy(np.ascontiguousarray(z, dtype=np.float32))
    if latent == "vmf":
        return sample_vmf(place, kappa, generator).numpy()
    return (place + torch.randn(place.shape, generator=generator) / kappa**0.5).numpy()


def moved_towards(z: np.ndarray, other: np.ndarray, share: float, latent: str) -> np.ndarray:
    """The latents (w, d) of one neuron moved a ``share`` of the way to those of another (v, d).

    The way is the optimal transport between the two clouds taken as Gaussians (displacement
    interpolation; McCann, Adv. Math. 128, 1997): one linear map for all walks. On the sphere
    (``"vmf"``), points are put back on it.
    """
    centre, target = z.mean(axis=0), other.mean(axis=0)
    root, inverse = _roots(_covariance(z))
    middle, _ = _roots(root @ _covariance(other) @ root)
    moved = target + (z - centre) @ (inverse @ middle @ inverse)
    result = (1 - share) * z + share * moved
    if latent == "vmf":
        result /= np.linalg.norm(result, axis=1, keepdims=True)
    return result.astype(np.float32)


def class_draw(
    clouds: list[np.ndarray], spread: float, latent: str, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[int, int, float]]:
    """The latents of a new neuron of the class that has these ``clouds`` of latents.

    A kernel density over neurons: one of them, drawn at random, is moved towards another, drawn
    at random, by a share that is uniform from 0 to ``spread`` (1 is all the way). Returns
    the latents, and the two positions and the share.
    """
    first, second = rng.choice(len(clouds), size=2, replace=len(clouds) < 2)
    share = spread * rng.random()
    moved = moved_towards(clouds[first], clouds[second], share, latent)
    return moved, (int(first), int(second), float(share))


def _covariance(z: np.ndarray) -> np.ndarray:
    """The covariance of a cloud, pulled towards that of a ball of the same mean variance.

    The more so, the fewer points there are for its dimensions: else a map from one cloud to another
    stretches, without bound, directions in which there happen to be no points.
    """
    n, d = z.shape
    centred = (z - z.mean(axis=0)).astype(np.float64)
    covariance = centred.T @ centred / n
    ball = (np.trace(covariance) / d + 1e-9) * np.eye(d)
    return (n * covariance + d * ball) / (n + d)


def _roots(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The symmetric square root of a positive definite matrix, and its inverse."""
    values, vectors = np.linalg.eigh(matrix)
    root = np.sqrt(np.maximum(values, 1e-12))
    return vectors * root @ vectors.T, vectors / root @ vectors.T


# Exact draws from the von Mises-Fisher distribution, many at once, on any device.
#
# The angle to the mean direction is drawn by rejection (Ulrich, Applied Statistics 33, 1984; Wood,
# Communications in Statistics: Simulation and Computation 23, 1994). At least 0.65 of the proposals
# are accepted, whatever the dimension and the concentration.


def sample_vmf(mu: Tensor, kappa: Tensor | float, generator: torch.Generator) -> Tensor:
    """One draw for each of the unit vectors ``mu`` (..., d), d from 2, of the same shape and type.

    ``kappa``, greater than 0, is a number or has a shape that is broadcast to (...); the draws are
    differentiable in ``mu`` alone. ``generator`` is on the device of ``mu``.
    """
    d = mu.shape[-1]
    if not isinstance(kappa, Tensor):
        kappa = mu.new_full((), kappa)
    kappa = kappa.to(torch.float64).expand(mu.shape[:-1])
    gap = _cosine_gap(kappa.reshape(-1), d, generator).reshape(kappa.shape).unsqueeze(-1)
    noise = torch.randn(mu.shape, generator=generator, device=mu.device, dtype=mu.dtype)
    tangent = noise - (noise * mu).sum(-1, keepdim=True) * mu
    tangent = torch.nn.functional.normalize(tangent, dim=-1)
    return mu * (1 - gap).to(mu.dtype) + tangent * torch.sqrt(gap * (2 - gap)).to(mu.dtype)


def _cosine_gap(kappa: Tensor, d: int, generator: torch.Generator) -> Tensor:
    """``1 - mu.z`` of one draw for each of ``kappa`` (n,), (n,) float64.

    The gap rather than the cosine, because it is all that is left at a high concentration.
    """
    on_cpu = kappa.device.type == "cpu"
    gap, accepted = _proposals(kappa, d, ROUNDS if on_cpu else ROUNDS_ON_GPU, generator)
    first = accepted.to(torch.uint8).argmax(dim=0, keepdim=True)
    gap = gap.gather(0, first).squeeze(0)
    if on_cpu:
        left = torch.nonzero(~accepted.any(dim=0)).squeeze(1)
        if len(left):
            gap[left] = _cosine_gap(kappa[left], d, generator)
    return gap


def _proposals(
    kappa: Tensor, d: int, rounds: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Proposed gaps (rounds, n), and which of them are accepted."""
    m = d - 1
    b = m / (2 * kappa + torch.sqrt(4 * kappa**2 + m**2))
    peak = 2 * b / (1 + b)
    uniform = torch.rand(
        (3, rounds, len(kappa)), generator=generator, device=kappa.device, dtype=torch.float64
    )
    beta = _symmetric_beta(uniform[0], uniform[1], m / 2)
    gap = 2 * b * beta / (1 - (1 - b) * beta)
    log_ratio = torch.log((peak + gap - peak * gap) / (peak * (2 - peak)))
    return gap, kappa * (peak - gap) + m * log_ratio >= torch.log(uniform[2])


def _symmetric_beta(radius: Tensor, angle: Tensor, shape: float) -> Tensor:
    """Draws of Beta(shape, shape), shape from 1/2, from uniform ones by Ulrich's polar method."""
    exponent = float("inf") if shape == 0.5 else 2 / (2 * shape - 1)
    return 0.5 + 0.5 * torch.cos(2 * torch.pi * angle) * torch.sqrt(1 - radius**exponent)
