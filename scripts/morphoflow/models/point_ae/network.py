"""The network of the autoencoder of point clouds: encoder, latent, decoder."""

import numpy as np
import torch
from torch import Tensor, nn

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.point_ae.decoders import DenseDecoder, FoldingDecoder
from morphoflow.models.point_ae.encoders import (
    DGCNNEncoder,
    InvariantEncoder,
    PointNetEncoder,
    neighbours,
)
from morphoflow.models.shared.initialise import initialise
from morphoflow.store import Samples

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


# Point clouds of a sample store as an autoencoder reads them: centred, in one unit.


def read_clouds(samples: Samples, rows: np.ndarray | slice) -> torch.Tensor:
    """The clouds (n, k, 3) float32 of some rows, each around the mean of its points."""
    if samples.x.ndim != 3 or samples.x.shape[2] != 3:
        raise InputError(
            f"the samples have the shape {samples.x.shape}, and point clouds have (n, points, 3); "
            "give the store `points`."
        )
    x = samples.x.oindex[rows].astype(np.float64)
    # Values that are not finite give an extent that is none either.
    with np.errstate(invalid="ignore"):
        x -= x.mean(axis=1, keepdims=True)
        extent = np.ptp(x, axis=1).max(axis=1)
    bad = np.flatnonzero(~(np.isfinite(extent) & (extent > 0)))
    if len(bad):
        name = samples.ids[rows][bad[0]]
        raise InputError(
            f"the point cloud of object '{name}' has an extent of {extent[bad[0]]}; all points lie "
            "in one place or are no numbers: sample the points anew, or leave the object out."
        )
    return torch.from_numpy(x.astype(np.float32))


def read_scale(samples: Samples, rows: np.ndarray | slice) -> torch.Tensor:
    """The nanometres per unit (n,) of the clouds in some rows."""
    if samples.scale is not None:
        return torch.from_numpy(samples.scale[rows].astype(np.float32))
    if samples.attributes["units"] != "nm":
        raise InputError(
            f"the point clouds are in units of '{samples.attributes['units']}' and no `scale` says "
            "how many nm that is; sample them in nm, or with their scale."
        )
    return torch.ones(len(samples.ids[rows]))


def fit_unit(x: torch.Tensor) -> float:
    """The one unit for all clouds: the median radius of clouds (n, k, 3) of the training split.

    Clouds divided by it are of the order of 1 and their sizes differ as before.
    """
    return float(mean_square(x).sqrt().median())
