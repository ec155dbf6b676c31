"""Every kind of result of the project, small, and the ways in which a disk may damage it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from morphoflow.embedding import make_embedding, read_embedding, write_embedding
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.forest import Forest, concatenate, single
from morphoflow.integrity import open_store
from morphoflow.manifest import check_listed, write_manifest
from morphoflow.model import Model, read_model, write_model
from morphoflow.models.shared.shapes import write_shapes
from morphoflow.organelles.phantom.phantom import PhantomSettings, write_phantom
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.records import MANIFEST
from morphoflow.store import array_of, read_samples, write_samples
from morphoflow.store_stream import stream_samples
from morphoflow.tables import read_objects, read_table, write_objects, write_table
from morphoflow.training.checkpoint import load_checkpoint, save_checkpoint

N = 60
IDENTITY = {"model": "m", "seed": 0}
PROVENANCE = {"command": "read_things.py", "settings": {"size": 3}, "inputs": []}


def everything_of_store(path: Path) -> None:
    """Read all of a sample store."""
    samples = read_samples(path)
    np.asarray(samples.x[:])
    for level in samples.levels.values():
        np.asarray(level[:])


def everything_of_volume(path: Path) -> np.ndarray:
    """All voxels of a phantom's volume."""
    volume = open_volume(path)
    return volume.read(Box((0, 0, 0), volume.shape))


def everything_of_shapes(path: Path) -> dict[str, np.ndarray]:
    """All arrays in a store of groups."""
    return {
        f"{name}/{key}": array_of(group, key)[:]
        for name, group in sorted(open_store(path).groups())
        for key in sorted(group.array_keys())
    }


def newest_checkpoint(path: Path) -> dict:
    """The checkpoint in a folder; InputError with what training says where it is passed over."""
    said: list[str] = []
    content = load_checkpoint(path, IDENTITY, said.append)
    if content is None:
        # Training begins anew.
        raise InputError("; ".join(said) or f"{path} holds no checkpoint")
    return content


def figures_of(path: Path) -> list[str]:
    """The names of the files in a folder of figures, which are what they were."""
    check_listed(path / MANIFEST)
    return sorted(file.name for file in path.iterdir())


READERS: dict[str, Callable] = {
    "volume.zarr": everything_of_volume,
    "shapes.zarr": everything_of_shapes,
    "checkpoint": newest_checkpoint,
    "figures": figures_of,
    "samples.zarr": everything_of_store,
    "stream.zarr": everything_of_store,
    "trees.zarr": Forest.read,
    "objects.parquet": read_objects,
    "scores.parquet": read_table,
    "embedding.h5ad": read_embedding,
    "model.pt": read_model,
}


def write_results(folder: Path) -> None:
    """Write one result of each kind of READERS into a folder."""
    generator = np.random.default_rng(0)
    ids = [f"o{i}" for i in range(N)]
    x = generator.normal(size=(N, 20)).astype(np.float32)
    columns = {"source": "s", "label": "a", "group": ids, "split": "train", "volume_um3": x[:, 0]}
    objects = pd.DataFrame({"id": ids, **columns})
    record = {"provenance": PROVENANCE}
    axes = {"axes": ["object", "feature"], "units": "um"}
    mask = x > 0
    write_samples(folder / "samples.zarr", ids, x, mask=mask, **axes, **record)
    images = generator.integers(0, 255, (N, 1, 8, 8)).astype(np.uint8)
    axes["axes"] = ["object", "channel", "y", "x"]
    with stream_samples(folder / "stream.zarr", **axes, **record) as stream:
        stream.append(ids, images, levels={4: images[..., ::2, ::2]})
    trees = [
        single(f"n{i}", np.cumsum(x[:8, :3], axis=0) - x[0, :3], np.arange(-1, 7)) for i in "ab"
    ]
    concatenate(trees).write(folder / "trees.zarr", provenance=PROVENANCE)
    write_objects(folder / "objects.parquet", objects, PROVENANCE)
    write_table(folder / "scores.parquet", objects[["id", "volume_um3"]], PROVENANCE)
    write_embedding(folder / "embedding.h5ad", make_embedding(x, objects, PROVENANCE))
    state = {"weight": torch.from_numpy(x), "bias": torch.arange(5)}
    model = Model("m", "m/model.py", {"size": 3}, {"names": ids}, state, PROVENANCE, ids[:3])
    write_model(folder / "model.pt", model)
    write_phantom(
        folder / "phantom", PhantomSettings((40, 96, 96), (30, 16, 16), per_class=1), PROVENANCE
    )
    (folder / "phantom" / "labels.zarr").rename(folder / "volume.zarr")
    shutil.rmtree(folder / "phantom")
    write_shapes(folder / "shapes.zarr", {"real": {"x": x}, "made": {"x": x + 1}}, PROVENANCE)
    save_checkpoint(folder / "checkpoint", {"identity": IDENTITY, "state": state, "epoch": 3})
    (folder / "figures").mkdir()
    for name in ("maps.svg", "maps.png"):
        (folder / "figures" / name).write_bytes(generator.bytes(300))
    write_manifest(folder / "figures", PROVENANCE)


