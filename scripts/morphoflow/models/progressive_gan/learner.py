"""The training of a progressive GAN: a step of the critic and one of the generator, validation."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import softplus

from morphoflow.models.progressive_gan.augment import Augmentation
from morphoflow.models.progressive_gan.blocks import faded, halved, repeated
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator
from morphoflow.models.progressive_gan.images import Images, stages, take_over
from morphoflow.models.progressive_gan.monitor import distances, overfit, watched
from morphoflow.models.progressive_gan.schedule import Schedule
from morphoflow.models.shared.generating import WATCHED, Average, Progress, as_numbers, joined

Scores = Callable[[Tensor], Tensor]


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
        train, steps_done = self.images.train[self.stage], int(self.progress.steps_done)
        alpha = self._alpha(steps_done)
        real = as_numbers(train[indices % len(train)])
        if alpha is not None and self.schedule.fades_reals:
            real = faded(repeated(halved(real)), real, alpha)
        for _ in range(self.settings["critic_steps"] - 1):
            with torch.no_grad():
                fake = self._generated(len(real), alpha, generator, fabric)
            self._train_critic(real, fake, alpha, generator, fabric)
        fake = self._generated(len(real), alpha, generator, fabric)
        losses = self._train_critic(real, fake.detach(), alpha, generator, fabric)
        loss = self._train_generator(real, fake, alpha, generator, fabric)
        self.average.update(self.generator, self.batch_size, steps_done * self.batch_size)
        self.progress.steps_done += 1
        critic = losses.pop("loss")
        losses = {"loss": critic + loss, "critic": critic, "generator": loss, **losses}
        return {name: value.detach() for name, value in losses.items()}

    def validate(self) -> dict[str, float]:
        """Distances of images of the averaged generator from the validation images.

        ``loss`` is the mean sliced Wasserstein distance, see
        :func:`morphoflow.models.progressive_gan.monitor.distances`; ``overfit`` says how well the
        critic knows its training images by heart. Keeps a frame of the time-lapse where one is due.
        """
        steps_done = int(self.progress.steps_done)
        alpha = self._alpha(steps_done - 1)
        epoch, epochs = steps_done // self.schedule.epoch_steps, self.schedule.epochs
        generated = watched(self.average.network, self.stage, alpha, self.facts, self.device)
        if self.progress.due(epoch, epochs):
            self.progress.keep(generated[:WATCHED], epoch, epochs)
        known = overfit(self.critic, generated, self.images, self.stage, alpha)
        size = float(self.schedule.size(steps_done - 1))
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
                losses = relativistic_critic(self._scores(alpha), real, fake, self.settings)
            else:
                between = torch.rand(len(real), generator=generator, device=self.device)
                scores = self._scores(alpha)
                losses = wasserstein_critic(scores, real, fake, between, self.settings)
        self._update("critic", losses["loss"], fabric)
        return losses

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


# What critic and generator are trained to lower, from scores (b,) and images (b, 1, s, s).
#
# The Wasserstein loss is held in place by a penalty on the critic's slope between real and
# generated images (Gulrajani et al., NeurIPS 2017) and on the drift of its scores (Karras et al.,
# ICLR 2018). The relativistic loss compares each generated image with a real one, and is held in
# place by penalties on the slope at both (Huang et al., "The GAN is dead; long live the GAN!",
# NeurIPS 2024).


def slopes(scores: Tensor, images: Tensor) -> Tensor:
    """The squared norms (b,) of the gradients of the scores by their images, differentiable."""
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.float().square().sum((1, 2, 3))


def wasserstein_critic(
    scores: Scores, real: Tensor, fake: Tensor, between: Tensor, settings: dict
) -> dict[str, Tensor]:
    """The critic's loss, its ``penalty`` and the ``gap`` between real and generated images.

    ``between`` (b,) from 0 to 1 is where between ``fake`` and ``real`` the slope shall be 1.
    """
    of_real, of_fake = scores(real), scores(fake)
    mixed = torch.lerp(fake, real, between[:, None, None, None]).requires_grad_()
    # A root of 0 has no gradient.
    norm = (slopes(scores(mixed), mixed) + 1e-12).sqrt()
    penalty = settings["penalty_weight"] * (norm - 1).square().mean()
    gap = (of_real - of_fake).mean()
    drift = settings["drift_weight"] * of_real.square().mean()
    return {"loss": penalty + drift - gap, "penalty": penalty, "gap": gap}


def wasserstein_generator(of_fake: Tensor) -> Tensor:
    """The generator's loss."""
    return -of_fake.mean()


def relativistic_critic(
    scores: Scores, real: Tensor, fake: Tensor, settings: dict
) -> dict[str, Tensor]:
    """The critic's loss, its ``penalty`` (R1 at real, R2 at generated images) and the ``gap``."""
    real, fake = real.detach().requires_grad_(), fake.detach().requires_grad_()
    of_real, of_fake = scores(real), scores(fake)
    penalty = (settings["r1_r2_weight"] / 2) * (slopes(of_real, real) + slopes(of_fake, fake))
    gap = of_real - of_fake
    loss = (softplus(-gap) + penalty).mean()
    return {"loss": loss, "penalty": penalty.mean(), "gap": gap.mean()}


def relativistic_generator(of_real: Tensor, of_fake: Tensor) -> Tensor:
    """The generator's loss, each generated image beside a real one."""
    return softplus(of_real - of_fake).mean()
