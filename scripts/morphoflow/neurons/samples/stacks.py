"""Neurons drawn into cubes of voxels, with the thickness of their cable."""

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import tifffile
from numba import njit

from morphoflow.forest import Forest

# Points of each voxel along an axis that are tested; the 64 of a voxel are the bits of one number.
FINE = 4

ALL = np.uint64(2**64 - 1)

# How far the outermost of these points are from the middle of their voxel, in points.
REACH = 3**0.5 * (FINE - 1) / 2

# The grey of a voxel with so many points covered.
LEVELS = np.rint(np.arange(FINE**3 + 1) * (255 / FINE**3)).astype(np.uint8)

# Voxels that stay empty on each side where the cube is fitted to the neuron.
MARGIN = 2.0

# Segments are drawn in pieces of this many voxels, so that few voxels near them are looked at.
PIECE = 3.0

SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


@dataclass(frozen=True)
class Grid:
    """A cube of ``size`` voxels of ``voxel_um``; ``origin_um`` (3,) is the first voxel's centre.

    x, y and z are those of the neuron, with its soma at the origin.
    """

    size: int
    voxel_um: float
    origin_um: np.ndarray


def grid_of(neuron: Forest, radius_um: np.ndarray, size: int, voxel_um: float | None) -> Grid:
    """The cube for a forest of one: around the soma, or fitted to the whole neuron.

    With ``voxel_um`` its centre is the soma, whatever lies outside; without, the voxels are as
    small as the neuron with its ``radius_um`` (N,) and a margin allows.
    """
    if voxel_um is not None:
        return Grid(size, voxel_um, np.full(3, -(size - 1) / 2 * voxel_um))
    xyz, thick = neuron.xyz.astype(np.float64), radius_um[:, None]
    low, high = (xyz - thick).min(axis=0), (xyz + thick).max(axis=0)
    fitted = float((high - low).max()) / (size - 2 * MARGIN)
    return Grid(size, fitted, (low + high) / 2 - (size - 1) / 2 * fitted)


def drawn_radius(neuron: Forest, radius_um: float | None) -> np.ndarray:
    """The radius (N,) um of each node: one for all, or that of the file where None."""
    if radius_um is None:
        return neuron.radius.astype(np.float64)
    return np.full(len(neuron.radius), float(radius_um))


def draw_stack(
    neuron: Forest, grid: Grid, radius_um: np.ndarray, least_voxels: float = 0.0
) -> np.ndarray:
    """How much of each voxel a forest of one fills, (z, y, x) uint8: 0 is nothing and 255 all.

    The cable is a chain of round cones from node to node, the soma a ball; a first segment has the
    thickness of its far end. No radius is drawn smaller than ``least_voxels`` voxels, since thin
    cable would fall between the points that are tested. What several segments cover counts once.
    """
    if neuron.n != 1:
        raise ValueError(f"{neuron.n} neurons; one stack holds one")
    place = (neuron.xyz.astype(np.float64) - grid.origin_um) / grid.voxel_um + 0.5
    radius = np.maximum(radius_um / grid.voxel_um, least_voxels)
    covered = np.zeros((grid.size,) * 3, dtype=np.uint64)
    _draw(place[:, ::-1] * FINE, neuron.measured_parent, radius * FINE, covered)
    return LEVELS[np.bitwise_count(covered)]


def outside_share(neuron: Forest, grid: Grid) -> float:
    """The share of the nodes whose place lies outside of the cube."""
    place = (neuron.xyz - grid.origin_um) / grid.voxel_um + 0.5
    return float(((place < 0) | (place > grid.size)).any(axis=1).mean())


@njit(cache=True, nogil=True)
def _draw(place: np.ndarray, parent: np.ndarray, radius: np.ndarray, covered: np.ndarray) -> None:
    """Set the bits of all points within the cable; places and radii are in points, (N, 3), (N,)."""
    for node, up in enumerate(parent):
        if up < 0:
            _ball_chain(place[node], place[node], radius[node], radius[node], covered)
            continue
        begin = radius[node] if up == 0 else radius[up]
        step = place[node] - place[up]
        length = np.sqrt((step**2).sum())
        pieces = max(1, int(np.ceil(length / (PIECE * FINE))))
        for k in range(pieces):
            t0, t1 = k / pieces, (k + 1) / pieces
            r0 = begin + t0 * (radius[node] - begin)
            r1 = begin + t1 * (radius[node] - begin)
            _ball_chain(place[up] + t0 * step, place[up] + t1 * step, r0, r1, covered)


