"""Damage valid files at random, read them, and count what comes of it.

    python tests/campaigns/fuzz.py --cases 5000 --seed 1
    python tests/campaigns/fuzz.py --cases 200 --only tiff npz --show
    python tests/campaigns/fuzz.py --cases 100000 --workers 16

Every case is a valid file with some bytes changed, cut off or put in, by the seed and the number of
the case alone. It is to be read (``ok``) or to end in a sentence for the user (``sentence``). All
else is a fault and makes the command fail: ``raw`` (an error of a library), ``crash`` (the process
ends), ``endless`` (longer than the limit), ``memory`` (a small file takes more than a gigabyte; a
worker gets no more than eight).
"""

import argparse
import os
import queue
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]

OUTCOMES = ("ok", "sentence", "raw", "crash", "endless", "memory")
SECONDS = 40
# In which the structure of an HDF5 file must be looked through here, where all files are small.
HDF5_SECONDS = 15
MEMORY_KB = 1 << 20
MOST_BYTES = 8 << 30
# Numbers that sizes and offsets are taken for where a damaged file says so.
EXTREME = (b"\0" * 4, b"\xff" * 4, b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\0\0\0\x7f", b"\1" * 8)


# Valid files, each made by one function into a folder; what it returns is damaged.


def _pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 255, shape, dtype=np.uint8)


def _mask() -> np.ndarray:
    mask = np.zeros((48, 48), np.uint16)
    mask[4:16, 4:16], mask[24:40, 20:44] = 1, 2
    return mask


def make_swc(folder: Path) -> Path:
    rows = [f"{i} {1 if i == 1 else 3} {i * 3}.5 {i % 5} 0 1 {i - 1 or -1}" for i in range(1, 40)]
    path = folder / "neuron.swc"
    path.write_text("# made\n" + "\n".join(rows) + "\n")
    return path


