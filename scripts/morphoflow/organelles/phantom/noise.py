"""Randomness that belongs to a place: numbers hashed from integer coordinates, and smooth fields.

A place's number does not depend on which block is computed, nor on what was computed before.
"""

import numpy as np
from numba import njit

from morphoflow.organelles.volumes.boxes import Triple

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


@njit(cache=True, nogil=True, inline="always")
def mixed(state):
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): uint64 to well-mixed uint64."""
    state = state + _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def hashed(key, z, y, x):
    """A uint64 for the integers z, y, x (from -2^20 up to 2^20) under a ``key``."""
    offset = np.int64(1 << 20)
    place = (np.int64(z) + offset) << np.int64(42)
    place |= (np.int64(y) + offset) << np.int64(21)
    place |= np.int64(x) + offset
    return mixed(np.uint64(place) ^ key)


@njit(cache=True, nogil=True, inline="always")
def fraction(number, part):
    """Bits 16 part to 16 part + 15 of a uint64 as a number in 0..1."""
    bits = (number >> np.uint64(16 * part)) & np.uint64(0xFFFF)
    return np.float32(bits) * np.float32(1 / 65536)


@njit(cache=True, nogil=True, inline="always")
def bell(number):
    """About normal, mean 0 and standard deviation 1: the sum of a uint64's four parts."""
    total = fraction(number, 0) + fraction(number, 1) + fraction(number, 2) + fraction(number, 3)
    return (total - np.float32(2.0)) * np.float32(1.7320508)


def lattice(key: int, start: np.ndarray, shape: Triple) -> np.ndarray:
    """Values (z, y, x) float32 in -1..1 of a random field at integer points from ``start`` on."""
    return _lattice(np.uint64(key), np.asarray(start, dtype=np.int64), tuple(map(int, shape)))


@njit(cache=True, nogil=True)
def _lattice(key, start, shape):
    values = np.empty(shape, np.float32)
    for z in range(shape[0]):
        for y in range(shape[1]):
            for x in range(shape[2]):
                number = hashed(key, start[0] + z, start[1] + y, start[2] + x)
                values[z, y, x] = 2 * fraction(number, 0) - 1
    return values


@njit(cache=True, nogil=True)
def smooth(values, layout, z, y, x):
    """A field between its lattice points, at a place in units of the lattice.

    ``values`` (n,) hold many lattices; ``layout`` says where this one begins, its points along y
    and x, and its first point z, y, x.
    """
    iz, iy, ix = int(np.floor(z)), int(np.floor(y)), int(np.floor(x))
    fz, fy, fx = np.float32(z - iz), np.float32(y - iy), np.float32(x - ix)
    row = layout[2]
    plane = layout[1] * row
    at = layout[0] + (iz - layout[3]) * plane + (iy - layout[4]) * row + ix - layout[5]
    two, three = np.float32(2), np.float32(3)
    fz, fy, fx = (
        fz * fz * (three - two * fz),
        fy * fy * (three - two * fy),
        fx * fx * (three - two * fx),
    )
    a = values[at] + (values[at + 1] - values[at]) * fx
    b = values[at + row] + (values[at + row + 1] - values[at + row]) * fx
    at += plane
    c = values[at] + (values[at + 1] - values[at]) * fx
    d = values[at + row] + (values[at + row + 1] - values[at + row]) * fx
    top, bottom = a + (b - a) * fy, c + (d - c) * fy
    return top + (bottom - top) * fz
