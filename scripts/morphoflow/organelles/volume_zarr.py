"""Arrays of zarr 2 and 3, alone, in groups, or as levels of OME-Zarr."""

from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.organelles.hierarchy import array_folders, no_choice, read_json
from morphoflow.organelles.volume_chunked import ChunkedVolume, open_chunked
from morphoflow.organelles.volume_ome_zarr import Level, levels_of, pick_level
from morphoflow.organelles.voxel_sizes import voxel_size_of

MARKS = ("zarr.json", ".zarray", ".zgroup")
DRIVERS = {2: "zarr", 3: "zarr3"}


def open_zarr(path: Path, key: str | None, level: int, *, sparse: bool) -> ChunkedVolume:
    """The array at ``path``, or at ``key`` in it; of a pyramid its level number ``level``."""
    target = path / (key or "")
    if is_array(target):
        return _open_array(target, _level_above(target), sparse=sparse)
    if is_node(target):
        levels = _levels(target)
        if levels:
            chosen = pick_level(str(target), levels, level)
            return _open_array(target / chosen.path, chosen, sparse=sparse)
    arrays = list(array_folders(path, is_array))
    if key is None and len(arrays) == 1:
        return _open_array(arrays[0], None, sparse=sparse)
    raise no_choice(path, key, [array.relative_to(path).as_posix() for array in arrays])


def is_node(folder: Path) -> bool:
    """Whether a folder is an array or a group of zarr."""
    return any((folder / mark).is_file() for mark in MARKS)


def is_array(folder: Path) -> bool:
    """Whether a folder is an array of zarr."""
    if (folder / "zarr.json").is_file():
        return read_json(folder / "zarr.json").get("node_type") == "array"
    return (folder / ".zarray").is_file()


def _open_array(folder: Path, level: Level | None, *, sparse: bool) -> ChunkedVolume:
    if not is_array(folder):
        raise InputError(
            f"{folder} is named by the metadata of its group but is no zarr array; "
            f"copy or export the volume anew."
        )
    driver = DRIVERS[3 if (folder / "zarr.json").is_file() else 2]
    axes = (level.axes or None) if level else None
    size = level.voxel_size_nm if level else voxel_size_of(_attributes(folder), "zyx")
    return open_chunked(folder, driver, axes, size, sparse=sparse)


def _level_above(folder: Path) -> Level | None:
    """What the group around an array says of it, if the array is a level of its pyramid."""
    if not is_node(folder.parent):
        return None
    levels = _levels(folder.parent)
    return next((level for level in levels if level.path == folder.name), None)


def _levels(group: Path) -> list[Level]:
    try:
        return levels_of(_attributes(group))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"the OME-Zarr metadata of {group} are not as the format says "
            f"({type(error).__name__}: {error}); export the volume anew."
        ) from None


def _attributes(folder: Path) -> dict:
    if (folder / "zarr.json").is_file():
        return read_json(folder / "zarr.json").get("attributes", {})
    return read_json(folder / ".zattrs") if (folder / ".zattrs").is_file() else {}
