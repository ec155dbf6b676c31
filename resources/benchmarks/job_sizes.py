"""Memory and time of single jobs by the size of their input, by which jobs ask for both.

``PYTHONPATH=scripts python resources/benchmarks/job_sizes.py`` makes inputs of noise, runs each job
alone on one thread, and writes job_sizes.json. It takes an hour or less.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import zarr
from machine import cpu_model

from morphoflow.plan.config import read_config
from morphoflow.plan.models import read_models, settings_of
from morphoflow.store import write_array, write_samples
from morphoflow.tables import write_table

ROOT = Path(__file__).parents[2]
OUTPUT = Path(__file__).with_suffix(".json")
MODELS = read_models(ROOT / "config/models")
# Model, its changed settings, and the shapes of its samples. Without epochs a training reads its
# data and is judged once; an epoch tells what the steps need besides.
TRAININGS = [
    ("volume_vae", {"epochs": 0}, [(500, 2, 64, 64, 64), (2000, 2, 64, 64, 64)]),
    ("volume_vae", {"epochs": 1}, [(60, 2, 64, 64, 64)]),
    ("contrastive", {"epochs": 0}, [(500, 2, 64, 64, 64)]),
    ("contrastive", {"epochs": 1}, [(60, 2, 64, 64, 64)]),
    ("point_ae", {"epochs": 1}, [(500, 512, 3), (2000, 512, 3)]),
    ("o2vae", {"epochs": 1}, [(500, 1, 64, 64)]),
    ("o2vae", {"epochs": 0}, [(5000, 1, 64, 64), (20000, 1, 64, 64)]),
    ("morphvae", {"epochs": 1}, [(500, 256, 16, 3), (2000, 256, 16, 3)]),
    ("walk_transformer", {"epochs": 1}, [(500, 64, 16, 3)]),
]
BASELINES = [
    ("pixels", {}, [(5000, 1, 64, 64), (20000, 1, 64, 64)]),
    ("density", {}, [(2000, 20, 20, 20)]),
]
OBJECTS = [1250, 5000, 20000]
DTYPES = {"volumes": np.uint8}
PARTS = ("maps", "clusters", "classification", "cross_validation", "retrieval", "outliers")


def main() -> None:
    """Run all cases and write what each used."""
    rows = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for case in cases(Path(folder)):
            rows.append(case)
            print(json.dumps(case), flush=True)
    what = "jobs on inputs of noise, one at a time on one thread: largest resident memory, CPU time"
    said = {"what": what, "machine": {"cpu": cpu_model()}, "jobs": rows}
    OUTPUT.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def cases(folder: Path):
    """Run one job after another; what each read and used."""
    chosen = sys.argv[1:]
    for model, changes, shapes in TRAININGS:
        for shape in shapes:
            if not chosen or model in chosen:
                yield train(folder, model, changes, shape)
    for model, changes, shapes in BASELINES:
        for shape in shapes:
            if not chosen or model in chosen:
                yield fit(folder, model, changes, shape)
    for number in OBJECTS:
        if not chosen or "analyse_embedding" in chosen:
            yield analyse(folder, number)


def train(folder: Path, model: str, changes: dict, shape: tuple) -> dict:
    """Train a model on noise."""
    samples, objects = made(make_samples, folder, model, shape)
    line = common(folder, model, changes, samples, objects)
    line += ["--history", folder / "history.parquet", "--checkpoints", folder / "checkpoints"]
    line += ["--tensorboard", folder / "tensorboard", "--start-from", "--gpus", "0"]
    batch = settings_of(MODELS, model, "default")["batch_size"]
    record = {"rule": "train", "model": model, "batch": batch, **changes}
    return record | used("train", line, shape, samples)


def fit(folder: Path, model: str, changes: dict, shape: tuple) -> dict:
    """Fit a baseline to noise, and embed it."""
    samples, objects = made(make_samples, folder, model, shape)
    line = common(folder, model, changes, samples, objects)
    line += ["--embedding", folder / "embedding.h5ad", "--uncertainty", "false"]
    line += ["--size-joined", "false"]
    return {"rule": "fit", "model": model, **used("fit", line, shape, samples)}


def common(folder: Path, model: str, changes: dict, samples: Path, objects: Path) -> list:
    """The flags that trainings and fits share."""
    settings = settings_of(MODELS, model, "default") | changes
    line = ["--model", model, "--code", MODELS[model]["code"], "--settings", json.dumps(settings)]
    line += ["--seed", 0, "--samples", samples, "--objects", objects]
    return [*line, "--output", folder / "model.pt", "--threads", 1]


def analyse(folder: Path, number: int) -> dict:
    """Analyse an embedding of noise in 32 dimensions with five classes of objects."""
    embedding, measures = made(make_embedding, folder, number)
    config = read_config({"runs": "none"}, ROOT / "config/schemas/config.schema.yaml")
    line = ["--embedding", embedding, "--measures", measures, "--uses-labels", "false"]
    line += ["--settings", json.dumps({part: config[part] for part in PARTS}), "--seed", 0]
    line += ["--dataset", "noise", "--model", "none", "--variant", "none", "--folder", folder]
    more = {"embedding_mb": round(embedding.stat().st_size / 2**20, 1)}
    more |= used("analyse_embedding", line, (number, 32), measures)
    return {"rule": "analyse_embedding", **more}


def made(make, *given) -> tuple[Path, Path]:
    """What ``make`` makes, in a process of its own: a job's peak counts that of its parent."""
    with multiprocessing.Pool(1) as pool:
        return pool.apply(make, given)