def files_of(result: Path) -> list[Path]:
    """The files of a result, which is a folder or one itself."""
    return sorted(f for f in result.rglob("*") if f.is_file()) if result.is_dir() else [result]


def damages(result: Path, many: int, seed: int) -> Iterator[tuple[str, Path]]:
    """Damage ``result`` in one way after another, ``many`` flips in all; each is undone.

    Yields what was done ("flip", "truncate", "delete") and the damaged file.
    """
    generator = np.random.default_rng(seed)
    files = files_of(result)
    for number in range(many):
        file = files[number % len(files)]
        whole = file.read_bytes()
        damaged = bytearray(whole)
        damaged[generator.integers(len(whole))] ^= 1 << generator.integers(8)
        file.write_bytes(damaged)
        yield "flip", file
        file.write_bytes(whole)
    for file in files:
        whole = file.read_bytes()
        for length in sorted({0, len(whole) // 2, len(whole) - 1}):
            file.write_bytes(whole[:length])
            yield "truncate", file
        file.unlink()
        yield "delete", file
        file.write_bytes(whole)


def outcome(result: Path, clean: str) -> str:
    """What reading gives: "named", "raw" or "silent", or "same" where nothing has changed.

    ``clean`` is what :func:`content_of` gave before. An error is named if it is an InputError with
    the result's name; a flip that changes no value, as of white space in JSON, is the same.
    """
    try:
        now = content_of(result)
    except InputError as error:
        return "named" if result.name in str(error) else "raw"
    except Exception:
        return "raw"
    return "same" if now == clean else "silent"


def content_of(result: Path) -> str:
    """A digest of all values that the project reads from a result."""
    found = READERS[result.name](result)
    if result.suffix == ".zarr" and found is None:
        samples = read_samples(result)
        parts = [samples.x[:], samples.ids, samples.mask, samples.attributes]
        parts += [level[:] for level in samples.levels.values()]
    elif isinstance(found, Forest):
        parts = [getattr(found, name) for name in ("ids", "offsets", "xyz", "radius", "parent")]
    elif isinstance(found, pd.DataFrame):
        parts = [found.to_csv(float_format="%.17g"), found.attrs]
    elif isinstance(found, Model):
        parts = [{**vars(found), "state": {k: v.tolist() for k, v in found.state.items()}}]
    elif isinstance(found, np.ndarray):
        parts = [found]
    elif isinstance(found, dict):
        parts = [*found.keys(), *found.values()]
    elif isinstance(found, list):
        parts = found
    else:
        parts = [np.asarray(found.X), found.obs.to_csv(), dict(found.uns)]
    return "\n".join(p.tobytes().hex() if isinstance(p, np.ndarray) else repr(p) for p in parts)


def copies(result: Path, folder: Path) -> Path:
    """A copy of a result in another folder, to be damaged."""
    copy = folder / result.name
    shutil.copytree(result, copy) if result.is_dir() else shutil.copy(result, copy)
    assert sha256(copy) == sha256(result)
    return copy