@njit(cache=True, nogil=True)
def _ball_chain(a: np.ndarray, b: np.ndarray, r0: float, r1: float, covered: np.ndarray) -> None:
    """Set the bits of the points within balls whose centre and radius go from a, r0 to b, r1.

    Voxels that lie wholly within or without are decided by their centre alone.
    """
    step = b - a
    square = (step**2).sum()
    thin, thick = min(r0, r1), max(r0, r1)
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        low[axis] = max(0, int(np.floor((min(a[axis], b[axis]) - thick) / FINE)))
        last = int(np.floor((max(a[axis], b[axis]) + thick) / FINE))
        high[axis] = min(covered.shape[axis] - 1, last)
    for i in range(low[0], high[0] + 1):
        for j in range(low[1], high[1] + 1):
            for k in range(low[2], high[2] + 1):
                middle = (i + 0.5) * FINE, (j + 0.5) * FINE, (k + 0.5) * FINE
                distance, _ = _to_axis(middle, a, step, square)
                if distance <= thin - REACH:
                    covered[i, j, k] = ALL
                elif distance <= thick + REACH and covered[i, j, k] != ALL:
                    covered[i, j, k] |= _bits((i, j, k), a, step, square, r0, r1)


@njit(cache=True, nogil=True)
def _bits(
    voxel: tuple[int, int, int],
    a: np.ndarray,
    step: np.ndarray,
    square: float,
    r0: float,
    r1: float,
) -> np.uint64:
    """The bits of the points of one voxel that lie within."""
    bits = np.uint64(0)
    for bit in range(FINE**3):
        i, j, k = bit // FINE**2, bit // FINE % FINE, bit % FINE
        point = (
            voxel[0] * FINE + i + 0.5,
            voxel[1] * FINE + j + 0.5,
            voxel[2] * FINE + k + 0.5,
        )
        distance, t = _to_axis(point, a, step, square)
        if distance <= r0 + t * (r1 - r0):
            bits |= np.uint64(1) << np.uint64(bit)
    return bits


@njit(cache=True, nogil=True)
def _to_axis(
    point: tuple[float, float, float], a: np.ndarray, step: np.ndarray, square: float
) -> tuple[float, float]:
    """The distance of a point to the line a + t step, 0 <= t <= 1, and t where it is nearest."""
    dz, dy, dx = point[0] - a[0], point[1] - a[1], point[2] - a[2]
    along = dz * step[0] + dy * step[1] + dx * step[2]
    t = min(max(along / square, 0.0), 1.0) if square > 0 else 0.0
    dz, dy, dx = dz - t * step[0], dy - t * step[1], dx - t * step[2]
    return np.sqrt(dz * dz + dy * dy + dx * dx), t


# Image stacks as OME-TIFF files with equal bytes for equal content.
#
# OME-XML: Goldberg et al., "The Open Microscopy Environment (OME) Data Model and XML file", Genome
# Biology 6:R47, 2005. The identifier that writers put into it is optional, and left out here, since
# it would differ each time.


def write_stack(path: Path, stack: np.ndarray, grid: Grid, name: str) -> None:
    """Write a stack (z, y, x) uint8 with its voxel size and the place of its first voxel in um."""
    tifffile.imwrite(
        path,
        stack,
        photometric="minisblack",
        compression="zlib",
        description=ome_xml(grid, name).encode(),
        metadata=None,
        software=False,
    )


def ome_xml(grid: Grid, name: str) -> str:
    """The OME-XML of a stack; the stage's place is that of the first voxel relative to the soma."""
    sizes = " ".join(f'Size{axis}="{grid.size}"' for axis in "XYZ")
    physical = " ".join(
        f'PhysicalSize{axis}="{grid.voxel_um:.9g}" PhysicalSize{axis}Unit="um"' for axis in "XYZ"
    )
    places = " ".join(
        f'{axis}="{value:.9g}" {axis}Unit="um"'
        for axis, value in zip("XYZ", grid.origin_um, strict=True)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{SCHEMA}">'
        f'<Image ID="Image:0" Name={quoteattr(name)}>'
        f'<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" {sizes} SizeC="1" SizeT="1"'
        f' {physical}><Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
        f'<TiffData IFD="0" PlaneCount="{grid.size}"/></Pixels>'
        f'<StageLabel Name="first voxel, soma at 0" {places}/></Image></OME>'
    ).replace('Unit="um"', 'Unit="&#181;m"')
