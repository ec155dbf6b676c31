"""Turns of neurons: random ones for training, and frames that make an embedding ignore them.

What turns there are is one text: an axis, ``all`` for any turn, ``mirror_x`` and so on for mirrored
copies alone, or ``none``.
"""

import math

import torch
from torch import Tensor

AXES = ("x", "y", "z")
MIRRORED = "mirror_"


def random_turns(axis: str, number: int, generator: torch.Generator) -> Tensor:
    """Random motions (number, 3, 3): turns about an axis, or with ``all`` about any, half mirrored.

    Half of them are the identity with ``mirror_x`` and so on, and all with ``none``.
    """
    device = generator.device
    if axis.startswith(MIRRORED):
        copies = _copies(axis, device)
        return copies[torch.randint(2, (number,), generator=generator, device=device)]
    if axis == "all":
        # The Q of normal matrices is uniform if the diagonal of R is positive (Mezzadri 2007).
        normal = torch.randn(number, 3, 3, generator=generator, device=device)
        q, r = torch.linalg.qr(normal)
        return q * r.diagonal(dim1=1, dim2=2).sign()[:, None]
    draws = torch.rand(2, number, generator=generator, device=device)
    return turns(axis, 2 * math.pi * draws[0], draws[1] < 0.5)


def turns(axis: str, angle: Tensor, mirrored: Tensor) -> Tensor:
    """The turns (b, 3, 3) about an axis by ``angle`` (b,), of ``mirrored`` (b,) after mirroring.

    The identity for the axis ``none``.
    """
    motion = torch.eye(3, device=angle.device).repeat(len(angle), 1, 1)
    if axis == "none":
        return motion
    first, second = _across(axis)
    sign = torch.where(mirrored, -1.0, 1.0)
    motion[:, first, first], motion[:, first, second] = angle.cos() * sign, -angle.sin()
    motion[:, second, first], motion[:, second, second] = angle.sin() * sign, angle.cos()
    return motion


def frames(points: Tensor, weight: Tensor, axis: str) -> Tensor:
    """The ways (b, f, 3, 3) to lay each neuron along its own principal axes: ``points @ way``.

    The mean of any function over them does not change if the neuron is turned or mirrored (frame
    averaging: Puny et al., ICLR 2022): about the ``axis`` (f = 4), about any with ``all`` (f = 8),
    mirrored alone with ``mirror_x`` and so on (f = 2), or not at all with ``none`` (f = 1).
    ``points`` (b, m, 3) count by ``weight`` (b, m).
    """
    n, device = points.shape[0], points.device
    if axis.startswith(MIRRORED):
        return _copies(axis, device).expand(n, 2, 3, 3)
    if axis == "none":
        return torch.eye(3, device=device).expand(n, 1, 3, 3)
    across = [0, 1, 2] if axis == "all" else _across(axis)
    own = points[..., across].double()
    _, principal = torch.linalg.eigh(torch.einsum("bm,bmi,bmj->bij", weight.double(), own, own))
    signs = torch.cartesian_prod(*[torch.tensor([1.0, -1.0])] * len(across)).to(principal)
    chosen = (principal[:, None] * signs[:, None]).to(points.dtype)
    ways = torch.eye(3, device=device).repeat(n, signs.shape[0], 1, 1)
    for row, i in enumerate(across):
        for column, j in enumerate(across):
            ways[:, :, i, j] = chosen[:, :, row, column]
    return ways


def _copies(axis: str, device: torch.device) -> Tensor:
    """The identity, and the mirroring along an axis, (2, 3, 3)."""
    signs = torch.ones(2, 3, device=device)
    signs[1, AXES.index(axis.removeprefix(MIRRORED))] = -1
    return torch.diag_embed(signs)


def _across(axis: str) -> list[int]:
    """The two directions across an axis."""
    return [k for k in range(3) if k != AXES.index(axis)]
