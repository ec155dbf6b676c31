"""The sample store: one zarr group a form, with ids, explicit padding, axes, units, provenance."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import zarr

from morphoflow.errors import InputError
from morphoflow.integrity import compressed, new_store, open_store

if TYPE_CHECKING:
    from zarr.core.array_spec import ArrayConfigParams

CHUNK_BYTES = 4 << 20
OPTIONAL = ("length", "mask", "scale")


@dataclass(frozen=True)
class Samples:
    """Samples of one form.

    ``x`` (n, ...) is a zarr array, read where it is sliced, or a NumPy array; ``ids`` (n,) are
    strings; ``length`` (n, ...) or ``mask`` (n, ...) say what is padding, where there is any;
    ``names`` (d,) name the last axis where it holds features; ``attributes`` hold axes, units,
    settings and provenance; ``scale`` (n,) float32 is the physical size of one unit of a sample,
    where samples differ in it; ``levels`` are images (n, ..., s, s) half as wide as ``x``, a
    quarter and so on, by s, where there are any.
    """

    x: zarr.Array | np.ndarray
    ids: np.ndarray
    length: np.ndarray | None = None
    mask: np.ndarray | None = None
    names: list[str] | None = None
    attributes: dict = field(default_factory=dict)
    scale: np.ndarray | None = None
    levels: dict[int, zarr.Array] = field(default_factory=dict)


def write_samples(
    path: Path,
    ids: list[str] | np.ndarray,
    x: np.ndarray,
    *,
    axes: list[str],
    units: str,
    provenance: dict,
    length: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    scale: np.ndarray | None = None,
    names: list[str] | None = None,
    facts: dict | None = None,
    levels: dict[int, np.ndarray] | None = None,
    missing: bool = False,
) -> None:
    """Write a store; ``x`` (n, ...) with one name per axis in ``axes`` and one unit for its values.

    ``facts`` are further attributes that a reader needs, such as an extent in um. Values that are
    not known may be NaN where ``missing``; InputError where a value is not finite otherwise.
    """
    levels = levels or {}
    _check(path, ids, x, axes, (length, mask, scale), names)
    _check_values(path, ids, x, missing)
    check_levels(x, levels)
    attributes = {"axes": axes, "units": units, "names": names, **(facts or {})}
    with new_store(path) as group:
        group.attrs.update({**attributes, "provenance": provenance})
        write_array(group, "x", x, axes)
        write_ids(group, ids, axes[:1])
        for name, values in (("length", length), ("mask", mask), ("scale", scale)):
            if values is not None:
                write_array(group, name, values, axes)
        for side, values in levels.items():
            write_array(group, level_name(side), values, level_axes(axes, side))


def read_samples(path: Path) -> Samples:
    """Open a store written by :func:`write_samples`; ``x`` stays on disk until it is sliced."""
    group = open_store(path)
    attributes = json.loads(json.dumps(group.attrs.asdict()))
    optional = {
        name: np.asarray(array_of(group, name)[:]) if name in group else None for name in OPTIONAL
    }
    x, ids = array_of(group, "x"), read_ids(group)
    levels = _read_levels(group)
    names = attributes["names"]
    return Samples(x, ids, names=names, attributes=attributes, levels=levels, **optional)


def level_name(side: int) -> str:
    """The name of the array that holds images of ``side`` px."""
    return f"x_{side}"


def level_axes(axes: list[str], side: int) -> list[str]:
    """The axes of images of ``side`` px: a dimension of another length has another name."""
    return [*axes[:-2], *(f"{axis}_{side}" for axis in axes[-2:])]


def check_levels(x: np.ndarray, levels: dict[int, np.ndarray]) -> None:
    """Raise ValueError unless ``levels`` are halvings of ``x`` (n, ..., s, s), none left out."""
    for n, side in enumerate(sorted(levels, reverse=True), start=1):
        if levels[side].shape != (*x.shape[:-2], side, side) or side << n != x.shape[-1]:
            raise ValueError(f"a level {side} of shape {levels[side].shape} of {x.shape}")


def _read_levels(group: zarr.Group) -> dict[int, zarr.Array]:
    """The levels of a store, smallest first."""
    levels, side = {}, array_of(group, "x").shape[-1] // 2
    while level_name(side) in group:
        levels[side] = array_of(group, level_name(side))
        side //= 2
    return dict(sorted(levels.items()))


def array_of(group: zarr.Group, name: str) -> zarr.Array:
    """An array of a group by its name, or InputError where there is none."""
    array = group.get(name)
    if not isinstance(array, zarr.Array):
        raise InputError(f"{group.store_path} holds no array '{name}'; remake the store.")
    return array


def write_array(
    group: zarr.Group, name: str, values: np.ndarray, axes: Sequence[str] | None = None
) -> None:
    """Store an array, chunked along its first axis in pieces of some 4 MB.

    Its dimensions have the names of the first ``axes``, by which xarray tells what fits together.
    """
    values = np.ascontiguousarray(values)
    row = max(1, values[:1].nbytes)
    chunk = (max(1, min(len(values), CHUNK_BYTES // row)), *(max(1, n) for n in values.shape[1:]))
    group.create_array(
        name,
        data=values,
        chunks=chunk,
        compressors=compressed(),
        config=writing(values, chunk[0]),
        dimension_names=axes and list(axes)[: values.ndim],
    )


def write_ids(
    group: zarr.Group, ids: Sequence[str] | np.ndarray, axes: Sequence[str] | None
) -> None:
    """Store the ids of objects, of any shape and along ``axes``, as texts of any length."""
    texts = np.asarray(ids, dtype=np.dtypes.StringDType())
    array = group.create_array(
        "id",
        shape=texts.shape,
        dtype=str,
        chunks=tuple(max(1, n) for n in texts.shape),
        compressors=compressed(),
        dimension_names=axes,
    )
    if texts.size:
        array[:] = texts


def read_ids(group: zarr.Group) -> np.ndarray:
    """The ids that :func:`write_ids` was given, as an array of str of the same shape."""
    array = array_of(group, "id")
    return np.array(np.asarray(array[:]).tolist(), dtype=str).reshape(array.shape)


def writing(values: np.ndarray, rows: int) -> "ArrayConfigParams":
    """The configuration of an array into which ``values`` go in chunks of ``rows``.

    zarr leaves out chunks of zeros, but its search for them takes longer than compression, so it is
    asked for where there is one.
    """
    chunks = (values[first : first + rows] for first in range(0, len(values), rows))
    filled = all(any(sample.any() for sample in chunk) for chunk in chunks)
    return {"write_empty_chunks": filled}


def _check(
    path: Path,
    ids: Sequence[str] | np.ndarray,
    x: np.ndarray,
    axes: list[str],
    optional: Sequence[np.ndarray | None],
    names: list[str] | None,
) -> None:
    if len(set(ids)) != len(ids):
        raise InputError(f"{path}: ids are not unique; give each object an id of its own.")
    if len(ids) != len(x) or len(axes) != x.ndim:
        raise ValueError(f"{path}: {len(ids)} ids and axes {axes} for an array of shape {x.shape}")
    for values in optional:
        if values is not None and values.shape != x.shape[: values.ndim]:
            raise ValueError(f"{path}: an array of shape {values.shape} beside {x.shape}")
    if names is not None and len(names) != x.shape[-1]:
        raise ValueError(f"{path}: {len(names)} feature names for {x.shape[-1]} features")


def _check_values(
    path: Path, ids: Sequence[str] | np.ndarray, x: np.ndarray, missing: bool
) -> None:
    if not np.issubdtype(x.dtype, np.floating):
        return
    wrong = np.isinf(x) if missing else ~np.isfinite(x)
    if wrong.any():
        row = int(np.flatnonzero(wrong.reshape(len(x), -1).any(axis=1))[0])
        raise InputError(f"{path}: '{ids[row]}' has a value that is not finite; check its input.")
