"""Volumes that are one array in one file: NumPy, NIfTI, NRRD and MRC.

Uncompressed ones are mapped into memory; compressed ones, of which no part can be read by itself,
are unpacked into a temporary file that vanishes with the job.
"""

import gzip
import importlib
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.axes import spatial_axes
from morphoflow.organelles.volumes.stack import MappedVolume
from morphoflow.organelles.volumes.units import Offset, Size, place, places_nm, to_nm

# https://teem.sourceforge.net/nrrd/format.html
NRRD_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}


def open_npy(file: Path) -> MappedVolume:
    """The array that NumPy saved; it states no voxel size."""
    return _volume(file, np.load(file, mmap_mode="r", allow_pickle=False), None, None)


def open_nifti(file: Path) -> MappedVolume:
    """The image of a NIfTI file (``.nii``, ``.nii.gz``), whose axes are x, y and z.

    It lies where its affine map says, counted along the array's own axes, which may run against
    those of the body. Raises InputError for axes that are turned or values that are rescaled.
    """
    image = _package("nibabel", file).load(file)
    header, affine = image.header, image.affine[:3]
    steps = affine[:, :3]
    if np.abs(steps - np.diag(np.diag(steps))).max() > 1e-4 * np.abs(steps).max():
        raise InputError(f"the axes of {file} are turned; resample it to axes that are not.")
    # The header that nibabel hands out no longer has them.
    if (image.dataobj.slope, image.dataobj.inter) != (1, 0):
        raise InputError(f"the values of {file} are rescaled; save them as they are meant.")
    units = [header.get_xyzt_units()[0]] * 3
    size = to_nm(header.get_zooms()[2::-1], units)
    is_placed = header["qform_code"] > 0 or header["sform_code"] > 0
    offset = _offset(steps, affine[:, 3], units) if is_placed else None
    with file.open("rb") as stream:
        packed = file.suffix == ".gz"
        held = _unpacked(file, stream) if packed else stream
        dtype, shape = header.get_data_dtype(), header.get_data_shape()
        values = np.memmap(held, dtype, "r", image.dataobj.offset, shape, order="F")
    return _volume(file, values.T, size, offset)


def open_nrrd(file: Path) -> MappedVolume:
    """The array of an NRRD file, raw or packed by gzip, in one file; its axes are x, y and z."""
    nrrd = _package("nrrd", file)
    with file.open("rb") as stream:
        header = nrrd.read_header(stream)
        if "data file" in header or header["encoding"] not in ("raw", "gzip", "gz"):
            raise InputError(
                f"{file} holds its data as {header['encoding']} or in another file; "
                f"save it as one .nrrd file, raw or packed by gzip."
            )
        start = stream.tell()
        packed = header["encoding"] != "raw"
        held, start = (_unpacked(file, stream), 0) if packed else (stream, start)
        order = ">" if header.get("endian", "little") == "big" else "<"
        dtype = np.dtype(order + NRRD_TYPES[header["type"]])
        shape = tuple(int(n) for n in header["sizes"])
        values = np.memmap(held, dtype, "r", start, shape, order="F")
    return _volume(file, values.T, *_nrrd_placed(file, header))


def _nrrd_placed(file: Path, header: dict) -> tuple[Size | None, Offset | None]:
    """Voxel size and offset, where the header states the units of both."""
    units = header.get("space units", header.get("units"))
    if units is None or len(units) != 3:
        return None, None
    steps = header.get("space directions")
    if steps is None:
        spacings = header.get("spacings")
        return (None, None) if spacings is None else (to_nm(spacings[::-1], units[::-1]), None)
    if np.count_nonzero(steps) != 3 or not np.diag(steps).all():
        raise InputError(f"the axes of {file} are turned; resample it to axes that are not.")
    size = to_nm(np.abs(np.diag(steps))[::-1], units[::-1])
    origin = header.get("space origin")
    return size, None if origin is None else _offset(steps, origin, units)


def _offset(steps: np.ndarray, origin: np.ndarray, units: list[str]) -> Offset | None:
    """Where an array begins, whose axes x, y and z run as the diagonal of ``steps`` (3, 3) says."""
    directions = np.sign(np.diag(steps))
    stated = tuple(directions[::-1].tolist())
    return place((origin * directions)[::-1].tolist(), units[::-1], centred=True, directions=stated)


def open_mrc(file: Path) -> MappedVolume:
    """The volume of an MRC file, which states lengths in angstrom."""
    with _package("mrcfile", file).mmap(file, mode="r") as opened:
        header, values = opened.header, opened.data
        if (header.mapc, header.mapr, header.maps) != (1, 2, 3):
            raise InputError(f"the axes of {file} are not z, y, x; save it in this order.")
        units = ["angstrom"] * 3
        size = to_nm([opened.voxel_size[axis] for axis in "zyx"], units)
        origin = [float(header.origin[axis]) for axis in "zyx"]
        voxels = [int(header[f"n{axis}start"]) for axis in "zyx"]
    begins = places_nm(origin, units) if any(origin) else None
    if begins is None and size is not None and any(voxels):
        begins = tuple(n * length for n, length in zip(voxels, size, strict=True))
    return _volume(file, values, size, begins and Offset(begins))


def _volume(file: Path, values: np.ndarray, size: Size | None, offset: Offset | None):
    kept = spatial_axes(str(file), values.shape, None)
    index = tuple(slice(None) if axis in kept else 0 for axis in range(values.ndim))
    return MappedVolume(str(file), values[index], size, offset)


def _unpacked(file: Path, stream: BinaryIO) -> BinaryIO:
    """What the rest of a ``stream`` packed by gzip holds, in a file without a name."""
    unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as it is mapped
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            shutil.copyfileobj(packed, unpacked, 1 << 22)
        unpacked.flush()
    except (EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{file} cannot be unpacked ({error}); copy or export it anew.") from None
    except OSError as error:
        raise InputError(
            f"{file} finds no room unpacked in {tempfile.gettempdir()} ({error}); "
            f"set TMPDIR to a larger disk, or convert it to OME-Zarr."
        ) from None
    return unpacked


def _package(name: str, file: Path) -> ModuleType:
    """The optional package that reads a format."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = "pynrrd" if name == "nrrd" else name
        raise InputError(
            f"{file} needs the package {package}, which is not installed; "
            f"install it with `pip install {package}`, or convert the volume to OME-Zarr."
        ) from None
