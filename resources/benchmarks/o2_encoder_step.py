"""Time a training step of the published encoder, in e2cnn's modules and in ours, and of the other.

A step is forward and backward of the encoder alone, on one thread, in process CPU seconds. The
repeats of all encoders are interleaved. A bare convolution and a matrix product, measured in the
same rounds, tell how fast the machine was.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from machine import cpu_model
from torch.nn import functional as F

from morphoflow.models.o2vae.dihedral import DihedralEncoder
from morphoflow.models.o2vae.encoder import O2Encoder
from published_o2_encoder import ReferenceEncoder

FIELDS = [6, 9, 12, 12, 19, 25]
DIHEDRAL = {"group_order": 8, "group_fields": [3, 8], "bands": 4}
BATCH, SIZES = 32, (32, 64)
COMMAND = "PYTHONPATH=scripts:tests python resources/benchmarks/o2_encoder_step.py"


def main() -> None:
    """Time all encoders at both sizes, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    record = {
        "what": f"forward and backward of an encoder, batch {BATCH}, one channel",
        "command": COMMAND,
        "unit": "process CPU seconds, one thread, median of the repeats after a first one",
        "repeats": options.repeats,
        "cpu": cpu_model(),
        "fast_bfloat16": has_fast_bfloat16(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
        "dihedral": DIHEDRAL,
        "sizes": {str(size): measure(size, options.repeats) for size in SIZES},
    }
    options.output.write_text(json.dumps(record, indent=2) + "\n")


def measure(size: int, repeats: int) -> dict:
    """The seconds of each encoder, and as multiples of those of the bare convolution."""
    jobs = make_jobs(size)
    seconds = {name: [] for name in jobs}
    for _ in range(repeats + 1):
        for name, job in jobs.items():
            seconds[name].append(timed(job))
    medians = {name: float(np.median(values[1:])) for name, values in seconds.items()}
    unit = medians["bare_convolution"]
    published = medians["published_e2cnn"]
    return {
        "seconds": {name: round(value, 3) for name, value in medians.items()},
        "in_bare_convolutions": {name: round(value / unit, 2) for name, value in medians.items()},
        "times_cheaper": {
            name: round(published / value, 2)
            for name, value in medians.items()
            if name not in ("published_e2cnn", "bare_convolution", "matrix_product")
        },
    }


def make_jobs(size: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    x = torch.rand(BATCH, 1, size, size, generator=torch.Generator().manual_seed(1))
    ours = {
        pooling: O2Encoder(1, size, {"fields": FIELDS, "pooling": pooling}, generator())
        for pooling in ("first", "max", "blurred")
    }
    reference = ReferenceEncoder(1, FIELDS)
    reference.take(ours["first"])
    dihedral = DihedralEncoder(1, size, DIHEDRAL, generator())
    matrix = torch.rand(2048, 2048, generator=generator())
    return {
        "published_e2cnn": lambda: step(reference, x),
        "twin": lambda: step(ours["first"], x),
        "twin_max": lambda: step(ours["max"], x),
        "twin_blurred": lambda: step(ours["blurred"], x),
        "twin_bfloat16": lambda: step_in_bfloat16(ours["first"], x),
        "dihedral": lambda: step(dihedral, x),
        "bare_convolution": bare_convolution(size),
        "matrix_product": lambda: matrix @ matrix,
    }


def generator() -> torch.Generator:
    """The same generator for all."""
    return torch.Generator().manual_seed(0)


def step(encoder: torch.nn.Module, x: torch.Tensor) -> None:
    """Forward and backward."""
    encoder(x).float().sum().backward()


def step_in_bfloat16(encoder: torch.nn.Module, x: torch.Tensor) -> None:
    """Forward and backward with convolutions in bfloat16."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = encoder(x)
    y.float().sum().backward()


def bare_convolution(size: int) -> Callable[[], None]:
    """The published encoder's second and largest convolution, forward and backward."""
    x = torch.rand(BATCH, 84, size - 4, size - 4, generator=generator()).requires_grad_()
    kernel = torch.rand(180, 84, 5, 5, generator=generator()).requires_grad_()
    return lambda: F.conv2d(x, kernel, padding=2).sum().backward()


def has_fast_bfloat16() -> bool | None:
    """Whether the processor multiplies bfloat16 in hardware; None where that is not known."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return None
    return any(flag in info.read_text() for flag in ("avx512_bf16", "amx_bf16"))


def timed(job: Callable[[], object]) -> float:
    """CPU seconds of a job."""
    start = time.process_time()
    job()
    return time.process_time() - start


if __name__ == "__main__":
    main()
