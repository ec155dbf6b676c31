"""Time what estimates.py needs and no other script here measures: reading, and embedding neurons.

``PYTHONPATH=scripts:tests python resources/benchmarks/estimates_objects.py ARCHIVE``, a zip archive
of real neurons such as results/sources/striatal_neurons.zip, writes estimates_objects.json.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from machine import cpu_model

from morphoflow.cells.reading.crops import CropSettings
from morphoflow.cells.reading.prepare import read_cells
from morphoflow.model import Model
from morphoflow.models.morphvae import model as morphvae
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.plan.models import read_models, settings_of
from morphoflow.store_stream import stream_samples
from morphoflow.swc_files import write_swc
from synthetic_cells import ellipse_crops

CPU = torch.device("cpu")
NEURONS, CROPS, PX, REPEATS = 60, 1000, 64, 3
CROP_SETTINGS = {
    "scale": "fixed",
    "fill": 0.9,
    "centre": "mask",
    "background": "mask",
    "border": "drop",
    "range": "type",
    "percentiles": (1, 99),
}
COMPARTMENTS = ["axon", "dendrite", "apical", "other"]


def milliseconds(job: Callable[[], object], number: int) -> float:
    """CPU milliseconds an object, the median of some calls after a first one."""
    job()
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        job()
        seconds.append(time.process_time() - start)
    return float(f"{1000 * median(seconds) / number:.3g}")


def read(path: Path):
    """The neurons of an archive with all their nodes."""
    how = {"compartments": COMPARTMENTS, "roots": "largest"}
    return read_neurons([Part([path])], **how, on_bad_input="skip")[0]


def reading(path: Path) -> dict[str, float]:
    """The cost of reading the neurons of an archive, and their size."""
    forest = read(path)
    return {
        "neurons": forest.n,
        "nodes": int(forest.n_nodes.mean()),
        "ms_per_neuron": milliseconds(lambda: read(path), forest.n),
    }


def embedding() -> float:
    """Milliseconds a toy neuron in the default morphvae, not trained, 256 walks of 16 steps."""
    forest = generate_toy_set("three", NEURONS // 3, seed=17)[0]
    x, length = sample_walks(forest, n_walks=256, n_steps=16, children="uniform", seed=0)
    samples = SimpleNamespace(x=x, length=length, ids=forest.ids)
    split = np.where(np.arange(forest.n) % 4 == 3, "validation", "train")
    objects = pd.DataFrame({"id": forest.ids, "label": "toy", "split": split})
    settings = settings_of(read_models(Path("config/models")), "morphvae", "default")
    learner = morphvae.build(samples, objects, settings, 0, CPU)
    model = Model("morphvae", settings, learner.facts, learner.state(), {})
    return milliseconds(lambda: morphvae.embed(model, samples, CPU), forest.n)


def all_train(rows: pd.DataFrame, _: list[str]) -> np.ndarray:
    """All objects are to be learned from."""
    return np.full(len(rows), "train")


def crops(folder: Path) -> float:
    """Milliseconds a crop of 64 px, from an array on disk into a sample store."""
    path = folder / "crops.npy"
    np.save(path, np.rint(255 * ellipse_crops(CROPS, PX, 1)[0]).astype(np.uint8))
    settings = CropSettings(size=PX, **CROP_SETTINGS)
    axes = ["object", "channel", "y", "x"]

    def job() -> None:
        store = folder / "crops.zarr"
        with stream_samples(store, axes=axes, units="intensity", provenance={}) as stream:
            read_cells([{"arrays": str(path)}], settings, "stop", stream, all_train)

    return milliseconds(job, CROPS)


def main(archive: Path) -> None:
    """Measure, and write the record."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_swc(folder / "toy.zip", generate_toy_set("three", NEURONS // 3, seed=17)[0])
        record = {
            "command": "PYTHONPATH=scripts:tests python resources/benchmarks/estimates_objects.py"
            f" {archive.name}",
            "what": "process CPU milliseconds on one thread, median of three calls after a first",
            "machine": {"cpu": cpu_model()},
            "reading neurons": {"toy": reading(folder / "toy.zip"), "real": reading(archive)},
            "embedding neurons, ms each": embedding(),
            "reading crops of 64 px, ms each": crops(folder),
        }
    text = json.dumps(record, indent=1)
    Path(__file__).with_suffix(".json").write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
