"""How far decoded volumes are from the real ones, and what volumes score that know nothing.

An object fills a few percent of its volume, so that an empty volume is nearly right everywhere. The
errors are therefore weighted, and compared with those of an empty and of the mean volume.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

# Half a grey level: what a volume that is decoded the same for all may at least be sure of.
LEAST = 0.5 / 255


def voxel_weights(mask: Tensor, foreground_weight: float) -> Tensor:
    """Weights (b, d, h, w) of voxels, of which a share ``foreground_weight`` lies in the mask.

    ``mask`` (b, d, h, w) is the part of each voxel that the object fills, 0..1. The weights of a
    volume sum to its number of voxels, whatever the size of the object.
    """
    inside = mask.sum((1, 2, 3), keepdim=True).clamp(min=1)
    outside = (1 - mask).sum((1, 2, 3), keepdim=True).clamp(min=1)
    shares = foreground_weight * mask / inside + (1 - foreground_weight) * (1 - mask) / outside
    return mask[0].numel() * shares


def reconstruction_loss(logits: Tensor, x: Tensor, mask: Tensor, settings: dict) -> Tensor:
    """The weighted error (b,) of volumes, summed over voxels and channels.

    ``logits`` and ``x`` are (b, c, d, h, w) with the setting's ``channels``; ``mask`` (b, d, h, w)
    tells where the object is. The channel "mask" counts by cross entropy; "em" within the mask
    alone, by the squared or absolute error (setting ``em_loss``) times ``em_weight``.
    """
    total = torch.zeros(len(x), device=x.device)
    for place, name in enumerate(settings["channels"]):
        if name == "mask":
            share, each = settings["foreground_weight"], _cross_entropy(logits[:, place], mask)
        else:
            share, each = 1.0, settings["em_weight"] * _em_error(logits, x, place, settings)
        total = total + (voxel_weights(mask, share) * each).sum((1, 2, 3))
    return total


def floored_divergence(mean: Tensor, log_variance: Tensor, free_bits: float) -> Tensor:
    """Divergence (b,) from the standard normal in nats; each latent counts ``free_bits`` at least.

    After Kingma et al. (NeurIPS 2016): below the floor nothing pulls a latent towards the prior.
    """
    each = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
    return each.clamp(min=free_bits * math.log(2)).sum(1)


def mean_logits(batches: Iterable[tuple[Tensor, Tensor]], settings: dict) -> Tensor:
    """The logits (c, d, h, w) of the volume that is nearest to all, with the weights of the loss.

    ``batches`` are volumes (b, c, d, h, w) and their masks (b, d, h, w). EM where there never is an
    object is that of the others.
    """
    shares = [
        settings["foreground_weight"] if name == "mask" else 1.0 for name in settings["channels"]
    ]
    sums = weights = torch.zeros(())
    for x, mask in batches:
        weight = torch.stack([voxel_weights(mask, share) for share in shares], 1)
        sums, weights = sums + (weight * x).double().sum(0), weights + weight.double().sum(0)
    overall = sums.sum((1, 2, 3), keepdim=True) / weights.sum((1, 2, 3), keepdim=True)
    return bounded_logit(torch.where(weights > 0, sums / weights, overall).float())


def bounded_logit(volume: Tensor) -> Tensor:
    """The logits of values from 0 to 1, finite also there."""
    return volume.clamp(LEAST, 1 - LEAST).logit()


def mask_scores(logits: Tensor, x: Tensor, mask: Tensor, settings: dict) -> dict[str, Tensor]:
    """The means over volumes of how well the object itself is given back.

    ``foreground_error`` is the root mean square error within the mask, over the channels;
    ``mask_iou`` the intersection of true and decoded mask over their union.
    """
    decoded = torch.sigmoid(logits)
    inside = voxel_weights(mask, 1.0)[:, None] / mask[0].numel()
    error = ((decoded - x).square() * inside).sum((2, 3, 4)).mean(1).sqrt()
    scores = {"foreground_error": error.mean()}
    if "mask" in settings["channels"]:
        predicted, true = decoded[:, settings["channels"].index("mask")] > 0.5, mask > 0.5
        both, either = (predicted & true).flatten(1).sum(1), (predicted | true).flatten(1).sum(1)
        scores["mask_iou"] = (both / either.clamp(min=1)).mean()
    return scores


def weighted_error(decoded: Tensor, x: Tensor, mask: Tensor, settings: dict) -> Tensor:
    """The root mean square difference (b,) of volumes (b, c, d, h, w), all values from 0 to 1.

    It is over the channels, and over the voxels with the weights of the mask's loss, so that an
    empty volume is far from any object, however small.
    """
    weights = voxel_weights(mask, settings["foreground_weight"])[:, None]
    return (weights * (decoded - x).square()).flatten(1).mean(1).sqrt()


def _cross_entropy(logits: Tensor, mask: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, mask, reduction="none")


def _em_error(logits: Tensor, x: Tensor, place: int, settings: dict) -> Tensor:
    difference = torch.sigmoid(logits[:, place]) - x[:, place]
    return difference.square() if settings["em_loss"] == "mse" else difference.abs()
