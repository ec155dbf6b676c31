"""Decoders of point clouds: a sphere of points that a latent bends, or one layer for all points."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

FOLDS = 2


class FoldingDecoder(nn.Module):
    """Moves the points of a sphere by the same function for each, after Yang et al. (CVPR 2018).

    The function sees the point and the latent; it is applied twice. The published plane is a
    sphere here because surfaces of organelles are closed. It starts as the sphere itself.
    """

    def __init__(self, latent_size: int, settings: dict) -> None:
        super().__init__()
        self.register_buffer("sphere", sphere(settings["decoded_points"]), persistent=False)
        width = settings["decoder_width"]
        self.folds = nn.ModuleList(Fold(latent_size, width) for _ in range(FOLDS))

    def start(self) -> None:
        """Set the weights with which nothing moves yet."""
        for fold in self.folds:
            nn.init.zeros_(fold.move.weight)

    def forward(self, z: Tensor) -> Tensor:
        """Clouds (b, m, 3) of latents (b, latent_size)."""
        points = self.sphere.expand(len(z), -1, -1)
        for fold in self.folds:
            points = points + fold(points, z)
        return points


class Fold(nn.Module):
    """How far points (b, m, 3) move, given latents (b, latent_size)."""

    def __init__(self, latent_size: int, width: int) -> None:
        super().__init__()
        # Two layers in the place of one that sees both: the latent's part is computed once a cloud.
        self.point, self.latent = nn.Linear(3, width, bias=False), nn.Linear(latent_size, width)
        self.hidden, self.move = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, points: Tensor, z: Tensor) -> Tensor:
        """The moves (b, m, 3)."""
        values = functional.elu(self.point(points) + self.latent(z)[:, None])
        return self.move(functional.elu(self.hidden(values)))


class DenseDecoder(nn.Module):
    """Moves each point of a sphere by numbers of its own, by the layers of a perceptron."""

    def __init__(self, latent_size: int, settings: dict) -> None:
        super().__init__()
        self.register_buffer("sphere", sphere(settings["decoded_points"]), persistent=False)
        width = settings["decoder_width"]
        self.layers = nn.Sequential(
            nn.Linear(latent_size, width), nn.ELU(), nn.Linear(width, width), nn.ELU()
        )
        self.move = nn.Linear(width, self.sphere.numel())

    def start(self) -> None:
        """Set the weights with which nothing moves yet."""
        nn.init.zeros_(self.move.weight)

    def forward(self, z: Tensor) -> Tensor:
        """Clouds (b, m, 3) of latents (b, latent_size)."""
        return self.sphere + self.move(self.layers(z)).unflatten(1, self.sphere.shape)


def sphere(n: int) -> Tensor:
    """Points (n, 3) evenly on the unit sphere: a Fibonacci lattice."""
    place = torch.arange(n, dtype=torch.float64) + 0.5
    z, angle = 1 - 2 * place / n, math.pi * (1 + math.sqrt(5)) * place
    radius = (1 - z.square()).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin(), z], 1).float()
