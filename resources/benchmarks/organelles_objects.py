"""What measuring one object takes, by its number of voxels and by what is measured.

Bent tubes of some 10^4, 10^5 and 10^6 voxels in volumes of their own, on voxels of 8 nm, beside
another tube. Process CPU milliseconds on one thread, the least of a few repeats; what is compiled
was compiled before. Where the command `kimimaro` is given (`pip install kimimaro` in an environment
of its own), ``kimimaro`` is what a run of it on the same mask takes less one on an empty volume.

`PYTHONPATH=scripts python resources/benchmarks/organelles_objects.py [--kimimaro COMMAND]`
"""

import argparse
import json
import os
import resource
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from machine import cpu_model

from morphoflow.organelles.counting.columns import object_columns
from morphoflow.organelles.counting.order import box_of
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.counting.table import merged_labels
from morphoflow.organelles.phantom.render import capsules_of, paint
from morphoflow.organelles.phantom.shapes import Path as Line
from morphoflow.organelles.phantom.shapes import Shape
from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.shapes.measures import surface_and_topology, surrounding_measures
from morphoflow.organelles.shapes.pose import pose_measures
from morphoflow.organelles.shapes.skeleton import skeleton_measures
from morphoflow.organelles.shapes.texture import texture_measures
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import Source

NM = (8.0, 8.0, 8.0)
VOXELS = (10_000, 100_000, 1_000_000)
REPEATS = 3


class InMemory:
    """An array as a volume."""

    path, voxel_size_nm, chunks = "memory", NM, (64, 64, 64)

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        return np.ascontiguousarray(self.array[box.slices])


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kimimaro", help="the command, where it is to be compared")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    costs(tube(2_000), repeats=1)  # compiles
    rows = {}
    for wanted in VOXELS:
        source = tube(wanted)
        rows[str(wanted)] = costs(source, REPEATS)
        if options.kimimaro:
            spent = kimimaro(options.kimimaro, source.labels.array == 1)
            rows[str(wanted)]["kimimaro"] = round(spent, 1)
    made = {"unit": "ms", "objects": rows, "machine": cpu_model(), "load": os.getloadavg()[0]}
    options.output.write_text(json.dumps(made, indent=1) + "\n")
    print(options.output.read_text())


def tube(voxels: int) -> Source:
    """A bent tube of about so many voxels, and a ball beside it, with EM."""
    radius = 8 * (voxels / (np.pi * 12)) ** (1 / 3)  # twelve radii long
    angle = np.linspace(0, 2, 40)
    arc = 6 * radius * np.stack([np.zeros_like(angle), np.cos(angle), np.sin(angle)], 1)
    points = arc - arc.min(axis=0) + 3 * radius
    ball = points[20] + np.array([[2.5 * radius, 0, 0], [2.5 * radius, 0, 1]])
    lines = [Line(points, np.full(40, radius)), Line(ball, np.full(2, radius))]
    shapes = [Shape("tube", (line,), 0, 2, 0) for line in lines]
    shape = tuple(np.ceil((points.max(axis=0) + [5, 3, 3] * np.array(radius)) / 8).astype(int))
    painted = paint(capsules_of(shapes), Box((0, 0, 0), tuple(map(int, shape))), NM)
    labels = np.where(painted.distance < 0, painted.owner + 1, 0).astype(np.uint32)
    em = np.random.default_rng(0).integers(0, 255, labels.shape).astype(np.uint8)
    return Source(InMemory(labels), InMemory(em), NM)


def costs(source: Source, repeats: int) -> dict[str, float]:
    """Milliseconds of each group of measures of object 1, and its voxels."""
    table, _ = count_part(source, [Box((0, 0, 0), source.shape)])
    table = object_columns(merged_labels([table]), source.extent, NM)
    row = next(table[table["label_id"] == 1].itertuples())
    spacing = np.array(NM) / 1000
    groups = {
        "surface_and_topology": lambda mask: surface_and_topology(mask, spacing),
        "skeleton": lambda mask: skeleton_measures(mask, spacing),
        "pose": lambda mask: pose_measures(mask, row, spacing),
        "texture": lambda mask: texture_measures(mask, row, spacing),
        "surroundings": lambda mask: surrounding_measures(mask, spacing),
    }
    spent = {name: [] for name in groups}
    for _ in range(repeats):
        for name, measure in groups.items():
            mask = ObjectMask(source, 1, box_of(row))
            start = time.process_time()
            measure(mask)
            spent[name].append(1000 * (time.process_time() - start))
    least = {name: round(min(values), 1) for name, values in spent.items()}
    return {"voxels": int(row.voxels), **least, "all": round(sum(least.values()), 1)}


def kimimaro(command: str, mask: np.ndarray) -> float:
    """Milliseconds that the command takes for a mask, less those for an empty volume."""
    taken = []
    for values in (mask, np.zeros((8, 8, 8), bool)):
        with TemporaryDirectory() as folder:
            np.save(Path(folder) / "labels.npy", values.astype(np.uint8))
            line = [command, "forge", "labels.npy", "--anisotropy", "8,8,8", "--scale", "2"]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(line, cwd=folder, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * (taken[0] - taken[1])


if __name__ == "__main__":
    main()
