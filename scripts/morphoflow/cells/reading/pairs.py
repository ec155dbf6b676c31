"""Images with instance masks, from which crops are cut."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from morphoflow.cells.reading.crops import (
    Block,
    CropSettings,
    Item,
    Rows,
    as_rows,
    block_rows,
    name_of,
    refused_item,
    scale_of,
    take,
)
from morphoflow.cells.reading.fit import apply, weights, window_side, window_start
from morphoflow.cells.reading.levels import fitting, sample_levels
from morphoflow.cells.reading.masks import read_mask, whole_objects
from morphoflow.cells.reading.regions import Regions, measure_regions, sticks_out
from morphoflow.errors import InputError
from morphoflow.images.images import (
    Picture,
    list_images,
    nothing_to_read,
    partners_of,
    read_image,
    stem,
)
from morphoflow.images.intensity import check_type, image_limits, object_limits, stretch, to_unit
from morphoflow.reading.findings import Finding, Refused

WINDOW_PIXELS = 1 << 22  # pixels that are gathered at once, 16 MB as float32

SIDE_STEP = 8  # sides of windows are rounded up, so that those of a kind go together


def pair_items(source: dict, settings: CropSettings) -> list[Item]:
    """The images of ``source["images"]`` with the masks of ``source["masks"]``, by path.

    A mask has the path of its image within its folder, up to the ending, ``image_suffix`` and
    ``mask_suffix``. The id of an object is the image's with the label of the mask; objects of an
    image are a group, unless ``group`` is ``object``.
    """
    items = []
    for name, (image, mask) in _all_files(source).items():
        kind, other = ("images", "masks") if image is not None else ("masks", "images")
        file = name_of(image or mask, Path(source[kind]), source)
        if image is not None and mask is not None:
            read = partial(_read, name, file, image, mask, source, settings)
            items.append(Item(file, True, read, partial(_sample, image, mask, source)))
        else:
            code = "image_without_mask" if image is not None else "mask_without_image"
            message = f"there is no '{name}' for it in {Path(source[other]).name}"
            items.append(refused_item(file, code, message))
    return items


def list_pairs(source: dict) -> dict[str, tuple[Path, Path]]:
    """The image and the mask of each name that has both."""
    files = _all_files(source).items()
    return {name: (image, mask) for name, (image, mask) in files if image and mask}


def _all_files(source: dict) -> dict[str, tuple[Path | None, Path | None]]:
    """The image and the mask of each name, or None where there is none, in the names' order."""
    images = _by_stem(Path(source["images"]), source.get("image_suffix") or "")
    masks = _by_stem(Path(source["masks"]), source.get("mask_suffix") or "")
    # Images and masks may lie in one folder, told apart by the suffix alone.
    images = {name: file for name, file in images.items() if file not in set(masks.values())}
    images = _without_partners(images, masks)
    return {name: (images.get(name), masks.get(name)) for name in sorted({*images, *masks})}


def _without_partners(images: dict[str, Path], masks: dict[str, Path]) -> dict[str, Path]:
    """The images but for files of an OME-TIFF set that are read with the one that has the mask."""
    alone = [name for name in images if name not in masks and _is_ome(images[name])]
    if not alone:
        return images
    read = {
        file.parent / partner
        for name, file in images.items()
        if name in masks and _is_ome(file)
        for partner in partners_of(file)
    }
    return {name: file for name, file in images.items() if name in masks or file not in read}


def _is_ome(file: Path) -> bool:
    return ".ome." in file.name.lower()


def read_pair(image_file: Path, mask_file: Path, source: dict) -> tuple[Picture, np.ndarray]:
    """An image and the labels (h, w) of its mask; raises Refused if either cannot be used."""
    picture, labels = read_image(image_file, source.get("channels")), read_mask(mask_file)
    if labels.shape != picture.pixels.shape[1:]:
        shapes = [" x ".join(map(str, shape)) for shape in (picture.pixels.shape[1:], labels.shape)]
        raise Refused("different_shapes", f"it is {shapes[0]} pixels, its mask {shapes[1]}")
    return picture, labels


