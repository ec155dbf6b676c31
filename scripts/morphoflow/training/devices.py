"""The device, precision and number of threads of a job, set so that equal runs are equal."""

import os

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment

from morphoflow.errors import InputError

PRECISIONS = ("32-true", "bf16-mixed")


def make_fabric(gpus: int, precision: str, threads: int) -> Fabric:
    """A launched Fabric on ``gpus`` GPUs, or on the CPU when that is 0.

    ``threads`` is the exact number of torch threads a process: sums are grouped by it, so a result
    on the CPU depends on it, and must not depend on the cores of the machine. With several GPUs
    the calling script is started once more for each further one; only ``fabric.is_global_zero``
    may write. Raises InputError when torch sees fewer GPUs than were granted.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision is '{precision}'; choose one of {', '.join(PRECISIONS)}.")
    _check_visible(gpus)
    fabric = Fabric(
        accelerator="cuda" if gpus else "cpu",
        devices=gpus or 1,
        strategy="ddp" if gpus > 1 else "auto",
        precision=precision,
        # Without this, a SLURM job with one task would be refused more than one GPU.
        plugins=[LightningEnvironment()],
    )
    fabric.launch()
    # After the launch, which sets the number of threads from the machine's cores.
    make_deterministic(threads)
    return fabric


def make_deterministic(threads: int) -> None:
    """Make torch use deterministic algorithms, full float32 and exactly ``threads`` threads.

    TF32 is off: "32-true" would otherwise mean 10 bits of mantissa on one GPU and 23 on another.
    Those who want the speed of tensor cores ask for "bf16-mixed".
    """
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    torch.set_num_threads(threads)


def describe(fabric: Fabric) -> dict[str, str | int]:
    """How a job computes, as far as it is chosen; a run is resumed only in the same way."""
    return {
        "device": fabric.device.type,
        "processes": fabric.world_size,
        "precision": fabric.strategy.precision.precision,
        "threads": torch.get_num_threads(),
    }


def hardware(fabric: Fabric) -> str:
    """The processor and torch version, on which the last bits of a result may depend."""
    if fabric.device.type == "cuda":
        return f"{torch.cuda.get_device_name(fabric.device)}, torch {torch.__version__}"
    return f"{torch.backends.cpu.get_cpu_capability()} CPU, torch {torch.__version__}"


def _check_visible(gpus: int) -> None:
    visible = torch.cuda.device_count() if gpus else 0
    if visible < gpus:
        raise InputError(
            f"{gpus} GPU granted but torch {torch.__version__} sees {visible}. Run with "
            "--resources gpu=0 to train on the CPU (on SLURM: --set-resources train:gpu=0), or "
            "check the driver (nvidia-smi), CUDA_VISIBLE_DEVICES and that this torch was built for "
            "CUDA."
        )
