"""The variational autoencoder of images: an encoder, a Gaussian latent, a decoder, a prior."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.models.o2vae.dihedral import DihedralEncoder
from morphoflow.models.o2vae.encoder import O2Encoder
from morphoflow.models.o2vae.encoder import head as published_head
from morphoflow.models.o2vae.polar import PolarEncoder
from morphoflow.models.shared.initialise import initialise
from morphoflow.models.shared.priors import make_prior

# Units of the contrasted projection for each of the latent.
PROJECTION = 2

# A plain convolutional encoder, which knows nothing of rotations: for comparison.


class PlainEncoder(nn.Module):
    """Features (b, n_features) of images (b, channels, size, size).

    Each of the ``widths`` is a convolution that halves the image; the last map is flattened.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([channels, *settings["widths"]]):
            layers.append(nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False))
            layers += [nn.BatchNorm2d(n_out), nn.SiLU()]
            size = -(-size // 2)
        self.layers = nn.Sequential(*layers)
        self.n_features = settings["widths"][-1] * size**2
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Features of the images."""
        return self.layers(x).flatten(1)


ENCODERS = {
    "polar": PolarEncoder,
    "dihedral": DihedralEncoder,
    "o2": O2Encoder,
    "plain": PlainEncoder,
}


@dataclass(frozen=True)
class Posterior:
    """Diagonal normal distributions: ``mean`` and ``log_variance``, (b, latent_size) each."""

    mean: Tensor
    log_variance: Tensor

    def first(self, n: int) -> "Posterior":
        """The first ``n`` of them."""
        return Posterior(self.mean[:n], self.log_variance[:n])

    def draw(self, generator: torch.Generator) -> Tensor:
        """One draw of each, through which gradients flow (Kingma and Welling, ICLR 2014)."""
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device)
        return self.mean + noise * torch.exp(0.5 * self.log_variance)


class CellVAE(nn.Module):
    """Encoder and decoder of images (b, channels, size, size) with values from 0 to 1."""

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.encoder = ENCODERS[settings["encoder"]](channels, size, settings, generator)
        self.head = make_head(self.encoder.n_features, settings, generator)
        self.decoder = CNNDecoder(channels, size, settings, generator)
        self.prior = make_prior(settings, generator)
        self.projector = None
        if settings.get("contrast_weight"):
            self.projector = make_projector(settings["latent_size"], generator)

    def encode(self, x: Tensor) -> Posterior:
        """The posterior of each image's latent."""
        mean, log_variance = self.head(self.encoder(x)).float().chunk(2, 1)
        # Beyond this range exp() overflows, or a latent has less noise than its rounding.
        return Posterior(mean, log_variance.clamp(-20, 10))

    def decode(self, z: Tensor) -> Tensor:
        """Logits of the images decoded from latents, in the pose that the decoder chose."""
        return self.decoder(z).float()


def make_head(n_features: int, settings: dict, generator: torch.Generator) -> nn.Sequential:
    """The layers from features to the mean and log variance of the latent."""
    if settings["encoder"] == "o2":
        return published_head(n_features, 2 * settings["latent_size"], generator)
    hidden = settings["hidden_size"]
    layers = nn.Sequential(
        SteadyNorm(n_features),
        nn.Linear(n_features, hidden, bias=False),
        SteadyNorm(hidden),
        nn.ELU(),
        nn.Linear(hidden, 2 * settings["latent_size"]),
    )
    initialise(layers, generator)
    return layers


def make_projector(size: int, generator: torch.Generator) -> nn.Sequential:
    """The layers from the latent to what is contrasted: the latent itself keeps what these drop."""
    width = PROJECTION * size
    layers = nn.Sequential(
        nn.Linear(size, width, bias=False), SteadyNorm(width), nn.SiLU(), nn.Linear(width, width)
    )
    initialise(layers, generator)
    return layers


class SteadyNorm(nn.BatchNorm1d):
    """Batch normalisation that trains on a batch of one by the running statistics."""

    def forward(self, x: Tensor) -> Tensor:
        """Features (b, n) normalised over the batch in training."""
        if not self.training or len(x) > 1:
            return super().forward(x)
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


# A convolutional decoder from a latent vector to an image.


class CNNDecoder(nn.Module):
    """Images (b, channels, size, size) as logits, from latents (b, latent_size).

    A linear layer gives a map of a few pixels, which each further width doubles; the image is the
    middle of the last map. Settings: ``latent_size``, ``decoder_widths``.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        widths = settings["decoder_widths"]
        self.size, self.first = size, -(-size // 2 ** len(widths))
        self.unfold = nn.Linear(settings["latent_size"], widths[0] * self.first**2)
        layers: list[nn.Module] = [nn.SiLU()]
        for n_in, n_out in pairwise(widths):
            layers += [_doubled(n_in, n_out), nn.BatchNorm2d(n_out), nn.SiLU()]
        layers.append(_doubled(widths[-1], channels, bias=True))
        self.layers = nn.Sequential(*layers)
        initialise(self, generator)

    def forward(self, z: Tensor) -> Tensor:
        """The logit of each pixel."""
        maps = self.layers(self.unfold(z).unflatten(1, (-1, self.first, self.first)))
        edge = (maps.shape[-1] - self.size) // 2
        return maps[..., edge : edge + self.size, edge : edge + self.size]


def _doubled(n_in: int, n_out: int, bias: bool = False) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(n_in, n_out, kernel_size=4, stride=2, padding=1, bias=bias)
