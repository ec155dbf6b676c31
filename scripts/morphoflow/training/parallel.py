"""What several processes that train together tell each other; nothing where there is one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed
from lightning_fabric import Fabric


class GradientAverage:
    """Averages gradients over the processes as soon as a backward pass has accumulated them.

    It works for any learner, with several networks, several backward passes and accumulation: an
    average stays as it is when it is averaged again. ``weight`` is this process's share of the
    batch, to be set before each step. All processes must reach the same parameters in the same
    order.
    """

    def __init__(self) -> None:
        self.weight = 1.0

    @contextmanager
    def over(self, fabric: Fabric, modules: Iterable[torch.nn.Module]) -> Iterator[None]:
        """Average the gradients of ``modules`` within the block."""
        parameters = [p for module in modules for p in module.parameters()]
        several = fabric.world_size > 1
        hooks = [p.register_post_accumulate_grad_hook(self._average) for p in parameters if several]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _average(self, parameter: torch.nn.Parameter) -> None:
        parameter.grad.mul_(self.weight)
        torch.distributed.all_reduce(parameter.grad)


def agree(fabric: Fabric, value: int) -> int:
    """The largest of the processes' values."""
    if fabric.world_size == 1:
        return value
    return int(fabric.all_reduce(torch.tensor(value, device=fabric.device), reduce_op="max"))


def gather(fabric: Fabric, value: dict) -> list[dict]:
    """The values of all processes, in the order of their ranks."""
    if fabric.world_size == 1:
        return [value]
    values = [None] * fabric.world_size
    torch.distributed.all_gather_object(values, value)
    return values
