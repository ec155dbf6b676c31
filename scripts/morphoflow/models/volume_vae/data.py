"""The volumes of a store as models of the form `volumes` take them."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.store import Samples

# The second axis of a store of volumes.
CHANNELS = ("em", "mask")

# Volumes that are taken from a store at a time.
READ = 64

# Turns and mirrorings of a cube, how many of them (the first) leave the z axis an axis, and how
# many leave all axes what they are: those of posed objects are known, but at times not their signs.
ELEMENTS = {"cube": 48, "z": 16, "mirrors": 8}


def check_volumes(samples: Samples) -> int:
    """The edge of the volumes in voxels, if ``samples`` is a store of volumes.

    Raises InputError unless ``x`` is (n, 2, size, size, size) of uint8.
    """
    shape, kind = samples.x.shape, samples.x.dtype
    if len(shape) != 5 or shape[1] != len(CHANNELS) or len(set(shape[2:])) != 1 or kind != np.uint8:
        raise InputError(
            f"the samples are {kind} of shape {shape}, not uint8 of shape (objects, "
            f"{len(CHANNELS)}, size, size, size); cut them as the form `volumes`."
        )
    return shape[2]


def read_volumes(
    samples: Samples, rows: np.ndarray, channels: list[str], device: torch.device
) -> Tensor:
    """The volumes in ``rows`` (m,) as uint8 (m, channels, size, size, size) on the device.

    They stay bytes, a quarter of the memory, until :func:`as_floats` makes numbers of a batch.
    """
    check_volumes(samples)
    places = channel_places(channels)
    volumes = np.empty((len(rows), len(places), *samples.x.shape[2:]), np.uint8)
    # Some at a time, since what a store gives holds all channels and would double the memory.
    for start in range(0, len(rows), READ):
        part = slice(start, start + READ)
        volumes[part] = volumes_of(samples, rows[part], places)
    return torch.from_numpy(volumes).to(device)


def channel_places(channels: list[str]) -> list[int]:
    """Where the channels are in a store."""
    return [CHANNELS.index(name) for name in channels]


def volumes_of(samples: Samples, rows: np.ndarray, places: list[int]) -> np.ndarray:
    """The volumes (m, c, size, size, size) uint8 in ``rows`` (m,), with the channels ``places``."""
    return samples.x.oindex[rows][:, places]


def as_floats(volumes: Tensor) -> Tensor:
    """Volumes of bytes as float32 from 0 to 1."""
    return volumes.to(torch.float32) / 255


def volume_batches(
    samples: Samples, channels: list[str], size: int, device: torch.device, batch: int
) -> Iterator[Tensor]:
    """All volumes in the order of the store, ``batch`` at a time, read as they are needed.

    Each is uint8 as by :func:`read_volumes`. Raises InputError if their edge is not ``size``
    voxels, with which the model was trained.
    """
    edge = check_volumes(samples)
    if edge != size:
        raise InputError(
            f"the volumes have {edge} voxels along an edge and the model was trained with {size}; "
            "cut volumes of that size, or train the model anew."
        )
    for start in range(0, samples.x.shape[0], batch):
        rows = np.arange(start, min(start + batch, samples.x.shape[0]))
        yield read_volumes(samples, rows, channels, device)


# Random turns and mirrorings of volumes that map their grid onto itself.
#
# For the augmentation of any model of the form `volumes`: exact, without interpolation, on bytes as
# well as on numbers, and without waiting for the device.


def randomly_turned(volumes: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """The volumes (b, c, size, size, size), each by a random element of the group ``kind``.

    "cube" has all 48 turns and mirrorings of a cube, "z" the 16 that leave z what it is, for
    volumes that are sampled more coarsely along it, "mirrors" the 8 that leave all axes what they
    are, for posed volumes; "none" changes nothing and draws nothing.
    """
    if kind == "none":
        return volumes
    draws = torch.randint(
        ELEMENTS[kind], (len(volumes),), generator=generator, device=volumes.device
    )
    return turned(volumes, draws)


def turned(volumes: Tensor, elements: Tensor) -> Tensor:
    """The volumes (b, c, size, size, size) by the ``elements`` (b,) int64, from 0 to 47.

    Bits 0 to 2 of an element mirror z, y and x, bit 3 then swaps y with x, and the bits above
    (0 to 2) say by how many places the axes are moved on in a circle. Element 0 changes nothing.
    """
    for bit, axis in enumerate((-3, -2, -1)):
        volumes = _where(elements >> bit & 1 == 1, volumes.flip(axis), volumes)
    volumes = _where(elements >> 3 & 1 == 1, volumes.transpose(-2, -1), volumes)
    moved = _where(elements >> 4 == 1, volumes.movedim(-1, -3), volumes)
    return _where(elements >> 4 == 2, volumes.movedim(-3, -1), moved)


def _where(chosen: Tensor, changed: Tensor, volumes: Tensor) -> Tensor:
    return torch.where(chosen[:, None, None, None, None], changed, volumes)
