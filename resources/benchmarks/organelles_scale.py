"""Cost per voxel and per object of a large label volume: copies of one phantom, side by side.

A phantom of 64 x 512 x 512 voxels with 150 objects is repeated as tiles of a zarr volume in chunks
of 64^3 voxels (zstd): EM chunks are copied, and the objects of each tile get ids of their own.
The entry scripts then run on it as jobs do. Seconds are process CPU seconds of the whole script on
one thread; ``start_s`` are those of a job with one block or object, and are taken off where costs
per voxel or object are given. Memory is the peak resident set of the process.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as parquet
import zarr
from machine import cpu_model

from morphoflow.files import whole
from morphoflow.organelles.counting.order import block_shape, blocks_of_part, objects_of_part
from morphoflow.organelles.phantom.phantom import create_image
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.tables import read_objects

SCRIPTS = Path(__file__).parents[2] / "scripts"
COMMAND = (
    "PYTHONPATH=scripts python resources/benchmarks/organelles_scale.py --tiles 6 8 8 --part 3 64"
)
VOXEL_SIZE_NM = [30.0, 8.0, 8.0]
TILE = {"shape": [64, 512, 512], "voxel_size_nm": VOXEL_SIZE_NM, "per_class": 30, "seed": 0}
TILE_VOXELS, TILE_OBJECTS = 64 * 512 * 512, 150
# Added to ids of any magnitude, modulo 2^64, it makes ids that are as large and as far apart.
ID_STEP = np.uint64(0x9E3779B97F4A7C15)
MERGING = {"split": {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 17}}
MERGING |= {"label_column": "label", "group_column": None, "on_bad_input": "stop", "min_voxels": 1}
VOLUMES = {"size": 64, "scale": "object", "fill": 0.9, "background": "mask", "voxel_nm": None}
POINTS = {"number": 1024, "sampling": "farthest", "scale": "unit", "seed": 0}
EXAMPLES = {
    "23,000 objects in 400 x 4096 x 4096 voxels": (400 * 4096**2, 23_000),
    "10^12 voxels with objects as dense": (10**12, round(10**12 / TILE_VOXELS * TILE_OBJECTS)),
}
# The scripts of the second pass, and the settings that they take.
PER_OBJECT = {
    "measure_objects": {},
    "cut_volumes": {"settings": VOLUMES, "pose": "as_it_lies"},
    "sample_points": {"settings": POINTS, "pose": "as_it_lies"},
}


def main() -> None:
    """Make the volumes, run the scripts on them, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, nargs=3, default=[6, 4, 4], help="along z, y and x")
    parser.add_argument("--part", type=int, nargs=2, default=[3, 16], help="of the second pass")
    parser.add_argument("--folder", type=Path, help="where volumes stay (default: temporary)")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        passes, second = measure(folder, options.tiles, options.part)
    options.output.write_text(json.dumps(record(passes, second), indent=1) + "\n")
    print(options.output.read_text())


def measure(folder: Path, tiles: list[int], part: list[int]) -> tuple[dict, dict]:
    """Both passes, the first of volumes of three sizes; volumes that are there are used again."""
    phantom = folder / "phantom"
    if not phantom.exists():
        run("generate_phantom", settings=TILE, output=phantom)
    passes = {}
    for size in ([1, 1, 1], [1, 2, 5], tiles):
        volume = folder / "x".join(map(str, size))
        if not volume.exists():
            # On its own: the peak of a script is never below that of this process.
            pool = ProcessPoolExecutor(1, get_context("spawn"))
            with whole(volume) as partial, pool:
                pool.submit(tile, phantom, partial, size).result()
        passes[f"{int(np.prod(size))} tiles"] = first_pass(volume, size)
    return passes, second_pass(volume, *part)


