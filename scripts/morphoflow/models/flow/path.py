"""The straight way from noise to an image, and how it is followed with a network that predicts.

Rectified flow (Liu, Gong and Liu, ICLR 2023), a kind of flow matching (Lipman et al., ICLR 2023):
at the time t, from 0 to 1, noise n and image x are mixed to z = t x + (1 - t) n, whose velocity is
x - n = (x - z) / (1 - t). The network predicts x. Images fill few of the directions of the space
that noise fills evenly, so that a small network can give them whole where it would spend its width
on passing on noise if it predicted the velocity (Li and He, "Back to basics", 2025). The loss is
that of the velocity all the same: it counts an error the more the nearer the image is.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

# Times are the logistic function of normal draws (Esser et al., ICML 2024): most training goes to
# where an image is made out of noise, least to both ends. Of three pairs tried on simulated arbors,
# 90 CPU seconds each, (0.2, 1.3) left the fewest grains: 32 an image (186 steps), against 36 with
# (0.8, 1.2) (154 steps) and 70 with (-0.4, 1.0) (163 steps), where the end is hardly ever trained.
TIME_MEAN, TIME_SD = 0.2, 1.3
# Nearer to the end an error counts no more, since it would count without bound.
NEAREST = 0.05

# From points (b, 1, s, s) and times (b,), the images (b, 1, s, s) that they are on the way to.
Predict = Callable[[Tensor, Tensor], Tensor]


def times_of(normal: Tensor) -> Tensor:
    """Training times (b,) from 0 to 1 of standard normal draws (b,)."""
    return torch.sigmoid(normal * TIME_SD + TIME_MEAN)


def mixed(x: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """The points at ``time`` (b,) on the way from ``noise`` to images ``x``, both (b, c, s, s)."""
    return torch.lerp(noise, x, time[:, None, None, None])


def velocity_loss(predicted: Tensor, x: Tensor, time: Tensor) -> Tensor:
    """The mean squared error (b,) of the velocity of predicted images (b, c, s, s)."""
    squares = (predicted - x).square().mean((1, 2, 3))
    return squares / (1 - time).clamp_min(NEAREST).square()


def stops(steps: int) -> list[float]:
    """The times between ``steps`` steps, from 0 to 1, which shorten evenly.

    Near the end an image is cleared of its last noise. Of equal steps the last begins with
    1/``steps`` of it, which a network that was trained for minutes takes for grains of dendrite.
    """
    return [1 - (1 - k / steps) ** 2 for k in range(steps + 1)]


def followed(predict: Predict, noise: Tensor, steps: int) -> Iterator[Tensor]:
    """The points (b, c, s, s) at each of the ``stops`` of ``steps`` steps from noise to images.

    Heun's method, of second order, as in Karras et al. (NeurIPS 2022): a step goes with the mean of
    the velocities at both of its ends. The last goes to the predicted image itself, since there is
    no velocity at its end. It takes 2 ``steps`` - 1 predictions.
    """
    *times, last, _ = stops(steps)
    z = noise
    for start, end in pairwise([*times, last]):
        length = end - start
        first = _velocity(predict, z, start)
        second = _velocity(predict, z + length * first, end)
        z = z + (length / 2) * (first + second)
        yield z
    yield predict(z, _everywhere(last, z))


def _velocity(predict: Predict, z: Tensor, time: float) -> Tensor:
    return (predict(z, _everywhere(time, z)) - z) / (1 - time)


def _everywhere(time: float, z: Tensor) -> Tensor:
    return torch.full((len(z),), time, device=z.device)
