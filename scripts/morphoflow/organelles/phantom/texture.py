"""The phantom's picture: what an electron microscope might show of organelles in neurites."""

import numpy as np
from numba import njit

from morphoflow.organelles.phantom.neurites import nearest_face, seeds_near
from morphoflow.organelles.phantom.noise import bell, fraction, hashed, lattice, mixed, smooth
from morphoflow.organelles.phantom.render import Painted
from morphoflow.organelles.volumes.boxes import Box

# Distance between the lattice points of the smooth fields. Three bend the membranes; then shade,
# grain, the bend and the presence of cristae, and where vesicles gather.
FIELDS_NM = (320.0, 320.0, 320.0, 700.0, 26.0, 90.0, 130.0, 420.0)
BEND_NM = 120.0
# A neurite's membrane keeps at least so far from its organelles.
SHEATH_NM = 42.0
CYTOPLASM, MATRIX, MEMBRANE = 172.0, 116.0, 52.0
CRISTA_NM = 58.0
VESICLE_CELL_NM = 78.0
NOISE = 11.0


def picture(
    painted: Painted, box: Box, size_nm, homes: np.ndarray, shells: np.ndarray, key: int
) -> np.ndarray:
    """Intensities (uint8) of the voxels of ``box``, of which ``painted`` holds the organelles.

    ``homes`` (objects,) are the neurites in which the organelles lie, and ``shells`` (objects,)
    says where cristae lie along the surface; ``key`` seeds all fields.
    """
    size = np.array(size_nm, dtype=np.float64)
    lower, upper = np.array(box.start) * size, np.array(box.stop) * size
    keys = np.random.SeedSequence(key).generate_state(len(FIELDS_NM) + 2, np.uint64)
    first = [np.floor(lower / step).astype(np.int64) for step in FIELDS_NM]
    last = [np.floor(upper / step).astype(np.int64) + 2 for step in FIELDS_NM]
    each = zip(keys, first, last, strict=False)
    lattices = [lattice(k, a, tuple(b - a)) for k, a, b in each]
    fields = np.concatenate([values.ravel() for values in lattices])
    begins = np.cumsum([values.size for values in lattices]) - [v.size for v in lattices]
    sides = [values.shape[1:] for values in lattices]
    layouts = np.column_stack([begins, sides, first])
    seeds = seeds_near(key, lower - BEND_NM, upper + BEND_NM)
    made = np.empty(box.shape, dtype=np.uint8)
    known = (painted.distance, painted.owner, painted.along, homes, shells)
    _shade(*known, np.array(box.start), size, fields, layouts, *seeds, keys[-2:], made)
    return made


@njit(cache=True, nogil=True)
def _shade(
    distance,
    owner,
    along,
    homes,
    shells,
    origin,
    size,
    fields,
    layouts,
    first,
    seeds,
    owners,
    keys,
    made,
):
    depth, height, width = made.shape
    at = np.empty(3)
    for iz in range(depth):
        slice_number = hashed(keys[0], origin[0] + iz, -1, -1)
        gain = 1 + 0.02 * bell(slice_number)
        offset = 3 * bell(mixed(slice_number))
        for iy in range(height):
            for ix in range(width):
                at[0] = (origin[0] + iz + 0.5) * size[0]
                at[1] = (origin[1] + iy + 0.5) * size[1]
                at[2] = (origin[2] + ix + 0.5) * size[2]
                far = distance[iz, iy, ix]
                which = owner[iz, iy, ix]
                if far < 0:
                    course = -far if shells[which] else along[iz, iy, ix]
                    value = _organelle(far, which, course, at, fields, layouts)
                else:
                    home = homes[which] if which >= 0 else np.int64(-1)
                    cells = (first, seeds, owners)
                    value = _cytoplasm(far, home, at, fields, layouts, cells, keys)
                    value += (MEMBRANE - value) * _bump(far - 2, 11.0)
                number = hashed(keys[0], origin[0] + iz, origin[1] + iy, origin[2] + ix)
                noise = NOISE * np.sqrt(value / 128) * bell(number)
                value = value * gain + offset + noise
                made[iz, iy, ix] = np.uint8(min(255.0, max(0.0, value + 0.5)))


