"""Model ``contrastive``: what two random views of an organelle share and others lack.

NT-Xent (SimCLR, Chen et al., ICML 2020) or SimSiam (Chen and He, CVPR 2021) on EM and mask. The
embedding is what the encoder gives, not the heads of the losses.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from morphoflow.model import Model
from morphoflow.models.contrastive.learner import BATCH, ContrastiveLearner, Split
from morphoflow.models.contrastive.network import ContrastiveNetwork
from morphoflow.models.splits import training_and_validation
from morphoflow.models.volume_vae.data import (
    CHANNELS,
    as_floats,
    check_volumes,
    volume_batches,
)
from morphoflow.models.volume_vae.stream import held_or_streamed
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> ContrastiveLearner:
    """Make a network and its data ready for training.

    ``samples.x`` is (n, 2, size, size, size) uint8. Labels are used neither for training nor for
    the choice of the best epoch: the history tells how well neighbours agree in them.
    """
    size = check_volumes(samples)
    rows = training_and_validation(objects, least=2)
    network = ContrastiveNetwork(size, settings, torch_generator(seed, "initialisation"))
    classes = _classes(objects["label"])
    splits = [
        Split(
            held_or_streamed(samples, part, list(CHANNELS), device, seed), classes[part].to(device)
        )
        for part in rows
    ]
    return ContrastiveLearner(network.to(device), *splits, settings, {"size": size})


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The volumes (n, widths[-1]) float32: the features of each by itself; nothing is drawn."""
    network = load(model, device)
    batches = volume_batches(samples, list(CHANNELS), model.facts["size"], device, BATCH)
    return torch.cat([network.encode(as_floats(x)).cpu() for x in batches]).numpy()


def encoder(model: Model) -> tuple[ContrastiveNetwork, Callable[[torch.Tensor], torch.Tensor]]:
    """Volumes (b, 2, size, size, size) uint8 to embeddings, by the network beside it."""
    network = load(model, torch.device("cpu"))
    return network, lambda x: network.encode(as_floats(x))


def load(model: Model, device: torch.device) -> ContrastiveNetwork:
    """The network of a saved model, ready to encode without gradients."""
    network = ContrastiveNetwork(model.facts["size"], model.settings, torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval().requires_grad_(False)


def _classes(labels: pd.Series) -> torch.Tensor:
    """The number of each label (n,) int64 in their sorted order, -1 where it is missing."""
    return torch.from_numpy(pd.factorize(labels, sort=True)[0].astype(np.int64))
