"""Whether a model's steps on full batches are the same operations with results of the same shapes.

A CUDA graph can only repeat such steps, and only those for which the host does not wait.
"""

from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gpu.cases import FEW, OneDevice, first_steps, made
from gpu.pretended import GPU, pretended_gpu
from model_settings import settings


class Shapes(TorchDispatchMode):
    """Counts operations by their name and the shapes of their results."""

    def __init__(self):
        super().__init__()
        self.seen = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        several = result if isinstance(result, (list, tuple)) else [result]
        shapes = [tuple(each.shape) for each in several if isinstance(each, torch.Tensor)]
        self.seen[function._schema.name, tuple(shapes)] += 1
        return result


def changes(model: str) -> int:
    """How many operations differ between the second and the third step of the default variant.

    The first differs from both: it makes the optimiser's state.
    """
    batch = 4
    chosen = settings(model, "default") | FEW.get(model, {"epochs": 1}) | {"batch_size": batch}
    steps = []
    with pretended_gpu():
        run, average = first_steps(model, chosen, OneDevice(GPU, "32-true"), *made(model))
        run._remaining_batches()
        for first in range(3):
            with Shapes() as shapes:
                run._step(torch.arange(first, first + batch).to(GPU), average)
            steps.append(shapes.seen)
    _, second, third = steps
    return sum(((second - third) + (third - second)).values())
