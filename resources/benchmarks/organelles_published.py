"""Cubes and points of objects beside the way of EManalysis, on one generated volume in turns.

Its code reads PNG slices, whole ones for each object that they hold. Both steps are written here
anew, from what they do (zudi-lin/EManalysis: ``get_mito_chunk`` and ``calc_point_repr``):

* crops: EM and labels of every slice of an object are read, all but the object is made 0, its
  bounding box is cut out with a voxel around it and put into the corner of 64^3 voxels, or, where
  it is larger, four random pieces are; each is divided by its largest value;
* points: for every object of a slice the labels are copied as int64, others are made 0, and the
  first contour of what is left is taken.

Here objects are cut whole, centred and to scale, and points lie evenly on a closed surface. Seconds
are process CPU seconds without the start of a job, medians of three runs; of one for larger slices.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio.v3 as imageio
import numpy as np
import organelles_scale as scale
import zarr
from machine import cpu_model
from scipy.ndimage import find_objects
from skimage.measure import find_contours

from morphoflow.tables import read_objects

COMMAND = "PYTHONPATH=scripts python resources/benchmarks/organelles_published.py"
SIZE, PIECES = 64, 4
# Tiles of the phantom, and repeats: the published way takes minutes for the larger slices.
SLICES = {"512 x 512": ([1, 1, 1], 3), "1024 x 1024": ([1, 2, 2], 1)}


def main() -> None:
    """Measure both volumes and write the record."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scale.run("generate_phantom", settings=scale.TILE, output=folder / "phantom")
        slices = {name: of_volume(folder, *each) for name, each in SLICES.items()}
    record = {"command": COMMAND, "machine": {"cpu": cpu_model()}, "threads": 1}
    record |= {
        "what": "process CPU milliseconds an object, median of three runs (1024 x 1024: one)",
        "slices": slices,
    }
    text = json.dumps(record, indent=1)
    Path(__file__).with_suffix(".json").write_text(text + "\n")
    print(text)


def of_volume(folder: Path, tiles: list[int], repeats: int) -> dict:
    """Milliseconds an object of each way, and how many times faster ours is."""
    volume = folder / "x".join(map(str, tiles))
    scale.tile(folder / "phantom", volume, tiles)
    scale.first_pass(volume, tiles)
    slices = volume / "slices"
    write_slices(volume, slices)
    boxes = boxes_of(slices)
    jobs = {
        "published crops": lambda: timed(crops, slices, boxes),
        "cubes": lambda: ours("cut_volumes", volume, scale.VOLUMES),
        "published points": lambda: timed(contours, slices),
    }
    for sampling in ("uniform", "farthest"):
        settings = {**scale.POINTS, "sampling": sampling}
        jobs[f"points, {sampling}"] = lambda s=settings: ours("sample_points", volume, s)
    spent = medians(jobs, repeats)
    ms = {name: round(1000 * seconds / len(boxes), 2) for name, seconds in spent.items()}
    published = {"cubes": ms["published crops"]}
    published |= {name: ms["published points"] for name in ms if name.startswith("points")}
    times = {name: round(value / ms[name], 1) for name, value in published.items()}
    return {"objects": len(boxes), "ms_per_object": ms, "times_faster": times}


def medians(jobs: dict[str, Callable[[], float]], repeats: int) -> dict[str, float]:
    """Median CPU seconds of each job, which says how many it took; one of each in turn."""
    spent = [{name: job() for name, job in jobs.items()} for _ in range(repeats)]
    return {name: statistics.median(each[name] for each in spent) for name in jobs}


def timed(function: Callable, *arguments) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def ours(script: str, volume: Path, settings: dict) -> float:
    """CPU seconds of the script on all objects in one job, less those of a job with one object."""
    flags = {"source": scale.source_of(volume), "objects": volume / "objects.parquet"}
    flags |= {"settings": settings, "part": 0, "output": volume / script}
    one = len(read_objects(flags["objects"]))
    start = scale.run(script, **flags, parts=one)["s"]
    return scale.run(script, **flags, parts=1)["s"] - start


def write_slices(volume: Path, folder: Path) -> None:
    """The volume as the PNG slices that EManalysis reads, its labels numbered from 1 on."""
    labels = zarr.open_array(volume / "labels.zarr" / "0", mode="r")[:]
    numbers = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    em = zarr.open_array(volume / "em.zarr" / "0", mode="r")[:]
    folder.mkdir()
    for z in range(len(em)):
        imageio.imwrite(folder / f"em{z}.png", em[z])
        imageio.imwrite(folder / f"labels{z}.png", numbers[z].astype(np.uint16))


def boxes_of(slices: Path) -> dict[int, tuple[slice, ...]]:
    """The bounding box of every object, as its code finds them once before."""
    labels = np.stack([read(slices, "labels", z) for z in range(scale.TILE["shape"][0])])
    return dict(enumerate(find_objects(labels.astype(np.int64)), start=1))


def read(slices: Path, kind: str, z: int) -> np.ndarray:
    """A whole slice."""
    return imageio.imread(slices / f"{kind}{z}.png")


def crops(slices: Path, boxes: dict[int, tuple[slice, ...]]) -> list[np.ndarray]:
    """The crops of all objects."""
    return [crops_of_object(slices, label, box) for label, box in boxes.items()]


def crops_of_object(slices: Path, label: int, box: tuple[slice, ...]) -> np.ndarray:
    """The crops (k, 64, 64, 64) of an object."""
    planes = range(box[0].start, box[0].stop)
    em = np.stack([read(slices, "em", z) * (read(slices, "labels", z) == label) for z in planes])
    cut = em[:, *(slice(max(0, side.start - 1), side.stop + 1) for side in box[1:])]
    random = np.random.default_rng(label)
    found = np.zeros((PIECES if max(cut.shape) > SIZE else 1, *[SIZE] * 3))
    for crop in found:
        start = [random.integers(0, max(1, n - SIZE + 1)) for n in cut.shape]
        piece = cut[tuple(slice(a, a + SIZE) for a in start)]
        crop[tuple(map(slice, piece.shape))] = piece
        crop /= max(1, crop.max())
    return found


def contours(slices: Path) -> list[np.ndarray]:
    """The points of all objects, slice after slice."""
    found = []
    for z in range(scale.TILE["shape"][0]):
        labels = read(slices, "labels", z)
        for label in np.unique(labels)[1:]:
            alone = labels.astype(np.int64)
            alone[alone != label] = 0
            outline = find_contours(alone, 0.8)[0]
            found.append(np.column_stack([np.full(len(outline), z), outline]))
    return found


if __name__ == "__main__":
    main()