@njit(cache=True, nogil=True)
def _organelle(distance, which, course, at, fields, layouts):
    """Matrix with stacked, bent, incomplete cristae, under a double membrane.

    A crista follows the next along the ``course`` in nm, which is that of the centre line, or goes
    inwards.
    """
    inward = -distance
    value = MATRIX + 12 * _field(3, at, fields, layouts) + 7 * _field(4, at, fields, layouts)
    value += 4 * (which % 7 - 3)
    phase = course / CRISTA_NM + 0.55 * _field(5, at, fields, layouts) + 0.37 * which
    apart = abs(phase - np.rint(phase)) * CRISTA_NM
    present = min(1.0, max(0.0, 0.75 + 2.2 * _field(6, at, fields, layouts)))
    present *= min(1.0, max(0.0, (inward - 16) / 10))
    value += present * (60 * _bump(apart, 9.0) - 62 * _bump(apart - 12, 9.0))
    value += 45 * _bump(inward - 13, 8.0)
    dark = max(_bump(inward - 2, 11.0), 0.8 * _bump(inward - 24, 9.0))
    return value + (MEMBRANE - value) * dark


@njit(cache=True, nogil=True)
def _cytoplasm(distance, home, at, fields, layouts, cells, keys):
    """Grainy cytoplasm, neurites' membranes that go round organelles, and vesicles."""
    bend_z = at[0] + BEND_NM * _field(0, at, fields, layouts)
    bend_y = at[1] + BEND_NM * _field(1, at, fields, layouts)
    bend_x = at[2] + BEND_NM * _field(2, at, fields, layouts)
    first, seeds, owners = cells
    face, neurite = nearest_face(bend_z, bend_y, bend_x, first, seeds, owners)
    if home >= 0:
        if neurite == home:
            face = max(face, SHEATH_NM - distance)
        elif distance < SHEATH_NM:
            face, neurite = SHEATH_NM - distance, home
        else:
            face = min(face, distance - SHEATH_NM)
    tone = fraction(mixed(np.uint64(neurite)), 0) - 0.5
    grain = _field(4, at, fields, layouts)
    value = CYTOPLASM + 34 * tone + 10 * _field(3, at, fields, layouts)
    value += 9 * grain - 55 * max(0.0, -grain - 0.62)
    if face > 45 and distance > 45:
        gathered = _field(7, at, fields, layouts) + 0.5 * tone
        value = _vesicle(value, at, gathered, keys[1])
    return value + (MEMBRANE - value) * _bump(face - 7, 12.0)


@njit(cache=True, nogil=True)
def _vesicle(value, at, gathered, key):
    """The value where a vesicle of a place's cell, if it has one, may cover it."""
    if gathered < 0.25:
        return value
    z, y, x = at[0] / VESICLE_CELL_NM, at[1] / VESICLE_CELL_NM, at[2] / VESICLE_CELL_NM
    number = hashed(key, int(np.floor(z)), int(np.floor(y)), int(np.floor(x)))
    if fraction(number, 3) > 0.5:
        return value
    dz = z - np.floor(z) - 0.5 - 0.3 * (fraction(number, 0) - 0.5)
    dy = y - np.floor(y) - 0.5 - 0.3 * (fraction(number, 1) - 0.5)
    dx = x - np.floor(x) - 0.5 - 0.3 * (fraction(number, 2) - 0.5)
    far = np.sqrt(dz * dz + dy * dy + dx * dx) * VESICLE_CELL_NM
    return value + 18 * _bump(far, 16.0) - 85 * _bump(far - 18, 9.0)


@njit(cache=True, nogil=True, inline="always")
def _field(which, at, fields, layouts):
    step = FIELDS_NM[which]
    return smooth(fields, layouts[which], at[0] / step, at[1] / step, at[2] / step)


@njit(cache=True, nogil=True, inline="always")
def _bump(x, width):
    """1 at 0, falling smoothly to 0 at ``width`` on both sides."""
    inside = max(0.0, 1 - (x / width) * (x / width))
    return inside * inside
