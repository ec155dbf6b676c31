"""The device and number of threads of a job, set so that equal runs are equal."""

import os

import torch

from morphoflow.errors import InputError


def prepare_device(gpus: int, threads: int) -> torch.device:
    """The device of a job that trains nothing, with torch made deterministic.

    Loads no Lightning Fabric, which takes longer to start than many of these jobs to run. ``gpus``
    beyond the first are left idle. Raises InputError when torch sees fewer than were granted.
    """
    check_visible(gpus)
    make_deterministic(threads)
    return torch.device("cuda", 0) if gpus else torch.device("cpu")


def make_deterministic(threads: int, tf32: bool = False) -> None:
    """Make torch use deterministic algorithms and exactly ``threads`` threads.

    Without ``tf32``, float32 has 23 bits of mantissa on every GPU; with it, products of matrices
    and convolutions take their inputs with 10 on those that can (NVIDIA since Ampere).
    """
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    # As use_deterministic_algorithms does it, which also loads torch's compiler: 2 s of each job.
    torch.set_deterministic_debug_mode("error")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = tf32
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.set_num_threads(threads)


def hardware(device: torch.device) -> str:
    """The processor and torch version, on which the last bits of a result may depend."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    return f"{torch.backends.cpu.get_cpu_capability()} CPU, torch {torch.__version__}"


def check_visible(gpus: int) -> None:
    """Raise InputError when torch sees fewer GPUs than ``gpus``, which were granted."""
    visible = torch.cuda.device_count() if gpus else 0
    if visible < gpus:
        raise InputError(
            f"{gpus} GPU granted but torch {torch.__version__} sees {visible}. To compute on CPUs "
            "alone, run with --resources gpu=0 (on SLURM: `gpus_at_once: 0` in site.yaml); or "
            "check the driver (nvidia-smi), CUDA_VISIBLE_DEVICES and that this torch was built for "
            "CUDA (make clean, then make demo TORCH=cuda)."
        )
