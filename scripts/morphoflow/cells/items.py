"""What a source is made of: files that are read one after another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from morphoflow.cells.crops import Block
from morphoflow.cells.findings import Finding, Refused


@dataclass(frozen=True)
class Item:
    """One file, or an image with its mask: ``read`` yields its crops and notes its findings.

    ``read`` raises Refused for a file that cannot be used; whatever takes memory or time happens
    in it. ``has_mask`` says whether its blocks have masks.
    """

    file: str
    has_mask: bool
    read: Callable[[list[Finding]], Iterator[Block]]


def refused_item(file: str, code: str, message: str) -> Item:
    """A file that cannot be used, which is known before it is opened."""

    def read(notes: list[Finding]) -> Iterator[Block]:
        raise Refused(code, message)

    return Item(file, True, read)


def scale_of(
    source: dict, pixel_size_um: float | None, pixel_um: float | None, scale: str
) -> float:
    """Crop pixels per pixel of the source: its ``zoom``, or what brings it to ``pixel_um``."""
    if pixel_um is None or scale == "object":
        return source.get("zoom") or 1.0
    if pixel_size_um is None:
        raise Refused("pixel_size_unknown", "`pixel_um` is set, but its pixel size is not known")
    return pixel_size_um / pixel_um


def name_of(file: Path, folder: Path, source: dict) -> str:
    """How a file is called in the tables: by its path in the folder, and the source's name."""
    path = PurePosixPath(file.relative_to(folder))
    return str(source["name"] / path if "name" in source else path)
