"""A generated EM volume with organelles of known shapes, and the truth about them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import zarr

from morphoflow.errors import InputError
from morphoflow.integrity import compressed, seal
from morphoflow.manifest import whole_folder
from morphoflow.organelles.phantom.neurites import neurites_at
from morphoflow.organelles.phantom.placement import KINDS, Placed, place_objects
from morphoflow.organelles.phantom.render import Capsules, Painted, capsules_of, paint
from morphoflow.organelles.phantom.texture import picture
from morphoflow.organelles.volumes.boxes import Box, Triple, blocks

# Voxels that are in memory at once; a multiple of the chunks, so that each is written once.
BLOCK = (64, 256, 256)

CHUNK = 64


@dataclass(frozen=True)
class PhantomSettings:
    """Voxels (z, y, x) of the volume, their size in nm, objects of each class, and the seed.

    ``kind`` is one of KINDS: which classes there are, and how the objects lie.
    """

    shape: tuple[int, int, int] = (64, 512, 512)
    voxel_size_nm: tuple[float, float, float] = (30.0, 8.0, 8.0)
    per_class: int = 30
    seed: int = 0
    kind: str = "plain"


@dataclass(frozen=True)
class Phantom:
    """All that determines the volumes: the objects with their ids, and their neurites.

    ``ids`` (n,) uint64 are sparse and in random order; ``shells`` (n,) says which objects have
    cristae along their surface, and not across.
    """

    settings: PhantomSettings
    objects: list[Placed]
    ids: np.ndarray
    capsules: Capsules
    homes: np.ndarray
    shells: np.ndarray

    def paint(self, box: Box) -> Painted:
        """Where the organelles are in ``box``."""
        return paint(self.capsules, box, self.settings.voxel_size_nm)

    def labels(self, painted: Painted) -> np.ndarray:
        """Ids (uint64) of the objects; 0 is background."""
        inside = painted.distance < 0
        return np.where(inside, self.ids[painted.owner], np.uint64(0))

    def em(self, painted: Painted, box: Box) -> np.ndarray:
        """Intensities (uint8) in ``box``."""
        settings = self.settings
        return picture(painted, box, settings.voxel_size_nm, self.homes, self.shells, settings.seed)


def make_phantom(settings: PhantomSettings) -> Phantom:
    """Draw and place the objects; raises InputError where they find no room."""
    rng = np.random.default_rng(settings.seed)
    extent = np.array(settings.shape) * np.array(settings.voxel_size_nm, dtype=np.float64)
    objects = place_objects(extent, settings.per_class, rng, KINDS[settings.kind])
    middles = [item.shape.paths[0].points for item in objects]
    homes = neurites_at(settings.seed, np.array([points[len(points) // 2] for points in middles]))
    shapes = [item.shape for item in objects]
    shells = np.array([shape.label.endswith("shells") for shape in shapes])
    ids = _ids(len(objects), rng)
    return Phantom(settings, objects, ids, capsules_of(shapes), homes, shells)


def _ids(n: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct ids of all magnitudes, from one byte to eight."""
    bits = rng.integers(8, 64, size=2 * n + 64, endpoint=True)
    drawn = rng.integers(1, 2**64 - 1, size=len(bits), dtype=np.uint64, endpoint=True)
    drawn >>= (64 - bits).astype(np.uint64)
    distinct, first = np.unique(drawn, return_index=True)
    return drawn[np.sort(first[distinct > 0])][:n]


def write_phantom(
    folder: Path, settings: PhantomSettings, provenance: dict, block: Triple = BLOCK
) -> pd.DataFrame:
    """Write em.zarr, labels.zarr, classes.csv and truth.csv; returns the truth.

    One block at a time is in memory; the files do not depend on its size, if it is a multiple of
    64 voxels along each axis.
    """
    phantom = make_phantom(settings)
    n, shape = len(phantom.objects), settings.shape
    voxels, touches = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
    with whole_folder(folder, provenance) as partial:
        partial.mkdir()
        facts = (settings.voxel_size_nm, provenance)
        em = create_image(partial / "em.zarr", shape, "uint8", *facts)
        labels = create_image(partial / "labels.zarr", shape, "uint64", *facts)
        for box in blocks(Box((0, 0, 0), shape), block):
            painted = phantom.paint(box)
            em[box.slices] = phantom.em(painted, box)
            labels[box.slices] = phantom.labels(painted)
            owner = np.where(painted.distance < 0, painted.owner, n)
            voxels += np.bincount(owner.ravel(), minlength=n + 1)[:n]
            touches[_at_border(owner, box, shape, n)] = True
        for name in ("em.zarr", "labels.zarr"):
            seal(partial / name)
        truth = _truth(phantom, voxels, touches)
        truth[["label_id", "label"]].to_csv(partial / "classes.csv", index=False)
        truth.to_csv(partial / "truth.csv", index=False)
    return truth


def _at_border(owner: np.ndarray, box: Box, shape: Triple, n: int) -> np.ndarray:
    """The objects in the outermost voxels of the volume, of those in ``box``."""
    faces = [np.empty((0, 0), dtype=np.int64)]
    for axis in range(3):
        if box.start[axis] == 0:
            faces.append(owner.take(0, axis))
        if box.stop[axis] == shape[axis]:
            faces.append(owner.take(-1, axis))
    seen = np.unique(np.concatenate([face.ravel() for face in faces]))
    return seen[seen < n]


def _truth(phantom: Phantom, voxels: np.ndarray, touches: np.ndarray) -> pd.DataFrame:
    """What is true of each object; volume and centre line are those before any is cut off."""
    missing = int((voxels == 0).sum())
    if missing:
        raise InputError(
            f"{missing} objects of the phantom are smaller than its voxels of "
            f"{phantom.settings.voxel_size_nm} nm; lower `voxel_size_nm`."
        )
    shapes = [item.shape for item in phantom.objects]
    table = {
        "label_id": phantom.ids,
        "label": [shape.label for shape in shapes],
        "volume_um3": [round(item.volume_um3, 9) for item in phantom.objects],
        "voxels": voxels,
        "centre_line_um": [round(shape.length / 1000, 6) for shape in shapes],
        "branch_points": [shape.branch_points for shape in shapes],
        "end_points": [shape.end_points for shape in shapes],
        "tunnels": [shape.tunnels for shape in shapes],
        "radius_um": [round(item.radius_nm / 1000, 6) for item in phantom.objects],
        "touches_border": touches,
    }
    return pd.DataFrame(table)


# The phantom's volumes as OME-Zarr 0.5 (https://ngff.openmicroscopy.org/0.5/).


def create_image(
    path: Path, shape: Triple, dtype: str, voxel_size_nm: list[float], provenance: dict
) -> zarr.Array:
    """An empty image with one level, ``0``, with its voxel size in nm; returns the level."""
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    scale = {"type": "scale", "scale": [float(size) for size in voxel_size_nm]}
    level = {"path": "0", "coordinateTransformations": [scale]}
    multiscale = {"name": path.stem, "axes": axes, "datasets": [level]}
    group = zarr.open_group(path, mode="w", zarr_format=3)
    ome = {"version": "0.5", "multiscales": [multiscale]}
    group.attrs.update({"ome": ome, "provenance": provenance})
    return group.create_array(
        "0",
        shape=shape,
        dtype=np.dtype(dtype),
        chunks=tuple(min(CHUNK, n) for n in shape),
        compressors=compressed(3),
        dimension_names=list("zyx"),
    )
