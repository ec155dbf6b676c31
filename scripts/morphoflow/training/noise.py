"""The random draws of the training steps, as a state that can be saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.seeds import torch_generator, torch_seed

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Noise:
    """The generator passed to the steps, and torch's default ones, which its own layers draw from.

    ``torch.nn.Dropout`` and its like take no generator. So the default generators are seeded for
    the time of the training, saved with it, and given back as they were.
    """

    def __init__(self, seed: int, fabric: "Fabric") -> None:
        self.device = fabric.device
        self.generator = torch_generator(seed, "noise", 0, fabric.global_rank, device=fabric.device)
        self._default_seed = torch_seed(seed, "noise", 1, fabric.global_rank)

    @contextmanager
    def seeded_defaults(self) -> Iterator[None]:
        """Seed torch's default generators within the block."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._default_seed)
            yield

    def state(self) -> dict[str, Tensor]:
        """The states of all generators, as bytes on the CPU."""
        states = {"generator": self.generator.get_state(), "cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self.device)
        return states

    def restore(self, states: dict[str, Tensor]) -> None:
        """Continue from the states that :meth:`state` gave."""
        self.generator.set_state(states["generator"])
        torch.set_rng_state(states["cpu"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"], self.device)