def make_embedding(folder: Path, number: int) -> tuple[Path, Path]:
    """An embedding of noise in 32 dimensions and 23 measures of its objects."""
    rng = np.random.default_rng(0)
    objects = table(number)
    x = rng.normal(size=(number, 32)).astype(np.float32)
    obs = objects.set_index("id")
    data = anndata.AnnData(x, obs=obs)
    data.uns["provenance"] = "{}"
    embedding = folder / "noise.h5ad"
    data.write_h5ad(embedding)
    measures = folder / "measures.zarr"
    names = [f"measure_{i}" for i in range(23)]
    write(measures, objects, rng.normal(size=(number, 23)).astype(np.float32), names=names)
    return embedding, measures


def make_samples(folder: Path, model: str, shape: tuple) -> tuple[Path, Path]:
    """A store of noise in the form that a model reads, and its table of objects."""
    rng = np.random.default_rng(0)
    form = MODELS[model]["form"]
    dtype = DTYPES.get(form, np.float32)
    x = (rng.random(shape, dtype=np.float32) * (255 if dtype == np.uint8 else 1)).astype(dtype)
    objects = table(shape[0])
    samples = folder / f"{form}.zarr"
    more: dict = {}
    if form == "walks":
        more["length"] = np.full(shape[:2], shape[2], dtype=np.int32)
    if form == "crops":
        more["facts"] = {"channels": ["stain"], "pixel_size_um": 1.0}
    if form in ("volumes", "points"):
        more["scale"] = np.ones(shape[0], dtype=np.float32)
    if form == "volumes":
        more["facts"] = {"channels": ["em", "mask"]}
    if len(shape) == 2:
        more["names"] = [f"measure_{i}" for i in range(shape[1])]
    write(samples, objects, x, **more)
    if form == "crops":
        mask = np.ones((shape[0], *shape[2:]), dtype=np.uint8)
        write_array(zarr.open_group(samples), "mask", mask)
    write_table(folder / "objects.parquet", objects, {})
    return samples, folder / "objects.parquet"


def write(path: Path, objects: pd.DataFrame, x: np.ndarray, **more) -> None:
    """Write a store of noise."""
    axes = ["object", *(f"axis_{i}" for i in range(1, x.ndim))]
    write_samples(path, list(objects["id"]), x, axes=axes, units="none", provenance={}, **more)


def table(number: int) -> pd.DataFrame:
    """Objects of five classes in three splits."""
    rows = np.arange(number)
    ids = [f"o{i:06d}" for i in rows]
    split = np.array(["train"] * 4 + ["validation", "test"])[rows // 5 % 6]
    label = np.array(list("abcde"))[rows % 5]
    return pd.DataFrame(
        {"id": ids, "source": "noise", "label": label, "group": ids, "split": split}
    )


def used(script: str, line: list, shape: tuple, samples: Path) -> dict:
    """Run a script; its largest resident memory in MB and CPU seconds, beside its input's size."""
    command = [sys.executable, ROOT / f"scripts/{script}.py", *line]
    env = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    process = subprocess.Popen(
        [str(part) for part in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(said.decode())
    return {
        "shape": list(shape),
        "input_mb": round(megabytes(samples), 1),
        "mb": round(usage.ru_maxrss / 1024),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
    }


def megabytes(store: Path) -> float:
    """The size of a store's arrays in memory, in MB of 2^20 bytes."""
    total = 0.0
    for path in store.glob("*/zarr.json"):
        array = json.loads(path.read_text())
        total += np.prod(array["shape"], dtype=float) * np.dtype(array["data_type"]).itemsize
    return total / 2**20


if __name__ == "__main__":
    main()
