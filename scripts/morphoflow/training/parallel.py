"""What several processes that train together tell each other; nothing where there is one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

import torch
import torch.distributed
from torch import Tensor

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class GradientAverage:
    """Within the block, each backward pass ends with the average of its gradients over processes.

    It works for any learner, with several networks, several backward passes and accumulation: an
    average stays as it is when it is averaged again. ``weight`` is this process's share of the
    batch, to be set before each step. All processes must reach the same parameters.
    """

    def __init__(self, fabric: "Fabric", modules: Iterable[torch.nn.Module]) -> None:
        self.weight = 1.0
        several = fabric.world_size > 1
        self._parameters = [p for module in modules for p in module.parameters() if several]
        self._reached: set[torch.nn.Parameter] = set()

    def __enter__(self) -> "GradientAverage":
        self._hooks = [self._watch(parameter) for parameter in self._parameters]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _watch(self, parameter: torch.nn.Parameter) -> torch.utils.hooks.RemovableHandle:
        # torch refuses a hook on a parameter that is frozen now and may be trained later.
        frozen = not parameter.requires_grad
        hook = parameter.requires_grad_().register_post_accumulate_grad_hook(self._note)
        parameter.requires_grad_(not frozen)
        return hook

    def _note(self, parameter: torch.nn.Parameter) -> None:
        if not self._reached:
            # At the end of this backward pass; so torch's own DistributedDataParallel does it.
            torch.autograd.Variable._execution_engine.queue_callback(self._average)
        self._reached.add(parameter)

    def _average(self) -> None:
        """Average all gradients that the pass has reached, as one array: one message, not many."""
        # In the order of the modules, since that of the pass may differ between processes.
        parameters = [each for each in self._parameters if each in self._reached]
        self._reached.clear()
        gradients = [cast(Tensor, each.grad) for each in parameters]
        bucket = torch.cat([gradient.flatten() for gradient in gradients]).mul_(self.weight)
        torch.distributed.all_reduce(bucket)
        parts = bucket.split([gradient.numel() for gradient in gradients])
        torch._foreach_copy_(
            gradients, [part.view_as(of) for part, of in zip(parts, gradients, strict=True)]
        )


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
