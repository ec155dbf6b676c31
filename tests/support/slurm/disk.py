"""A disk of its own that can be filled to the last page."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A file system of 16 MB at ``folder``, see :func:`mounted`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"

    def fill(self, left: int) -> None:
        """Leave room for ``left`` bytes."""
        size = shutil.disk_usage(self.folder).free - left
        with self._ballast.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, size)

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


@contextmanager
def mounted(folder: Path) -> Iterator[Disk]:
    """A small disk at ``folder``, over what is there; the test is skipped where none can be."""
    line = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stdout.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
