"""What a training step of each model costs a core, for the `costs` of the cards.

``PYTHONPATH=scripts:tests/support python resources/benchmarks/device_costs.py`` writes
``device_costs.json``: the microseconds of one core for each number of the batch, on made samples,
and the kernels of a step that the pretended GPU counts (``tests/support/gpu``; None without a C++
compiler). Variants that are not named cost what the default does.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import zarr
from machine import cpu_model

import small_morphvae
import small_point_ae
import small_progressive_gan
import small_volume_vae
from gpu.cases import OneDevice, first_steps, of_splits, variants
from gpu.pretended import compiled
from model_settings import cards, settings
from morphoflow.store import Samples
from morphoflow.training.devices import make_deterministic

CPU = torch.device("cpu")
STEPS, BATCH, SAMPLES = 2, 8, 14
# Variants whose steps are of another kind than those of the default.
OTHERS = ("o2vae dihedral", "o2vae published", "point_ae dgcnn")
ROOT = Path(__file__).parents[2]


def crops():
    x = np.random.default_rng(0).random((SAMPLES, 1, 64, 64), dtype=np.float32)
    return Samples(zarr.array(x), np.array([f"o{k}" for k in range(SAMPLES)]))


def walks():
    samples, objects = small_morphvae.walks(n=SAMPLES, n_walks=256)
    return Samples(samples.x, samples.ids, samples.length), objects


FORMS = {
    "walks": walks,
    "crops": lambda: (crops(), of_splits(SAMPLES)),
    "prealigned": lambda: (crops(), of_splits(SAMPLES)),
    "volumes": lambda: (
        small_volume_vae.store(small_volume_vae.blobs_and_rods(SAMPLES, 32)),
        of_splits(SAMPLES),
    ),
    "points": lambda: (
        small_point_ae.samples(small_point_ae.shapes(SAMPLES, 1024)),
        of_splits(SAMPLES),
    ),
    "images": lambda: (
        small_progressive_gan.Stored(small_progressive_gan.crosses(SAMPLES, 128)),
        of_splits(SAMPLES),
    ),
}


def main() -> None:
    """Measure and write the table."""
    make_deterministic(1)
    names = [name for name in variants() if name.endswith(" default") or name in OTHERS]
    found = {
        "command": "PYTHONPATH=scripts:tests/support python resources/benchmarks/device_costs.py",
        "cpu": cpu_model(),
        "batch": BATCH,
        "core_us": {name: core_us(*variants()[name]) for name in names},
        "kernels": kernels(names),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")


def core_us(model: str, variant: str) -> float:
    """The microseconds for each number of a batch, the median of some steps after a first."""
    chosen = settings(model, variant) | {"batch_size": BATCH}
    samples, objects = FORMS[cards()[model]["form"]]()
    run, average = first_steps(model, chosen, OneDevice(CPU, "32-true"), samples, objects)
    if model == "progressive_gan":
        run.learner.stage = run.learner.schedule.stages - 1
    batch = torch.arange(min(BATCH, run.learner.n_train))
    run._remaining_batches()
    seconds = []
    for _ in range(STEPS + 1):
        start = time.process_time()
        run._step(batch, average)
        seconds.append(time.process_time() - start)
    numbers = len(batch) * math.prod(samples.x.shape[1:])
    found = round(1e6 * statistics.median(seconds[1:]) / numbers, 2)
    print(model, variant, found, flush=True)
    return found


def kernels(names: list[str]) -> dict[str, int] | None:
    """The kernels that a GPU is asked for in a step."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            library = compiled(Path(folder))
        except (FileNotFoundError, subprocess.CalledProcessError):
            return None
        environment = {**os.environ, "PRETENDED_GPU": str(library)}
        line = [sys.executable, str(ROOT / "tests/support/gpu/through.py"), *names]
        done = subprocess.run(line, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    return {row["case"]: row["kernels"] for row in rows}


if __name__ == "__main__":
    main()
