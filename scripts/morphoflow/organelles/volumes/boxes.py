"""Boxes of voxels: axis-aligned ranges of a volume, in (z, y, x) order."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

Triple = tuple[int, int, int]


@dataclass(frozen=True, order=True)
class Box:
    """The voxels from ``start`` up to and without ``stop``, both (z, y, x)."""

    start: Triple
    stop: Triple

    @property
    def shape(self) -> Triple:
        """Voxels along z, y and x."""
        return tuple(b - a for a, b in zip(self.start, self.stop, strict=True))

    @property
    def size(self) -> int:
        """Number of voxels."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as an index into an array of the whole volume."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    def within(self, outer: "Box") -> tuple[slice, slice, slice]:
        """The box as an index into an array that holds ``outer``, of which it is a part."""
        return tuple(
            slice(a - o, b - o) for a, b, o in zip(self.start, self.stop, outer.start, strict=True)
        )

    def common(self, other: "Box") -> "Box | None":
        """The voxels that are in both boxes; None where there are none."""
        start = tuple(map(max, self.start, other.start))
        stop = tuple(map(min, self.stop, other.stop))
        return Box(start, stop) if all(map(int.__lt__, start, stop)) else None

    def grown(self, margin: int, shape: Triple) -> "Box":
        """The box with ``margin`` more voxels on each side, cut at the ends of the volume."""
        start = tuple(max(0, a - margin) for a in self.start)
        stop = tuple(min(n, b + margin) for b, n in zip(self.stop, shape, strict=True))
        return Box(start, stop)


def blocks(box: Box, block: Triple) -> Iterator[Box]:
    """The pieces of ``box`` on the grid of ``block`` voxels that begins at the volume's origin.

    They come in the order of z, y, x, cover the box once, and are cut at its ends.
    """
    edges = [
        [a, *range((a // n + 1) * n, b, n), b]
        for a, b, n in zip(box.start, box.stop, block, strict=True)
    ]
    ranges = [list(pairwise(edge)) for edge in edges]
    for z, y, x in product(*ranges):
        yield Box((z[0], y[0], x[0]), (z[1], y[1], x[1]))