def make_swc_zip(folder: Path) -> Path:
    import zipfile

    with zipfile.ZipFile(folder / "neurons.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(make_swc(folder), "neuron.swc")
    return folder / "neurons.zip"


def make_labels(folder: Path) -> Path:
    path = folder / "labels.csv"
    path.write_text("id,label,group\n" + "".join(f"n{i},L{i % 3},g{i % 4}\n" for i in range(30)))
    return path


def make_tiff(folder: Path) -> Path:
    import tifffile

    settings = {"compression": "zlib", "metadata": {"axes": "YX"}}
    tifffile.imwrite(folder / "image.tif", _pixels(48, 48), **settings)
    return folder / "image.tif"


def make_ome_tiff(folder: Path) -> Path:
    import tifffile

    settings = {"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    tifffile.imwrite(folder / "image.ome.tif", _pixels(3, 48, 48), ome=True, metadata=settings)
    return folder / "image.ome.tif"


def make_png(folder: Path) -> Path:
    from PIL import Image

    Image.fromarray(_pixels(48, 48)).save(folder / "image.png")
    return folder / "image.png"


def make_jpeg(folder: Path) -> Path:
    from PIL import Image

    Image.fromarray(_pixels(48, 48, 3)).save(folder / "image.jpg")
    return folder / "image.jpg"


def make_mask(folder: Path) -> Path:
    from PIL import Image

    Image.fromarray(_mask().astype(np.uint8), mode="L").convert("P").save(folder / "mask.png")
    return folder / "mask.png"


def make_movie(folder: Path) -> Path:
    import tifffile

    tifffile.imwrite(
        folder / "movie.tif", _pixels(4, 64, 64), imagej=True, metadata={"axes": "TYX"}
    )
    return folder / "movie.tif"


def _crops() -> dict[str, np.ndarray]:
    x = _pixels(5, 1, 16, 16)
    return {
        "x": x,
        "id": np.array([f"c{i}" for i in range(5)]),
        "mask": (x[:, 0] > 9).astype(np.uint8),
    }


def make_npy(folder: Path) -> Path:
    np.save(folder / "crops.npy", _crops()["x"])
    return folder / "crops.npy"


def make_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "crops.npz", **_crops())
    return folder / "crops.npz"


def make_h5(folder: Path) -> Path:
    import h5py

    with h5py.File(folder / "crops.h5", "w") as file:
        for name, values in _crops().items():
            file[name] = values.astype("S") if values.dtype.kind == "U" else values
        file["label"] = ["a", "b", "a", "b", "a"]
        file.attrs["pixel_size_um"] = 0.5
    return folder / "crops.h5"


def make_zarr(folder: Path) -> Path:
    import zarr

    group = zarr.open_group(folder / "crops.zarr", mode="w", zarr_format=3)
    group.attrs["pixel_size_um"] = 0.5
    for name, values in _crops().items():
        if name != "id":
            group.create_array(name, data=values, chunks=(2, *values.shape[1:]))
    return folder / "crops.zarr"


def make_torch(folder: Path) -> Path:
    import torch

    torch.save(torch.from_numpy(_crops()["x"]), folder / "crops.pt")
    return folder / "crops.pt"


def make_volume_h5(folder: Path) -> Path:
    import h5py

    with h5py.File(folder / "volume.h5", "w") as file:
        made = file.create_dataset("em", data=_pixels(8, 24, 24), chunks=(4, 12, 12), compression=4)
        made.attrs["resolution"] = [30.0, 8.0, 8.0]
    return folder / "volume.h5"


def make_volume_tiff(folder: Path) -> Path:
    import tifffile

    tifffile.imwrite(folder / "volume.tif", _pixels(6, 24, 24), compression="zlib")
    return folder / "volume.tif"


def _chunked(path: Path, spec: dict, values: np.ndarray) -> Path:
    import tensorstore as ts

    kvstore = {"driver": "file", "path": f"{path}/"}
    store = ts.open({**spec, "kvstore": kvstore}, create=True).result()
    store.write(values).result()
    return path


def make_volume_zarr(folder: Path, codec: str = "zstd") -> Path:
    metadata = {"shape": [8, 24, 24], "chunks": [4, 12, 12], "dtype": "|u1"}
    metadata["compressor"] = {"id": codec}
    spec = {"driver": "zarr", "metadata": metadata}
    return _chunked(folder / "volume.zarr", spec, _pixels(8, 24, 24))


def make_volume_n5(folder: Path, codec: str = "gzip") -> Path:
    metadata = {"dimensions": [24, 24, 8], "blockSize": [12, 12, 4], "dataType": "uint8"}
    metadata["compression"] = {"type": codec}
    if codec == "blosc":
        metadata["compression"] |= {"cname": "lz4", "clevel": 5, "shuffle": 1}
    return _chunked(
        folder / "volume.n5", {"driver": "n5", "metadata": metadata}, _pixels(24, 24, 8)
    )


def make_precomputed(folder: Path, encoding: str) -> Path:
    scale = {"size": [24, 24, 8], "chunk_size": [12, 12, 4], "resolution": [8, 8, 30]}
    scale |= {"key": "8_8_30", "encoding": encoding}
    labels = encoding == "compressed_segmentation"
    if labels:
        scale["compressed_segmentation_block_size"] = [8, 8, 4]
    metadata = {"data_type": "uint32" if labels else "uint8", "num_channels": 1}
    metadata["type"] = "segmentation" if labels else "image"
    spec = {"driver": "neuroglancer_precomputed", "multiscale_metadata": metadata}
    values = _pixels(24, 24, 8, 1).astype(metadata["data_type"])
    return _chunked(folder / "volume.precomputed", {**spec, "scale_metadata": scale}, values)


def make_slices(folder: Path) -> Path:
    from PIL import Image

    (folder / "slices").mkdir()
    for z in range(4):
        Image.fromarray(_pixels(24, 24)).save(folder / f"slices/z{z}.png")
    return folder / "slices"


def make_config(folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_bytes((ROOT / "config/config.yaml").read_bytes())
    return path


def make_runs(folder: Path) -> Path:
    path = folder / "runs.tsv"
    rows = [("toy_neurons", "morphvae", "default"), ("nuclei", "o2vae", "default")]
    lines = ["\t".join((*row, str(seed))) for row in rows for seed in range(5)]
    path.write_text("dataset\tmodel\tvariant\tseed\n" + "\n".join(lines) + "\n")
    return path


def make_card(folder: Path) -> Path:
    """A folder as that of the models' cards, with one of them beside the schemas."""
    (folder / "schemas").mkdir()
    (folder / "models").mkdir()
    for name in ("model", "settings"):
        schema = f"schemas/{name}.schema.yaml"
        (folder / schema).write_bytes((ROOT / "config" / schema).read_bytes())
    (folder / "models/o2vae.yaml").write_bytes((ROOT / "config/models/o2vae.yaml").read_bytes())
    return folder / "models"


# Readers: each reads all that the workflow would.


def read_swc(path: Path) -> None:
    from morphoflow.neurons.reading.prepare import Part, read_neurons

    settings = {"roots": "join", "on_bad_input": "stop"}
    forest, _ = read_neurons([Part([path])], compartments=["dendrite", "other"], **settings)
    forest.check()


def read_label_table(path: Path) -> None:
    from morphoflow.reading.label_tables import read_label_tables

    read_label_tables([], [path], {"label_column": "label", "group_column": "group"})


def read_picture(path: Path) -> None:
    from morphoflow.images.images import read_image

    read_image(path)


def read_mask_file(path: Path) -> None:
    from morphoflow.cells.reading.masks import read_mask

    read_mask(path)


def read_movie(path: Path) -> None:
    from morphoflow.dendrites.reading.frames import open_frames
    from morphoflow.dendrites.reading.reading import picture

    with open_frames(path) as frames:
        picture(frames, "max")


def read_crops(path: Path) -> None:
    from morphoflow.cells.reading.crops import CropSettings
    from morphoflow.cells.reading.sources import list_items

    settings = CropSettings(**CROPS)
    for item in list_items({"arrays": str(path)}, settings):
        item.survey(100)
        for _ in item.read(None, []):
            pass


def read_packed_crops(path: Path) -> None:
    """Crops that were damaged before they were packed, so that no checksum tells."""
    import zipfile

    with zipfile.ZipFile(path.with_suffix(".npz"), "w") as archive:
        archive.write(path, "x.npy")
    read_crops(path.with_suffix(".npz"))


CROPS = {
    "size": 16,
    "scale": "fixed",
    "pixel_um": None,
    "fill": 0.9,
    "centre": "mask",
    "background": "mask",
    "range": "image",
    "percentiles": (1, 99),
    "border": "keep",
}


def read_volume(path: Path) -> None:
    from morphoflow.errors import InputError
    from morphoflow.organelles.volumes.boxes import Box
    from morphoflow.organelles.volumes.open import open_volume
    from morphoflow.organelles.volumes.watched import watched_files

    try:
        watched_files(path)
    except ValueError as error:
        # The Snakefile asks first which files stand for the volume, and its errors are sentences.
        raise InputError(str(error)) if type(error) is ValueError else error from None
    volume = open_volume(path)
    stop = tuple(min(n, 64) for n in volume.shape)
    volume.read(Box((0, 0, 0), stop))


def read_configuration(path: Path) -> None:
    import yaml

    from morphoflow.plan.config import read_config

    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # Snakemake reads the file itself, and says so in its own words.
        raise ValueError(f"{path}: {error}") from None
    if isinstance(config, dict):
        read_config(config, ROOT / "config/schemas/config.schema.yaml")


def read_run_table(path: Path) -> None:
    from morphoflow.plan.runs import read_runs

    read_runs(path, {"toy_neurons": "neurons", "nuclei": "cells"}, cards())


@cache
def cards() -> dict:
    """The cards of the project's models."""
    from morphoflow.plan.models import read_models

    return read_models(ROOT / "config/models")


def read_cards(path: Path) -> None:
    from morphoflow.plan.models import read_models

    read_models(path)


TARGETS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], None]]] = {
    "swc": (make_swc, read_swc),
    "swc_zip": (make_swc_zip, read_swc),
    "labels": (make_labels, read_label_table),
    "tiff": (make_tiff, read_picture),
    "ome_tiff": (make_ome_tiff, read_picture),
    "png": (make_png, read_picture),
    "jpeg": (make_jpeg, read_picture),
    "mask": (make_mask, read_mask_file),
    "movie": (make_movie, read_movie),
    "npy": (make_npy, read_crops),
    "npz": (make_npz, read_crops),
    "npz_inside": (make_npy, read_packed_crops),
    "hdf5": (make_h5, read_crops),
    "zarr": (make_zarr, read_crops),
    "torch": (make_torch, read_crops),
    "volume_hdf5": (make_volume_h5, read_volume),
    "volume_tiff": (make_volume_tiff, read_volume),
    "volume_zarr": (make_volume_zarr, read_volume),
    "volume_n5": (make_volume_n5, read_volume),
    # Decoders that could go round in a circle on a damaged chunk.
    **{
        f"zarr_{codec}": (partial(make_volume_zarr, codec=codec), read_volume)
        for codec in ("blosc", "bz2", "gzip", "zlib")
    },
    **{
        f"n5_{codec}": (partial(make_volume_n5, codec=codec), read_volume)
        for codec in ("blosc", "bzip2", "xz", "zstd")
    },
    **{
        f"pre_{encoding[:10]}": (partial(make_precomputed, encoding=encoding), read_volume)
        for encoding in ("compressed_segmentation", "jpeg", "png", "raw")
    },
    "slices": (make_slices, read_volume),
    "config": (make_config, read_configuration),
    "runs": (make_runs, read_run_table),
    "card": (make_card, read_cards),
}


