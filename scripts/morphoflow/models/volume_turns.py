"""Random turns and mirrorings of volumes that map their grid onto itself.

For the augmentation of any model of the form `volumes`: exact, without interpolation, on bytes as
well as on numbers, and without waiting for the device.
"""

import torch
from torch import Tensor

# Turns and mirrorings of a cube, and how many of them (the first) leave the z axis an axis.
ELEMENTS = {"cube": 48, "z": 16}


def randomly_turned(volumes: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """The volumes (b, c, size, size, size), each by a random element of the group ``kind``.

    "cube" has all 48 turns and mirrorings of a cube, "z" the 16 that leave z what it is, for
    volumes that are sampled more coarsely along it; "none" changes nothing and draws nothing.
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
