"""The training of a progressive GAN: a step of the critic and one of the generator, validation."""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.models.gan_augment import Augmentation
from morphoflow.models.gan_average import Average
from morphoflow.models.gan_blocks import faded, halved, repeated
from morphoflow.models.gan_critic import Critic
from morphoflow.models.gan_generator import Generator
from morphoflow.models.gan_images import Images, as_numbers
from morphoflow.models.gan_losses import (
    relativistic_critic,
    relativistic_generator,
    wasserstein_critic,
    wasserstein_generator,
)
from morphoflow.models.gan_monitor import WATCHED, Progress, distances, overfit, watched
from morphoflow.models.gan_schedule import Schedule
from morphoflow.models.gan_state import joined, stages, take_over

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class ProgressiveLearner:
    """Two networks under training, see :class:`morphoflow.training.learner.Learner`.

    An epoch shows ``epoch_images`` images, each training image about as often as the others.
    """

    def __init__(
        self,
        generator: Generator,
        critic: Critic,
        images: Images,
        schedule: Schedule,
        settings: dict,
        facts: dict,
    ) -> None:
        self.generator, self.critic, self.images = generator, critic, images
        self.schedule, self.settings, self.facts = schedule, settings, facts
        self.device = images.validation.device
        self.average = Average(generator, settings["average_images"])
        frames = min(settings["timelapse_frames"], settings["epochs"])
        # Stays on the host.
        self.progress = Progress(frames, images.size)
        self.modules = {
            "generator": generator,
            "critic": critic,
            "average": self.average,
            "progress": self.progress,
        }
        self.optimizers = {
            name: torch.optim.Adam(
                self.modules[name].parameters(),
                lr=settings["learning_rate"],
                betas=tuple(map(float, settings["betas"])),
                fused=True,
            )
            for name in ("generator", "critic")
        }
        self.n_train, self.batch_size = settings["epoch_images"], settings["batch_size"]
        self.augmentation = Augmentation(settings)
        self.stage = 0

    def start_from(self, state: dict[str, Tensor]) -> None:
        """Begin with the weights of a saved model of this kind, at the size that it ended with.

        Raises InputError where its images are larger, or other weights of another shape.
        """
        take_over(self.generator, state, "generator")
        take_over(self.critic, state, "critic")
        self.average.restart(self.generator)
        self.facts["grown"] = stages(state) - 1
        self.schedule = replace(self.schedule, grown=self.facts["grown"])

    def start_epoch(self, epoch: int) -> None:
        """Set the stage and the learning rate."""
        first = epoch * self.schedule.epoch_steps
        self.stage = self.schedule.stage(first)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self.schedule.learning_rate(first)

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Train the critic ``critic_steps`` times on images ``indices`` (b,), then the generator.

        ``loss`` is the sum of both losses, ``penalty`` that on the critic's slope, ``gap`` how much
        higher it scores real images than generated ones. The generator is trained on the images
        that the critic has just seen, so that they are computed once.
        """
        train, behind = self.images.train[self.stage], int(self.progress.behind)
        alpha = self._alpha(behind)
        real = as_numbers(train[indices % len(train)])
        if alpha is not None and not self.schedule.faithful:
            real = faded(repeated(halved(real)), real, alpha)
        for _ in range(self.settings["critic_steps"] - 1):
            with torch.no_grad():
                fake = self._generated(len(real), alpha, generator, fabric)
            self._train_critic(real, fake, alpha, generator, fabric)
        fake = self._generated(len(real), alpha, generator, fabric)
        found = self._train_critic(real, fake.detach(), alpha, generator, fabric)
        loss = self._train_generator(real, fake, alpha, generator, fabric)
        self.average.update(self.generator, self.batch_size, behind * self.batch_size)
        self.progress.behind += 1
        critic = found.pop("loss")
        found = {"loss": critic + loss, "critic": critic, "generator": loss, **found}
        return {name: value.detach() for name, value in found.items()}

    def validate(self) -> dict[str, float]:
        """Distances of images of the averaged generator from the validation images.

        ``loss`` is the mean sliced Wasserstein distance, see
        :func:`morphoflow.models.gan_monitor.distances`; ``overfit`` says how well the critic knows
        its training images by heart. Keeps a frame of the time-lapse where one is due.
        """
        behind = int(self.progress.behind)
        alpha = self._alpha(behind - 1)
        epoch, epochs = behind // self.schedule.epoch_steps, self.schedule.epochs
        generated = watched(self.average.network, self.stage, alpha, self.facts, self.device)
        if self.progress.due(epoch, epochs):
            self.progress.keep(generated[:WATCHED], epoch, epochs)
        known = overfit(self.critic, generated, self.images, self.stage, alpha)
        size = float(self.schedule.size(behind - 1))
        return {**distances(generated, self.images), "overfit": known, "size": size}

    def state(self) -> dict[str, Tensor]:
        """The averaged generator, the critic, and the time-lapse."""
        networks = {"generator": self.average.network, "critic": self.critic}
        return {**joined(networks), **self.progress.state()}

    def _alpha(self, step: int) -> Tensor | None:
        """The share of the finest stage at a step, or None if that is all."""
        alpha = self.schedule.alpha(step)
        return None if alpha == 1 else torch.full((), alpha, device=self.device)

    def _train_critic(
        self,
        real: Tensor,
        fake: Tensor,
        alpha: Tensor | None,
        generator: torch.Generator,
        fabric: "Fabric",
    ) -> dict[str, Tensor]:
        self.critic.requires_grad_(True)
        real = self.augmentation.of_real(real, generator)
        fake = self.augmentation.of_fake(fake, generator)
        with fabric.autocast():
            if self.settings["objective"] == "relativistic":
                found = relativistic_critic(self._scores(alpha), real, fake, self.settings)
            else:
                between = torch.rand(len(real), generator=generator, device=self.device)
                scores = self._scores(alpha)
                found = wasserstein_critic(scores, real, fake, between, self.settings)
        self._update("critic", found["loss"], fabric)
        return found

    def _train_generator(
        self,
        real: Tensor,
        fake: Tensor,
        alpha: Tensor | None,
        generator: torch.Generator,
        fabric: "Fabric",
    ) -> Tensor:
        # The critic's weights get no gradient that would be thrown away.
        self.critic.requires_grad_(False)
        fake = self.augmentation.of_fake(fake, generator)
        with fabric.autocast():
            of_fake = self._scores(alpha)(fake)
            if self.settings["objective"] == "relativistic":
                of_real = self._scores(alpha)(self.augmentation.of_real(real, generator))
                loss = relativistic_generator(of_real, of_fake)
            else:
                loss = wasserstein_generator(of_fake)
        self._update("generator", loss, fabric)
        return loss

    def _scores(self, alpha: Tensor | None):
        return lambda images: self.critic(images, self.stage, alpha).float()

    def _generated(
        self, number: int, alpha: Tensor | None, generator: torch.Generator, fabric: "Fabric"
    ) -> Tensor:
        size = (number, self.facts["latent_size"])
        z = torch.randn(size, generator=generator, device=self.device)
        with fabric.autocast():
            return self.generator(z, self.stage, alpha).float()

    def _update(self, name: str, loss: Tensor, fabric: "Fabric") -> None:
        self.optimizers[name].zero_grad()
        fabric.backward(loss)
        self.optimizers[name].step()