# What the Snakefile reads: there a ValueError is a sentence.
PLANNED = ("config", "runs", "card")


# One case: bytes changed, and what comes of reading them.


def damaged(data: bytes, generator: np.random.Generator) -> bytes:
    """The bytes of a file after one to three of the usual mishaps, or after one flipped bit."""
    gentle = generator.random() < 0.4
    for _ in range(1 if gentle else generator.integers(1, 4)):
        at = int(generator.integers(0, max(1, len(data))))
        n = int(generator.integers(1, 33))
        noise = generator.bytes(n)
        extreme = EXTREME[generator.integers(len(EXTREME))]
        flipped = bytes([(data[at] if data else 0) ^ 1 << int(generator.integers(8))])
        kinds = (
            data[:at] + flipped + data[at + 1 :],
            data[:at] + noise + data[at + n :],
            data[:at],
            data[:at] + noise + data[at:],
            data[:at] + data[at + n :],
            data[:at] + extreme + data[at + len(extreme) :],
            data[:at] + data[max(0, at - n) : at] + data[at:],
        )
        data = kinds[0 if gentle else generator.integers(len(kinds))]
    return data


@cache
def place() -> tempfile.TemporaryDirectory:
    """A folder as long as this process runs."""
    return tempfile.TemporaryDirectory()


