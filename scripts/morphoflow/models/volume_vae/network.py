"""The variational autoencoder of volumes; all that the decoder knows comes through the latent."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.model import Model
from morphoflow.models.o2vae.network import Posterior
from morphoflow.models.shared.priors import StandardPrior

GROUPS = 4


class VolumeVAE(nn.Module):
    """Encoder and decoder of volumes (b, channels, size, size, size) with values from 0 to 1.

    No map of the encoder is handed to the decoder: with such shortcuts a decoder needs no latent,
    and learns to ignore it. What it decodes is added to the logits ``typical`` (channels, size,
    size, size) of one volume, and nothing at first, so that training starts from that volume.
    Settings: ``widths``, ``decoder_widths``, ``latent_size``.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        latent, widths = settings["latent_size"], settings["decoder_widths"]
        self.encoder = VolumeEncoder(channels, size, settings["widths"], generator)
        n_features = self.encoder.n_features * self.encoder.map_size**3
        self.head = nn.Linear(n_features, 2 * latent)
        initialise(self.head, generator)
        self.decoder = VolumeDecoder(channels, size, latent, widths, generator)
        nn.init.zeros_(self.decoder.layers[-1].weight)
        self.prior = StandardPrior()
        self.register_buffer("typical", torch.zeros(channels, size, size, size))

    def encode(self, x: Tensor) -> Posterior:
        """The posterior of each volume's latent."""
        features = self.encoder.feature_map(x).flatten(1)
        mean, log_variance = self.head(features).float().chunk(2, 1)
        # Beyond this range exp() overflows, or a latent has less noise than its rounding.
        return Posterior(mean, log_variance.clamp(-20, 10))

    def decode(self, z: Tensor) -> Tensor:
        """Logits of the volumes decoded from latents."""
        return self.decoder(z).float() + self.typical


def load(model: Model, device: torch.device) -> VolumeVAE:
    """The network of a saved model, ready to encode and decode without gradients."""
    settings, size = model.settings, model.facts["size"]
    network = VolumeVAE(len(settings["channels"]), size, settings, torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval().requires_grad_(False)


# A residual encoder of volumes, shared by the models of the form `volumes`.


class VolumeEncoder(nn.Module):
    """Features (b, widths[-1]) of volumes (b, channels, size, size, size) from 0 to 1.

    Each of the ``widths`` halves the map by a convolution, upon which a residual block follows.
    The features of a volume do not depend on the others of its batch.

    Attributes
    ----------
    n_features
        Features of a volume, ``widths[-1]``.
    map_size
        Voxels along an edge of the last map, see :meth:`feature_map`.
    """

    def __init__(
        self, channels: int, size: int, widths: list[int], generator: torch.Generator
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([channels, *widths]):
            layers += [nn.Conv3d(n_in, n_out, 3, stride=2, padding=1), ResidualBlock(n_out)]
        self.layers = nn.Sequential(*layers)
        self.n_features, self.map_size = widths[-1], -(-size // 2 ** len(widths))
        initialise(self, generator)
        self.to(memory_format=torch.channels_last_3d)

    def feature_map(self, x: Tensor) -> Tensor:
        """The last map (b, n_features, map_size, map_size, map_size), activated."""
        return functional.silu(self.layers(x.contiguous(memory_format=torch.channels_last_3d)))

    def forward(self, x: Tensor) -> Tensor:
        """The mean of each feature over the last map."""
        return self.feature_map(x).flatten(2).mean(2)


# A residual decoder from a latent vector to a volume, which sees nothing but that vector.


class VolumeDecoder(nn.Module):
    """Volumes (b, channels, size, size, size) as logits, from latents (b, latent_size).

    A linear layer gives a map of a few voxels, which each further width doubles; the volume is the
    middle of the last map.
    """

    def __init__(
        self,
        channels: int,
        size: int,
        latent_size: int,
        widths: list[int],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.size, self.first = size, -(-size // 2 ** len(widths))
        self.unfold = nn.Linear(latent_size, widths[0] * self.first**3)
        layers: list[nn.Module] = [ResidualBlock(widths[0])]
        for n_in, n_out in pairwise(widths):
            layers += [nn.ConvTranspose3d(n_in, n_out, 2, stride=2), ResidualBlock(n_out)]
        # Filters that overlap, because no layer follows which could smooth seams between them.
        layers += [nn.SiLU(), nn.ConvTranspose3d(widths[-1], channels, 4, stride=2, padding=1)]
        self.layers = nn.Sequential(*layers)
        initialise(self, generator)
        self.to(memory_format=torch.channels_last_3d)

    def forward(self, z: Tensor) -> Tensor:
        """The logit of each voxel."""
        maps = self.unfold(z).unflatten(1, (-1, *[self.first] * 3))
        maps = self.layers(maps.contiguous(memory_format=torch.channels_last_3d))
        edge = (maps.shape[-1] - self.size) // 2
        middle = slice(edge, edge + self.size)
        return maps[..., middle, middle, middle]


# What encoder and decoder of volumes are made of: residual blocks, and their first weights.
#
# Nothing here mixes samples of a batch, and every operation has a deterministic gradient on a GPU:
# pooling, interpolation and padding with anything but zeros have none in three dimensions. Channels
# lie last in memory, which saves about a fifth of a step's time on a CPU.


class ResidualBlock(nn.Module):
    """A map (b, width, d, h, w) and what two convolutions add to it.

    Normalised and activated before each convolution, as in He et al. (ECCV 2016), so that the sum
    itself is left as it is; over groups of channels of one sample (Wu and He, ECCV 2018).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.GroupNorm(math.gcd(GROUPS, width), width), nn.SiLU()]
            layers.append(nn.Conv3d(width, width, 3, padding=1, bias=False))
        self.layers = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        """The map of the same shape."""
        return maps + self.layers(maps)


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights anew, in the order of the modules.

    Convolutions and linear layers as in He et al. (ICCV 2015) for the number of values that enter
    a unit; biases are 0, scales of normalisation 1.
    """
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose3d):
            fan_in = module.weight[:, 0].numel() / math.prod(module.stride)
            _draw(module.weight, fan_in, generator)
        elif isinstance(module, nn.Conv3d | nn.Linear):
            _draw(module.weight, module.weight[0].numel(), generator)
        if isinstance(getattr(module, "bias", None), nn.Parameter):
            nn.init.zeros_(module.bias)


def _draw(weight: Tensor, fan_in: float, generator: torch.Generator) -> None:
    with torch.no_grad():
        weight.normal_(0, math.sqrt(2 / fan_in), generator=generator)
