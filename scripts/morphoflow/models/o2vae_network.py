"""The variational autoencoder of images: an encoder, a Gaussian latent, a decoder, a prior."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.models.cnn_decoder import CNNDecoder
from morphoflow.models.dihedral_encoder import DihedralEncoder
from morphoflow.models.initialise import initialise
from morphoflow.models.o2_encoder import O2Encoder
from morphoflow.models.o2_encoder import head as published_head
from morphoflow.models.plain_encoder import PlainEncoder
from morphoflow.models.polar_encoder import PolarEncoder
from morphoflow.models.priors import make_prior

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

    def encode(self, x: Tensor) -> Posterior:
        """The posterior of each image's latent."""
        mean, log_variance = self.head(self.encoder(x)).float().chunk(2, 1)
        # Beyond this range exp() overflows, or a latent has less noise than its rounding.
        return Posterior(mean, log_variance.clamp(-20, 10))

    def decode(self, z: Tensor) -> Tensor:
        """Logits of the images behind latents, in the pose that the decoder chose."""
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


class SteadyNorm(nn.BatchNorm1d):
    """Batch normalisation that uses the running statistics for a batch of one."""

    def forward(self, x: Tensor) -> Tensor:
        """Features (b, n) normalised over the batch in training."""
        if len(x) > 1:
            return super().forward(x)
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )
