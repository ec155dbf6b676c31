"""Places for the phantom's objects: in all directions, without overlap, some touching."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.errors import InputError
from morphoflow.organelles.phantom.render import volume_of
from morphoflow.organelles.phantom.shapes import CLASSES, HARD_CLASSES, Shape, draw_shape

# Volumes are drawn from this range, alike for all classes, evenly on a logarithmic scale.
VOLUMES_UM3 = (0.011, 0.046)

# Between objects that do not touch, and between objects and the border.
GAP_NM = 40.0

# Objects that touch are pressed into each other by so much.
OVERLAP_NM = (4.0, 14.0)

# How far an object reaches over the border at most, in radii of its tube.
OVERHANG = 0.5

# Neighbours to touch are looked for up to this distance.
FAR_NM = 400.0

TRIES = 4000

GRID_STEP = 0.1

CELL_NM = 300.0


@dataclass(frozen=True)
class Kind:
    """The classes of a phantom, and how many objects touch another one or are cut by the border."""

    classes: tuple[str, ...]
    touching: float
    cut: float


KINDS = {"plain": Kind(CLASSES, 0.15, 0.08), "hard": Kind(HARD_CLASSES, 0.4, 0.2)}


@dataclass(frozen=True)
class Placed:
    """An object at its place in the volume, in nm, and its volume before any is cut off."""

    shape: Shape
    volume_um3: float
    radius_nm: float


def place_objects(
    extent_nm: np.ndarray, per_class: int, rng: np.random.Generator, kind: Kind = KINDS["plain"]
) -> list[Placed]:
    """So many objects of each class of a ``kind`` in a volume of ``extent_nm`` (z, y, x).

    They are in random order. Raises InputError where the volume has no room for them.
    """
    sized = [_sized(label, rng) for label in kind.classes for _ in range(per_class)]
    # What is large finds a place only while there is room.
    sized.sort(key=lambda item: -item.volume_um3)
    taken = SphereHash(extent_nm)
    placed = [_place(item, extent_nm, taken, rng, len(sized), kind) for item in sized]
    return [placed[i] for i in rng.permutation(len(placed))]


def _sized(label: str, rng: np.random.Generator) -> Placed:
    shape = draw_shape(label, rng)
    volume = np.exp(rng.uniform(*np.log(VOLUMES_UM3)))
    factor = 1000 * (volume / volume_of(shape, GRID_STEP)) ** (1 / 3)
    radii = np.concatenate([path.radii for path in shape.paths])
    return Placed(shape.scaled(factor), float(volume), float(radii.mean() * factor))


# Balls in space, found by where they are: a grid of cells with lists of the balls in each.


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


def _place(
    item: Placed,
    extent_nm: np.ndarray,
    taken: SphereHash,
    rng: np.random.Generator,
    n: int,
    kind: Kind,
) -> Placed:
    cut, touching = rng.random() < kind.cut, rng.random() < kind.touching
    centres, radii = spheres(item.shape)
    for _ in range(TRIES):
        rotation = random_rotation(rng)
        turned = centres @ rotation.T
        lower = (turned - radii[:, None]).min(axis=0)
        upper = (turned + radii[:, None]).max(axis=0)
        room = extent_nm - (upper - lower) - 2 * GAP_NM
        if (room < 0).any():
            continue
        shift = GAP_NM - lower + rng.random(3) * room
        if cut:
            shift = _over_border(shift, lower, upper, extent_nm, item.radius_nm, rng)
        if taken.gap(turned + shift, radii, GAP_NM)[0] < GAP_NM:
            continue
        if touching and not cut:
            shift = _pressed(turned, radii, shift, taken, extent_nm, rng)
        taken.add(turned + shift, radii)
        return Placed(item.shape.moved(rotation, shift), item.volume_um3, item.radius_nm)
    raise InputError(
        f"a phantom of {' x '.join(f'{v / 1000:.2f}' for v in extent_nm)} um has no room for {n} "
        f"objects; lower `per_class` or enlarge `shape`."
    )


def _over_border(shift, lower, upper, extent_nm, radius_nm, rng) -> np.ndarray:
    """The place pushed a little over a random face of the volume."""
    axis, over = rng.integers(3), rng.uniform(0.1, OVERHANG) * radius_nm
    shift = shift.copy()
    shift[axis] = -lower[axis] - over
    if rng.random() < 0.5:
        shift[axis] = extent_nm[axis] - upper[axis] + over
    return shift


def _pressed(turned, radii, shift, taken, extent_nm, rng) -> np.ndarray:
    """The place moved towards the nearest object until both touch; as it was if that fails."""
    wanted, moved = -rng.uniform(*OVERLAP_NM), shift
    for _ in range(8):
        centres = turned + moved
        lower, upper = centres - radii[:, None], centres + radii[:, None]
        if (lower < GAP_NM).any() or (upper > extent_nm - GAP_NM).any():
            return shift
        gap, direction = taken.gap(centres, radii, FAR_NM)
        if abs(gap - wanted) < 1:
            return moved
        if not np.isfinite(gap):
            return shift
        moved = moved + direction * (gap - wanted)
    return shift


def spheres(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n, 3) and radii (n,) of balls that fill the shape's tubes, half a radius apart."""
    points = np.concatenate([path.points for path in shape.paths])
    return points, np.concatenate([path.radii for path in shape.paths])


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix (3, 3), evenly distributed over all rotations (from a unit quaternion)."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


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
