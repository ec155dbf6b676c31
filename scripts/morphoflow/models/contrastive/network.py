"""The encoder of the contrastive model, with the heads that only its training needs."""

import torch
from torch import Tensor, nn

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
        self.encoder = VolumeEncoder(len(seen), size, settings["widths"], generator)
        n_out = settings["projection_size"]
        self.projector = projector(self.encoder.n_features, settings["projector_size"], n_out)
        initialise(self.projector, generator)
        self.predictor = None
        if settings["loss"] == "simsiam":
            self.predictor = predictor(n_out, settings["predictor_size"])
            initialise(self.predictor, generator)

    def encode(self, x: Tensor) -> Tensor:
        """The features (b, n_features) of volumes, which are the embedding."""
        return self.encoder(x[:, self.seen])


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
