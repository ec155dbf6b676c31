"""HDF5 files of others, whose structure is looked through before they are trusted.

A damaged file can send the HDF5 library round in a circle, or end the process, inside of C where
nothing can stop it. So a process of its own walks through the file first, for a limited time.
"""

import subprocess
import sys
from functools import cache
from pathlib import Path

import h5py

from morphoflow.errors import InputError
from morphoflow.reading.guard import bound_memory, reading

# Seconds for the walk, and for each gigabyte of a file, which may lie on a slow disk.
SECONDS, PER_GB = 30, 1
# Everything but numbers: groups, attributes, where chunks lie, and texts, whose heap has links too.
WALK = """
import sys, h5py
def visit(name, item):
    dict(item.attrs)
    if isinstance(item, h5py.Dataset):
        item.chunks and item.id.get_num_chunks()
        if item.dtype.hasobject and item.shape is not None:
            [item[i : i + 65536] for i in range(0, len(item), 65536)] if item.shape else item[()]
try:
    with h5py.File(sys.argv[1], "r") as file:
        dict(file.attrs)
        file.visititems(visit)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def open_hdf5_file(file: Path, **options) -> h5py.File:
    """Open an HDF5 file to read, with the ``options`` of h5py.

    Raises InputError for a file that is damaged, or whose structure has no end.
    """
    bound_memory()
    with reading(file):
        state = Path(file).stat()
        _check(str(file), state.st_mtime_ns, state.st_size)
        return h5py.File(file, "r", **options)


@cache
def _check(file: str, changed: int, size: int) -> None:
    """Look through a file, once as long as it stays as it is."""
    limit = SECONDS + PER_GB * size / 1e9
    status, said = walk(file, limit)
    if status is None:
        raise InputError(
            f"{file} cannot be looked through within {limit:.0f} s, so its structure runs in a "
            f"circle, or its disk is very slow; copy or export it anew."
        )
    if status:
        last = (said.strip().splitlines() or ["the HDF5 library crashed"])[-1]
        raise InputError(f"{file} is damaged ({last}); copy or export it anew.")


def walk(file: str, seconds: float) -> tuple[int | None, str]:
    """The exit status of a walk through a file, None after its ``seconds``, and what it said."""
    command = [sys.executable, "-c", WALK, file]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, ""
    return finished.returncode, finished.stderr
