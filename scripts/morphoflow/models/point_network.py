"""The network of the autoencoder of point clouds: encoder, latent, decoder."""

import torch
from torch import Tensor, nn

from morphoflow.model import Model
from morphoflow.models.initialise import initialise
from morphoflow.models.point_decoder import DenseDecoder, FoldingDecoder
from morphoflow.models.point_encoders import DGCNNEncoder, PointNetEncoder
from morphoflow.models.point_graph import neighbours
from morphoflow.models.point_invariant import InvariantEncoder

ENCODERS = {
    "pointnet": PointNetEncoder,
    "dgcnn": DGCNNEncoder,
    "rotation_invariant": InvariantEncoder,
}
DECODERS = {"folding": FoldingDecoder, "dense": DenseDecoder}
# The largest and smallest size that is decoded, as logarithms in the unit of the training clouds.
SIZES = (-7.0, 7.0)


class PointAutoencoder(nn.Module):
    """Latents of centred point clouds (b, n, 3), and clouds of latents.

    Both sides treat size apart from shape, a cloud of unit size: organelles of one class differ
    tenfold in size, and the layers work best on values near 1. The latent of a cloud changes
    linearly with the logarithm of its size.
    """

    def __init__(self, settings: dict, generator: torch.Generator) -> None:
        super().__init__()
        latent, hidden = settings["latent_size"], settings["hidden_size"]
        self.encoder = ENCODERS[settings["encoder"]](settings)
        self.head = nn.Sequential(
            nn.Linear(self.encoder.n_features, hidden), nn.ELU(), nn.Linear(hidden, latent)
        )
        self.from_size, self.to_size = nn.Linear(1, latent, bias=False), nn.Linear(latent, 1)
        self.decoder = DECODERS[settings["decoder"]](latent, settings)
        initialise(self, generator)
        # What reads the size undoes what writes it, so that spheres of the right size come first.
        written = self.from_size.weight.detach().T
        self.to_size.weight.data.copy_(written / written.square().sum())
        self.decoder.start()

    def graph(self, x: Tensor) -> Tensor:
        """What the encoder must know of clouds (b, n, 3) beside the points, (b, n, neighbours).

        No neighbours where it has no use for them.
        """
        if self.encoder.n_neighbours == 0:
            return torch.empty(*x.shape[:2], 0, dtype=torch.int16, device=x.device)
        return neighbours(x, self.encoder.n_neighbours)

    def encode(self, x: Tensor, graph: Tensor) -> Tensor:
        """Latents (b, latent_size) of centred clouds with their graphs."""
        size = mean_square(x).sqrt()[:, None]
        shape = self.head(self.encoder(x / size[:, None], graph))
        return (shape + self.from_size(size.log())).float()

    def decode(self, z: Tensor) -> Tensor:
        """Clouds (b, m, 3) of latents (b, latent_size)."""
        size = self.to_size(z).float().clamp(*SIZES).exp()
        return self.decoder(z).float() * size[..., None]


def mean_square(x: Tensor) -> Tensor:
    """The mean squared distance (b,) of the points of clouds (b, n, 3) from the origin."""
    return x.square().sum(2).mean(1)


def load(model: Model, device: torch.device) -> PointAutoencoder:
    """The network of a saved model, ready to encode and decode without gradients."""
    network = PointAutoencoder(model.settings, torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval().requires_grad_(False)
