"""Ready crops as image files, in folders of any depth."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from morphoflow.cells.crops import Block, CropSettings, as_rows
from morphoflow.cells.findings import Finding
from morphoflow.cells.fit import check_fit, fit
from morphoflow.cells.images import list_images, read_image, stem
from morphoflow.cells.intensity import check_type, in_unit
from morphoflow.cells.items import Item, scale_of
from morphoflow.errors import InputError


def folder_items(source: dict, settings: CropSettings) -> list[Item]:
    """The image files of ``source["folder"]``; their paths, with _ for /, are the ids.

    With ``label_from: folder`` a crop's label is the name of the folder that it lies in.
    """
    folder = Path(source["folder"])
    files: dict[str, Path] = {}
    for file in list_images(folder):
        identifier = stem(file, folder).replace("/", "_")
        if identifier in files:
            raise InputError(
                f"{folder}: {files[identifier].relative_to(folder)} and {file.relative_to(folder)} "
                f"would both have the id '{identifier}'; rename one."
            )
        files[identifier] = file
    if not files:
        raise InputError(f"{folder} has no TIFF, PNG or JPEG files; correct the path.")
    return [
        Item(
            file.relative_to(folder).as_posix(),
            False,
            partial(_read, identifier, file, source, settings),
        )
        for identifier, file in files.items()
    ]


def _read(
    identifier: str, file: Path, source: dict, settings: CropSettings, notes: list[Finding]
) -> Iterator[Block]:
    picture = read_image(file, source.get("channels"))
    check_type(picture.pixels.dtype, settings.range)
    pixel_size = source.get("pixel_size_um") or picture.pixel_size_um
    scale = scale_of(source, pixel_size, settings.pixel_um, settings.scale)
    check_fit(*picture.pixels.shape[1:], settings.size, scale)
    x = in_unit(picture.pixels[None], settings.range, settings.percentiles)
    nested = source.get("label_from") == "folder" and file.parent != Path(source["folder"])
    rows = as_rows(
        [identifier],
        file.relative_to(source["folder"]).as_posix(),
        label=file.parent.name if nested else None,
        pixel_size_um=np.nan if pixel_size is None else pixel_size,
        crop_scale=scale,
    )
    channels = source.get("channels") or picture.channels
    yield Block(fit(x, settings.size, scale), None, rows, channels)
