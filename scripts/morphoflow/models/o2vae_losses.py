"""How far a decoded image is from the image it was made of, turned and flipped to fit."""

import torch
from torch import Tensor
from torch.nn import functional

from morphoflow.cells.registration import Registration, register
from morphoflow.cells.rotate import transform
from morphoflow.cells.registration_brute import register_brute


def target(x: Tensor, logits: Tensor, settings: dict) -> Tensor:
    """The images ``x`` (b, c, h, w), turned and flipped as they fit the decoded ones best.

    The image is moved and not what was decoded, so that the gradient needs no interpolation. The
    setting ``align`` says how its motion is found, or "none" for leaving it as it is.
    """
    if settings["align"] == "none":
        return x
    motion = pose(x, torch.sigmoid(logits.detach()), settings)
    return transform(x, motion.angle, motion.flip).clamp(0, 1)


def pose(x: Tensor, decoded: Tensor, settings: dict) -> Registration:
    """The motions that bring images ``x`` (b, c, h, w) nearest to the ``decoded`` ones."""
    if settings["align"] == "fourier":
        return register(x, decoded)
    return register_brute(x, decoded, step_degrees=settings["step_degrees"])


def pixel_loss(logits: Tensor, wanted: Tensor, kind: str, seen: Tensor | None) -> Tensor:
    """Cross entropy ("bce") or squared error ("mse"), summed over the pixels of an image: (b,).

    ``seen`` (h, w) tells the pixels that count; all do if it is None.
    """
    if kind == "bce":
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    else:
        each = (torch.sigmoid(logits) - wanted).square()
    return (each if seen is None else each * seen).flatten(1).sum(1)
