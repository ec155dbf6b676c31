"""Datasets of N5, alone or as levels s0, s1, ... of a pyramid; their axes are x, y and z.

Groups state voxel sizes and offsets in the ways of several exporters: CellMap a ``transform`` of
each level in ``multiscales``, n5-viewer ``scales`` of the levels beside ``pixelResolution``,
Paintera ``resolution`` and ``offset`` of a group ``data`` in the one that users name.
"""

from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.chunked import ChunkedVolume, open_chunked
from morphoflow.organelles.volumes.units import offset_of, voxel_size_of
from morphoflow.organelles.volumes.zarr import array_folders, no_choice, read_json

METADATA = "attributes.json"


def open_n5(path: Path, key: str | None, level: int, *, sparse: bool) -> ChunkedVolume:
    """The dataset at ``path``, or at ``key`` in it; of a pyramid its level number ``level``."""
    target = path / (key or "")
    places = (target, target / f"s{level}", target / "data" / f"s{level}")
    chosen = next((folder for folder in places if is_dataset(folder)), None)
    if chosen is None:
        datasets = list(array_folders(path, is_dataset))
        if key is not None or len(datasets) != 1:
            raise no_choice(path, key, [f.relative_to(path).as_posix() for f in datasets])
        chosen = datasets[0]
    attributes = read_json(chosen / METADATA)
    if attributes.get("isLabelMultiset"):
        raise InputError(
            f"{chosen} holds label multisets, which have several ids a voxel; "
            f"convert it to uint64 labels, for example with paintera-conversion-helper."
        )
    stated = _with_inherited(chosen, attributes, level)
    placed = voxel_size_of(stated, "xyz"), offset_of(stated, "xyz")
    axes = "xyz" if len(attributes["dimensions"]) == 3 else None
    return open_chunked(chosen, "n5", axes, placed, sparse=sparse)


def _with_inherited(dataset: Path, attributes: dict, level: int) -> dict:
    """The attributes of a dataset with those of its pyramid, which hold for the finest level."""
    above = _attributes(dataset.parent)
    transform = _transform(above, dataset.name)
    if transform:
        return {"transform": transform, **attributes}
    if dataset.name != f"s{level}":
        return attributes
    if dataset.parent.name == "data":
        above = {**_attributes(dataset.parent.parent), **above}
    # BigDataViewer lists the factors of all levels under the name that one level has for its own.
    factors = above.pop("downsamplingFactors", [])
    factors = above.pop("scales", factors)
    if level < len(factors):
        attributes = {"downsamplingFactors": factors[level], **attributes}
    is_known = level == 0 or "downsamplingFactors" in attributes
    return {**above, **attributes} if is_known else attributes


def _transform(group: dict, name: str) -> dict | None:
    """What the first pyramid of a group says of its dataset ``name``, if it says so."""
    pyramids = group.get("multiscales") or [{}]
    levels = pyramids[0].get("datasets", [])
    return next((level.get("transform") for level in levels if level.get("path") == name), None)


def is_dataset(folder: Path) -> bool:
    """Whether a folder is a dataset of N5, not a group."""
    return "dimensions" in _attributes(folder)


def _attributes(folder: Path) -> dict:
    file = folder / METADATA
    return read_json(file) if file.is_file() else {}