def tile(phantom: Path, volume: Path, tiles: list[int]) -> None:
    """Write a volume of ``tiles`` copies of the phantom, each with ids of its own."""
    shape = tuple(n * many for n, many in zip(TILE["shape"], tiles, strict=True))
    labels = zarr.open_array(phantom / "labels.zarr" / "0", mode="r")[:]
    objects = labels != 0
    added = np.arange(np.prod(tiles), dtype=np.uint64) * ID_STEP
    written = create_image(volume / "labels.zarr", shape, "uint64", VOXEL_SIZE_NM, {})
    create_image(volume / "em.zarr", shape, "uint8", VOXEL_SIZE_NM, {})
    chunks = [n // 64 for n in TILE["shape"]]
    for i, place in enumerate(product(*map(range, tiles))):
        start = tuple(at * n for at, n in zip(place, TILE["shape"], strict=True))
        stop = tuple(a + n for a, n in zip(start, TILE["shape"], strict=True))
        written[Box(start, stop).slices] = (labels + added[i]) * objects
        for chunk in product(*map(range, chunks)):
            source = phantom.joinpath("em.zarr", "0", "c", *map(str, chunk))
            moved = [a + at * n for a, at, n in zip(chunk, place, chunks, strict=True)]
            target = volume.joinpath("em.zarr", "0", "c", *map(str, moved))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def first_pass(volume: Path, tiles: list[int]) -> dict:
    """Count a volume in one job and merge; checks that no object of any tile was lost."""
    counts, contacts = (volume / f"{name}.parquet" for name in ("counts", "contacts"))
    files = {"counts": counts, "contacts": contacts}
    source, voxels = source_of(volume), int(np.prod(tiles)) * TILE_VOXELS
    parts = blocks_in(volume)
    start = run("count_blocks", source=source, block=None, part=0, parts=parts, **files)
    counting = run("count_blocks", source=source, block=None, part=0, parts=1, **files)
    counting["start_s"] = start["s"]
    outputs = {
        "objects": volume / "objects.parquet",
        "contacts_table": volume / "pairs.parquet",
        "quality": volume / "quality.parquet",
    }
    merging = run("merge_counts", source=source, settings=MERGING, labels=[], **files, **outputs)
    objects = parquet.read_metadata(outputs["objects"]).num_rows
    if objects != np.prod(tiles) * TILE_OBJECTS:
        raise ValueError(f"{objects} objects in {tiles} tiles")
    return {
        "shape": [n * many for n, many in zip(TILE["shape"], tiles, strict=True)],
        "voxels": voxels,
        "objects": objects,
        "count_blocks": counting,
        "merge_counts": merging,
    }


def blocks_in(volume: Path) -> int:
    """Blocks that a volume is counted by."""
    labels = open_volume(volume / "labels.zarr")
    block = block_shape(labels.shape, labels.chunks, None)
    return len(blocks_of_part(labels.shape, block, 0, 1))


def second_pass(volume: Path, part: int, parts: int) -> dict:
    """What one of many jobs makes of its objects."""
    table = read_objects(volume / "objects.parquet")
    mine = objects_of_part(table, part, parts)
    n = len(mine)
    record = {"part": part, "parts": parts, "objects": n}
    record["mean_voxels"] = round(mine["voxels"].mean())
    one = {"part": part * len(table) // parts, "parts": len(table)}
    for script, settings in PER_OBJECT.items():
        shared = {"source": source_of(volume), "objects": volume / "objects.parquet", **settings}
        output = volume / script
        start = run(script, **shared, **one, output=output)
        done = run(script, **shared, part=part, parts=parts, output=output)
        ms = round(1000 * (done["s"] - start["s"]) / (n - 1), 3)
        record[script] = {**done, "start_s": start["s"], "ms_per_object": ms}
    return record


def source_of(volume: Path) -> dict:
    """The dataset's settings."""
    return {"em": str(volume / "em.zarr"), "labels": str(volume / "labels.zarr")}


def run(script: str, **flags) -> dict:
    """Run an entry script: its CPU seconds, peak memory, and the load when it ended."""
    command = [sys.executable, str(SCRIPTS / f"{script}.py")]
    for name, value in flags.items():
        command += ["--" + name.replace("_", "-"), *as_flag(value)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPTS)}
    process = subprocess.Popen(command, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {
        "s": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": peak_mb(used),
        "load": round(os.getloadavg()[0], 1),
    }


def peak_mb(used: resource.struct_rusage) -> int:
    """The peak resident set, which Linux tells in kB."""
    return round(used.ru_maxrss / 1024)


def as_flag(value: object) -> list[str]:
    """A value as the scripts read it from the command line."""
    if isinstance(value, list):
        return [str(each) for each in value]
    return [json.dumps(value) if isinstance(value, dict | None) else str(value)]


def record(passes: dict, second: dict) -> dict:
    """All figures, and what they make of larger volumes."""
    small, large = (list(passes.values())[i] for i in (0, -1))
    counting = large["count_blocks"]["s"] - large["count_blocks"]["start_s"]
    costs = {"count_blocks": counting / large["voxels"]}
    merging = large["merge_counts"]["s"] - small["merge_counts"]["s"]
    costs["merge_counts"] = merging / (large["objects"] - small["objects"])
    costs |= {script: second[script]["ms_per_object"] / 1000 for script in PER_OBJECT}
    return {
        "command": COMMAND,
        "what": "process CPU seconds on one thread; load: of all processes, when the script ended",
        "machine": {"cpu": cpu_model(), "cores": os.cpu_count()},
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "tensorstore": version("tensorstore"),
        },
        "chunks": "64^3, zarr 3, zstd level 3; labels uint64 with sparse ids, EM uint8",
        "least_peak_mb_that_can_be_told": peak_mb(resource.getrusage(resource.RUSAGE_SELF)),
        "first_pass": passes,
        "second_pass": second,
        "computed": {
            "costs": {
                "mvoxels_per_s": round(1e-6 / costs["count_blocks"], 1),
                "s_per_10^9_voxels": round(1e9 * costs["count_blocks"], 2),
                "ms_per_object": {n: round(1000 * costs[n], 3) for n in list(costs)[1:]},
            },
            "formula": f"voxels * count_blocks + objects * ({' + '.join(list(costs)[1:])})",
            **{name: total(costs, *example) for name, example in EXAMPLES.items()},
        },
    }


def total(costs: dict, voxels: int, objects: int) -> dict:
    """Core-hours of both passes over a volume."""
    hours = {name: objects * cost / 3600 for name, cost in costs.items()}
    hours["count_blocks"] = voxels * costs["count_blocks"] / 3600
    hours["all"] = sum(hours.values())
    rounded = {name: float(f"{value:.3g}") for name, value in hours.items()}
    return {"voxels": voxels, "objects": objects, "core_hours": rounded}


if __name__ == "__main__":
    main()
