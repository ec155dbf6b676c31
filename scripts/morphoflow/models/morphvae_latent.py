"""The latent of a walk: what the encoder's output (features, w) means, and how it is drawn."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from morphoflow.models.vmf_sample import sample_vmf


class Sphere:
    """A von Mises-Fisher distribution of fixed concentration around the output's direction.

    Its divergence from the uniform distribution is a constant, so that it costs nothing. A draw is
    the direction of the sum of ``n_draws`` draws. (The mean itself, as published, is no unit
    vector.)
    """

    def __init__(self, size: int, kappa: float, n_draws: int) -> None:
        self.size = self.n_encoded = size
        self.kappa, self.n_draws = kappa, n_draws

    def location(self, encoded: Tensor) -> Tensor:
        """The mean direction (size, w)."""
        return normalize(encoded.float(), dim=0)

    def draw(self, encoded: Tensor, generator: torch.Generator) -> Tensor:
        """A draw (size, w)."""
        mu = self.location(encoded).T.expand(self.n_draws, -1, -1)
        return normalize(sample_vmf(mu, self.kappa, generator).sum(dim=0), dim=-1).T

    def cost(self, encoded: Tensor) -> Tensor:
        """The divergence from the prior as far as it depends on the weights, (w,)."""
        return encoded.new_zeros(encoded.shape[1])


class Gaussian:
    """A Gaussian with independent axes; the output is its mean and the logarithms of variances."""

    def __init__(self, size: int) -> None:
        self.size, self.n_encoded = size, 2 * size

    def location(self, encoded: Tensor) -> Tensor:
        """The mean (size, w)."""
        return encoded[: self.size].float()

    def draw(self, encoded: Tensor, generator: torch.Generator) -> Tensor:
        """A draw (size, w)."""
        mean, log_variance = encoded.float().chunk(2)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return mean + torch.exp(0.5 * log_variance) * noise

    def cost(self, encoded: Tensor) -> Tensor:
        """The divergence from the standard Gaussian in nats, (w,)."""
        mean, log_variance = encoded.float().chunk(2)
        return 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(dim=0)


def make_latent(settings: dict) -> Sphere | Gaussian:
    """The latent that the settings ask for."""
    if settings["latent"] == "gaussian":
        return Gaussian(settings["latent_size"])
    return Sphere(settings["latent_size"], settings["kappa"], settings["n_draws"])