def _by_stem(folder: Path, suffix: str) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for file in list_images(folder):
        name = stem(file, folder)
        if suffix and not name.endswith(suffix):
            continue
        name = name.removesuffix(suffix)
        if name in files:
            raise InputError(
                f"{folder} has both {files[name].name} and {file.name} for '{name}'; remove one."
            )
        files[name] = file
    if not files:
        ending = f" whose names end with '{suffix}'" if suffix else ""
        raise InputError(nothing_to_read(folder, ending))
    return files


def _read(
    name: str,
    file: str,
    image_file: Path,
    mask_file: Path,
    source: dict,
    settings: CropSettings,
    limits: np.ndarray | None,
    notes: list[Finding],
) -> Iterator[Block]:
    picture, labels = read_pair(image_file, mask_file, source)
    check_type(picture.pixels.dtype, settings.range)
    pixel_size = source.get("pixel_size_um") or picture.pixel_size_um
    fixed = scale_of(source, pixel_size, settings.pixel_um, settings.scale)
    labels, several = whole_objects(labels, settings.pieces)
    identifier = name.replace("/", "_")
    notes.extend(replace(note, id=f"{identifier}_{note.value}") for note in several)
    regions = _regions(identifier, picture, labels, settings, notes)
    scale = crop_scales(regions, settings, fixed)
    group = identifier if source.get("group", "image") == "image" else None
    nested = source.get("label_from") == "folder" and image_file.parent != Path(source["images"])
    label = image_file.parent.name if nested else None
    rows = _rows(identifier, file, group, regions, scale, pixel_size, label)
    rows["crop_clipped"] = sticks_out(regions, settings.size, scale)
    channels = source.get("channels") or picture.channels
    limits = fitting(limits, len(picture.pixels))
    for block, crops, masks in cut(picture.pixels, labels, regions, scale, settings, limits):
        yield Block(crops, masks, take(rows, block), channels)


def _sample(image_file: Path, mask_file: Path, source: dict, n: int) -> list[np.ndarray]:
    picture, labels = read_pair(image_file, mask_file, source)
    return sample_levels(picture.pixels, labels, n)


def _regions(
    identifier: str,
    picture: Picture,
    labels: np.ndarray,
    settings: CropSettings,
    notes: list[Finding],
) -> Regions:
    weights = picture.pixels if settings.centre == "intensity" else None
    regions = measure_regions(labels, weights)
    if not len(regions.label):
        notes.append(Finding("no_objects", "the mask holds no object"))
    small = regions.area < settings.min_area
    for label, area in zip(regions.label[small], regions.area[small], strict=True):
        own = f"{identifier}_{label}"
        message = f"'{own}' has {area} pixels, fewer than `min_area` {settings.min_area}: left out"
        notes.append(Finding("too_small", message, id=own, value=str(area)))
    regions = regions.select(~small)
    if settings.border == "keep":
        return regions
    dropped = int(regions.touches_border.sum())
    if dropped:
        message = f"{dropped} of {len(regions.label)} objects touch the image's border; left out"
        notes.append(Finding("left_out", message, value=str(dropped)))
    return regions.select(~regions.touches_border)


def _rows(
    identifier: str,
    file: str,
    group: str | None,
    regions: Regions,
    scale: np.ndarray,
    pixel_size: float | None,
    label: str | None,
) -> Rows:
    ids = [f"{identifier}_{label}" for label in regions.label]
    return as_rows(
        ids,
        file,
        label=label,
        group=ids if group is None else group,
        image=identifier,
        centroid_y_px=regions.centroid[:, 0],
        centroid_x_px=regions.centroid[:, 1],
        area_px=regions.area,
        pixel_size_um=np.nan if pixel_size is None else pixel_size,
        touches_border=regions.touches_border,
        crop_scale=scale,
    )


# Crops cut from an image around the objects of its mask, many at a time.


def crop_scales(regions: Regions, settings: CropSettings, fixed: float) -> np.ndarray:
    """Crop pixels per image pixel (n,): ``fixed``, or so that each object fills its crop."""
    if settings.scale == "fixed":
        return np.full(len(regions.label), fixed)
    return settings.fill * settings.size / 2 / np.maximum(regions.reach, 1)


