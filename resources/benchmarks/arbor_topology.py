"""The traced topology of simulated arbors beside the true one, by the size of the image.

python resources/benchmarks/arbor_topology.py [NUMBER] writes arbor_topology.json beside itself.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.arbors.truth import NONE, TRUE
from morphoflow.dendrites.simulator.set import SetSettings, simulate_neuron

SIZES = (64, 128, 256, 512)


def main(number: int = 16) -> None:
    """Trace the same ``number`` arbors in images of all SIZES."""
    found = {str(size): _compared(size, number) for size in SIZES}
    record = {"arbors": number, "seed": 1, "mean": found}
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _compared(size: int, number: int) -> dict:
    """Means of what is true and traced, and the mean difference by the mean truth."""
    whole = SetSettings.read({"number": number, "seed": 1})
    settings = replace(whole, size=size, pixel_um=whole.pixel_um * whole.size / size)
    rows = []
    for i in range(number):
        image, _, truth = simulate_neuron(settings, i)
        traced = arbor_statistics(image[None, None], settings.pixel_um).iloc[0]
        pairs = [(truth[true], traced[name]) for true, name in TRUE.items()]
        rows.append([*pairs, *((0, traced[name]) for name in NONE)])
    means = np.mean(rows, axis=0).round(2)
    names = [*(name.removeprefix("seen_") for name in TRUE), *NONE]
    return {
        name: {"true": float(true), "traced": float(traced)}
        | (
            {"error": round(float(traced / true - 1), 3)}
            if name in ("length_um", "branch_points", "tips")
            else {}
        )
        for name, (true, traced) in zip(names, means, strict=True)
    }


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
