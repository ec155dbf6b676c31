"""How far embeddings of organelles move as an object is turned, beside how far objects lie apart.

Objects of one label volume that its border does not cut, each turned at random about all axes and
written into another volume with voxels of the same size, from which all is measured and sampled
anew. ``shift`` is the median, over the objects, of the distance between the embeddings of an object
and of its turned copy, over that from the object to the nearest other one of the dataset; each
dimension is standardised over all objects. Turning resamples an object's outline, which is the only
way in which a copy differs for a model that does not see how objects lie. Models are those of
``organelles_embeddings.py`` with seed 0, kept in its ``--folder``.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import zarr
from machine import cpu_model
from organelles_embeddings import CPU, MODELS, ROOT, fitted, measure
from scipy.ndimage import affine_transform
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from morphoflow.model import Model, read_model
from morphoflow.models.interface import Embedding, load_model
from morphoflow.organelles.counting.order import box_of
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.plan.models import read_models
from morphoflow.store import read_samples
from morphoflow.tables import read_objects

MOST, SEED = 48, 0
# Baselines with their variant, and the store that each is fitted on; turned objects have no EM.
BASELINES = {
    "table of size and form": ("features", "shape_and_size", "features"),
    "voxels": ("voxels", "default", "volumes"),
    "voxels, as they lie": ("voxels", "default", "volumes_as_they_lie"),
}


def main() -> None:
    """Turn, measure anew, embed, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="of organelles_embeddings.py")
    parser.add_argument("--labels", type=Path, required=True, help="a label volume of the dataset")
    parser.add_argument("--volume", help="the name of its source, where there are several")
    parser.add_argument("--voxel-size-nm", type=float, nargs=3, required=True, help="z, y, x")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    objects, size = read_objects(options.folder / "objects.parquet"), options.voxel_size_nm
    own = objects["source"] == options.volume if options.volume else np.ones(len(objects), bool)
    whole = objects[own & ~objects["touches_border"]]
    chosen = whole.iloc[np.linspace(0, len(whole) - 1, min(MOST, len(whole))).astype(int)]
    folder = options.folder / "turned"
    folder.mkdir(exist_ok=True)
    if not (folder / "labels.zarr").exists():
        write_turned(options.labels, chosen, np.array(size), folder / "labels.zarr")
    measure(folder, {"labels": str(folder / "labels.zarr"), "voxel_size_nm": size}, [])
    again = pd.Index(chosen["label_id"]).get_indexer(
        read_objects(folder / "objects.parquet")["label_id"]
    )
    rows = chosen.index.to_numpy()[again]
    made = {
        "volume": options.volume or options.labels.name,
        "objects": len(rows),
        "shift": shifts(options.folder, folder, objects, rows),
        "machine": cpu_model(),
    }
    options.output.write_text(json.dumps(made, indent=1) + "\n")
    print(options.output.read_text())


def write_turned(labels: Path, objects: pd.DataFrame, size: np.ndarray, output: Path) -> None:
    """Write the ``objects`` of a label volume, each turned at random, side by side along x.

    ``size`` (3,) is that of a voxel.
    """
    volume, generator = open_volume(labels), np.random.default_rng(SEED)
    turns = Rotation.random(len(objects), rng=generator).as_matrix()
    masks = []
    for row, turn in zip(objects.itertuples(), turns, strict=True):
        inside = volume.read(box_of(row)) == row.label_id
        masks.append(np.uint64(row.label_id) * turned(inside, turn, size))
    depth, height, _ = np.max([mask.shape for mask in masks], axis=0)
    beside = np.zeros((depth, height, sum(mask.shape[2] for mask in masks)), np.uint64)
    start = 0
    for mask in masks:
        z, y, x = mask.shape
        beside[:z, :y, start : start + x] = mask
        start += x
    zarr.create_array(output, data=beside, chunks=(64, 128, 128))


def turned(mask: np.ndarray, turn: np.ndarray, size: np.ndarray) -> np.ndarray:
    """A mask (z, y, x) by ``turn`` (3, 3) about its middle, in an empty rim of a voxel or more."""
    half = np.abs(turn) @ (np.array(mask.shape) * size / 2)
    shape = 2 * np.ceil(half / size).astype(int) + 4
    # From a voxel of the turned mask to the place in the mask that it comes from.
    back = (turn.T * size) / size[:, None]
    start = (np.array(mask.shape) - 1) / 2 - back @ ((shape - 1) / 2)
    values = affine_transform(mask.astype(np.float32), back, start, tuple(shape), order=1)
    return values > 0.5


def shifts(known: Path, folder: Path, objects: pd.DataFrame, rows: np.ndarray) -> dict:
    """The shift of each embedding; ``rows`` (m,) of the ``objects`` are those that were turned."""
    cards, found = read_models(ROOT / "config" / "models"), {}
    for name, (model, variant, store) in BASELINES.items():
        if (known / f"{store}.zarr").exists():
            x, fit = fitted(known, objects, cards, model, store, variant)
            found[name] = shift(x, fit, folder / f"{store}.zarr", rows)
    for name, (model, _) in MODELS.items():
        store = folder / f"{cards[model]['form']}.zarr"
        for key in (name, f"{name}, untrained"):
            ending = "untrained" if key != name else "trained"
            kept = known / f"{name}, seed {SEED}, {ending}.pt"
            if kept.exists():
                trained = read_model(kept)
                x = vectors(trained, known / store.name)
                found[key] = shift(x, trained, store, rows)
    return found


def vectors(model: Model, store: Path) -> np.ndarray:
    """The embedding of a store's samples."""
    return load_model(model.code, Embedding).embed(model, read_samples(store), CPU)


def shift(x: np.ndarray, model: Model, store: Path, rows: np.ndarray) -> float:
    """The median move of turned objects over the distance to the nearest other object."""
    moved = vectors(model, store)
    scale = x.std(0)
    scale[scale == 0] = 1
    x, moved = x / scale, moved / scale
    apart = cdist(x[rows], x)
    apart[np.arange(len(rows)), rows] = np.inf
    ratio = np.linalg.norm(moved - x[rows], axis=1) / apart.min(axis=1)
    return round(float(np.median(ratio)), 3)


if __name__ == "__main__":
    main()
