"""Embeddings of known classes, for the tests of analyses."""

import numpy as np


def blobs(
    n: int, n_classes: int, *, d: int = 8, apart: float = 12.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, d) float32 with standard deviation 1 about corners ``apart`` sd from the origin.

    The classes (n,) take turns, so they are equally frequent.
    """
    generator = np.random.default_rng(seed)
    classes = np.arange(n) % n_classes
    centres = np.linalg.qr(generator.normal(size=(d, d)))[0][:n_classes] * apart
    points = centres[classes] + generator.normal(size=(n, d))
    return points.astype(np.float32), np.array([f"class{k}" for k in classes], dtype=object)


def splits(n: int, n_classes: int) -> np.ndarray:
    """Train, train, train, validation, test by turns of the classes."""
    turn = (np.arange(n) // n_classes) % 5
    return np.array(["train", "train", "train", "validation", "test"], dtype=object)[turn]


def rotation(d: int, seed: int = 1) -> np.ndarray:
    """A random orthogonal matrix (d, d)."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]
