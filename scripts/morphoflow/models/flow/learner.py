"""The training of a rectified flow: one optimisation step, validation, random motions."""

import copy
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from morphoflow.models.flow.muon import Muon
from morphoflow.models.flow.network import UNet, take_over
from morphoflow.models.flow.path import mixed, times_of, velocity_loss
from morphoflow.models.flow.sampling import chosen, points
from morphoflow.models.shared.generating import (
    WATCHED,
    Average,
    Progress,
    as_numbers,
    joined,
    latents,
    part,
)
from morphoflow.models.shared.learner import OneNetworkLearner, mean_scores, rise_and_fall
from morphoflow.seeds import torch_generator

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# Images that are validated at a time, and at most.
BATCH, MOST_VALIDATED = 64, 256
BETAS = (0.9, 0.99)
# The learning rate of the inner convolutions, in that of all else: their steps are orthogonal.
INNER = 20
# How often an image is learned without its class, for guidance (Ho and Salimans, 2022).
UNCLASSED = 0.1
# How the images of the time-lapse are made.
WATCHING = {"steps": 4, "guidance": 1}
# The largest shift of an image, as a share of its edge.
SHIFT = 0.05


@dataclass(frozen=True)
class Split:
    """Images (n, 1, s, s) uint8 on the device, and their classes (n,) int64, -1 if unknown."""

    images: Tensor
    classes: Tensor

    def __len__(self) -> int:
        return len(self.images)


