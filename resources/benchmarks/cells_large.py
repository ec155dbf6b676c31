"""Time and memory of cells cut out of one large image, and of their features, by its size.

Discs in noise in a tiled TIFF, one in each square of 64 pixels, or of 256 where features are
measured; each size is read in a process of its own. From the root of the project, with the
workflow's environment active:

    PYTHONPATH=scripts python resources/benchmarks/cells_large.py
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import tifffile
from machine import cpu_model

from morphoflow.cells.reading.crops import CropSettings
from morphoflow.cells.reading.objects import early_split, object_table
from morphoflow.cells.reading.prepare import read_cells
from morphoflow.cells.shapes.source import measure_sources
from morphoflow.store import read_samples
from morphoflow.store_stream import stream_samples

SIDES = (6144, 8192, 12288)
FEATURES = (6144,)  # sides of images with fewer cells, of which features are measured
TILE = 512
SPLIT = {"train": 0.7, "validation": 0.1, "test": 0.2, "seed": 0}
CROPS = CropSettings(
    size=64,
    scale="fixed",
    fill=0.8,
    centre="mask",
    background="mask",
    border="keep",
    range="dataset",
    percentiles=(0.1, 99.9),
)
RECORD = Path(__file__).with_suffix(".json")


def write_image(folder: Path, side: int, step: int) -> dict:
    """An image of ``side`` x ``side`` pixels of 16 bits, and its mask; the source that names them.

    One disc lies in each square of ``step`` pixels.
    """
    source: dict = {"group": "object"}
    for kind, dtype in (("images", np.uint16), ("masks", np.uint32)):
        (folder / kind).mkdir()
        tiles = (made[kind].astype(dtype) for made in _tiles(side, step))
        tifffile.imwrite(
            folder / kind / "slide.tif",
            tiles,
            shape=(side, side),
            dtype=dtype,
            tile=(TILE, TILE),
            compression="zlib",
        )
        source[kind] = str(folder / kind)
    return source


def _tiles(side: int, step: int) -> Iterator[dict[str, np.ndarray]]:
    """Image and mask of each tile, row by row."""
    rng, n = np.random.default_rng(0), TILE // step
    y, x = (np.tile(axis, (n, n)) for axis in np.mgrid[:step, :step] - step / 2)
    square = np.kron(np.arange(n * n).reshape(n, n), np.ones((step, step), int))
    for tile in range((side // TILE) ** 2):
        inside = np.hypot(y, x) < rng.uniform(8, 20, n * n)[square]
        noise = rng.integers(2000, 60000, square.shape)
        label = 1 + tile * n * n + square
        yield {
            "images": np.where(inside, noise, noise // 40),
            "masks": np.where(inside, label, 0),
        }


def measure(side: int, step: int, features: bool) -> dict:
    """What it takes to read an image, and with ``features`` to measure its cells besides."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_image(folder, side, step)
        before, start = memory_mb(), time.process_time()
        axes = ["object", "channel", "y", "x"]
        with stream_samples(folder / "x.zarr", axes=axes, units="1", provenance={}) as stream:
            splitting = partial(early_split, labels=[], split=SPLIT)
            rows, reports = read_cells([source], CROPS, "stop", stream, splitting)
        objects, _ = object_table(rows, reports, [], SPLIT, "stop")
        found = {
            "side_px": side,
            "crops": len(objects),
            "read_cpu_s": round(time.process_time() - start, 1),
            "start_mb": round(before),
            "most_mb": round(memory_mb()),
        }
        if features:
            start = time.process_time()
            measure_sources([source], read_samples(folder / "x.zarr"), objects)
            found["features_cpu_s"] = round(time.process_time() - start, 1)
            found["most_mb_with_features"] = round(memory_mb())
        return found


def memory_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure each size in its own process and write the record."""
    if len(sys.argv) > 1:
        side, step, features = map(int, sys.argv[1:])
        print(json.dumps(measure(side, step, bool(features))))
        return
    found = []
    for arguments in (*((side, 64, 0) for side in SIDES), *((side, 256, 1) for side in FEATURES)):
        command = [sys.executable, __file__, *map(str, arguments)]
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(made.stdout.splitlines()[-1]))
        print(found[-1], flush=True)
    record = {
        "command": "PYTHONPATH=scripts python resources/benchmarks/cells_large.py",
        "machine": {"cpu": cpu_model()},
        "what": "one channel of 16 bits, crops of 64 px; the most memory of the process before the "
        "image was read, and in all",
        "images": found,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
