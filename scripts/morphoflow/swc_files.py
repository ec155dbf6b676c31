"""Trees as SWC files, in a folder or in one archive."""

import zipfile
from pathlib import Path

import numpy as np

from morphoflow.file_names import TABLE, file_names, name_table
from morphoflow.files import whole
from morphoflow.forest import Forest

FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def swc_text(neuron: Forest, decimals: int = 3) -> str:
    """The SWC text of a forest of one, in um with ``decimals`` digits, ids from 1 on.

    Parts that bridges join are trees of their own, as they were in the file.
    """
    n = len(neuron.parent)
    up = np.where(neuron.measured_parent < 0, -1, neuron.parent + 1)
    numbers = [np.arange(1, n + 1), neuron.compartment, *neuron.xyz.T, neuron.radius, up]
    row = " ".join(["%d %d", *[f"%.{decimals}f"] * 4, "%d\n"])
    values = np.column_stack(numbers).ravel().tolist()
    return "# id type x y z radius parent; um\n" + row * n % tuple(values)


def write_swc(path: Path, forest: Forest, decimals: int = 3) -> None:
    """Write each neuron as ``<id>.swc`` into a ``.zip`` archive or else a folder of that name.

    Ids that cannot be names of files stand with those of their files in ``names.csv`` beside them.
    """
    ids = [str(name) for name in forest.ids]
    names = file_names(ids)
    files = {
        f"{name}.swc": swc_text(forest.neuron(i), decimals).encode() for i, name in enumerate(names)
    }
    table = name_table(ids, names)
    if table is not None:
        files[TABLE] = table.encode()
    if path.suffix.lower() == ".zip":
        write_archive(path, files)
        return
    with whole(path) as folder:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)


# Zip archives of SWC files, with equal bytes for equal content.


def write_archive(path: Path, files: dict[str, bytes]) -> None:
    """Write ``files`` (name: content) in the order of their names, without dates."""
    with whole(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
