"""The shapes of the phantoms' organelles, as tubes along centre lines.

Lengths here are in units of the tube's radius; an object is a shape scaled to its volume. A class
is thus never known by size. The five of the plain phantom are known by shape alone. The four of the
hard one combine two outlines, which measures of the whole hardly tell apart, with two textures.
"""

from dataclasses import dataclass

import numpy as np

CLASSES = ("blob", "rod", "curved", "branched", "donut")
HARD_CLASSES = ("beaded_lamellae", "beaded_shells", "tapered_lamellae", "tapered_shells")
# How far the radius of a rough tube strays, as a share of it.
ROUGH = 0.06
# How often a tube of the hard phantom has a side branch.
BRANCHED = 0.35
# Points along a centre line lie about this far apart.
SPACING = 0.5


@dataclass(frozen=True)
class Path:
    """A tube: ``points`` (m, 3) of its centre line, and ``radii`` (m,) there."""

    points: np.ndarray
    radii: np.ndarray

    @property
    def length(self) -> float:
        """Length of the centre line."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())


@dataclass(frozen=True)
class Shape:
    """A union of tubes, centred on the middle of its box, with its topology."""

    label: str
    paths: tuple[Path, ...]
    branch_points: int
    end_points: int
    tunnels: int

    @property
    def length(self) -> float:
        """Length of all centre lines."""
        return sum(path.length for path in self.paths)

    def scaled(self, factor: float) -> "Shape":
        """The shape ``factor`` times as large."""
        return self._mapped(lambda points: points * factor, factor)

    def moved(self, rotation: np.ndarray, shift: np.ndarray) -> "Shape":
        """The shape turned by the matrix ``rotation`` (3, 3) and moved by ``shift`` (3,)."""
        return self._mapped(lambda points: points @ rotation.T + shift, 1.0)

    def _mapped(self, place, factor: float) -> "Shape":
        paths = tuple(Path(place(path.points), path.radii * factor) for path in self.paths)
        return Shape(self.label, paths, self.branch_points, self.end_points, self.tunnels)


def draw_shape(label: str, rng: np.random.Generator) -> Shape:
    """A random shape of a class; its tube has a radius of about 1."""
    paths, branch_points, end_points, tunnels = DRAWERS[label](rng)
    outline = np.concatenate([path.points for path in paths])
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    centred = tuple(Path(path.points - middle, path.radii) for path in paths)
    return Shape(label, centred, branch_points, end_points, tunnels)


def _blob(rng: np.random.Generator):
    """Spheres of like radii about a centre line that is short against them."""
    reach = rng.uniform(0.1, 0.35)
    points = np.array([[-reach, 0, 0], [0, 0, 0], [reach, 0, 0]])
    points[1] += rng.normal(0, 0.05, 3)
    return (Path(points, rng.uniform(0.93, 1.07, 3)),), 0, 2, 0


def _rod(rng: np.random.Generator):
    """A straight tube, but for a bow of a few hundredths of its length."""
    length = rng.uniform(8, 17)
    t = _steps(length)
    bow = rng.uniform(-0.03, 0.03) * length * (1 - (2 * t - 1) ** 2)
    points = np.stack([length * (t - 0.5), bow, np.zeros_like(t)], axis=1)
    return (_tube(points, rng),), 0, 2, 0


def _curved(rng: np.random.Generator):
    """A bent tube, in the form of a C or an S, that leaves the plane."""
    if rng.random() < 0.6:
        length, turn = rng.uniform(14, 20), rng.uniform(3.1, 4.1)
        t = _steps(length)
        heading = turn * (t + rng.uniform(-0.15, 0.15) * np.sin(2 * np.pi * t) / np.pi)
    else:
        length, turn = rng.uniform(18, 24), rng.uniform(3.2, 3.8)
        t = _steps(length)
        heading = turn * np.abs(2 * t - 1)
    rise = rng.uniform(-0.2, 0.2)
    return (_tube(_walk(heading, rise, length), rng),), 0, 2, 0


def _walk(heading: np.ndarray, rise: float, length: float) -> np.ndarray:
    """Points of a curve of ``length`` with these headings in a plane and a slope ``rise``."""
    step = length / (len(heading) - 1)
    middle = (heading[1:] + heading[:-1]) / 2
    flat = np.sqrt(1 - rise**2)
    slope = np.full_like(middle, rise)
    steps = np.stack([flat * np.cos(middle), flat * np.sin(middle), slope], axis=1)
    return np.concatenate([np.zeros((1, 3)), np.cumsum(steps * step, axis=0)])


def _branched(rng: np.random.Generator):
    """A slightly bent tube with one or two side branches, apart from each other."""
    n = int(rng.integers(1, 3))
    length = rng.uniform(8, 10) + 2 * n
    t = _steps(length)
    turn = rng.uniform(-0.7, 0.7)
    main = _tube(_walk(turn * (t - 0.5), 0.0, length), rng)
    where = (np.arange(n) + 0.5 + rng.uniform(-0.05, 0.05, n)) / n
    where = 0.5 + (where - 0.5) * 0.9 * (length - 4) / length
    first, apart = rng.uniform(0, 2 * np.pi), rng.uniform(1.8, 2.6)
    sides = [_side(main, at, first + k * apart, rng) for k, at in enumerate(where)]
    return (main, *sides), n, n + 2, 0


def _side(main: Path, at: float, around: float, rng: np.random.Generator) -> Path:
    """A branch off the point ``at`` (0..1) of ``main``, in the direction ``around`` it."""
    root = round(at * (len(main.points) - 1))
    ahead = main.points[root + 1] - main.points[root - 1]
    ahead = ahead / np.linalg.norm(ahead)
    side = np.cross(ahead, [0.0, 0.0, 1.0])
    away = np.cos(around) * side + np.sin(around) * np.cross(ahead, side)
    lean = rng.uniform(-0.5, 0.5)
    direction = np.cos(lean) * away + np.sin(lean) * ahead
    length = rng.uniform(4.8, 7)
    t = _steps(length)[:, None]
    bend = rng.uniform(-0.1, 0.1) * length * t**2 * ahead
    return _tube(main.points[root] + length * t * direction + bend, rng)


def _donut(rng: np.random.Generator):
    """A closed tube along a slightly flattened and warped circle."""
    radius, flattening, warp = rng.uniform(2.9, 3.8), rng.uniform(0.85, 1), rng.uniform(0, 0.25)
    angle = 2 * np.pi * _steps(2 * np.pi * radius)
    x, y = radius * np.cos(angle), flattening * radius * np.sin(angle)
    points = np.stack([x, y, warp * np.sin(2 * angle)], axis=1)
    points[-1] = points[0]
    thickness = 1 + rng.uniform(0, 0.1) * np.cos(angle + rng.uniform(0, 2 * np.pi))
    thickness[-1] = thickness[0]
    return (Path(points, thickness),), 0, 0, 1


def _hard(profile):
    """A function that draws a bent, rough tube, at times with a branch, of a radius ``profile``."""

    def draw(rng: np.random.Generator):
        length, turn = rng.uniform(7, 15), rng.uniform(0, 3)
        t = _steps(length)
        points = _walk(turn * (t - 0.5), rng.uniform(-0.2, 0.2), length)
        radii = profile(t, length, rng) * (1 + rng.normal(0, ROUGH, len(t)))
        main = Path(points, radii)
        if rng.random() >= BRANCHED:
            return (main,), 0, 2, 0
        side = _side(main, rng.uniform(0.35, 0.65), rng.uniform(0, 2 * np.pi), rng)
        return (main, side), 1, 3, 0

    return draw


def _beaded(t: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """Radii (m,) that swell and shrink along a tube, every few radii."""
    waves = length / rng.uniform(3, 4.5)
    return 1 + rng.uniform(0.12, 0.3) * np.sin(2 * np.pi * (waves * t + rng.random()))


def _tapered(t: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """Radii (m,) that fall from one end to the other; they vary as much as beaded ones do."""
    return 1 + rng.uniform(0.15, 0.37) * (1 - 2 * t)


def _tube(points: np.ndarray, rng: np.random.Generator) -> Path:
    """A tube of radius 1 that is a little thicker here and thinner there."""
    t = np.linspace(0, 1, len(points))
    waves = rng.uniform(1, 3) * t + rng.random()
    return Path(points, 1 + rng.uniform(0.03, 0.1) * np.sin(2 * np.pi * waves))


def _steps(length: float) -> np.ndarray:
    return np.linspace(0, 1, max(5, round(length / SPACING) + 1))


DRAWERS = dict(zip(CLASSES, (_blob, _rod, _curved, _branched, _donut), strict=True))
DRAWERS |= {
    label: _hard(_beaded if label.startswith("beaded") else _tapered) for label in HARD_CLASSES
}
