"""Images with instance masks, from which crops are cut."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from morphoflow.cells.reading.crops import (
    Block,
    CropSettings,
    Item,
    Rows,
    Survey,
    as_rows,
    digest,
    joined_rows,
    name_of,
    refused_item,
    scale_of,
    take,
)
from morphoflow.cells.reading.cutting import background_medians, crop_scales, cut, margin
from morphoflow.cells.reading.levels import VALUES, fitting, pool
from morphoflow.cells.reading.masks import Mask, whole_objects
from morphoflow.cells.reading.pair_files import all_files, lacking_channels, open_pair
from morphoflow.cells.reading.parts import Part, parts
from morphoflow.cells.reading.regions import Regions, sticks_out
from morphoflow.images.images import Picture
from morphoflow.images.intensity import check_type, image_limits
from morphoflow.reading.findings import Finding, Refused


def pair_items(source: dict, settings: CropSettings) -> list[Item]:
    """The images of ``source["images"]`` with the masks of ``source["masks"]``, by path.

    See :mod:`morphoflow.cells.reading.pair_files` for which files belong together. The id of an
    object is the image's with the label of the mask; objects of an image are a group, unless
    ``group`` is ``object``.
    """
    items = []
    for name, (images, mask) in all_files(source).items():
        kind, other = ("images", "masks") if images else ("masks", "images")
        file = name_of(images[0] if images else mask, Path(source[kind]), source)
        lacking = lacking_channels(name, images, source)
        if lacking:
            message = f"there is no '{lacking[0]}' for it in {Path(source['images']).name}"
            items.append(refused_item(file, "channel_missing", message))
        elif images and mask is not None:
            pair = _Pair(name, file, images, mask, source, settings)
            items.append(Item(file, True, pair.read, pair.survey))
        else:
            code = "image_without_mask" if images else "mask_without_image"
            message = f"there is no '{name}' for it in {Path(source[other]).name}"
            items.append(refused_item(file, code, message))
    return items


@dataclass(frozen=True)
class _Pair:
    """The files of an image, called ``file`` in tables, and of its mask, and how they are read."""

    name: str
    file: str
    images: tuple[Path, ...]
    mask: Path
    source: dict
    settings: CropSettings

    @property
    def identifier(self) -> str:
        """What the ids of its objects begin with."""
        return self.name.replace("/", "_")

    def read(self, limits: np.ndarray | None, notes: list[Finding]) -> Iterator[Block]:
        """Its crops, with notes on its objects."""
        settings, found = self.settings, False
        with open_pair(self.images, self.mask, self.source) as (picture, mask):
            check_type(picture.pixels.dtype, settings.range)
            limits, empty = self._of_image(picture, mask, limits)
            limits = fitting(limits, picture.pixels.shape[0])
            for part, regions, rows in self._parts(picture, mask, notes):
                found |= bool(part.labels.any())
                scale = rows["crop_scale"]
                made = cut(part.pixels(), part.labels, regions, scale, settings, limits, empty)
                for block, crops, masks in made:
                    yield Block(crops, masks, take(rows, block), picture.channels)
        if not found:
            notes.append(Finding("no_objects", "the mask holds no object"))

    def _of_image(
        self, picture: Picture, mask: Mask, limits: np.ndarray | None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """The limits (2, c), and the medians (c,) beside objects, as the settings ask for them.

        Those of the image, and not of the part of it that an object lies in.
        """
        settings, step, empty = self.settings, _step(mask.shape, VALUES), None
        if settings.range == "image":
            limits = image_limits(picture.pixels[:, ::step, ::step], settings.percentiles)
        if settings.background == "median":
            empty = background_medians(picture.pixels[:, ::step, ::step], mask[::step, ::step])
        return limits, empty

    def survey(self, n: int) -> Survey:
        """Its objects, and some ``n`` of its values."""
        labels, tables = [], []
        with open_pair(self.images, self.mask, self.source) as (picture, mask):
            for part, regions, rows in self._parts(picture, mask, []):
                labels.append(regions.label)
                tables.append({**rows, "digest": self._digests(part, regions)})
            step = _step(mask.shape, n)
            values = picture.pixels[:, ::step, ::step]
            owner = _places(np.concatenate(labels), mask[::step, ::step]).ravel()
        values = values.reshape(len(values), -1)
        inside = owner >= 0
        pools = [(values, owner), (values[:, inside], owner[inside])]
        kept = [pool(*each, picture.channels) for each in pools if each[1].size]
        return Survey(joined_rows(tables), kept)

    def _parts(
        self, picture: Picture, mask: Mask, notes: list[Finding]
    ) -> Iterator[tuple[Part, Regions, Rows]]:
        """The parts of the image, with labels in one piece each, their objects, and their rows."""
        settings, source = self.settings, self.source
        pixel_size = source.get("pixel_size_um") or picture.pixel_size_um
        fixed = scale_of(source, pixel_size, settings.pixel_um, settings.scale)
        for part in parts(picture.pixels, mask, partial(margin, settings, fixed)):
            labels, several = whole_objects(part.labels, settings.pieces)
            several = [note for note in several if part.has(note.value)]
            if several and settings.pieces == "split" and part.own is not None:
                message = f"{several[0].message}, which cannot be split where it is read by tiles"
                raise Refused("large_split", message, value=several[0].value)
            notes.extend(replace(note, id=f"{self.identifier}_{note.value}") for note in several)
            part = replace(part, labels=labels)
            regions = self._regions(part, notes)
            scale = crop_scales(regions, settings, fixed)
            yield part, regions, self._rows(part, regions, scale, pixel_size)

    def _regions(self, part: Part, notes: list[Finding]) -> Regions:
        """The objects of a part that are to be cut."""
        settings = self.settings
        regions = part.regions(part.pixels() if settings.centre == "intensity" else None)
        small = regions.area < settings.min_area
        for label, area in zip(regions.label[small], regions.area[small], strict=True):
            own, least = f"{self.identifier}_{label}", settings.min_area
            message = f"'{own}' has {area} pixels, fewer than `min_area` {least}: left out"
            notes.append(Finding("too_small", message, id=own, value=str(area)))
        regions = regions.select(~small)
        if settings.border != "drop":
            return regions
        dropped = int(regions.touches_border.sum())
        if dropped:
            message = (
                f"{dropped} of {len(regions.label)} objects touch the image's border; left out"
            )
            notes.append(Finding("left_out", message, value=str(dropped)))
        return regions.select(~regions.touches_border)

    def _rows(
        self, part: Part, regions: Regions, scale: np.ndarray, pixel_size: float | None
    ) -> Rows:
        ids = [f"{self.identifier}_{label}" for label in regions.label]
        folder = self.images[0].parent
        nested = self.source.get("label_from") == "folder" and folder != Path(self.source["images"])
        centroid = regions.centroid + part.corner
        return as_rows(
            ids,
            self.file,
            label=folder.name if nested else None,
            group=self.identifier if self.source.get("group", "image") == "image" else ids,
            image=self.identifier,
            centroid_y_px=centroid[:, 0],
            centroid_x_px=centroid[:, 1],
            area_px=regions.area,
            pixel_size_um=np.nan if pixel_size is None else pixel_size,
            touches_border=regions.touches_border,
            crop_clipped=sticks_out(regions, self.settings.size, scale),
            crop_scale=scale,
        )

    def _digests(self, part: Part, regions: Regions) -> np.ndarray:
        """The same (n,) for objects of the same pixels, and surroundings if these are kept."""
        pixels, kept = part.pixels(), self.settings.background == "keep"
        made = []
        for label, low, high in zip(regions.label, regions.low, regions.high + 1, strict=True):
            box = tuple(map(slice, low, high))
            inside = part.labels[box] == label
            own = pixels[:, *box]
            made.append(digest(own if kept else np.where(inside, own, 0), inside))
        return np.array(made, dtype=object)


def _step(shape: tuple[int, int], n: int) -> int:
    """How far apart along both axes some ``n`` pixels of an image lie; odd, to meet all columns."""
    return math.ceil(math.sqrt(shape[0] * shape[1] / n)) | 1


def _places(label: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The place in ``label`` (n,) of each of the ``labels``, -1 where there is none."""
    if not len(label):
        return np.full(labels.shape, -1)
    order = np.argsort(label)
    found = order[np.minimum(np.searchsorted(label, labels, sorter=order), len(label) - 1)]
    return np.where(label[found] == labels, found, -1)
