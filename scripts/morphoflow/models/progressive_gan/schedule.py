"""When the progressive GAN grows, and how fast it learns: functions of the step alone."""

import math
from dataclasses import dataclass
from typing import ClassVar

from morphoflow.errors import InputError
from morphoflow.models.progressive_gan.sizes import START_SIZE


@dataclass(frozen=True)
class Schedule:
    """Stages of equal length, to within an epoch, each with images of twice the size.

    Each stage but the first is faded in, step by step, over the first ``fade`` of its length. The
    learning rate stays at ``base_rate`` until the last ``decay`` of the last stage, over which it
    falls along a half cosine to ``final_rate``. The stages before ``grown`` are left out, for
    networks that went through them in another training.

    Raises
    ------
    InputError
        If there are too few epochs for the stages (none at all are fine), or if the learning rate
        would fall before the last stage is faded in.
    """

    stages: int
    epochs: int
    epoch_steps: int
    base_rate: float
    final_rate: float = 0.0
    fade: float = 0.5
    decay: float = 0.0
    grown: int = 0

    # How many epochs early a stage begins, and whether real images are faded with the stage.
    early: ClassVar[int] = 0
    fades_reals: ClassVar[bool] = True

    def __post_init__(self) -> None:
        least = self.phases * (1 + self.early)
        if 0 < self.epochs < least:
            raise InputError(
                f"epochs is {self.epochs}, but images of {START_SIZE * 2 ** (self.stages - 1)} "
                f"pixels take {self.phases} stages of growth; set epochs to {least} or more, or "
                "choose smaller images."
            )
        self._check_fade()

    def _check_fade(self) -> None:
        if self.phases > 1 and self.fade + self.decay > 1:
            raise InputError(
                f"decay is {self.decay} and fade is {self.fade}, so that the learning rate would "
                "fall before the last stage is faded in; choose two whose sum is at most 1."
            )

    @property
    def phases(self) -> int:
        """How many stages the training goes through."""
        return self.stages - self.grown

    @property
    def steps(self) -> int:
        """All steps of the training."""
        return self.epochs * self.epoch_steps

    def size(self, step: int) -> int:
        """Pixels along an edge of an image at a step (from 0)."""
        return START_SIZE * 2 ** self.stage(step)

    def stage(self, step: int) -> int:
        """The stage (from 0) at a step; it changes only where an epoch begins."""
        epoch = step // self.epoch_steps + self.early
        begun = sum(self._start(stage) <= epoch for stage in range(self.grown + 1, self.stages))
        return self.grown + (begun if self.epochs else 0)

    def alpha(self, step: int) -> float:
        """The share (0 to 1) of the finest stage in the images."""
        stage = self.stage(step)
        return 1.0 if stage == self.grown else min(1.0, self._faded(step, stage))

    def _faded(self, step: int, stage: int) -> float:
        start, end = (self._start(k) * self.epoch_steps for k in (stage, stage + 1))
        return (step - start) / (self.fade * (end - start))

    def learning_rate(self, step: int) -> float:
        """The learning rate of both networks at a step."""
        last = (self.epochs - self._start(self.stages - 1)) * self.epoch_steps
        falling = self.decay * last
        left = min(1.0, (self.steps - step) / falling) if falling else 1.0
        held = (1 - math.cos(math.pi * left)) / 2
        return self.final_rate + held * (self.base_rate - self.final_rate)

    def _start(self, stage: int) -> int:
        """The epoch with which a stage begins."""
        return (stage - self.grown) * self.epochs // self.phases


# What neuron-gan does within a stage: shares of its length, and where the learning rate falls to.
PUBLISHED_FADE, PUBLISHED_FALL, PUBLISHED_FLOOR = 0.4, 0.5, 0.01


class PublishedSchedule(Schedule):
    """That of neuron-gan, scaled to ``epochs``; ``final_rate``, ``fade``, ``decay`` do not count.

    A stage begins an epoch earlier, is faded in over 0.4 of its length, an epoch at a time, and in
    the first half of each the rate falls geometrically to a hundredth. Published with 150,000
    epochs of 2 steps for 6 stages, and a rate of 1e-4.
    """

    early = 1
    fades_reals = False

    def _check_fade(self) -> None:
        pass

    def _faded(self, step: int, stage: int) -> float:
        done = step // self.epoch_steps + 1 - self._start(stage)
        return done * self.phases / (PUBLISHED_FADE * self.epochs)

    def learning_rate(self, step: int) -> float:
        """The learning rate of both networks at a step."""
        done = self.phases * (step // self.epoch_steps) / max(self.epochs, 1)
        return self.base_rate * PUBLISHED_FLOOR ** min(1.0, done % 1 / PUBLISHED_FALL)


def schedule_of(settings: dict, stages: int, grown: int) -> Schedule:
    """That of a model's settings: the published one if it is to be ``faithful``."""
    kind = PublishedSchedule if settings["faithful"] else Schedule
    return kind(
        stages=stages,
        epochs=settings["epochs"],
        epoch_steps=math.ceil(settings["epoch_images"] / settings["batch_size"]),
        base_rate=settings["learning_rate"],
        final_rate=settings["final_learning_rate"],
        fade=settings["fade"],
        decay=settings["decay"],
        grown=grown,
    )
