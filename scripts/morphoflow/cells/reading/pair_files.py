"""Which files of two folders are an image, channel by channel, and its instance mask."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from morphoflow.cells.reading.masks import Mask, open_mask
from morphoflow.errors import InputError
from morphoflow.images.images import Picture, open_image
from morphoflow.images.listing import list_images, nothing_to_read, stem
from morphoflow.images.metadata import partners_of
from morphoflow.images.windowed import stacked
from morphoflow.reading.findings import Refused

# The files of an image, one or one for each of its channels, and its mask; either may be missing.
Files = tuple[tuple[Path, ...], Path | None]


def all_files(source: dict) -> dict[str, Files]:
    """The files of each name, in the names' order.

    A name is the path within ``images`` or ``masks`` up to the ending and what ``image_suffix``,
    one of ``channel_suffixes``, or ``mask_suffix`` of the ``source`` says.
    """
    folder = Path(source["images"])
    masks = _by_stem(Path(source["masks"]), source.get("mask_suffix") or "")
    suffixes = source.get("channel_suffixes") or [source.get("image_suffix") or ""]
    # Images and masks may lie in one folder, told apart by the suffix alone.
    taken = set(masks.values())
    found = [
        {name: file for name, file in _by_stem(folder, suffix).items() if file not in taken}
        for suffix in suffixes
    ]
    images: dict[str, tuple[Path, ...]] = {}
    for of_channel in found:
        for name, file in of_channel.items():
            images[name] = (*images.get(name, ()), file)
    images = _without_partners(images, masks)
    return {name: (images.get(name, ()), masks.get(name)) for name in sorted({*images, *masks})}


def list_pairs(source: dict) -> dict[str, tuple[tuple[Path, ...], Path]]:
    """The files of the image, and its mask, of each name that has them all."""
    return {
        name: (images, mask)
        for name, (images, mask) in all_files(source).items()
        if images and mask and not lacking_channels(name, images, source)
    }


def lacking_channels(name: str, images: tuple[Path, ...], source: dict) -> list[str]:
    """The names of the files that an image of several files, of which there is one, lacks."""
    there = {stem(file, Path(source["images"])) for file in images}
    wanted = [f"{name}{suffix}" for suffix in source.get("channel_suffixes", ()) if images]
    return [file for file in wanted if file not in there]


@contextmanager
def open_pair(
    image_files: tuple[Path, ...], mask_file: Path, source: dict
) -> Iterator[tuple[Picture, Mask]]:
    """An image and its mask, large ones on disk; raises Refused if any of them cannot be used."""
    with _open_channels(image_files, source) as picture, open_mask(mask_file) as mask:
        if mask.shape != picture.pixels.shape[1:]:
            shapes = [_by(shape) for shape in (picture.pixels.shape[1:], mask.shape)]
            raise Refused("different_shapes", f"it is {shapes[0]} pixels, its mask {shapes[1]}")
        yield picture, mask


@contextmanager
def _open_channels(files: tuple[Path, ...], source: dict) -> Iterator[Picture]:
    """An image from its file, or from those of its channels, which are called by their suffixes."""
    named, project = source.get("channels"), source.get("project")
    if len(files) == 1:
        with open_image(files[0], named, project) as picture:
            yield replace(picture, channels=named or picture.channels)
        return
    with ExitStack() as stack:
        pictures = [stack.enter_context(open_image(file, None, project)) for file in files]
        first = pictures[0]
        for file, picture in zip(files, pictures, strict=True):
            alike = (picture.pixels.shape, picture.pixels.dtype)
            if alike != ((1, *first.pixels.shape[1:]), first.pixels.dtype):
                here, there = (f"{_by(p.pixels.shape)} {p.pixels.dtype}" for p in (picture, first))
                raise Refused("channels_differ", f"{file.name} is {here}, {files[0].name} {there}")
        channels = named or [suffix.strip("_-. ") for suffix in source["channel_suffixes"]]
        pixels = stacked([picture.pixels for picture in pictures])
        yield Picture(pixels, channels, first.pixel_size_um)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _without_partners(
    images: dict[str, tuple[Path, ...]], masks: dict[str, Path]
) -> dict[str, tuple[Path, ...]]:
    """The images but for files of an OME-TIFF set that are read with the one that has the mask."""
    alone = [name for name, files in images.items() if name not in masks and _is_ome(files)]
    if not alone:
        return images
    read = {
        files[0].parent / partner
        for name, files in images.items()
        if name in masks and _is_ome(files)
        for partner in partners_of(files[0])
    }
    return {n: files for n, files in images.items() if n in masks or not set(files) <= read}


def _is_ome(files: tuple[Path, ...]) -> bool:
    return len(files) == 1 and ".ome." in files[0].name.lower()


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
