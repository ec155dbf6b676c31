"""Files of named arrays, opened without reading them: npy, npz, HDF5, zarr and torch files."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
import zarr

from morphoflow.cells.torch_files import load_tensors
from morphoflow.errors import InputError

MAIN = "x"
TORCH = (".pt", ".pth", ".sav")


def open_arrays(file: Path) -> tuple[Mapping, dict]:
    """The arrays of a file by name, read where they are sliced, and the file's attributes.

    A file of one array has it under the name ``x``. Arrays in npz archives and in torch files of
    the old format are read whole. Raises InputError for a file that cannot be read as numbers.
    """
    if not file.exists():
        raise InputError(f"{file} does not exist; correct the path.")
    opener = OPENERS.get(file.suffix.lower())
    if opener is None:
        raise InputError(f"{file} is none of {', '.join(OPENERS)}; convert it to one of them.")
    try:
        return opener(file)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{file} cannot be read ({error}); copy or export it anew.") from None


def main_array(file: Path, arrays: Mapping, key: str | None):
    """The array called ``key``, or else ``x``, or else the only one with at least 3 axes."""
    if key is None and MAIN in arrays:
        key = MAIN
    large = [name for name, array in arrays.items() if getattr(array, "ndim", 0) >= 3]
    if key is None and len(large) == 1:
        key = large[0]
    if key is None or key not in arrays:
        wanted = "no array of images" if key is None else f"no array '{key}'"
        held = ", ".join(arrays) or "nothing"
        raise InputError(f"{file} has {wanted} (it holds: {held}); set `key` to one of them.")
    return arrays[key]


def _npy(file: Path) -> tuple[Mapping, dict]:
    return {MAIN: _numbers(file, lambda: np.load(file, mmap_mode="r", allow_pickle=False))}, {}


def _npz(file: Path) -> tuple[Mapping, dict]:
    return _Archive(file), {}


class _Archive(Mapping):
    """The arrays of an npz archive, each read when it is asked for."""

    def __init__(self, file: Path) -> None:
        self._file, self._archive = file, np.load(file, allow_pickle=False)

    def __getitem__(self, name: str) -> np.ndarray:
        return _numbers(self._file, lambda: self._archive[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._archive.files)

    def __len__(self) -> int:
        return len(self._archive.files)


def _numbers(file: Path, load: Callable[[], np.ndarray]) -> np.ndarray:
    try:
        return load()
    except ValueError as error:
        raise InputError(
            f"{file} holds Python objects instead of numbers ({error}), which could run code when "
            f"read or are arrays of mixed sizes; save one array of equal sizes, or each crop as an "
            f"image, and use `folder`."
        ) from None


def _hdf5(file: Path) -> tuple[Mapping, dict]:
    opened = h5py.File(file, "r")
    arrays = {name: value for name, value in opened.items() if isinstance(value, h5py.Dataset)}
    return arrays, dict(opened.attrs)


def _zarr(file: Path) -> tuple[Mapping, dict]:
    opened = zarr.open(file, mode="r")
    arrays = {MAIN: opened} if isinstance(opened, zarr.Array) else dict(opened.arrays())
    return arrays, dict(opened.attrs)


def _torch(file: Path) -> tuple[Mapping, dict]:
    return load_tensors(file), {}


OPENERS: dict[str, Callable[[Path], tuple[Mapping, dict]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".zarr": _zarr,
    **dict.fromkeys(TORCH, _torch),
}
