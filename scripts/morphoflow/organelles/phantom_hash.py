"""Balls in space, found by where they are: a grid of cells with lists of the balls in each."""

import numpy as np
from numba import njit

CELL_NM = 300.0


class SphereHash:
    """The balls that are taken in a volume of ``extent_nm`` (3,); memory grows with their number.

    Balls may reach over the volume's border; their centres count as in the nearest cell.
    """

    def __init__(self, extent_nm: np.ndarray) -> None:
        self._cells = np.ceil(np.asarray(extent_nm) / CELL_NM).astype(np.int64)
        self._head = np.full(self._cells, -1, dtype=np.int64)
        self._next = np.empty(0, dtype=np.int64)
        self._balls = np.empty((0, 4))
        self._n = 0
        self._largest = 0.0

    def gap(self, centres: np.ndarray, radii: np.ndarray, far: float) -> tuple[float, np.ndarray]:
        """The least distance between the surfaces of the balls given and those taken.

        Negative where they overlap, infinite where none is within ``far`` nm; and the unit vector
        (3,) from the given to the taken ball of the nearest pair.
        """
        reach = far + self._largest
        return _gap(centres, radii, reach, self._cells, self._head, self._next, self._balls)

    def add(self, centres: np.ndarray, radii: np.ndarray) -> None:
        """Take the balls with ``centres`` (k, 3) and ``radii`` (k,)."""
        n = self._n + len(centres)
        if n > len(self._balls):
            more = max(n, 2 * len(self._balls))
            self._balls = np.resize(self._balls, (more, 4))
            self._next = np.resize(self._next, more)
        new = np.arange(self._n, n)
        self._balls[new, :3], self._balls[new, 3] = centres, radii
        cells = np.clip((centres // CELL_NM).astype(np.int64), 0, self._cells - 1)
        for ball, cell in zip(new, map(tuple, cells), strict=True):
            self._next[ball], self._head[cell] = self._head[cell], ball
        self._n = n
        self._largest = max(self._largest, float(radii.max()))


@njit(cache=True, nogil=True)
def _gap(centres, radii, reach, cells, head, following, balls):
    least, direction = np.inf, np.zeros(3)
    first, last = np.empty(3, np.int64), np.empty(3, np.int64)
    for i in range(len(centres)):
        for k in range(3):
            near = (centres[i, k] - radii[i] - reach) // CELL_NM
            far = (centres[i, k] + radii[i] + reach) // CELL_NM
            first[k] = min(max(0, int(near)), cells[k] - 1)
            last[k] = max(min(cells[k] - 1, int(far)), 0)
        for z in range(first[0], last[0] + 1):
            for y in range(first[1], last[1] + 1):
                for x in range(first[2], last[2] + 1):
                    ball = head[z, y, x]
                    while ball >= 0:
                        apart = np.sqrt(((balls[ball, :3] - centres[i]) ** 2).sum())
                        gap = apart - balls[ball, 3] - radii[i]
                        if gap < least:
                            least = gap
                            direction[:] = (balls[ball, :3] - centres[i]) / apart
                        ball = following[ball]
    return least, direction
