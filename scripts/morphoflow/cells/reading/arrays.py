"""Ready crops as arrays, read block by block."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from morphoflow.cells.reading.containers import TORCH, main_array, open_arrays
from morphoflow.cells.reading.crops import (
    Block,
    CropSettings,
    Item,
    Rows,
    Survey,
    as_rows,
    block_rows,
    digest,
    name_of,
    ready_scale,
)
from morphoflow.cells.reading.fit import border_medians, check_fit, fit
from morphoflow.cells.reading.levels import every, fitting, pool
from morphoflow.errors import InputError
from morphoflow.images.images import FEW, MOST_CHANNELS
from morphoflow.images.intensity import check_type, in_unit, to_unit
from morphoflow.reading.findings import Finding, Refused
from morphoflow.reading.guard import check_size, reading
from morphoflow.reading.names import check_names

AXES = "nchw"

LEAST = 64  # values of a crop that count for the range, however many crops there are

ROW_BYTES = 800  # that a row of the object table takes while it is made (778 measured)


@dataclass(frozen=True)
class CropArray:
    """Crops on disk with what the file says of them; texts are None where it says nothing."""

    x: np.ndarray
    axes: str
    ids: list[str]
    label: list[str | None] | None
    group: list[str | None] | None
    mask: np.ndarray | None
    pixel_size_um: float | None
    channels: list[str] | None

    @property
    def n_channels(self) -> int:
        """How many channels a crop has."""
        return self.x.shape[self.axes.index("c")] if "c" in self.axes else 1

    def step(self, size: int) -> int:
        """Crops to read at once: whole chunks of the file, so that none is unpacked twice."""
        chunk = (getattr(self.x, "chunks", None) or (1,))[0]
        return -(-block_rows(self.n_channels, size) // chunk) * chunk

    def block(self, rows: slice) -> np.ndarray:
        """Crops (k, c, h, w) of the file's type."""
        x = np.asarray(self.x[rows])
        if "c" not in self.axes:
            return x[:, None]
        return np.transpose(x, [self.axes.index(axis) for axis in AXES])


def array_items(source: dict, settings: CropSettings) -> list[Item]:
    """The file of ``source["arrays"]``, whose crops have the ids of its ``id`` or are numbered."""
    file = Path(source["arrays"])
    # A torch file is not opened here, since that may read it whole.
    has_mask = file.suffix.lower() not in TORCH and "mask" in open_arrays(file)[0]
    name = name_of(file, file.parent, source)
    read = partial(_read, name, file, source, settings)
    return [Item(name, has_mask, read, partial(_survey, name, file, source, settings))]


def _read(
    name: str,
    file: Path,
    source: dict,
    settings: CropSettings,
    limits: np.ndarray | None,
    notes: list[Finding],
) -> Iterator[Block]:
    with reading(file):
        yield from _blocks(name, file, source, settings, limits)


