"""Moments of weighted images: centroid, axes, Hu's invariants and Zernike magnitudes."""

from functools import cache
from math import comb, factorial

import numpy as np

ZERNIKE_DEGREE = 9


def moments(weights: np.ndarray, centre: np.ndarray, unit: np.ndarray, degree: int) -> np.ndarray:
    """Sums of w x^p y^q over the pixels of images (n, h, w), (n, degree + 1, degree + 1) by p, q.

    x (right) and y (down) count from ``centre`` (n, 2) in units of ``unit`` (n,) pixels.
    """
    powers = np.arange(degree + 1)
    columns, rows = np.arange(weights.shape[2]), np.arange(weights.shape[1])
    x = ((columns - centre[:, :1]) / unit[:, None])[..., None] ** powers
    y = ((rows - centre[:, 1:]) / unit[:, None])[..., None] ** powers
    return np.matmul(x.transpose(0, 2, 1), np.matmul(weights.transpose(0, 2, 1), y))


def central_moments(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centroids (n, 2) as x, y in pixels and moments about them (n, 4, 4) by powers of x and y.

    Pixels are squares and not points, which adds 1/12 of the area to each variance.
    """
    n = len(weights)
    raw = moments(weights, np.zeros((n, 2)), np.ones(n), 1)
    centroid = np.stack([raw[:, 1, 0], raw[:, 0, 1]], axis=1) / raw[:, 0, :1]
    central = moments(weights, centroid, np.ones(n), 3)
    central[:, 2, 0] += central[:, 0, 0] / 12
    central[:, 0, 2] += central[:, 0, 0] / 12
    return centroid, central


def axes(central: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Major and minor axis of the ellipse with the same variances, (n,) px, and its orientation.

    The orientation (n,) is the angle of the major axis from the vertical in degrees,
    counter-clockwise, from -90 to 90, as scikit-image and CellProfiler have it.
    """
    area = central[:, 0, 0]
    xx, yy, xy = central[:, 2, 0] / area, central[:, 0, 2] / area, central[:, 1, 1] / area
    spread = np.hypot(xx - yy, 2 * xy)
    major = np.sqrt(8 * (xx + yy + spread))
    minor = np.sqrt(np.maximum(8 * (xx + yy - spread), 0))
    return major, minor, np.rad2deg(np.arctan2(2 * xy, yy - xx) / 2)


def hu_moments(central: np.ndarray) -> dict[str, np.ndarray]:
    """The seven moments of Hu, (n,) each (IRE Transactions on Information Theory 8:179, 1962).

    A reflection turns the sign of the last, which therefore stands here as its absolute value.
    """
    area = central[:, 0, 0]
    eta = {(p, q): central[:, p, q] / area ** (1 + (p + q) / 2) for p in range(4) for q in range(4)}
    sum20, difference20, n11 = eta[2, 0] + eta[0, 2], eta[2, 0] - eta[0, 2], eta[1, 1]
    a, b = eta[3, 0] - 3 * eta[1, 2], 3 * eta[2, 1] - eta[0, 3]
    c, d = eta[3, 0] + eta[1, 2], eta[2, 1] + eta[0, 3]
    cubic_c, cubic_d = c * (c**2 - 3 * d**2), d * (3 * c**2 - d**2)
    values = (
        sum20,
        difference20**2 + 4 * n11**2,
        a**2 + b**2,
        c**2 + d**2,
        a * cubic_c + b * cubic_d,
        difference20 * (c**2 - d**2) + 4 * n11 * c * d,
        np.abs(b * cubic_c - a * cubic_d),
    )
    return {f"Moment_Hu_{k}": value for k, value in enumerate(values)}


def zernike(weights: np.ndarray, centroid: np.ndarray, radius: np.ndarray) -> dict[str, np.ndarray]:
    """Magnitudes (n,) of the Zernike moments up to degree 9 within a circle about the centroid.

    They are divided by the area of the circle, so that a disc has 1 at degree 0 (Boland et al.,
    Cytometry 33:366, 1998). ``centroid`` is (n, 2), ``radius`` (n,) px. CellProfiler's circle is
    the smallest around the object, whose middle can move by a pixel as the object turns. About the
    centroid the moment 1, 1 is always 0 and left out.
    """
    powers = moments(weights, centroid, radius, ZERNIKE_DEGREE)
    names, coefficients = _zernike_coefficients()
    values = np.abs(powers.reshape(len(powers), -1) @ coefficients.T)
    values /= np.pi * radius[:, None] ** 2
    return dict(zip(names, values.T, strict=True))


@cache
def _zernike_coefficients() -> tuple[list[str], np.ndarray]:
    """Names, and coefficients of the monomials x^p y^q of the polynomials, (29, 100) complex."""
    size = ZERNIKE_DEGREE + 1
    names, rows = [], []
    for n in range(size):
        for m in range(n % 2, n + 1, 2):
            if (n, m) == (1, 1):
                continue
            names.append(f"Moment_Zernike_{n}_{m}")
            rows.append(sum(c * _monomials(m, k, size) for k, c in _radial(n, m)))
    return names, np.stack(rows).reshape(len(rows), -1)


def _radial(n: int, m: int) -> list[tuple[int, float]]:
    """The radial polynomial without its factor r^m: powers k of r^2 and their coefficients."""
    half = (n - m) // 2
    return [
        (
            half - s,
            (-1) ** s
            * factorial(n - s)
            / (factorial(s) * factorial((n + m) // 2 - s) * factorial(half - s)),
        )
        for s in range(half + 1)
    ]


def _monomials(m: int, k: int, size: int) -> np.ndarray:
    """The coefficients (size, size) of (x + iy)^m (x^2 + y^2)^k by powers of x and y."""
    table = np.zeros((size, size), dtype=np.complex128)
    for a in range(m + 1):
        for b in range(k + 1):
            table[m - a + 2 * (k - b), a + 2 * b] += comb(m, a) * comb(k, b) * 1j**a
    return table
