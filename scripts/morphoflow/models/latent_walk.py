"""Ways through a latent whose points lie on a sphere."""

import torch
from torch import Tensor


def slerp(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Points (s, d) on the great circle from ``start`` to ``end`` (d,), at ``share`` (s,) of it.

    Spherical linear interpolation (Shoemake, SIGGRAPH 1985): the direction turns at a constant
    rate, and the length goes evenly from that of the one to that of the other. Points between
    opposite directions are undefined.
    """
    lengths = torch.stack([start.norm(), end.norm()])
    a, b = start / lengths[0], end / lengths[1]
    # Better than the arc cosine of the product where the directions are close.
    angle = 2 * torch.atan2((a - b).norm(), (a + b).norm())
    # As angle goes to 0 the weights go to 1 - share and share; sinc holds there too.
    weights = [w * torch.sinc(w * angle / torch.pi) for w in (1 - share, share)]
    turned = (weights[0][:, None] * a + weights[1][:, None] * b) / torch.sinc(angle / torch.pi)
    return turned * torch.lerp(lengths[0], lengths[1], share)[:, None]


def round_trip(stops: Tensor, steps: int) -> Tensor:
    """A closed way (k steps, d) through ``stops`` (k, d), from each to the next in ``steps``.

    The last leads back to the first, which is not repeated, so that a movie of it goes round.
    """
    share = torch.arange(steps, device=stops.device, dtype=stops.dtype) / steps
    legs = zip(stops, stops.roll(-1, dims=0), strict=True)
    return torch.cat([slerp(start, end, share) for start, end in legs])
