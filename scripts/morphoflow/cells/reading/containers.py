"""Files of named arrays, opened without reading them: npy, npz, HDF5, zarr and torch files."""

import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
import zarr

from morphoflow.errors import InputError
from morphoflow.reading.guard import bound_memory, check_size, reading
from morphoflow.reading.hdf5 import open_hdf5_file

MAIN = "x"

OBJECTS = ("pickle", "Python objects")  # in what numpy says of arrays of them

TORCH = (".pt", ".pth", ".sav")


def _hdf5(file: Path) -> tuple[Mapping, dict]:
    opened = open_hdf5_file(file)
    arrays = {name: value for name, value in opened.items() if isinstance(value, h5py.Dataset)}
    return arrays, dict(opened.attrs)


def _npy(file: Path) -> tuple[Mapping, dict]:
    return {MAIN: _numbers(file, lambda: np.load(file, mmap_mode="r", allow_pickle=False))}, {}


def _npz(file: Path) -> tuple[Mapping, dict]:
    return _Archive(file), {}


def _torch(file: Path) -> tuple[Mapping, dict]:
    return load_tensors(file), {}


def _zarr(file: Path) -> tuple[Mapping, dict]:
    bound_memory()
    opened = zarr.open(file, mode="r")
    arrays = {MAIN: opened} if isinstance(opened, zarr.Array) else dict(opened.arrays())
    return arrays, dict(opened.attrs)


OPENERS: dict[str, Callable[[Path], tuple[Mapping, dict]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".zarr": _zarr,
    **dict.fromkeys(TORCH, _torch),
}


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
    with reading(file):
        return opener(file)


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


class _Archive(Mapping):
    """The arrays of an npz archive, each read when it is asked for."""

    def __init__(self, file: Path) -> None:
        self._file, self._archive = file, np.load(file, allow_pickle=False)

    def __getitem__(self, name: str) -> np.ndarray:
        for member in self._archive.zip.infolist():
            if member.filename in (name, f"{name}.npy"):
                check_size(member.file_size, f"its array '{name}'", self._file)
        return _numbers(self._file, lambda: self._archive[name])

    def __contains__(self, name: object) -> bool:
        return name in self._archive.files

    def __iter__(self) -> Iterator[str]:
        return iter(self._archive.files)

    def __len__(self) -> int:
        return len(self._archive.files)


def _numbers(file: Path, load: Callable[[], np.ndarray]) -> np.ndarray:
    try:
        return load()
    except ValueError as error:
        if not any(word in str(error) for word in OBJECTS):
            raise
        raise InputError(
            f"{file} holds Python objects instead of numbers ({error}), which could run code when "
            f"read or are arrays of mixed sizes; save one array of equal sizes, or each crop as an "
            f"image, and use `folder`."
        ) from None


# Tensors from torch files, without ever running code that such a file may hold.


def load_tensors(file: Path) -> dict[str, np.ndarray]:
    """The tensors of a ``.pt``, ``.pth`` or ``.sav`` file by name; a lone one has the name ``x``.

    The file is loaded with ``weights_only=True``. Raises InputError for a file that holds anything
    else, such as pickled arrays or code, and for tensors of different sizes in a list.
    """
    # Other files of arrays are read without torch, which an environment then need not have.
    try:
        import torch
    except ModuleNotFoundError:
        raise InputError(
            f"{file} is a torch file, and torch is not installed here; install it, or save the "
            f"array as .npy or .h5."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Only the newer format, a zip archive, can stay on disk until it is sliced.
            mapped = zipfile.is_zipfile(file)
            loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError:
        raise
    # A file that is none of torch's fails anywhere in its reader, with errors of any kind.
    except Exception as error:
        raise InputError(
            f"{file} is not a torch file of tensors alone ({type(error).__name__}): it holds "
            f"pickled objects, which could run code when read, or is damaged, so it is not opened. "
            f"If you trust it, convert it: numpy.save('{file.stem}.npy', "
            f"numpy.asarray(torch.load('{file.name}', weights_only=False)))."
        ) from None
    named = loaded if isinstance(loaded, dict) else {"x": loaded}
    return {str(name): _array(file, value) for name, value in named.items()}


def _array(file: Path, value: object) -> np.ndarray:
    import torch

    if isinstance(value, (list, tuple)) and value and all(map(torch.is_tensor, value)):
        sizes = sorted({tuple(tensor.shape) for tensor in value})
        if len(sizes) > 1:
            raise InputError(
                f"{file} holds tensors of different sizes, such as {sizes[0]} and {sizes[-1]}; "
                f"pad them to one size, or save each as an image and use `folder`."
            )
        value = torch.stack(list(value))
    if not torch.is_tensor(value):
        return np.asarray(value)
    value = value.detach()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
