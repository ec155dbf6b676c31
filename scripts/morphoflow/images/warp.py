"""Random smooth deformations of images, by which they differ as two cells of a kind do."""

import torch
from torch import Tensor
from torch.nn import functional

# Points along each side of the lattice whose shifts bend an image.
LATTICE = 5


def warped(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Images (n, c, size, size), each stretched, sheared and bent at random; no gradient.

    ``strength`` is the standard deviation of the entries of a matrix that is added to the identity,
    and, in units of the image's side, four times that of the shifts of a lattice of 5 x 5 points,
    between which they go on smoothly. Places from outside of the image get the value of the nearest
    border pixel, so that the background goes on.
    """
    n, size = len(x), x.shape[-1]
    options = {"generator": generator, "device": x.device}
    linear = strength * torch.randn(n, 2, 2, **options) + torch.eye(2, device=x.device)
    shifts = strength / 2 * torch.randn(n, 2, LATTICE, LATTICE, **options)
    bent = functional.interpolate(shifts, (size, size), mode="bicubic", align_corners=True)
    place = torch.linspace(-1, 1, size, device=x.device)
    grid = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1).view(-1, 2)
    source = (grid @ linear).view(n, size, size, 2) + bent.movedim(1, -1)
    with torch.no_grad():
        return functional.grid_sample(x, source, padding_mode="border", align_corners=True)