class FlowLearner(OneNetworkLearner[UNet, Split]):
    """A network under training, see :class:`morphoflow.training.learner.Learner`.

    An epoch shows ``epoch_images`` images, each training image about as often as the others.
    """

    def __init__(
        self, network: UNet, train: Split, validation: Split, settings: dict, facts: dict
    ) -> None:
        rate, decay = settings["learning_rate"], settings["weight_decay"]
        inner, others = weights_of(network)
        adam = torch.optim.AdamW(others, lr=rate, betas=BETAS, weight_decay=decay, fused=True)
        super().__init__(network, train, validation, settings, facts, {"adam": adam})
        self.optimizers["muon"] = Muon(inner, INNER * rate, decay)
        self.device = train.images.device
        self.average = Average(network, settings["average_images"])
        # Stays on the host.
        self.progress = Progress(
            min(settings["timelapse_frames"], settings["epochs"]), facts["size"]
        )
        self.modules |= {"average": self.average, "progress": self.progress}
        self.n_train = settings["epoch_images"]
        self.epoch_steps = -(-self.n_train // self.batch_size)
        self.early_step = round(settings["early"] * settings["epochs"] * self.epoch_steps)
        if self.early_step:
            self.modules["early"] = copy.deepcopy(self.average.network)

    def start_from(self, state: dict[str, Tensor]) -> None:
        """Begin with the weights of a saved model of this kind, of the same size or a smaller one.

        Raises InputError where they do not fit.
        """
        take_over(self.network, part(state, "network"))
        self.average.restart(self.network)

    def start_epoch(self, epoch: int) -> None:
        """Set the learning rate: it rises, and then falls along half a cosine."""
        rise, fall = rise_and_fall(epoch, self.settings)
        for name, times in (("adam", 1), ("muon", INNER)):
            for group in self.optimizers[name].param_groups:
                group["lr"] = times * self.settings["learning_rate"] * rise * fall

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one step on the images ``indices`` (b,), each at a time of its own."""
        rows = indices % len(self.train)
        x = as_numbers(self.train.images[rows])
        if self.settings["augment"] == "motions":
            x = moved(x, generator)
        classes = chosen(self.train.classes[rows], len(self.facts["classes"]))
        known = torch.rand(len(x), 1, generator=generator, device=self.device) > UNCLASSED
        self.network.zero_grad()
        with fabric.autocast():
            loss = velocity_losses(self.network, x, classes * known, generator).mean()
        fabric.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings["clip"])
        for optimizer in self.optimizers.values():
            optimizer.step()
        shown = int(self.progress.steps_done) * self.batch_size
        self.average.update(self.network, self.batch_size, shown)
        self.progress.steps_done += 1
        if self.progress.steps_done == self.early_step:
            self.modules["early"].load_state_dict(self.average.network.state_dict())
        return {"loss": loss.detach()}

    def validate(self) -> dict[str, float]:
        """The loss of the averaged network on validation images, with the same draws each time.

        Keeps a frame of the time-lapse where one is due.
        """
        epoch, epochs = int(self.progress.steps_done) // self.epoch_steps, self.settings["epochs"]
        if self.progress.due(epoch, epochs):
            self.progress.keep(self._watched(), epoch, epochs)
        generator, some = torch_generator(0, "noise", device=self.device), self.validation
        parts = zip(
            some.images[:MOST_VALIDATED].split(BATCH),
            some.classes[:MOST_VALIDATED].split(BATCH),
            strict=True,
        )
        return mean_scores((self._scores(*each, generator), len(each[0])) for each in parts)

    def state(self) -> dict[str, Tensor]:
        """The averaged network, also as it was at the ``early_step``, and the time-lapse."""
        networks = {"network": self.average.network}
        if self.early_step:
            networks["early"] = self.modules["early"]
        return {**joined(networks), **self.progress.state()}

    def _watched(self) -> Tensor:
        """The images (WATCHED, 1, s, s) of the same latents each time."""
        z = latents(WATCHED, self.facts["latent_size"], 0, self.device)
        way = points(self.average.network, z, self.facts, WATCHING)
        return deque(way, maxlen=1).pop()

    def _scores(
        self, images: Tensor, numbers: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        classes = chosen(numbers, len(self.facts["classes"]))
        network = self.average.network
        return {"loss": velocity_losses(network, as_numbers(images), classes, generator).mean()}


def weights_of(network: UNet) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The weights of the inner convolutions, which Muon learns, and all others, which Adam does.

    The first and the last convolution are left to it, as Muon's authors do.
    """
    outer = {network.enter.weight, network.leave.weight}
    inner = [weight for weight in network.parameters() if weight.ndim == 4 and weight not in outer]
    learned = set(inner)
    return inner, [weight for weight in network.parameters() if weight not in learned]


def velocity_losses(
    network: UNet, x: Tensor, classes: Tensor, generator: torch.Generator
) -> Tensor:
    """The loss (b,) at images ``x`` (b, 1, s, s), with noise and times drawn at random."""
    time = times_of(torch.randn(len(x), generator=generator, device=x.device))
    noise = torch.randn(x.shape, generator=generator, device=x.device)
    return velocity_loss(network(mixed(x, noise, time), time, classes), x, time)


# Random motions, by which no pixel changes its value.


def moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """Square images (b, c, s, s), each turned by quarters, flipped and shifted at random.

    What a shift moves out of the frame comes in at the other side, as a dendrite that the frame
    cuts; a mirror image there would close it to a loop.
    """
    draws = torch.rand(5, len(x), generator=generator, device=x.device)
    # Three mirrorings give the eight motions of the square, each equally often.
    x = _where(draws[0] < 0.5, x.flip(3), x)
    x = _where(draws[1] < 0.5, x.flip(2), x)
    x = _where(draws[2] < 0.5, x.transpose(2, 3), x)
    largest = round(SHIFT * x.shape[3])
    shift = (draws[3:] * (2 * largest + 1)).floor().long() - largest
    return rolled(rolled(x, shift[0], 2), shift[1], 3)


def rolled(x: Tensor, shift: Tensor, axis: int) -> Tensor:
    """Images (b, c, h, w), each moved along an axis by ``shift`` (b,) pixels, in a circle."""
    size = x.shape[axis]
    place = (torch.arange(size, device=x.device) - shift[:, None]) % size
    place = place[:, None, :, None] if axis == 2 else place[:, None, None, :]
    return x.gather(axis, place.expand_as(x))


def _where(which: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.where(which[:, None, None, None], one, other)
