"""The training of an autoencoder of images: one optimisation step, validation."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.cells.registration_brute import disc
from morphoflow.cells.rotate import transform
from morphoflow.models.o2vae_losses import pixel_loss, target
from morphoflow.models.o2vae_network import CellVAE
from morphoflow.training.seeds import torch_generator

if TYPE_CHECKING:
    from lightning_fabric import Fabric

BATCH = 256


class CellVAELearner:
    """A network under training, see :class:`morphoflow.training.learner.Learner`.

    ``train`` and ``validation`` are images (n, c, h, w) on the device, from 0 to 1.
    """

    def __init__(
        self, network: CellVAE, train: Tensor, validation: Tensor, settings: dict, facts: dict
    ) -> None:
        self.network, self.facts, self.settings = network, facts, settings
        self.train, self.validation = train, validation
        self.optimizer = torch.optim.Adam(network.parameters(), lr=settings["learning_rate"])
        self.modules, self.optimizers = {"network": network}, {"adam": self.optimizer}
        self.n_train, self.batch_size = len(train), settings["batch_size"]
        self.seen = disc(train.shape[-1], train.device) if settings["mask"] == "disc" else None

    def start_epoch(self, epoch: int) -> None:
        """Nothing changes with the epoch."""

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on the training images ``indices`` (b,)."""
        x = self.train[indices]
        if self.settings["augment"] == "rotations":
            x = randomly_turned(x, generator)
        self.optimizer.zero_grad()
        with fabric.autocast():
            losses = self.losses(x, generator)
        fabric.backward(losses["loss"])
        self.optimizer.step()
        return {name: value.detach() for name, value in losses.items()}

    def losses(self, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The mean losses of images (b, c, h, w); ``loss`` is the negative evidence bound."""
        posterior = self.network.encode(x)
        z = posterior.draw(generator)
        logits = self.network.decode(z)
        wanted = target(x, logits, self.settings)
        reconstruction = pixel_loss(logits, wanted, self.settings["loss"], self.seen).mean()
        divergence = self.network.prior.divergence(posterior.mean, posterior.log_variance, z)
        loss = reconstruction + self.settings["beta"] * divergence.mean()
        return {"loss": loss, "reconstruction": reconstruction, "divergence": divergence.mean()}

    def validate(self) -> dict[str, float]:
        """The losses on the validation images, with the same draws each time."""
        generator = torch_generator(0, "noise", device=self.validation.device)
        sums: dict[str, float] = {}
        for x in self.validation.split(BATCH):
            for name, value in self.losses(x, generator).items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(x)
        return {name: value / len(self.validation) for name, value in sums.items()}

    def state(self) -> dict[str, Tensor]:
        """The weights of the network."""
        return self.network.state_dict()


def randomly_turned(x: Tensor, generator: torch.Generator) -> Tensor:
    """The images, each turned by a random angle and flipped or not."""
    draws = torch.rand(2, len(x), generator=generator, device=x.device)
    return transform(x, 360 * draws[0], draws[1] < 0.5).clamp(0, 1)