def _survey(name: str, file: Path, source: dict, settings: CropSettings, n: int) -> Survey:
    with reading(file):
        crops = open_crops(file, source, settings)
        step = crops.step(settings.size)
        of_each = max(LEAST, n // max(1, len(crops.ids)))
        digests, values, owners = [], [], []
        for begin in range(0, len(crops.ids), step):
            x = crops.block(slice(begin, begin + step))
            digests += [digest(crop) for crop in x]
            flat = x.reshape(*x.shape[:2], -1)
            flat = flat[:, :, every(flat.shape[2], of_each)]
            values.append(flat.swapaxes(0, 1).reshape(flat.shape[1], -1))
            owners.append(np.repeat(begin + np.arange(len(x)), flat.shape[2]))
    rows = _rows(crops, slice(None), name, 1.0, None)
    rows["digest"] = np.array(digests, dtype=object)
    pooled = pool(np.concatenate(values, axis=1), np.concatenate(owners), crops.channels)
    return Survey(rows, [pooled])


def _blocks(
    name: str, file: Path, source: dict, settings: CropSettings, limits: np.ndarray | None
) -> Iterator[Block]:
    crops = open_crops(file, source, settings)
    height, width = (crops.x.shape[crops.axes.index(axis)] for axis in "hw")
    scale = ready_scale(source, crops.pixel_size_um, (height, width), settings)
    check_fit(height, width, settings.size, scale)
    step = crops.step(settings.size)
    limits = fitting(limits, crops.n_channels)
    for begin in range(0, len(crops.ids), step):
        rows = slice(begin, min(begin + step, len(crops.ids)))
        x = in_unit(crops.block(rows), settings.range, settings.percentiles, limits)
        mask = area = None
        if crops.mask is not None:
            inside = _inside(crops.mask[rows])
            area = inside.sum(axis=(1, 2), dtype=np.float64)
            mask = np.rint(255 * fit(inside[:, None], settings.size, scale)[:, 0]).astype(np.uint8)
        table = _rows(crops, rows, name, scale, area)
        yield Block(fit(x, settings.size, scale, border_medians(x)), mask, table, crops.channels)


def open_crops(file: Path, source: dict, settings: CropSettings) -> CropArray:
    """Open the arrays of a source and check that they fit together.

    Raises Refused for axes or values that cannot be crops, InputError for arrays of different
    lengths.
    """
    arrays, attributes = open_arrays(file)
    x = main_array(file, arrays, source.get("key"))
    axes = source.get("axes") or AXES
    _check_axes(x.shape, axes)
    n = x.shape[0]
    check_size(n * ROW_BYTES, f"the rows of {n:,} crops", file)
    check_size(x.dtype.itemsize * math.prod(x.shape[1:]), "one crop", file)
    check_type(np.dtype(x.dtype), settings.range)
    ids = _texts(arrays.get("id")) or [f"{file.stem}_{i:06d}" for i in range(n)]
    labels = _label_array(source, arrays)
    check_names(ids, "the id", str(file), empty=False)
    check_names(labels or [], "the label", str(file))
    columns = {"id": ids, "label": labels, "group": _texts(arrays.get("group"))}
    mask = None if file.suffix.lower() in TORCH else arrays.get("mask")
    for name, values in {**columns, "mask": mask}.items():
        if values is not None and _length(values) != n:
            raise InputError(
                f"{file}: {_length(values)} values of '{name}' for {n} crops; make them as many."
            )
    if mask is not None and mask.shape != (n, *(x.shape[axes.index(a)] for a in "hw")):
        raise InputError(f"{file}: the masks are {mask.shape}; give each crop one of its size.")
    pixel_size = source.get("pixel_size_um") or attributes.get("pixel_size_um")
    channels = source.get("channels") or _texts(attributes.get("channels"))
    return CropArray(
        x=x,
        axes=axes,
        ids=ids,
        label=labels,
        group=columns["group"],
        mask=mask,
        pixel_size_um=None if pixel_size is None else float(pixel_size),
        channels=channels,
    )


def _check_axes(shape: tuple[int, ...], axes: str) -> None:
    text = " x ".join(map(str, shape))
    if len(shape) != len(axes):
        raise Refused("wrong_axes", f"the array is {text}, but `axes` is {axes}", value=text)
    if "c" not in axes:
        return
    n_channels, *sides = (shape[axes.index(axis)] for axis in "chw")
    if n_channels > MOST_CHANNELS and min(sides) <= FEW:
        raise Refused(
            "wrong_axes",
            f"the array is {text} with `axes` {axes}, which makes {n_channels} channels of "
            f"{sides[0]} x {sides[1]} pixels",
            value=text,
        )


def _label_array(source: dict, arrays: Mapping) -> list[str | None] | None:
    if not source.get("array_labels"):
        return _texts(arrays.get("label"))
    file = Path(source["array_labels"])
    named, _ = open_arrays(file)
    name = next((n for n in ("y", "label", "x") if n in named), next(iter(named), None))
    if name is None or len(named[name].shape) != 1:
        raise InputError(f"{file} holds no list of labels; give one label for each crop.")
    return _texts(named[name])


def _length(values) -> int:
    return values.shape[0] if hasattr(values, "shape") else len(values)


def _texts(values) -> list[str | None] | None:
    """Strings from an array of strings, bytes or numbers; empty and NaN are None."""
    if values is None:
        return None
    values = np.asarray(values[:])
    if values.ndim == 2:  # rows of letters, as HDF5 and older sample stores keep texts
        values = np.ascontiguousarray(values).view(f"S{values.shape[1]}").ravel()
    return [_text(value) for value in values.tolist()]


def _text(value) -> str | None:
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, float):
        if np.isnan(value):
            return None
        value = int(value) if value.is_integer() else value
    return str(value) or None


def _inside(mask: np.ndarray) -> np.ndarray:
    """A mask (k, h, w) as shares 0..1: uint8 up to 255 is anti-aliased, all else yes or no."""
    mask = np.asarray(mask)
    smooth = mask.dtype == np.uint8 and mask.max(initial=0) > 1
    return to_unit(mask) if smooth else (mask > 0).astype(np.float32)


def _rows(crops: CropArray, rows: slice, file: str, scale: float, area: np.ndarray | None) -> Rows:
    ids = crops.ids[rows]
    label = None if crops.label is None else crops.label[rows]
    group = ids if crops.group is None else crops.group[rows]
    return as_rows(
        ids,
        file,
        label=label,
        group=[own or identifier for own, identifier in zip(group, ids, strict=True)],
        area_px=np.nan if area is None else area,
        pixel_size_um=np.nan if crops.pixel_size_um is None else crops.pixel_size_um,
        crop_scale=scale,
    )
