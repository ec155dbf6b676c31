"""Small label volumes and phantoms with known answers, for the tests of the organelles."""

from pathlib import Path

import numpy as np

from morphoflow.organelles.phantom.phantom import PhantomSettings, write_phantom

TINY = PhantomSettings(shape=(40, 140, 144), voxel_size_nm=(30.0, 16.0, 16.0), per_class=2, seed=1)


class Memory:
    """An array as a volume, with the boxes that were read."""

    path, voxel_size_nm = "memory", None

    def __init__(self, array, chunks=(8, 8, 8)):
        self.array, self.shape, self.dtype, self.chunks = array, array.shape, array.dtype, chunks
        self.boxes = []

    def read(self, box):
        self.boxes.append(box)
        return np.ascontiguousarray(self.array[box.slices])


def tiny_phantom(folder: Path, settings: PhantomSettings = TINY) -> dict:
    """Write a phantom of a few objects of each class; returns it as the setting ``source``."""
    write_phantom(folder, settings, provenance={})
    return {"em": str(folder / "em.zarr"), "labels": str(folder / "labels.zarr")}


def balls(
    shape: tuple[int, int, int],
    voxel_size_nm: tuple[float, float, float],
    centres_nm: list[tuple[float, float, float]],
    radii_nm: list[float],
    ids: list[int],
) -> np.ndarray:
    """Labels (z, y, x) uint64 of balls; a later ball covers what came before."""
    labels = np.zeros(shape, dtype=np.uint64)
    grid = [(np.arange(n) + 0.5) * size for n, size in zip(shape, voxel_size_nm, strict=True)]
    z, y, x = np.meshgrid(*grid, indexing="ij", sparse=True)
    for (cz, cy, cx), radius, identifier in zip(centres_nm, radii_nm, ids, strict=True):
        inside = (z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= radius**2
        labels[inside] = identifier
    return labels
