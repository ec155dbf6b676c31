"""Everything that a run's future depends on, taken down and put back."""

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.training.devices import hardware
from morphoflow.training.fabric import describe
from morphoflow.training.learner import Learner
from morphoflow.training.metrics import EpochMetrics
from morphoflow.training.noise import Noise
from morphoflow.training.parallel import gather

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass
class Progress:
    """How far a run has come, with its history and its best weights.

    ``epoch`` counts completed epochs, ``batch`` the completed batches of the running one; ``rows``
    are the history's; ``best`` are the weights of ``best_epoch`` (0 before any).
    """

    epoch: int = 0
    batch: int = 0
    rows: list[dict] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    best_loss: float = float("inf")


def identity(learner: Learner, fabric: "Fabric", seed: int, epochs: int, patience: int) -> dict:
    """What must be equal in a run and in the checkpoint that it resumes."""
    return {
        "seed": seed,
        "epochs": epochs,
        "patience": patience,
        "n_train": learner.n_train,
        "batch_size": learner.batch_size,
        "weights": _shapes(learner),
        **describe(fabric),
    }


def _shapes(learner: Learner) -> str:
    """A digest of the weights' names, shapes and types."""
    digest = hashlib.sha256()
    for name, module in learner.modules.items():
        for key, value in module.state_dict().items():
            digest.update(f"{name}.{key} {tuple(value.shape)} {value.dtype}\n".encode())
    return digest.hexdigest()[:16]


def capture(
    learner: Learner, progress: Progress, metrics: EpochMetrics, noise: Noise, fabric: "Fabric"
) -> dict:
    """The state of a run between two steps, as builtins and tensors."""
    return {
        "hardware": hardware(fabric.device),
        "modules": {name: module.state_dict() for name, module in learner.modules.items()},
        "optimizers": {name: each.state_dict() for name, each in learner.optimizers.items()},
        "progress": vars(progress),
        "processes": gather(fabric, {"metrics": metrics.state(), "noise": noise.state()}),
    }


def restore(
    content: dict, learner: Learner, metrics: EpochMetrics, noise: Noise, fabric: "Fabric"
) -> Progress:
    """Put back what :func:`capture` took; into the same modules and optimisers, in place."""
    for name, module in learner.modules.items():
        module.load_state_dict(content["modules"][name])
    for name, optimizer in learner.optimizers.items():
        optimizer.load_state_dict(content["optimizers"][name])
    own = content["processes"][fabric.global_rank]
    metrics.restore(own["metrics"], fabric.device)
    noise.restore(own["noise"])
    return Progress(**content["progress"])


def copy_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy of weights that later steps do not change."""
    return {key: value.detach().clone() for key, value in state.items()}


def to_cpu(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights on the CPU, apart from those that are being trained."""
    return {key: torch.empty_like(value, device="cpu").copy_(value) for key, value in state.items()}
