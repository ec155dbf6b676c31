"""What large data would take, computed from the figures that other scripts here have measured.

``python resources/benchmarks/estimates.py`` prints the table of profiles/slurm/README.md; a test
holds that table to it. All is the time of CPU cores at work, one core a job; no GPU was measured.
"""

import json
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent
# What a node is taken to have.
CORES = 64
# Epochs of the default models, see config/models.
MORPHVAE_EPOCHS, O2VAE_EPOCHS = 150, 100
NEURONS, VOXELS, CROPS = 10_000, 10**12, 10**6


def read(name: str) -> dict:
    """The figures that a script here has left."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def neurons() -> list[tuple[str, float, bool]]:
    """Jobs of 10,000 real neurons: their name, hours of a core, and whether they divide."""
    objects, walks = read("estimates_objects"), read("neurons_walks")["cases"]
    step = read("morphvae_step")["step"]["seconds"]["ours_all_walks_distinct"]["median"]
    walk = next(case for case in walks if case["case"].startswith("real"))["ours_in_one_call"]
    seconds = objects["reading neurons"]["real"]["ms_per_neuron"] / 1000 + walk["median"]
    steps = MORPHVAE_EPOCHS * NEURONS / 128
    return [
        ("reading, and 256 walks of 16 steps", seconds * NEURONS / 3600, False),
        (f"training `morphvae`, {MORPHVAE_EPOCHS} epochs", steps * step / 3600, False),
        ("embedding", objects["embedding neurons, ms each"] * NEURONS / 3.6e6, False),
    ]


def voxels() -> list[tuple[str, float, bool]]:
    """Jobs of 10^12 voxels with as many objects as the measured volume has."""
    hours = read("organelles_scale")["computed"]["10^12 voxels with objects as dense"]["core_hours"]
    return [
        ("first pass over the volume", hours["count_blocks"], True),
        ("joining its parts", hours["merge_counts"], False),
        ("measures of the objects", hours["measure_objects"], True),
        ("cubes", hours["cut_volumes"], True),
        ("points", hours["sample_points"], True),
    ]


def crops() -> list[tuple[str, float, bool]]:
    """Jobs of a million crops of 64 px."""
    objects, step = read("estimates_objects"), read("o2vae_step")
    seconds = step["64 px"]["step_s"]["default"] / step["batch"]
    embedded = step["64 px"]["embedded_per_s"]["default embedding"]
    return [
        ("reading", objects["reading crops of 64 px, ms each"] * CROPS / 3.6e6, False),
        (f"training `o2vae`, {O2VAE_EPOCHS} epochs", O2VAE_EPOCHS * CROPS * seconds / 3600, False),
        ("embedding", CROPS / embedded / 3600, False),
    ]


TABLES: dict[str, Callable[[], list[tuple[str, float, bool]]]] = {
    f"{NEURONS:,} neurons": neurons,
    "10^12 voxels, 8.9 million objects": voxels,
    "a million crops of 64 px": crops,
}


def table() -> str:
    """All of it as a Markdown table."""
    lines = ["| data | job | hours of a core | how it is done |", "|---|---|---|---|"]
    for data, jobs in TABLES.items():
        for name, hours, divides in jobs():
            parts = f"in parts: {_round(hours / CORES)} h on a node of {CORES} cores"
            how = parts if divides else "one job"
            lines.append(f"| {data} | {name} | {_round(hours)} | {how} |")
    return "\n".join(lines)


def _round(hours: float) -> str:
    return f"{hours:.2g}" if hours < 100 else f"{hours:.0f}"


if __name__ == "__main__":
    print(table())
