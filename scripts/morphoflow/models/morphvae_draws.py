"""Latents of new neurons for MorphVAE: around a reference, or from the density of a class.

The latents of a neuron's walks are a cloud of points. What moves all of them by one smooth map
keeps walks together that share their first nodes; what moves each on its own tears them apart.
"""

import numpy as np
import torch

from morphoflow.models.vmf_sample import sample_vmf


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
