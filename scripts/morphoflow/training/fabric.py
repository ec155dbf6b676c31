"""The processes, device and precision of a training, set so that equal runs are equal."""

from typing import Literal

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from morphoflow.errors import InputError
from morphoflow.training.devices import check_visible, make_deterministic

# The choices of `precision`, and what Fabric knows them as.
PRECISIONS: dict[str, Literal["32-true", "bf16-mixed"]] = {
    "32-true": "32-true",
    "tf32": "32-true",
    "bf16-mixed": "bf16-mixed",
}


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
        precision=PRECISIONS[precision],
        # Without this, a SLURM job with one task would be refused more than one GPU.
        plugins=[LightningEnvironment()],
    )
    fabric.launch()
    # After the launch, which sets the number of threads from the machine's cores.
    # A CPU may read the permission in its own way, by which "tf32" would not be "32-true" there.
    make_deterministic(threads, tf32=precision == "tf32" and gpus > 0)
    return fabric


def describe(fabric: Fabric) -> dict[str, str | int]:
    """How a job computes, as far as it is chosen; a run is resumed only in the same way."""
    return {
        "device": fabric.device.type,
        "processes": fabric.world_size,
        "precision": fabric.strategy.precision.precision,
        "tf32": torch.backends.cudnn.allow_tf32,
        "threads": torch.get_num_threads(),
    }
