"""Fourier descriptors of closed contours."""

import numpy as np

from morphoflow.cells.outlines import Outlines

HIGHEST = 10
ORDERS = (*range(1, HIGHEST + 1), *range(-1, -HIGHEST - 1, -1))


def fourier_descriptors(outlines: Outlines) -> dict[str, np.ndarray]:
    """Magnitudes (n,) of the Fourier coefficients of each polygon, run through at constant speed.

    Order 1 is the ellipse-like base shape, by which the others are divided; order -1 is its
    elongation, and higher orders have so many lobes, on either side. The coefficients are integrals
    along the edges and not sums over samples (Kuhl and Giardina, Computer Graphics and Image
    Processing 18:236, 1982), so that the point where a polygon begins does not matter. Magnitudes
    do not change with position, size, orientation and, since outlines run clockwise, reflection.
    """
    step = outlines.points[outlines.following] - outlines.points
    edge = step[:, 0] + 1j * step[:, 1]
    length = np.abs(edge)
    begin = np.cumsum(length) - length
    first = outlines.offsets[:-1]
    share = (begin - begin[first][outlines.owner]) / np.add.reduceat(length, first)[outlines.owner]
    # The derivative, a unit vector along each edge, has an integral in closed form.
    speed = np.divide(edge, length, out=np.zeros_like(edge), where=length > 0)
    base = np.exp(-2j * np.pi * share)[:, None]
    turn = np.cumprod(np.broadcast_to(base, (len(base), HIGHEST)), axis=1)
    turn = np.concatenate([turn, turn.conj()], axis=1)
    sums = np.add.reduceat(speed[:, None] * (turn - turn[outlines.following]), first, axis=0)
    magnitude = np.abs(sums) / np.square(ORDERS)
    ratio = magnitude[:, 1:] / np.maximum(magnitude[:, :1], np.finfo(float).tiny)
    names = [f"FourierDescriptor_{'minus_' if k < 0 else ''}{abs(k)}" for k in ORDERS[1:]]
    return dict(zip(names, ratio.T, strict=True))
