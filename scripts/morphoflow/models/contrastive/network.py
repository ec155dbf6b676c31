"""The encoder of the contrastive model, with the heads that only its training needs."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.models.volume_vae.data import CHANNELS
from morphoflow.models.volume_vae.network import VolumeEncoder, initialise


class ContrastiveNetwork(nn.Module):
    """Volumes (b, 2, size, size, size) from 0 to 1, EM and mask, to features and projections.

    Features do not depend on the others of the batch; projections and predictions do in training,
    by batch normalisation. ``predictor`` is None unless the loss is `simsiam`.
    """

    def __init__(self, size: int, settings: dict, generator: torch.Generator) -> None:
        super().__init__()
        seen = [CHANNELS.index(name) for name in settings["channels"]]
        # On the device, so that no step waits for a copy.
        self.register_buffer("seen", torch.tensor(seen), persistent=False)
        self.encoder = encoder(len(seen), size, settings, generator)
        n_out = settings["projection_size"]
        self.projector = projector(self.encoder.n_features, settings["projector_size"], n_out)
        initialise(self.projector, generator)
        self.predictor = None
        if settings["loss"] == "simsiam":
            self.predictor = predictor(n_out, settings["predictor_size"])
            initialise(self.predictor, generator)

    def encode(self, x: Tensor) -> Tensor:
        """The features (b, n_features) of volumes, which are the embedding."""
        return self.encoder(x[:, self.seen], x[:, CHANNELS.index("mask")])


def projector(n_in: int, n_hidden: int, n_out: int) -> nn.Sequential:
    """Three layers from features to the projections that the losses compare, as in SimSiam."""
    return nn.Sequential(
        *_hidden(n_in, n_hidden),
        *_hidden(n_hidden, n_hidden),
        nn.Linear(n_hidden, n_out, bias=False),
        nn.BatchNorm1d(n_out, affine=False),
    )


def predictor(n_features: int, n_hidden: int) -> nn.Sequential:
    """Two layers with a bottleneck from one view's projection to the other's, as in SimSiam."""
    return nn.Sequential(*_hidden(n_features, n_hidden), nn.Linear(n_hidden, n_features))


def _hidden(n_in: int, n_out: int) -> list[nn.Module]:
    return [nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out), nn.ReLU()]


def encoder(
    channels: int, size: int, settings: dict, generator: torch.Generator
) -> "WholeEncoder | TwoScaleEncoder":
    """The encoder of volumes with these ``channels``, of one scale unless ``fine_size`` is set."""
    if settings["fine_size"] == 0:
        return WholeEncoder(channels, size, settings["widths"], generator)
    return TwoScaleEncoder(channels, size, settings, generator)


class WholeEncoder(nn.Module):
    """Features of volumes (b, channels, size, size, size), whatever their masks are."""

    def __init__(
        self, channels: int, size: int, widths: list[int], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.whole = VolumeEncoder(channels, size, widths, generator)
        self.n_features = self.whole.n_features

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """The features (b, n_features)."""
        return self.whole(x)


class TwoScaleEncoder(nn.Module):
    """Features of the object at half the resolution, beside those of parts of it as they are.

    Shape shows in the whole and texture in its parts, as in MorphoFeatures (Zinchenko et al., eLife
    2023), which are encoded by a network of their own and of which the mean counts. Together they
    are fewer voxels than the volume has.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.side, self.number = min(settings["fine_size"], size), settings["fine_parts"]
        self.whole = VolumeEncoder(channels, -(-size // 2), settings["widths"], generator)
        self.parts = VolumeEncoder(channels, self.side, settings["widths"], generator)
        self.n_features = self.whole.n_features + self.parts.n_features

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """The features (b, n_features) of volumes (b, channels, size, size, size)."""
        whole = self.whole(functional.avg_pool3d(x, 2, ceil_mode=True))
        parts = parts_of(x, part_corners(mask, self.number, self.side), self.side)
        fine = self.parts(parts.flatten(0, 1)).unflatten(0, parts.shape[:2]).mean(1)
        return torch.cat([whole, fine], 1)


def part_corners(mask: Tensor, number: int, side: int) -> Tensor:
    """The first voxels (b, number, 3) of boxes about the middles of an object's parts.

    The parts hold equal shares of the ``mask`` (b, size, size, size) along its first axis, which
    is the longest one of a posed object. Boxes of ``side`` voxels lie within the volume.
    """
    size = mask.shape[-1]
    along = mask.sum((2, 3)).cumsum(1)
    share = along / along[:, -1:].clamp_min(1e-6)
    part = (share * number).ceil().clamp(1, number) - 1
    names = torch.arange(number, device=mask.device)
    weight = (part[:, None] == names[:, None]).to(mask.dtype)
    place = torch.arange(size, device=mask.device, dtype=mask.dtype)
    marginals = [mask.sum((2, 3))[:, None] * weight]
    marginals += [weight @ mask.sum(axis) for axis in (3, 2)]
    total = marginals[0].sum(2).clamp_min(1e-6)
    middle = torch.stack([(m @ place) / total for m in marginals], 2)
    return (middle - (side - 1) / 2).round().long().clamp(0, size - side)


def parts_of(x: Tensor, corners: Tensor, side: int) -> Tensor:
    """Boxes (b, k, channels, side, side, side) of volumes from ``corners`` (b, k, 3) on."""
    place = torch.arange(side, device=x.device)
    z, y, a = (corners[:, :, axis, None] + place for axis in range(3))
    batch = torch.arange(len(x), device=x.device)[:, None, None, None, None]
    boxes = x.movedim(1, -1)[
        batch, z[:, :, :, None, None], y[:, :, None, :, None], a[:, :, None, None, :]
    ]
    return boxes.movedim(-1, 2)
