"""Training on two random views of each neuron that have to find each other, and on labels."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from morphoflow.models.shared.classes import UNLABELLED, class_names, class_numbers, seen_labels
from morphoflow.models.shared.contrast import nt_xent
from morphoflow.models.shared.learner import OneNetworkLearner, rise_and_fall
from morphoflow.models.shared.monitor import effective_rank
from morphoflow.models.splits import training_and_validation
from morphoflow.seeds import numpy_generator, torch_generator
from morphoflow.store import Samples
from morphoflow.training.start import load_start

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# Neurons that are encoded at a time without gradients, and views of each validation neuron.
BATCH, VALIDATION_VIEWS = 256, 2


class Sets(Protocol):
    """Neurons on the device, in the form in which a network reads them."""

    def only(self, rows: Tensor) -> Self:
        """The neurons of ``rows`` (b,)."""
        ...


Own = TypeVar("Own", bound=Sets)


@dataclass(frozen=True)
class Split(Generic[Own]):
    """The neurons of a split, and their class numbers (n,), negative where not seen."""

    sets: Own
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def splits_with_labels(
    samples: Samples,
    objects: pd.DataFrame,
    fraction: float,
    seed: int,
    device: torch.device,
    sets_of: Callable[[np.ndarray], Own],
) -> tuple[Split[Own], Split[Own], list[str]]:
    """The training and the validation split, ``sets_of`` rows (m,), and the names of the classes.

    Of the training neurons the ``fraction`` of labels is seen; there are no classes without any.
    """
    train, validation = training_and_validation(objects, least=2)
    classes = class_names(objects["label"].iloc[train])
    numbers = class_numbers(objects["label"], classes)
    generator = numpy_generator(seed, "sampling")
    seen = seen_labels(samples.ids[train], numbers[train], fraction, generator)
    first, second = (
        Split(sets_of(rows), torch.from_numpy(of).to(device))
        for rows, of in ((train, seen), (validation, numbers[validation]))
    )
    return first, second, classes if (seen >= 0).any() else []


class Network(nn.Module, Generic[Own]):
    """A network with a ``projector`` for the views and a ``classifier`` if there are labels."""

    projector: nn.Module
    classifier: nn.Module | None

    @abstractmethod
    def encode(self, sets: Own) -> Tensor:
        """The embeddings (n, latent_size) of neurons, each by itself."""


class TwoViewsLearner(OneNetworkLearner[Network, Split], Generic[Own]):
    """A network under training, see :class:`morphoflow.training.learner.Learner`.

    A model says what views are, by ``_views``.

    With several processes a view is compared with those of its own process alone.
    """

    def __init__(
        self,
        network: Network,
        train: Split,
        validation: Split,
        settings: dict,
        facts: dict,
    ) -> None:
        options = {"lr": settings["learning_rate"], "weight_decay": settings["weight_decay"]}
        optimizers = {"adam": torch.optim.AdamW(network.parameters(), **options)}
        super().__init__(network, train, validation, settings, facts, optimizers)

    def start_from(self, state: dict[str, Tensor]) -> None:
        """Take over the weights of another run, but for a classifier of perhaps other classes."""
        load_start(self.network, state, but=("classifier.",))

    def start_epoch(self, epoch: int) -> None:
        """Set the learning rate: a linear rise, then half a cosine down."""
        rise, fall = rise_and_fall(epoch, self.settings)
        self.optimizer.param_groups[0]["lr"] = self.settings["learning_rate"] * rise * fall

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on two views of the training neurons ``indices`` (b,)."""
        sets, labels = self.train.sets.only(indices), self.train.labels[indices]
        self.optimizer.zero_grad()
        with fabric.autocast():
            z = self.network.encode(self._views(sets, generator))
            losses = self.losses(z.float(), labels)
        fabric.backward(losses["loss"])
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings["clip"])
        self.optimizer.step()
        return {name: value.detach() for name, value in losses.items()}

    def losses(self, z: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The losses () of embeddings ``z`` (2 b, d) of two views of neurons with ``labels`` (b,).

        ``contrast`` is NT-Xent, ``class`` the mean cross entropy of the labels that are seen, and
        ``loss`` their weighted sum.
        """
        first, second = self.network.projector(z).chunk(2)
        contrast = nt_xent(first, second, self.settings["temperature"])
        terms = {"contrast": contrast}
        if self.network.classifier is not None:
            twice = labels.repeat(2)
            logits = self.network.classifier(z).float()
            total = cross_entropy(logits, twice, ignore_index=UNLABELLED, reduction="sum")
            terms["class"] = total / (twice != UNLABELLED).sum().clamp_min(1)
            contrast = contrast + self.settings["class_weight"] * terms["class"]
        return {"loss": contrast, **terms}

    def validate(self) -> dict[str, float]:
        """The losses on the validation neurons, over several views of them, the same each time.

        ``retrieved`` is the share of views whose nearest other view is of the same neuron, see
        :func:`retrieved`; ``effective_rank`` is that of the embeddings of the whole neurons.
        """
        sets, labels = self.validation.sets, self.validation.labels
        generator = torch_generator(0, "noise", device=labels.device)
        rows = []
        for _ in range(VALIDATION_VIEWS):
            z = self.network.encode(self._views(sets, generator)).float()
            rows.append({**self.losses(z, labels), "retrieved": retrieved(z)})
        means = {key: float(sum(row[key] for row in rows)) / len(rows) for key in rows[0]}
        whole = self.network.encode(sets)
        return {**means, "effective_rank": effective_rank(whole)}

    @abstractmethod
    def _views(self, sets: Own, generator: torch.Generator) -> Own:
        """Two random views of each of ``sets`` (b), all first ones before all second ones (2 b)."""


def retrieved(z: Tensor) -> Tensor:
    """The share () of ``z`` (2 b, d) whose nearest other by cosine is the other view of its own."""
    z = normalize(z, dim=1)
    nearest = (z @ z.T).fill_diagonal_(-torch.inf).argmax(1)
    partner = torch.arange(len(z), device=z.device).roll(len(z) // 2)
    return (nearest == partner).float().mean()