@cache
def valid(name: str) -> Path:
    """The valid file of a target, which is made once, in a folder with all that belongs to it."""
    folder = Path(place().name) / name
    folder.mkdir()
    return TARGETS[name][0](folder)


def copied(path: Path, folder: Path) -> Path:
    """The copy in ``folder`` of a file, or of a folder that is one, with all that lies beside it.

    Libraries keep what they have read of a path, so each case has its own.
    """
    shutil.copytree(path.parent, folder, dirs_exist_ok=True)
    return folder / path.name


def outcome_of(name: str, seed: int, number: int) -> tuple[str, str]:
    """What comes of a case, and the sentence or the place of the fault."""
    from morphoflow.errors import InputError
    from morphoflow.reading.findings import Refused

    read = TARGETS[name][1]
    generator = np.random.default_rng([seed, number, list(TARGETS).index(name)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        path = copied(valid(name), Path(folder))
        files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
        chosen = files[generator.integers(len(files))]
        chosen.write_bytes(damaged(chosen.read_bytes(), generator))
        outcome, detail = "ok", ""
        try:
            read(path)
        except (InputError, Refused) as error:
            outcome, detail = "sentence", str(error)
        except Exception as error:
            plain = name in PLANNED and type(error) is ValueError
            outcome = "sentence" if plain else "raw"
            place = traceback.extract_tb(error.__traceback__)[-1]
            detail = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > MEMORY_KB:
        outcome = "memory"
    return outcome, " ".join(detail.split())


def forked_walk(file: str, seconds: float) -> tuple[int | None, str]:
    """As :func:`morphoflow.reading.hdf5.walk`, in a fork, which has the packages loaded."""
    from morphoflow.reading.hdf5 import WALK

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        sys.argv = ["-c", file]
        os.dup2(writing, 2)
        status = 1
        try:
            exec(WALK, {})
            status = 0
        except SystemExit as end:
            os.write(2, str(end.code).encode())
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        if not select.select([said], [], [], seconds)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None, ""
        text = said.read().decode(errors="replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


# The campaign: cases run in a process of their own, which is replaced when it hangs or ends.


def run_worker(seed: int, jobs: list[tuple[str, int]]) -> None:
    """Run ``jobs`` (target and number) one after the other, with a line on each."""
    # Libraries may print what they like; the lines are for the campaign alone.
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    from morphoflow.reading import hdf5

    hdf5.SECONDS, hdf5.walk = HDF5_SECONDS, forked_walk
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    lines.write("ready\n")
    for name, number in jobs:
        lines.write("\t".join(outcome_of(name, seed, number)) + "\n")


def campaign(
    seed: int, jobs: list[tuple[str, int]], workers: int
) -> Iterator[tuple[str, int, str, str]]:
    """Target, number, outcome and detail of every job, by several processes at once."""
    results: queue.Queue = queue.Queue()

    def work(mine: list[tuple[str, int]]) -> None:
        for result in _one_after_the_other(seed, mine):
            results.put(result)

    for first in range(workers):
        threading.Thread(target=work, args=(jobs[first::workers],), daemon=True).start()
    for _ in jobs:
        yield results.get()


def _one_after_the_other(
    seed: int, jobs: list[tuple[str, int]]
) -> Iterator[tuple[str, int, str, str]]:
    done = 0
    while done < len(jobs):
        for result in _batch(seed, jobs[done:]):
            done += 1
            yield result


def _batch(seed: int, jobs: list[tuple[str, int]]) -> Iterator[tuple[str, int, str, str]]:
    """The results of one process: up to the job that made an end of it."""
    text = " ".join(f"{name}:{number}" for name, number in jobs)
    command = [sys.executable, "-W", "ignore", __file__, "--seed", str(seed), "--worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, text=True, **pipes)
    process.stdin.write(text)
    process.stdin.close()
    said: queue.Queue = queue.Queue()
    threading.Thread(target=_listen, args=(process.stdout, said), daemon=True).start()
    said.get()
    for name, number in jobs:
        try:
            line = said.get(timeout=SECONDS)
        except queue.Empty:
            line = f"endless\tlonger than {SECONDS} s"
        line = line or "crash\tthe process ended"
        outcome, detail = line.rstrip("\n").split("\t", 1)
        yield name, number, outcome, detail
        if outcome in ("endless", "crash"):
            break
    process.kill()
    process.wait()


def _listen(stream, said: queue.Queue) -> None:
    for line in stream:
        said.put(line)
    said.put("")


def main() -> int:
    """Run the campaign of the command line; 1 if a case was none of ok and sentence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    # Without torch its files can neither be made nor read.
    able = [name for name in TARGETS if name != "torch" or find_spec("torch")]
    parser.add_argument("--workers", type=int, default=1, help="processes at once")
    parser.add_argument("--only", nargs="*", choices=TARGETS, default=able)
    parser.add_argument("--show", action="store_true", help="show every case, not faults alone")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        pairs = (job.split(":") for job in sys.stdin.read().split())
        run_worker(asked.seed, [(name, int(number)) for name, number in pairs])
        return 0
    numbers = range(asked.first, asked.first + asked.cases)
    jobs = [(asked.only[number % len(asked.only)], number) for number in numbers]
    counts: Counter = Counter()
    try:
        for name, number, outcome, detail in campaign(asked.seed, jobs, asked.workers):
            counts[name, outcome] += 1
            if asked.show or outcome not in OUTCOMES[:2]:
                print(f"{name} {number}: {outcome} {detail[:400]}", flush=True)
    except KeyboardInterrupt:
        print("interrupted after:")
    print_table(counts, asked.only)
    return int(any(outcome not in OUTCOMES[:2] for _, outcome in counts))


def print_table(counts: Counter, targets: list[str]) -> None:
    """How often each target had each outcome, and all of them together."""
    print(f"{'target':12s}" + "".join(f"{outcome:>9s}" for outcome in OUTCOMES))
    for name in [*targets, "all"]:
        part = targets if name == "all" else [name]
        row = [sum(counts[target, outcome] for target in part) for outcome in OUTCOMES]
        print(f"{name:12s}" + "".join(f"{n:9d}" for n in row))


if __name__ == "__main__":
    sys.exit(main())
