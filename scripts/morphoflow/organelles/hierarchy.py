"""The arrays in a folder of nested groups, and which one a user means."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from morphoflow.errors import InputError


def read_json(file: Path) -> dict:
    """The content of a metadata file; raises InputError if it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{file} cannot be read as JSON ({error}); copy or export the volume anew."
        ) from None
    if not isinstance(content, dict):
        raise InputError(f"{file} holds no JSON object; copy or export the volume anew.")
    return content


def array_folders(root: Path, is_array: Callable[[Path], bool]) -> Iterator[Path]:
    """The folders of arrays below ``root``, in order; those inside an array are not looked at."""
    for folder in sorted(inner for inner in root.iterdir() if inner.is_dir()):
        if is_array(folder):
            yield folder
        else:
            yield from array_folders(folder, is_array)


def no_choice(path: Path, key: str | None, keys: list[str]) -> InputError:
    """The error for a file of arrays of which none, or not one alone, is meant."""
    wanted = "holds more than one array or none" if key is None else f"has no array '{key}'"
    return InputError(
        f"{path} {wanted} (it holds: {', '.join(keys) or 'nothing'}); set the key to one of them."
    )
