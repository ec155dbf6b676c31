"""Which small files stand for a volume, so that a rule can name them as its inputs.

The Snakefile imports this module, so it uses the standard library alone and is quick. Every error
is a ValueError with a sentence for the user.
"""

import json
import re
from pathlib import Path

METADATA = ("zarr.json", ".zarray", ".zgroup", ".zattrs", "attributes.json", "info")
IMAGES = (".png", ".tif", ".tiff")


def is_address(path: str | Path) -> bool:
    """Whether a path is an address on a server, of which nothing is watched but itself."""
    return re.match(r"[a-z0-9]+://", str(path)) is not None


def watched_files(path: str | Path, key: str | None = None) -> list[str]:
    """The files whose change means that the volume changed, sorted as they are read.

    A chunked volume is watched by its metadata (``key``, its groups above and the levels below),
    not by its chunks, of which there may be millions; a file by itself; a folder of slices by all
    slices.
    """
    if is_address(path):
        return []
    path = Path(path)
    if path.is_file():
        return [str(path)]
    if not path.is_dir():
        raise ValueError(f"the volume '{path}' does not exist; correct its path in the config.")
    inner = [part for part in (key or "").split("/") if part]
    folders = [path.joinpath(*inner[:depth]) for depth in range(len(inner) + 1)]
    files = [file for folder in folders for file in _metadata(folder)]
    files += [file for folder in _levels(folders[-1]) for file in _metadata(folder)]
    files = files or slice_files(folders[-1])
    if not files:
        raise ValueError(
            f"'{folders[-1]}' is no volume: it holds neither {', '.join(METADATA)} "
            f"nor slices ({', '.join(IMAGES)}); correct its path or key in the config."
        )
    return [str(file) for file in files]


def array_folder(path: Path, key: str | None, level: int) -> Path:
    """The folder with the chunks of a volume: that of the level, where its metadata say which.

    The whole folder at ``key`` where they do not, or where there is no such level.
    """
    folder = path / (key or "")
    inner = folder / (_level_name(folder, level) or "")
    return inner if inner.is_dir() else folder


def _level_name(folder: Path, level: int) -> str | None:
    """The name of a level in the folder of its pyramid: of OME-Zarr, precomputed or N5."""
    content: dict = {}
    for name in ("zarr.json", ".zattrs", "info"):
        if (folder / name).is_file():
            content |= _json(folder / name)
    attributes = content.get("attributes", content)
    try:
        if "scales" in content:
            return content["scales"][level]["key"]
        pyramids = attributes.get("ome", attributes).get("multiscales")
        return pyramids[0]["datasets"][level]["path"] if pyramids else f"s{level}"
    except (AttributeError, IndexError, KeyError, TypeError):
        return None


def slice_files(folder: Path) -> list[Path]:
    """The images in a folder, hidden ones left out, in the order of the numbers in their names."""
    if not folder.is_dir():
        return []
    files = (file for file in folder.iterdir() if file.suffix.lower() in IMAGES)
    return sorted((file for file in files if not file.name.startswith(".")), key=natural_key)


def natural_key(file: Path) -> list:
    """Sorts slice 10 after slice 9, whether or not the names are padded with zeros."""
    pieces = re.split(r"(\d+)", file.name)
    return [*((text, int(number)) for text, number in _pairs(pieces)), file.name]


def _pairs(pieces: list[str]) -> list[tuple[str, str]]:
    return list(zip(pieces[::2], [*pieces[1::2], "0"], strict=True))


def _metadata(folder: Path) -> list[Path]:
    return [folder / name for name in METADATA if (folder / name).is_file()]


def _levels(folder: Path) -> list[Path]:
    """The folders in a group; an array's hold chunks, and are not even listed."""
    if not folder.is_dir() or _is_array(folder):
        return []
    return sorted((inner for inner in folder.iterdir() if inner.is_dir()), key=natural_key)


def _json(file: Path) -> dict:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} cannot be read as JSON ({error}); export it anew.") from None
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds no JSON object; copy or export the volume anew.")
    return content


def _is_array(folder: Path) -> bool:
    if any((folder / name).is_file() for name in (".zarray", "info")):
        return True
    for name in ("zarr.json", "attributes.json"):
        if (folder / name).is_file():
            content = _json(folder / name)
            return content.get("node_type") == "array" or "dimensions" in content
    return False