def cut(
    image: np.ndarray,
    labels: np.ndarray,
    regions: Regions,
    scale: np.ndarray,
    settings: CropSettings,
    limits: np.ndarray | None = None,
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Cut the ``regions`` out of ``image`` (c, h, w) with ``labels`` (h, w), in blocks.

    ``limits`` (2, c) become 0 and 1 with the range ``dataset``.

    Yields the rows of a block, its crops (k, c, size, size) float32 in 0..1, and their masks
    (k, size, size) uint8, 255 inside. Beyond the image there is zero or, if the background is
    kept, the nearest pixel.
    """
    if not len(scale):
        return
    size = settings.size
    side = -(-window_side(size, scale) // SIDE_STEP) * SIDE_STEP
    if settings.range == "image":
        limits = image_limits(image, settings.percentiles)
    cutter = _Cutter(image, labels, int(side.max()), settings, limits)
    step = block_rows(len(image), size)
    for begin in range(0, len(scale), step):
        rows = slice(begin, min(begin + step, len(scale)))
        crops = np.empty((rows.stop - begin, len(image), size, size), dtype=np.float32)
        masks = np.empty((len(crops), size, size), dtype=np.uint8)
        for alike in _alike(side[rows], len(image)):
            at = begin + alike
            crops[alike], masks[alike] = cutter(regions.select(at), scale[at], int(side[at[0]]))
        yield rows, crops, masks


def _alike(side: np.ndarray, channels: int) -> Iterator[np.ndarray]:
    """Rows with windows of one side, no more at once than memory has room for."""
    for value in np.unique(side):
        rows = np.flatnonzero(side == value)
        room = max(1, WINDOW_PIXELS // (int(value) ** 2 * channels))
        yield from np.split(rows, range(room, len(rows), room))


class _Cutter:
    """One image, padded once, from which batches of windows are taken."""

    def __init__(
        self,
        image: np.ndarray,
        labels: np.ndarray,
        margin: int,
        settings: CropSettings,
        limits: np.ndarray | None,
    ) -> None:
        around = (margin, margin)
        beyond = "edge" if settings.background == "keep" else "constant"
        self.settings = settings
        self.margin = margin
        self.image = np.pad(image, ((0, 0), around, around), mode=beyond)
        self.labels = np.pad(labels, (around, around))
        self.limits = limits

    def __call__(
        self, regions: Regions, scale: np.ndarray, side: int
    ) -> tuple[np.ndarray, np.ndarray]:
        size = self.settings.size
        start = [window_start(centre, size, scale) for centre in regions.centre.T]
        to_rows, to_columns = (
            weights(centre, first, side, size, scale)
            for centre, first in zip(regions.centre.T, start, strict=True)
        )
        windows, inside = self._windows(regions.label, *start, side)
        crops = apply(to_rows, to_columns, windows)
        masks = apply(to_rows, to_columns, inside[:, None].astype(np.float32))[:, 0]
        return crops, np.rint(255 * masks).astype(np.uint8)

    def _windows(
        self, label: np.ndarray, top: np.ndarray, left: np.ndarray, side: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Windows (n, c, side, side) in 0..1, and which of their pixels are the object's."""
        place = (top + self.margin, left + self.margin)
        inside = sliding_window_view(self.labels, (side, side))[place] == label[:, None, None]
        views = sliding_window_view(self.image, (side, side), axis=(1, 2))
        windows = np.moveaxis(views[:, *place], 1, 0)
        masked = self.settings.background == "mask"
        windows = self._in_range(windows, inside if masked else None)
        if masked:
            windows = np.where(inside[:, None], windows, np.float32(0))
        return windows, inside

    def _in_range(self, windows: np.ndarray, inside: np.ndarray | None) -> np.ndarray:
        if self.settings.range == "type":
            return to_unit(windows)
        limits = self.limits
        if limits is None:
            limits = object_limits(windows, inside, self.settings.percentiles)
        return stretch(windows, *limits)
