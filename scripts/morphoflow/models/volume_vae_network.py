"""The variational autoencoder of volumes; all that the decoder knows comes through the latent."""

import torch
from torch import Tensor, nn

from morphoflow.model import Model
from morphoflow.models.o2vae_network import Posterior
from morphoflow.models.priors import StandardPrior
from morphoflow.models.volume_blocks import initialise
from morphoflow.models.volume_decoder import VolumeDecoder
from morphoflow.models.volume_encoder import VolumeEncoder


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
        """Logits of the volumes behind latents."""
        return self.decoder(z).float() + self.typical


def load(model: Model, device: torch.device) -> VolumeVAE:
    """The network of a saved model, ready to encode and decode without gradients."""
    settings, size = model.settings, model.facts["size"]
    network = VolumeVAE(len(settings["channels"]), size, settings, torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval().requires_grad_(False)
