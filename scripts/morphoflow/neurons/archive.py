"""Zip archives of SWC files, with equal bytes for equal content."""

import zipfile
from pathlib import Path

from morphoflow.files import whole

FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_archive(path: Path, files: dict[str, bytes]) -> None:
    """Write ``files`` (name: content) in the order of their names, without dates."""
    with whole(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
