"""What several processes that train together tell each other; nothing where there is one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

import torch
import torch.distributed
from torch import Tensor

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class GradientAverage:
    """Within the block, gradients are averaged over the processes as a backward pass yields them.

    It works for any learner, with several networks, several backward passes and accumulation: an
    average stays as it is when it is averaged again. ``weight`` is this process's share of the
    batch, to be set before each step. All processes must reach the same parameters in the same
    order.
    """

    def __init__(self, fabric: "Fabric", modules: Iterable[torch.nn.Module]) -> None:
        self.weight = 1.0
        several = fabric.world_size > 1
        self._parameters = [p for module in modules for p in module.parameters() if several]

    def __enter__(self) -> "GradientAverage":
        self._hooks = [self._watch(parameter) for parameter in self._parameters]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _watch(self, parameter: torch.nn.Parameter) -> torch.utils.hooks.RemovableHandle:
        # torch refuses a hook on a parameter that is frozen now and may be trained later.
        frozen = not parameter.requires_grad
        hook = parameter.requires_grad_().register_post_accumulate_grad_hook(self._average)
        parameter.requires_grad_(not frozen)
        return hook

    def _average(self, parameter: torch.nn.Parameter) -> None:
        gradient = cast(Tensor, parameter.grad)  # It is there: the hook is called after it is.
        gradient.mul_(self.weight)
        torch.distributed.all_reduce(gradient)


def reduced(fabric: "Fabric", values: Tensor, by: Literal["sum", "min", "max"]) -> Tensor:
    """``values`` (any shape) of all processes, put together element by element."""
    return cast(Tensor, fabric.all_reduce(values, reduce_op=by))


def agree(fabric: "Fabric", value: int) -> int:
    """The largest of the processes' values."""
    if fabric.world_size == 1:
        return value
    return int(reduced(fabric, torch.tensor(value, device=fabric.device), "max"))


def gather(fabric: "Fabric", value: dict) -> list[dict]:
    """The values of all processes, in the order of their ranks."""
    if fabric.world_size == 1:
        return [value]
    values: list[dict] = [{}] * fabric.world_size
    torch.distributed.all_gather_object(values, value)
    return values
