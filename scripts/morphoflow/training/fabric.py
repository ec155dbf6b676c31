"""The processes, device and precision of a training, set so that equal runs are equal."""

from typing import Literal, cast, get_args

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from morphoflow.errors import InputError
from morphoflow.training.devices import check_visible, make_deterministic

Precision = Literal["32-true", "bf16-mixed"]
PRECISIONS = get_args(Precision)


def make_fabric(gpus: int, precision: str, threads: int) -> Fabric:
    """A launched Fabric on ``gpus`` GPUs, or on the CPU when that is 0.

    ``threads`` is the exact number of torch threads a process: sums are grouped by it, so a result
    on the CPU depends on it, and must not depend on the cores of the machine. With several GPUs
    the calling script is started once more for each further one; only ``fabric.is_global_zero``
    may write. Raises InputError when torch sees fewer GPUs than were granted.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision is '{precision}'; choose one of {', '.join(PRECISIONS)}.")
    check_visible(gpus)
    fabric = Fabric(
        accelerator="cuda" if gpus else "cpu",
        devices=gpus or 1,
        strategy="ddp" if gpus > 1 else "auto",
        precision=cast(Precision, precision),
        # Without this, a SLURM job with one task would be refused more than one GPU.
        plugins=[LightningEnvironment()],
    )
    fabric.launch()
    # After the launch, which sets the number of threads from the machine's cores.
    make_deterministic(threads)
    return fabric


def describe(fabric: Fabric) -> dict[str, str | int]:
    """How a job computes, as far as it is chosen; a run is resumed only in the same way."""
    return {
        "device": fabric.device.type,
        "processes": fabric.world_size,
        "precision": fabric.strategy.precision.precision,
        "threads": torch.get_num_threads(),
    }
